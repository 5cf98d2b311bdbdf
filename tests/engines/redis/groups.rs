//! Several groups, each of which receives every event.

use std::collections::HashSet;
use std::time::Duration;

use birdhook_redis::{Group, GroupSettings, ReadError, UnrecognizedMessage};

use crate::fixture::{deliver_all, next, posts, report, reports, take};
use crate::redis::fixture::{Engine, STREAM};

async fn group(engine: &Engine, name: &str) -> Group {
    engine.group_of(GroupSettings::new(STREAM, name).batch(3)).await
}

#[tokio::test]
async fn nothing_is_given_back_that_a_group_has_not_read() {
    let engine = Engine::new().await;
    let posts = posts(1, 20);
    let (mut first, mut behind) = (group(&engine, "first").await, group(&engine, "behind").await);
    deliver_all(&engine.redis.sink(STREAM), &posts).await;
    assert_eq!(take(&mut first, 20).await, reports(&posts));
    assert_eq!(engine.len().await, 20);
    assert_eq!(take(&mut behind, 5).await, reports(&posts[..5]));
    let held = next(&mut behind).await;
    assert_eq!(take(&mut behind, 4).await, reports(&posts[6..10]));
    assert_eq!(engine.len().await, 15, "from the one that is in hand");
    held.ack_durable().await.unwrap();
    assert_eq!(engine.len().await, 10);
    let mut third = group(&engine, "third").await;
    assert_eq!(take(&mut behind, 10).await, reports(&posts[10..]));
    assert_eq!(engine.len().await, 10, "the third one begins with what there is");
    assert_eq!(take(&mut third, 10).await, reports(&posts[10..]));
    assert_eq!(engine.len().await, 0);
}

#[tokio::test]
async fn whatever_groups_do_in_whatever_order_each_gets_everything() {
    let seed = birdhook_test_harness::seed::seed();
    let mut dice = fastrand::Rng::with_seed(seed);
    let engine = Engine::new().await;
    let sink = engine.redis.sink(STREAM);
    let posts = posts(seed, 100);
    let mut groups = Vec::new();
    for name in ["a", "b", "c"] {
        groups.push((group(&engine, name).await, Vec::new(), HashSet::new()));
    }
    let mut published = 0;
    while groups.iter().any(|(.., done)| done.len() < posts.len()) {
        if published < posts.len() && dice.u8(..4) == 0 {
            deliver_all(&sink, &posts[published..=published]).await;
            published += 1;
        }
        let (group, held, done) = dice.choice(&mut groups).unwrap();
        if done.len() + held.len() < published && held.len() < 8 {
            held.push(next(group).await);
        } else if !held.is_empty() {
            let message = held.swap_remove(dice.usize(..held.len()));
            if dice.u8(..8) == 0 {
                message.nack(Duration::ZERO).await.unwrap();
                continue;
            }
            assert!(done.insert(report(&message)), "twice");
            message.ack_durable().await.unwrap();
        }
    }
    assert_eq!(engine.len().await, 0);
    let all: HashSet<_> = reports(&posts).into_iter().collect();
    assert!(groups.iter().all(|(.., done)| *done == all));
}

#[tokio::test]
async fn the_ids_of_entries_are_numbers() {
    let engine = Engine::new().await;
    let (mut first, mut behind) = (group(&engine, "first").await, group(&engine, "behind").await);
    for id in ["9-9", "9-10", "10-9", "10-18446744073709551614", "10-18446744073709551615"] {
        engine.run(&["XADD", STREAM, id, "no", "event"]).await;
    }
    let mut held = Vec::new();
    for _ in 0..5 {
        entry(&mut first).await.ack_durable().await.unwrap();
        held.push(entry(&mut behind).await);
        assert_eq!(engine.len().await, 5, "the first is pending");
    }
    for left in [4, 3, 2, 1, 0] {
        held.remove(0).ack_durable().await.unwrap();
        assert_eq!(engine.len().await, left.max(1), "the very last id has none after it");
    }
}

async fn entry(group: &mut Group) -> Box<UnrecognizedMessage> {
    let Err(ReadError::UnrecognizedMessage(entry)) = group.recv().await else { panic!("an event?") };
    entry
}
