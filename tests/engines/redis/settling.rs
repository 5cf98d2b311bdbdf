//! Acknowledging, delaying, rejecting and claiming messages.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use birdhook_redis::{GroupSettings, ReadError, SettleError};

use crate::fixture::{deliver_all, deliver_posts, next, nothing, posts, report, reports, take};
use crate::redis::fixture::{Engine, STREAM};

#[tokio::test]
async fn what_is_put_off_comes_when_it_is_due_and_not_before() {
    // Due before the message could be claimed by another consumer, and after.
    for (claim_after, retry_after) in [(60_000, 400), (100, 1_500)] {
        let engine = Engine::new().await;
        let (sink, mut group) = (engine.redis.sink(STREAM), engine.group(claim_after).await);
        deliver_posts(&sink, 1, 1).await;
        let message = next(&mut group).await;
        assert_eq!(message.attempts(), 1);
        let (retry_after, start) = (Duration::from_millis(retry_after), Instant::now());
        message.nack(retry_after).await.unwrap();
        deliver_posts(&sink, 2, 1).await;
        assert_eq!(take(&mut group, 1).await, reports(&posts(2, 1)), "others do not wait for it");
        let mut other = engine.group(claim_after).await;
        let again = tokio::select! {
            again = next(&mut group) => again,
            again = next(&mut other) => again,
        };
        assert!(start.elapsed() >= retry_after, "{:?}", start.elapsed());
        assert!(start.elapsed() < retry_after + Duration::from_secs(10), "{:?}", start.elapsed());
        assert_eq!((report(&again), again.attempts()), (reports(&posts(1, 1)).remove(0), 2));
        again.ack_durable().await.unwrap();
        assert_eq!((engine.len().await, engine.pending("app").await), (0, 0));
        assert_eq!(engine.ask::<usize>(&["EXISTS", "{BIRDHOOK}:later:app"]).await, 0);
    }
}

#[tokio::test]
async fn a_consumer_of_the_same_name_goes_on_with_what_it_had() {
    let engine = Engine::new().await;
    let posts = deliver_posts(&engine.redis.sink(STREAM), 3, 40).await;
    let settings = GroupSettings::new(STREAM, "app").consumer("one").batch(10).claim_after(Duration::from_secs(3_600));
    let mut before = engine.group_of(settings.clone()).await;
    let later = next(&mut before).await;
    later.nack(Duration::from_secs(3_600)).await.unwrap();
    take(&mut before, 5).await;
    let held = next(&mut before).await;
    // Not given back.
    std::mem::forget((before, held));
    let fetched = engine.pending("app").await + 5;
    let mut after = engine.group_of(settings.batch(3)).await;
    for (at, post) in reports(&posts).iter().enumerate().skip(6) {
        let message = next(&mut after).await;
        assert_eq!((&report(&message), message.attempts()), (post, if at < fetched { 2 } else { 1 }), "{at}");
        message.ack_durable().await.unwrap();
    }
    assert_eq!(engine.pending("app").await, 1, "what was put off stays put off");
}

#[tokio::test]
async fn who_is_too_slow_may_acknowledge_and_nothing_else() {
    let engine = Engine::new().await;
    deliver_posts(&engine.redis.sink(STREAM), 4, 4).await;
    let mut slow = engine.group(100).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(next(&mut slow).await);
    }
    let mut fast = engine.group(100).await;
    let mut taken = Vec::new();
    for tries in [2; 4] {
        let message = next(&mut fast).await;
        assert_eq!(message.attempts(), tries);
        taken.push(message);
    }
    let over = |settled| matches!(settled, Err(SettleError::Over));
    assert!(over(held[0].extend().await));
    assert!(over(held.remove(0).nack(Duration::ZERO).await));
    assert!(over(held.remove(0).reject().await));
    assert_eq!((engine.len().await, engine.pending("app").await), (4, 4), "it is the other one's");
    held.remove(0).ack_durable().await.unwrap();
    assert_eq!((engine.len().await, engine.pending("app").await), (3, 3));
    assert!(over(taken.remove(2).nack(Duration::ZERO).await), "it was acknowledged");
    for message in taken {
        message.ack_durable().await.unwrap();
    }
    held.remove(0).ack_durable().await.unwrap();
    assert_eq!((engine.len().await, engine.pending("app").await), (0, 0));
}

/// Both deliveries of the message went to the same consumer.
#[tokio::test]
async fn an_earlier_hand_out_does_not_settle_a_later_one() {
    let engine = Engine::new().await;
    deliver_posts(&engine.redis.sink(STREAM), 4, 1).await;
    let mut group = engine.group(100).await;
    let first = next(&mut group).await;
    let second = next(&mut group).await;
    assert_eq!((first.attempts(), second.attempts(), first.id()), (1, 2, second.id()));
    assert!(matches!(first.extend().await, Err(SettleError::Over)));
    assert!(matches!(first.reject().await, Err(SettleError::Over)));
    // Claimed manually, without counting an attempt.
    engine.run(&["XCLAIM", STREAM, "app", "somebody", "0", second.id(), "JUSTID"]).await;
    assert!(matches!(second.extend().await, Err(SettleError::Over)));
    assert!(matches!(second.reject().await, Err(SettleError::Over)));
}

#[tokio::test]
async fn what_waited_in_a_batch_and_was_taken_over_is_not_handed_out() {
    let engine = Engine::new().await;
    deliver_posts(&engine.redis.sink(STREAM), 6, 5).await;
    let mut slow = engine.group(100).await;
    let first = next(&mut slow).await;
    let mut fast = engine.group(100).await;
    assert_eq!(take(&mut fast, 5).await.len(), 5);
    nothing(&mut slow, 600).await;
    first.ack_durable().await.unwrap();
}

#[tokio::test]
async fn what_is_rejected_is_a_dead_letter_that_can_be_read() {
    let engine = Engine::new().await;
    let posts = deliver_posts(&engine.redis.sink(STREAM), 7, 2).await;
    let mut group = engine.group(60_000).await;
    let message = next(&mut group).await;
    let id = message.id().to_owned();
    message.reject().await.unwrap();
    take(&mut group, 1).await;
    assert_eq!((engine.len().await, engine.pending("app").await), (0, 0));

    let entries: Vec<(String, HashMap<String, String>)> = engine.ask(&["XRANGE", "{BIRDHOOK}:dead", "-", "+"]).await;
    let fields = &entries[0].1;
    assert_eq!(
        (entries.len(), &fields["rejected_by"], &fields["rejected_id"], &fields["rejected_tries"]),
        (1, &"app".to_owned(), &id, &"1".to_owned())
    );
    let mut repair = engine.group_of(GroupSettings::new(group.dead_letters(), "repair")).await;
    assert_eq!(take(&mut repair, 1).await, reports(&posts[..1]));
}

#[tokio::test]
async fn what_is_no_event_is_an_error_that_can_be_settled() {
    let engine = Engine::new().await;
    for (name, value) in [("hello", "world"), ("key", "x"), ("payload", "{}")] {
        engine.run(&["XADD", STREAM, "*", name, value]).await;
    }
    let post = posts(8, 1);
    let key = post[0].events()[0].delivery_key().to_string();
    engine.run(&["XADD", STREAM, "*", "key", &key, "app", "shop", "payload", "no json"]).await;
    deliver_all(&engine.redis.sink(STREAM), &post).await;
    let mut group = engine.group(60_000).await;
    let mut foreign = Vec::new();
    for _ in 0..4 {
        let Err(ReadError::UnrecognizedMessage(found)) = group.recv().await else { panic!("an event?") };
        foreign.push(*found);
    }
    assert_eq!(take(&mut group, 1).await, reports(&post), "nothing is held up");
    let fields = foreign[0].fields().to_vec();
    assert_eq!(fields, [("hello".into(), "world".into())]);
    foreign.remove(0).ack_durable().await.unwrap();
    foreign.remove(0).reject().await.unwrap();
    foreign.remove(0).nack(Duration::ZERO).await.unwrap();
    let Err(ReadError::UnrecognizedMessage(again)) = group.recv().await else { panic!("skipped") };
    assert_eq!((again.attempts(), again.fields()[0].0.as_ref()), (2, b"payload".as_slice()));
    assert_eq!(engine.len().await, 2);
    assert_eq!(engine.ask::<usize>(&["XLEN", "{BIRDHOOK}:dead"]).await, 1);
}
