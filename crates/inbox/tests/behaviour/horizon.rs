//! The deduplication horizon and policy.

use std::time::Duration;

use birdhook_inbox::InboxSettings;
use birdhook_pipeline::{ApiMode, DedupeScope, Webhook};

use crate::Tested;
use crate::support::backend::Backend;
use crate::support::clock::SetClock;
use crate::support::{Receiver, deletions, inbox_settings, message, secret};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const MOMENT: Duration = Duration::from_millis(1);

fn settings(clock: &SetClock) -> InboxSettings {
    inbox_settings().clock(clock.clone()).dedupe_horizon(HOUR)
}

/// Sends an event with this number and returns whether it was stored as new.
async fn is_new(receiver: &Receiver, post: u64) -> bool {
    let before = receiver.inbox.stats().stored;
    assert_eq!(receiver.send(&deletions("7", [post])).await, 200);
    receiver.inbox.stats().stored > before
}

/// Returns a receiver that has stored event 1.
async fn with_one() -> (SetClock, Receiver) {
    let clock = SetClock::at(10 * DAY);
    let receiver = Receiver::new(settings(&clock)).await;
    assert!(is_new(&receiver, 1).await);
    (clock, receiver)
}

/// Lets time pass, and the writer read the clock.
async fn pass(receiver: &Receiver, clock: &SetClock, time: Duration) {
    clock.advance(time);
    receiver.read_the_clock().await;
}

#[tokio::test]
async fn a_key_is_forgotten_at_the_horizon_and_not_before() {
    let (clock, receiver) = with_one().await;
    receiver.next().await.ack().await.unwrap();
    pass(&receiver, &clock, HOUR - MOMENT).await;
    assert!(!is_new(&receiver, 1).await);
    pass(&receiver, &clock, MOMENT).await;
    assert!(is_new(&receiver, 1).await, "a duplicate does not extend the horizon");
}

#[tokio::test]
async fn restarts_do_not_change_the_horizon() {
    let (clock, mut receiver) = with_one().await;
    for minute in 1..60 {
        clock.advance(HOUR / 60);
        if minute % 7 == 0 {
            receiver = receiver.reopen(settings(&clock)).await;
        }
        receiver.read_the_clock().await;
        assert!(!is_new(&receiver, 1).await, "after {minute} minutes");
        assert!(is_new(&receiver, 100 + minute).await);
    }
    clock.advance(HOUR / 60);
    let receiver = receiver.reopen(settings(&clock)).await;
    receiver.read_the_clock().await;
    assert!(is_new(&receiver, 1).await);
    assert!(!is_new(&receiver, 101).await, "that key has one minute left");
}

#[tokio::test]
async fn a_clock_set_back_before_a_restart_forgets_no_key_early() {
    let (clock, receiver) = with_one().await;
    clock.set_wall(|_| 8 * DAY);
    let receiver = receiver.reopen(settings(&clock)).await;
    assert!(!is_new(&receiver, 1).await);
    assert!(is_new(&receiver, 2).await);
    clock.set_wall(|_| 12 * DAY);
    receiver.read_the_clock().await;
    assert!(!is_new(&receiver, 1).await, "a change while it runs has no effect");
    clock.set_wall(|_| 8 * DAY);
    pass(&receiver, &clock, HOUR - MOMENT).await;
    assert!(!is_new(&receiver, 1).await && !is_new(&receiver, 2).await);
    pass(&receiver, &clock, MOMENT).await;
    assert!(is_new(&receiver, 1).await, "nor late: its time continues");
    assert!(is_new(&receiver, 2).await);
}

#[tokio::test]
async fn a_clock_set_back_before_a_restart_delays_no_retry() {
    let clock = SetClock::at(10 * DAY);
    let receiver = Receiver::new(settings(&clock).dedupe_horizon(5 * DAY)).await;
    assert!(is_new(&receiver, 1).await);
    clock.advance(2 * DAY);
    receiver.next().await.nack(HOUR).await.unwrap();
    clock.set_wall(|_| 10 * DAY);
    let receiver = receiver.reopen(settings(&clock)).await;
    clock.advance(HOUR - MOMENT);
    assert!(receiver.is_quiet().await, "the retry waits one hour");
    pass(&receiver, &clock, MOMENT).await;
    assert!(!receiver.is_quiet().await, "not longer");
}

#[tokio::test]
async fn many_expired_keys_are_forgotten_in_steps_until_none_is_left() {
    let clock = SetClock::at(10 * DAY);
    let receiver = Receiver::new(settings(&clock)).await;
    for post in 0..150 {
        assert!(is_new(&receiver, post).await);
    }
    assert_eq!(receiver.inbox.stats().remembered, 150);
    clock.advance(HOUR);
    let mut steps = 0;
    while receiver.inbox.stats().remembered > 0 {
        receiver.inbox.requeue([]).await.unwrap();
        steps += 1;
        assert!(steps < 100);
    }
    assert!(is_new(&receiver, 149).await);
    let receiver = receiver.reopen(settings(&clock)).await;
    assert_eq!(receiver.inbox.stats().remembered, 1, "nor on disk");
}

#[tokio::test]
async fn a_key_stored_while_the_last_old_one_is_forgotten_is_forgotten_at_its_horizon() {
    let (clock, receiver) = with_one().await;
    clock.advance(HOUR);
    assert!(is_new(&receiver, 2).await);
    receiver.read_the_clock().await;
    assert_eq!(receiver.inbox.stats().remembered, 1);
    assert!(is_new(&receiver, 3).await);
    pass(&receiver, &clock, HOUR).await;
    assert_eq!(receiver.inbox.stats().remembered, 0);
}

/// Returns how many of the bodies are stored when the inbox is reopened before each, so that only
/// keys on disk are known.
async fn stored(webhook: &Webhook, bodies: &[String]) -> u64 {
    let place = Tested::create();
    let mut stored = 0;
    for body in bodies {
        let inbox = place.open(inbox_settings()).await.unwrap();
        let receiver = Receiver::behind(&place, inbox, webhook.clone());
        assert_eq!(receiver.send(body).await, 200);
        stored += receiver.inbox.stats().stored;
        receiver.close().await;
    }
    stored
}

#[tokio::test]
async fn the_dedupe_scope_applies_across_restarts() {
    let copies = ["30", "40", "30", "40"].map(|subscriber| message(subscriber, "30", "40", "hello"));
    use DedupeScope::{Conversation, Everywhere, Subscription};
    for (scope, expected) in [(Subscription, 2), (Conversation, 1), (Everywhere, 1)] {
        let webhook = Webhook::new(secret()).dedupe_scope(scope);
        assert_eq!(stored(&webhook, &copies).await, expected, "{scope:?}");
    }
}

#[tokio::test]
async fn in_dual_mode_a_report_of_the_other_api_is_a_duplicate_after_a_restart() {
    let old = r#"{"for_user_id":"7","tweet_create_events":[{"id_str":"20","text":"tea","user":{"id_str":"8"}}]}"#;
    let new = r#"{"data":{"event_uuid":"1","event_type":"post.mention.create","filter":{"user_id":"7"},"payload":{"id":"20","author_id":"8","text":"tea"}}}"#;
    for bodies in [[old, new], [new, old]].map(|bodies| bodies.map(str::to_owned)) {
        let webhook = Webhook::new(secret());
        assert_eq!(stored(&webhook, &bodies).await, 2, "two events by default");
        assert_eq!(stored(&webhook.api_mode(ApiMode::Dual), &bodies).await, 1);
    }
}
