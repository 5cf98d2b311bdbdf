//! Limits of size and disk space, and a slow disk.

use std::sync::Arc;
use std::time::Duration;

use crate::support::backend::{Fate, Switch};
use crate::support::{PATIENCE, Receiver, deletions, inbox_settings};
use birdhook_pipeline::{Delivery, EventSink, HeadResult, Outcome, RequestHead};
use futures_util::future::join_all;
use tokio::time::timeout;

#[tokio::test]
async fn a_full_inbox_answers_503_until_events_are_consumed() {
    let receiver = Receiver::new(inbox_settings().size_limit(1000)).await;
    let mut taken = 0;
    while receiver.send(&deletions("7", [1000 + taken])).await == 200 {
        taken += 1;
        assert!(taken < 100);
    }
    assert!(taken >= 9, "{taken} of {} bytes each", deletions("7", [1000]).len());
    let stats = receiver.inbox.stats();
    assert!(stats.is_full && stats.bytes >= 1000 && stats.bytes < 1200, "{stats:?}");
    assert_eq!(receiver.pipeline.health().answered(Outcome::SinkFull), 1);
    assert_eq!(receiver.send(&deletions("7", [1000])).await, 200, "a duplicate needs no space");
    for number in 0..taken {
        assert_eq!(receiver.ack_next().await.0, 1000 + number);
    }
    assert_eq!(receiver.send(&deletions("7", [1000 + taken])).await, 200);
    assert!(!receiver.inbox.stats().is_full);
    assert_eq!(receiver.inbox.stats().depth, 1, "a refused event is not stored");
}

#[tokio::test]
async fn with_little_disk_space_deliveries_are_answered_503_and_events_are_consumed() {
    let receiver = Receiver::holding(inbox_settings(), [1, 2]).await;
    let receiver = receiver.reopen(inbox_settings().free_space(u64::MAX)).await;
    assert_eq!(receiver.send(&deletions("7", [3])).await, 503);
    assert_eq!(receiver.pipeline.health().answered(Outcome::SinkFull), 1);
    let HeadResult::Reply(reply) = receiver.pipeline.begin(&RequestHead::new("GET", "/", Some("crc_token=quack")))
    else {
        panic!("a challenge has no body")
    };
    assert_eq!(reply.status(), 200);
    for expected in [1, 2] {
        assert_eq!(receiver.ack_next().await.0, expected);
    }
    assert!(receiver.inbox.stats().is_full, "the disk has no more space than before");
    let receiver = receiver.reopen(inbox_settings()).await;
    assert_eq!(receiver.send(&deletions("7", [3])).await, 200);
}

#[tokio::test]
async fn the_memory_of_deliveries_that_wait_for_a_slow_disk_is_limited() {
    const BODY: usize = 1 << 20;
    let switch = Arc::<Switch>::default();
    let receiver = Receiver::failing(&switch, inbox_settings()).await;
    switch.set(Fate::Stuck);
    let deliver = |number: u64| {
        let mut body = deletions("7", [number]);
        body.truncate(body.len() - 1);
        body.push_str(&format!(r#","pad":"{}"}}"#, "x".repeat(BODY - body.len() - 10)));
        assert_eq!(body.len(), BODY);
        receiver.inbox.deliver(Delivery::restore("default", body, 10).unwrap())
    };
    let waiting = (0..80).map(|number| timeout(Duration::from_millis(500), deliver(number)));
    assert!(join_all(waiting).await.into_iter().all(|answer| answer.is_err()), "no delivery was answered");
    switch.set(Fate::Done);
    // Queued after all waiting deliveries.
    timeout(PATIENCE, deliver(100)).await.unwrap().unwrap();
    assert_eq!(receiver.inbox.stats().stored, 65, "64 MiB that waited, and the last one");
}
