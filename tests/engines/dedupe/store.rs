//! The data that deduplication keeps in Redis.

use std::time::Duration;

use birdhook_core::Outcome;
use futures_util::future::join;

use crate::dedupe::fixture::{Mood, key, name, post, post_to_waiting};
use crate::redis::fixture::Engine;

#[tokio::test]
async fn claims_last_as_long_as_is_set_and_marks_too() {
    let engine = Engine::new().await;
    let set = |dedupe: birdhook_redis::DedupeSettings| {
        dedupe.in_flight(Duration::from_secs(100)).horizon(Duration::from_secs(1000)).prefix("{other}/")
    };
    let (one, ours) = engine.receiver_with(set).await;
    let named = name(1).replace("{birdhook}:", "{other}/");
    let posting = post_to_waiting(&one, &ours, &[1]).await;
    let left: i64 = engine.ask(&["PTTL", &named]).await;
    assert!((40_000..=100_000).contains(&left), "{left}");
    ours.is_to(Mood::Takes);
    assert_eq!(posting.await.unwrap(), Outcome::Accepted);
    engine.until(&["GET", &named], Some("done".to_owned())).await;
    let left: i64 = engine.ask(&["PTTL", &named]).await;
    assert!((940_000..=1_000_000).contains(&left), "{left}");
    assert_eq!(engine.ask::<usize>(&["DBSIZE"]).await, 1);
}

#[tokio::test]
async fn what_was_taken_longer_ago_than_the_horizon_is_new_again() {
    let engine = Engine::new().await;
    let (one, ours) = engine.receiver_with(|dedupe| dedupe.horizon(Duration::from_millis(300))).await;
    assert_eq!(post(&one, &[1]).await, Outcome::Accepted);
    engine.until(&["EXISTS", &name(1)], 0).await;
    assert_eq!(post(&one, &[1]).await, Outcome::Accepted);
    assert_eq!(ours.taken(), [key(1), key(1)]);
}

#[tokio::test]
async fn receivers_with_different_prefixes_do_not_share() {
    let engine = Engine::new().await;
    let (one, ours) = engine.receiver().await;
    let (other, theirs) = engine.receiver_with(|dedupe| dedupe.prefix("{shop}:")).await;
    let answers = join(post(&one, &[1]), post(&other, &[1])).await;
    assert_eq!(answers, (Outcome::Accepted, Outcome::Accepted));
    assert_eq!((ours.taken(), theirs.taken()), (vec![key(1)], vec![key(1)]));
}

#[tokio::test]
async fn an_event_takes_as_much_memory_as_is_documented() {
    const EVENTS: u32 = 10_000;
    let engine = Engine::new().await;
    let (one, _) = engine.receiver().await;
    let before = engine.memory().await;
    for first in (0..EVENTS).step_by(1000) {
        let ids: Vec<u32> = (first..first + 1000).collect();
        assert_eq!(post(&one, &ids).await, Outcome::Accepted);
        engine.until_done(first + 999).await;
    }
    let each = (engine.memory().await - before) / u64::from(EVENTS);
    assert!((100..250).contains(&each), "{each}");
}
