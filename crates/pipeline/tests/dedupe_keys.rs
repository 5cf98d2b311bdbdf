//! Sinks that remember events: the keys they receive, and the effect of the events they know.

use std::collections::HashSet;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{deleted, deliver, ids, message_for, webhook};
use birdhook_pipeline::{ApiMode, DedupeScope, Delivery, Event, EventKey, EventSink, Outcome, SinkError, Webhook};

/// Remembers accepted events, and records the order in which keys were queried.
#[derive(Default)]
struct Remembering {
    known: Mutex<HashSet<EventKey>>,
    taken: Mutex<Vec<Delivery>>,
    asked: Mutex<Vec<EventKey>>,
    /// Panics once, after this many queries.
    panics_after: Option<usize>,
}

impl EventSink for Remembering {
    type Future = Ready<Result<(), SinkError>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        self.known.lock().unwrap().extend(delivery.events().iter().map(Event::dedupe_key));
        self.taken.lock().unwrap().push(delivery);
        ready(Ok(()))
    }

    fn remembers(&self, key: &EventKey) -> bool {
        let before = self.asked.lock().unwrap().len();
        self.asked.lock().unwrap().push(*key);
        assert!(self.panics_after != Some(before), "the panic of the test");
        self.known.lock().unwrap().contains(key)
    }
}

/// Disables the gate's own memory, so that only the sink remembers.
fn forgetful() -> Webhook {
    webhook().dedupe_window(0, Duration::ZERO)
}

#[tokio::test]
async fn an_event_that_the_sink_remembers_is_answered_200_and_not_delivered() {
    let sink = Arc::new(Remembering::default());
    let pipeline = forgetful().sink(Arc::clone(&sink));
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2"])).await, Outcome::Accepted);
    assert_eq!(deliver(&pipeline, &deleted(&["2", "1"])).await, Outcome::Duplicate);
    assert_eq!(Outcome::Duplicate.status(), 200);
    assert_eq!(sink.taken.lock().unwrap().len(), 1);
    assert_eq!(deliver(&pipeline, &deleted(&["2", "3"])).await, Outcome::Accepted);
    let taken = sink.taken.lock().unwrap();
    assert_eq!(ids(&taken[1]), ["3"], "only what is new");
    assert_eq!(taken[1].original_len(), 2);
    assert_eq!(taken[1].events()[0].dedupe_key(), taken[1].events()[0].delivery_key());
    let health = pipeline.health();
    assert_eq!((health.events, health.duplicates), (3, 3));
}

#[tokio::test]
async fn the_sink_is_not_asked_about_events_that_the_gate_knows() {
    let pipeline = webhook().sink(Remembering::default());
    deliver(&pipeline, &deleted(&["1"])).await;
    let asked = pipeline.sink().asked.lock().unwrap().len();
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Duplicate);
    assert_eq!(pipeline.sink().asked.lock().unwrap().len(), asked);
}

/// At whichever event the sink panics, no event stays in flight.
#[tokio::test]
async fn a_panic_in_remembers_is_answered_503_and_releases_the_claim() {
    for before in 0..3 {
        let pipeline = webhook().sink(Remembering { panics_after: Some(before), ..Remembering::default() });
        let body = deleted(&["1", "2", "3"]);
        assert_eq!(deliver(&pipeline, &body).await, Outcome::SinkPanicked);
        assert_eq!(deliver(&pipeline, &body).await, Outcome::Accepted, "after {before} questions");
        assert_eq!(ids(&pipeline.sink().taken.lock().unwrap()[0]), ["1", "2", "3"]);
    }
}

/// Returns the events that a sink receives.
async fn received(webhook: Webhook, bodies: &[String]) -> Vec<Event> {
    let policy = webhook.dedupe_policy();
    let pipeline = webhook.sink(Remembering::default());
    for body in bodies {
        assert_eq!(deliver(&pipeline, body).await.status(), 200);
    }
    let asked = pipeline.sink().asked.lock().unwrap();
    let taken = std::mem::take(&mut *pipeline.sink().taken.lock().unwrap());
    let received: Vec<_> = taken.into_iter().flat_map(Delivery::into_events).collect();
    for event in &received {
        assert!(asked.contains(&event.dedupe_key()), "the gate asks for the key that it stores on the event");
        assert_eq!(event.dedupe_key(), policy.key(event), "a relay with the same policy uses the same key");
    }
    received
}

#[tokio::test]
async fn the_stored_key_is_that_of_the_scope() {
    let copies = ["30", "40"].map(|subscriber| message_for(subscriber, "1"));
    for (scope, events) in [
        (DedupeScope::Subscription, 2),
        (DedupeScope::AcrossApps, 2),
        (DedupeScope::Conversation, 1),
        (DedupeScope::Everywhere, 1),
    ] {
        let received = received(forgetful().dedupe_scope(scope), &copies).await;
        assert_eq!(received.len(), events, "{scope:?}");
        for event in received {
            assert_eq!(event.dedupe_key(), event.delivery_key_in(scope), "{scope:?}");
        }
    }
}

const OLD_POST: &str =
    r#"{"for_user_id":"7","tweet_create_events":[{"id_str":"20","text":"tea","user":{"id_str":"8"}}]}"#;
const NEW_POST: &str = r#"{"data":{"event_uuid":"1","event_type":"post.mention.create","filter":{"user_id":"7"},"payload":{"id":"20","author_id":"8","text":"tea"}}}"#;
const OLD_FOLLOW: &str = r#"{"for_user_id":"7","follow_events":[{"type":"follow","created_timestamp":"5","source":{"id":"8"},"target":{"id":"7"}}]}"#;

#[tokio::test]
async fn in_dual_mode_the_stored_key_of_an_event_with_an_id_is_its_content_key() {
    for scope in [DedupeScope::Subscription, DedupeScope::Everywhere] {
        let webhook = forgetful().dedupe_scope(scope).api_mode(ApiMode::Dual);
        let received = received(webhook, &[OLD_POST, NEW_POST].map(str::to_owned)).await;
        assert_eq!(received.len(), 1, "one of them is a duplicate, by what the sink remembers alone");
        assert_eq!(received[0].dedupe_key(), received[0].content_key_in(scope));
    }
    assert_eq!(received(forgetful(), &[OLD_POST, NEW_POST].map(str::to_owned)).await.len(), 2);
}

#[tokio::test]
async fn in_dual_mode_the_stored_key_of_an_event_without_an_id_is_its_delivery_key() {
    let received = received(forgetful().api_mode(ApiMode::Dual), &[OLD_FOLLOW.to_owned(), OLD_FOLLOW.to_owned()]).await;
    assert_eq!(received.len(), 1, "a redelivery");
    assert_eq!(received[0].dedupe_key(), received[0].delivery_key());
}

/// Removes every other event before it forwards the delivery.
struct Halving(Arc<Remembering>);

impl EventSink for Halving {
    type Future = Ready<Result<(), SinkError>>;

    fn deliver(&self, mut delivery: Delivery) -> Self::Future {
        delivery.retain(|event| event.index() % 2 == 1);
        self.0.deliver(delivery)
    }
}

/// In dual mode, some of these events are claimed by their content key and some by their delivery
/// key. The first of them is a duplicate, so that the gate removes an event too.
#[tokio::test]
async fn a_sink_that_removes_events_keeps_the_claimed_keys_of_the_others() {
    let posts = [1, 2, 3, 4].map(|id| format!(r#"{{"id_str":"{id}","text":"tea","user":{{"id_str":"8"}}}}"#)).join(",");
    let follows = [5, 6, 7]
        .map(|id| {
            format!(r#"{{"type":"follow","created_timestamp":"{id}","source":{{"id":"{id}"}},"target":{{"id":"7"}}}}"#)
        })
        .join(",");
    let body = format!(r#"{{"for_user_id":"7","tweet_create_events":[{posts}],"follow_events":[{follows}]}}"#);
    let first = r#"{"for_user_id":"7","tweet_create_events":[{"id_str":"1","text":"tea","user":{"id_str":"8"}}]}"#;
    for api_mode in [ApiMode::Single, ApiMode::Dual] {
        let webhook = webhook().api_mode(api_mode).dedupe_scope(DedupeScope::Everywhere);
        let policy = webhook.dedupe_policy();
        let sink = Arc::new(Remembering::default());
        let pipeline = webhook.sink(Halving(Arc::clone(&sink)));
        assert_eq!(deliver(&pipeline, first).await, Outcome::Accepted);
        assert_eq!(deliver(&pipeline, &body).await, Outcome::Accepted);
        let taken = sink.taken.lock().unwrap();
        let events = taken[1].events();
        assert_eq!(events.iter().map(Event::index).collect::<Vec<_>>(), [1, 3, 5]);
        for event in events {
            assert_eq!(event.dedupe_key(), policy.key(event), "{api_mode:?}, event {}", event.index());
        }
        let known = sink.known.lock().unwrap();
        assert_eq!(*known, events.iter().map(Event::dedupe_key).collect());
    }
}
