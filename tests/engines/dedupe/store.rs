//! The data that deduplication keeps in Redis.

use std::time::Duration;

use birdhook_core::Outcome;
use futures_util::future::join;

use crate::dedupe::bed::{Bed, Mood, body, key, name, post};

#[tokio::test]
async fn scripts_that_redis_forgot_are_given_to_it_again() {
    let bed = Bed::new();
    let (one, ours) = bed.receiver().await;
    assert_eq!(post(&one, body(&[1])).await, Outcome::Accepted);
    bed.until(&["GET", &name(1)], Some("done".to_owned())).await;
    bed.ask::<()>(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(post(&one, body(&[1, 2])).await, Outcome::Accepted);
    bed.until(&["GET", &name(2)], Some("done".to_owned())).await;
    assert_eq!(ours.taken(), [key(1), key(2)]);
}

#[tokio::test]
async fn claims_last_as_long_as_is_set_and_marks_too() {
    let bed = Bed::new();
    let set = |dedupe: birdhook_redis::DedupeSettings| {
        dedupe.in_flight(Duration::from_secs(100)).horizon(Duration::from_secs(1000)).prefix("{other}/")
    };
    let (one, ours) = bed.receiver_with(set).await;
    let named = name(1).replace("{birdhook}:", "{other}/");
    ours.is_to(Mood::Waits);
    let posting = tokio::spawn(async move { post(&one, body(&[1])).await });
    ours.is_busy().await;
    let left: i64 = bed.ask(&["PTTL", &named]).await;
    assert!((40_000..=100_000).contains(&left), "{left}");
    ours.is_to(Mood::Takes);
    assert_eq!(posting.await.unwrap(), Outcome::Accepted);
    bed.until(&["GET", &named], Some("done".to_owned())).await;
    let left: i64 = bed.ask(&["PTTL", &named]).await;
    assert!((940_000..=1_000_000).contains(&left), "{left}");
    assert_eq!(bed.ask::<usize>(&["DBSIZE"]).await, 1);
}

#[tokio::test]
async fn what_was_taken_longer_ago_than_the_horizon_is_new_again() {
    let bed = Bed::new();
    let (one, ours) = bed.receiver_with(|dedupe| dedupe.horizon(Duration::from_millis(300))).await;
    assert_eq!(post(&one, body(&[1])).await, Outcome::Accepted);
    bed.until(&["EXISTS", &name(1)], 0).await;
    assert_eq!(post(&one, body(&[1])).await, Outcome::Accepted);
    assert_eq!(ours.taken(), [key(1), key(1)]);
}

#[tokio::test]
async fn receivers_with_different_prefixes_do_not_share() {
    let bed = Bed::new();
    let (one, ours) = bed.receiver().await;
    let (other, theirs) = bed.receiver_with(|dedupe| dedupe.prefix("{shop}:")).await;
    let answers = join(post(&one, body(&[1])), post(&other, body(&[1]))).await;
    assert_eq!(answers, (Outcome::Accepted, Outcome::Accepted));
    assert_eq!((ours.taken(), theirs.taken()), (vec![key(1)], vec![key(1)]));
}

#[tokio::test]
async fn an_event_takes_as_much_memory_as_is_documented() {
    const EVENTS: u32 = 10_000;
    let bed = Bed::new();
    let (one, _) = bed.receiver().await;
    let used = async || {
        let facts: String = bed.ask(&["INFO", "memory"]).await;
        let used = facts.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
        used.trim().parse::<u32>().unwrap()
    };
    let before = used().await;
    for first in (0..EVENTS).step_by(1000) {
        let ids: Vec<u32> = (first..first + 1000).collect();
        assert_eq!(post(&one, body(&ids)).await, Outcome::Accepted);
        bed.until(&["GET", &name(first + 999)], Some("done".to_owned())).await;
    }
    let each = (used().await - before) / EVENTS;
    assert!((100..250).contains(&each), "{each}");
}
