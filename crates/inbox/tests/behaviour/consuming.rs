//! Leases, acknowledgements, failures and retries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use crate::support::clock::SetClock;
use crate::support::{Receiver, deletions, inbox_settings, post, posts, wait_until, webhook};
use birdhook_inbox::{Closed, Event, EventQuery, EventStatus, Order};
use birdhook_pipeline::{ApiMode, Delivery, EventKey, EventSink};
use futures_util::{FutureExt, StreamExt};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn an_event_answered_200_is_leased_again_after_a_restart_until_it_is_acknowledged() {
    let receiver = Receiver::holding(inbox_settings(), 1..=3).await;
    let lease = receiver.next().await;
    assert_eq!((post(&lease), lease.attempts(), lease.id().to_string().as_str()), (1, 1, "0.0"));
    lease.ack().await.unwrap();
    let held = receiver.next().await;
    assert_eq!(post(&held), 2);

    let receiver = receiver.reopen(inbox_settings()).await;
    assert_eq!(held.ack().await, Err(Closed), "its inbox is closed");
    let (second, third) = (receiver.next().await, receiver.next().await);
    assert_eq!((post(&second), second.attempts()), (2, 2), "it was leased before");
    assert_eq!((post(&third), third.attempts()), (3, 1));
    assert!(receiver.is_quiet().await);
}

#[tokio::test]
async fn a_duplicate_is_not_stored_again_after_a_restart_or_an_acknowledgement() {
    let receiver = Receiver::holding(inbox_settings(), [1, 2]).await;
    assert_eq!(receiver.send(&deletions("7", [2, 3])).await, 200);
    let receiver = receiver.reopen(inbox_settings()).await;
    assert_eq!(receiver.send(&deletions("7", [3, 1])).await, 200);
    assert_eq!(receiver.pipeline.health().duplicates, 2, "the gate asks the inbox");
    for expected in 1..=3 {
        assert_eq!(receiver.ack_next().await, (expected, 1));
    }
    assert!(receiver.is_quiet().await);
    let receiver = receiver.reopen(inbox_settings()).await;
    assert_eq!(receiver.send(&deletions("7", [1])).await, 200);
    assert!(receiver.is_quiet().await, "remembered after the acknowledgement");
}

/// A sink that removes events before it forwards the delivery, and one that sets other keys.
#[tokio::test]
async fn the_inbox_remembers_the_dedupe_key_of_each_event_that_it_stores() {
    let other = |index: usize| EventKey::from([index as u8 + 1; 32]);
    for sets_keys in [false, true] {
        let mut delivery = Delivery::restore("shop", deletions("7", 1..=4), 4).unwrap();
        if sets_keys {
            delivery.set_dedupe_keys(|event| other(event.index()));
        }
        let keys: Vec<_> = delivery.events().iter().map(Event::dedupe_key).collect();
        delivery.retain(|event| event.index() % 2 == 1);
        let receiver = Receiver::new(inbox_settings()).await;
        for _ in 0..2 {
            receiver.inbox.deliver(delivery.clone()).await.unwrap();
        }
        let receiver = receiver.reopen(inbox_settings()).await;
        assert_eq!((receiver.inbox.stats().depth, receiver.inbox.stats().remembered), (2, 2));
        let remembered: Vec<_> = keys.iter().map(|key| receiver.inbox.remembers(key)).collect();
        assert_eq!(remembered, [false, true, false, true]);
    }
}

/// In dual mode, the gate claims an event with an id by its content key.
#[tokio::test]
async fn the_inbox_stores_the_key_that_the_gate_claimed() {
    const POST: &str = r#"{"data":{"event_uuid":"1","event_type":"post.mention.create","filter":{"user_id":"7"},"payload":{"id":"20","author_id":"8","text":"tea"}}}"#;
    for api_mode in [ApiMode::Single, ApiMode::Dual] {
        let receiver = Receiver::with(webhook().api_mode(api_mode)).await;
        assert_eq!(receiver.send(POST).await, 200);
        let receiver = receiver.reopen(inbox_settings()).await;
        let event = receiver.next().await;
        let remembers = |key| receiver.inbox.remembers(&key);
        let remembered = [event.delivery_key(), event.content_key()].map(remembers);
        assert_eq!(remembered, [ApiMode::Single, ApiMode::Dual].map(|mode| mode == api_mode), "{api_mode:?}");
    }
}

/// A consumer may recognise repeated events by this key.
#[tokio::test]
async fn a_leased_event_has_the_same_dedupe_key_before_and_after_a_restart() {
    let receiver = Receiver::new(inbox_settings()).await;
    let mut delivery = Delivery::restore("shop", deletions("7", [1]), 1).unwrap();
    delivery.set_dedupe_keys(|_| EventKey::from([9; 32]));
    receiver.inbox.deliver(delivery).await.unwrap();
    let lease = receiver.next().await;
    let receiver = receiver.reopen(inbox_settings()).await;
    let again = receiver.next().await;
    assert_eq!((lease.dedupe_key(), again.dedupe_key()), (again.delivery_key(), again.delivery_key()));
}

#[tokio::test]
async fn a_failed_event_is_retried_after_the_backoff_and_becomes_a_dead_letter_after_its_last_attempt() {
    let clock = SetClock::at(Duration::from_secs(1_000_000));
    let settings = || inbox_settings().clock(clock.clone()).max_attempts(3).backoff(SECOND, 60 * SECOND);
    let receiver = Receiver::holding(settings(), [1]).await;
    receiver.next().await.nack(None).await.unwrap();
    assert!(receiver.is_quiet().await);
    clock.advance(SECOND - Duration::from_millis(1));
    assert!(receiver.is_quiet().await);
    clock.advance(Duration::from_millis(1));
    let lease = receiver.next().await;
    assert_eq!(lease.attempts(), 2);
    lease.nack(10 * SECOND).await.unwrap();
    let receiver = receiver.reopen(settings()).await;
    clock.advance(10 * SECOND - Duration::from_millis(1));
    assert!(receiver.is_quiet().await, "it waits across a restart");
    clock.advance(Duration::from_millis(1));
    drop(receiver.next().await);
    let dead = receiver.list(EventQuery::all().status(EventStatus::Dead)).await;
    assert_eq!((posts(&dead), dead[0].attempts), (vec![1], 3));
    assert_eq!((receiver.inbox.stats().dead, receiver.inbox.stats().depth), (1, 0));
    clock.advance(3600 * SECOND);
    assert!(receiver.is_quiet().await);

    let receiver = receiver.reopen(settings()).await;
    assert_eq!(receiver.inbox.requeue([dead[0].id]).await, Ok(1));
    assert_eq!(receiver.inbox.requeue([dead[0].id]).await, Ok(0));
    assert_eq!(receiver.ack_next().await, (1, 1));
    assert_eq!(receiver.list(EventQuery::all()).await.len(), 0);
}

#[tokio::test]
async fn an_expired_lease_is_granted_again_and_only_a_late_acknowledgement_counts() {
    let clock = SetClock::at(Duration::from_secs(1_000_000));
    let settings = inbox_settings().clock(clock.clone()).lease(30 * SECOND).backoff(SECOND, SECOND);
    let receiver = Receiver::holding(settings, [1, 2]).await;
    let (slow, mut longer) = (receiver.next().await, receiver.next().await);
    clock.advance(20 * SECOND);
    longer.extend(30 * SECOND).await.unwrap();
    clock.advance(11 * SECOND);
    assert!(receiver.is_quiet().await);
    clock.advance(SECOND);
    let again = receiver.next().await;
    assert_eq!((post(&again), again.attempts()), (1, 2), "not the other one, whose lease was extended");
    slow.nack(None).await.unwrap();
    assert!(receiver.is_quiet().await);
    again.ack().await.unwrap();
    longer.ack().await.unwrap();
    receiver.inbox.flush().await.unwrap();
    assert_eq!(receiver.inbox.stats().depth, 0);
}

#[tokio::test]
async fn events_of_one_subscriber_are_leased_in_order_if_set() {
    let clock = SetClock::at(Duration::from_secs(1_000_000));
    let settings = inbox_settings().clock(clock.clone()).order(Order::BySubscriber).max_attempts(2);
    let receiver = Receiver::holding(settings, [1, 2]).await;
    receiver.send(&deletions("8", [3])).await;
    let (one, three) = (receiver.next().await, receiver.next().await);
    assert_eq!((post(&one), post(&three)), (1, 3));
    assert!(receiver.is_quiet().await);
    one.nack(SECOND).await.unwrap();
    assert!(receiver.is_quiet().await, "2 waits for 1, which waits");
    clock.advance(SECOND);
    let one = receiver.next().await;
    assert_eq!(post(&one), 1);
    one.nack(None).await.unwrap();
    let two = receiver.next().await;
    assert_eq!(post(&two), 2, "1 is a dead letter now");
    three.ack().await.unwrap();
}

#[tokio::test]
async fn run_calls_the_function_with_each_event_until_it_succeeds() {
    let backoff = Duration::from_millis(1);
    let receiver = Receiver::new(inbox_settings().backoff(backoff, backoff).max_attempts(100)).await;
    for number in 0..50 {
        receiver.send(&deletions("7", [number])).await;
    }
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let inbox = receiver.inbox.clone();
    let handle = move |_| {
        let call = counted.fetch_add(1, SeqCst);
        async move {
            assert!(call % 7 != 3, "a panic is a failure");
            if call % 5 == 2 { Err("a failure") } else { Ok(()) }
        }
    };
    let running = tokio::spawn(async move { inbox.run(handle, 4).await });
    wait_until(|| receiver.inbox.stats().depth == 0).await;
    assert_eq!(receiver.inbox.stats().acknowledged, 50);
    assert!(calls.load(SeqCst) > 50);
    receiver.inbox.close(crate::support::PATIENCE).await;
    running.await.unwrap();
}

#[tokio::test]
async fn a_grant_that_was_not_received_counts_no_attempt() {
    let receiver = Receiver::new(inbox_settings()).await;
    let mut leases = receiver.inbox.leases();
    assert!(leases.next().now_or_never().is_none());
    receiver.send(&deletions("7", [1])).await;
    drop(leases);
    assert_eq!(receiver.ack_next().await, (1, 1));
    receiver.send(&deletions("7", [2, 3])).await;
    let posts: Vec<_> = receiver.inbox.leases().take(2).map(|lease| post(&lease)).collect().await;
    assert_eq!(posts, [2, 3]);
}
