//! Sinks that remember events: the keys they receive, and the effect of the events they know.

use std::collections::HashSet;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{deleted, deliver, ids, message_for, webhook};
use birdhook_pipeline::{
    ApiMode, DedupeScope, Delivery, Event, EventKey, EventSink, Keys, Outcome, SinkError, Webhook,
};

/// Remembers accepted events, and records the order in which keys were queried.
#[derive(Default)]
struct Remembering {
    known: Mutex<HashSet<EventKey>>,
    taken: Mutex<Vec<(Delivery, Vec<EventKey>)>>,
    asked: Mutex<Vec<EventKey>>,
    refuses: bool,
    /// Panics once, after this many queries.
    panics_after: Option<usize>,
}

impl EventSink for Remembering {
    type Future = Ready<Result<(), SinkError>>;

    fn deliver(&self, _: Delivery) -> Self::Future {
        ready(Err(SinkError::failed("without its keys")))
    }

    fn deliver_keyed(&self, delivery: Delivery, keys: Keys<'_>) -> Self::Future {
        assert_eq!(keys.len(), delivery.events().len());
        let keys: Vec<EventKey> = keys.collect();
        self.taken.lock().unwrap().push((delivery, keys.clone()));
        if self.refuses {
            return ready(Err(SinkError::Full));
        }
        self.known.lock().unwrap().extend(keys);
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
async fn what_the_sink_remembers_is_answered_200_and_not_handed_over() {
    let sink = Arc::new(Remembering::default());
    let pipeline = forgetful().sink(Arc::clone(&sink));
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2"])).await, Outcome::Accepted);
    assert_eq!(deliver(&pipeline, &deleted(&["2", "1"])).await, Outcome::Duplicate);
    assert_eq!(Outcome::Duplicate.status(), 200);
    assert_eq!(sink.taken.lock().unwrap().len(), 1);
    assert_eq!(deliver(&pipeline, &deleted(&["2", "3"])).await, Outcome::Accepted);
    let taken = sink.taken.lock().unwrap();
    assert_eq!(ids(&taken[1].0), ["3"], "only what is new");
    assert_eq!(taken[1].0.original_len(), 2);
    assert_eq!(taken[1].1, [taken[1].0.events()[0].delivery_key()]);
    let health = pipeline.health();
    assert_eq!((health.events, health.duplicates), (3, 3));
}

#[tokio::test]
async fn what_the_sink_refused_it_is_handed_again() {
    let sink = Arc::new(Remembering { refuses: true, ..Remembering::default() });
    let pipeline = webhook().sink(Arc::clone(&sink));
    for _ in 0..2 {
        assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::SinkFull);
    }
    assert_eq!(sink.taken.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn the_sink_is_not_asked_for_what_is_known_without_it() {
    let sink = Arc::new(Remembering::default());
    let pipeline = webhook().sink(Arc::clone(&sink));
    deliver(&pipeline, &deleted(&["1"])).await;
    let asked = sink.asked.lock().unwrap().len();
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Duplicate);
    assert_eq!(sink.asked.lock().unwrap().len(), asked);
}

/// At whichever event the sink panics, no event stays in flight.
#[tokio::test]
async fn a_panic_of_the_sinks_memory_is_answered_503_and_frees_the_claim() {
    for before in 0..3 {
        let sink = Arc::new(Remembering { panics_after: Some(before), ..Remembering::default() });
        let pipeline = webhook().sink(Arc::clone(&sink));
        let body = deleted(&["1", "2", "3"]);
        assert_eq!(deliver(&pipeline, &body).await, Outcome::SinkPanicked);
        assert_eq!(deliver(&pipeline, &body).await, Outcome::Accepted, "after {before} questions");
        assert_eq!(ids(&sink.taken.lock().unwrap()[0].0), ["1", "2", "3"]);
    }
}

/// Returns the events that a sink receives, with their keys.
async fn told(webhook: Webhook, bodies: &[String]) -> Vec<(Event, EventKey)> {
    let policy = webhook.dedupe_policy();
    let sink = Arc::new(Remembering::default());
    let pipeline = webhook.sink(Arc::clone(&sink));
    for body in bodies {
        assert_eq!(deliver(&pipeline, body).await.status(), 200);
    }
    let asked = sink.asked.lock().unwrap();
    let taken = std::mem::take(&mut *sink.taken.lock().unwrap());
    let told: Vec<_> =
        taken.into_iter().flat_map(|(delivery, keys)| delivery.into_events().into_iter().zip(keys)).collect();
    assert!(told.iter().all(|(_, key)| asked.contains(key)), "it is asked by the keys that it is told");
    assert!(told.iter().all(|(event, key)| policy.key(event) == *key), "others who hand it on know it by the same");
    told
}

#[tokio::test]
async fn the_keys_are_those_of_the_scope() {
    let copies = ["30", "40"].map(|subscriber| message_for(subscriber, "1"));
    for (scope, events) in [
        (DedupeScope::Subscription, 2),
        (DedupeScope::AcrossApps, 2),
        (DedupeScope::Conversation, 1),
        (DedupeScope::Everywhere, 1),
    ] {
        let told = told(forgetful().dedupe_scope(scope), &copies).await;
        assert_eq!(told.len(), events, "{scope:?}");
        for (event, key) in told {
            assert_eq!(key, event.delivery_key_in(scope), "{scope:?}");
        }
    }
}

const OLD_POST: &str =
    r#"{"for_user_id":"7","tweet_create_events":[{"id_str":"20","text":"tea","user":{"id_str":"8"}}]}"#;
const NEW_POST: &str = r#"{"data":{"event_uuid":"1","event_type":"post.mention.create","filter":{"user_id":"7"},"payload":{"id":"20","author_id":"8","text":"tea"}}}"#;
const OLD_FOLLOW: &str = r#"{"for_user_id":"7","follow_events":[{"type":"follow","created_timestamp":"5","source":{"id":"8"},"target":{"id":"7"}}]}"#;

#[tokio::test]
async fn in_a_cut_over_what_has_an_id_is_known_by_its_content() {
    for scope in [DedupeScope::Subscription, DedupeScope::Everywhere] {
        let webhook = forgetful().dedupe_scope(scope).api_mode(ApiMode::Dual);
        let told = told(webhook, &[OLD_POST, NEW_POST].map(str::to_owned)).await;
        assert_eq!(told.len(), 1, "one of them is a duplicate, by what the sink remembers alone");
        assert_eq!(told[0].1, told[0].0.content_key_in(scope));
    }
    assert_eq!(told(forgetful(), &[OLD_POST, NEW_POST].map(str::to_owned)).await.len(), 2);
}

#[tokio::test]
async fn in_a_cut_over_what_has_no_id_is_known_by_its_delivery() {
    let told = told(forgetful().api_mode(ApiMode::Dual), &[OLD_FOLLOW.to_owned(), OLD_FOLLOW.to_owned()]).await;
    assert_eq!(told.len(), 1, "a redelivery");
    assert_eq!(told[0].1, told[0].0.delivery_key());
}

#[tokio::test]
async fn a_sink_that_remembers_nothing_is_handed_deliveries_as_ever() {
    let (pipeline, mut deliveries) = webhook().channel(4);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["1"]);
}

#[test]
fn keys_are_as_many_as_they_say() {
    let all = [1, 2, 3].map(|byte| EventKey::from([byte; 32]));
    let mut keys = Keys::from(&all[..]);
    assert_eq!(format!("{keys:?}"), format!("{all:?}"));
    for (key, left) in all.into_iter().zip([3, 2, 1]) {
        assert_eq!((keys.len(), keys.size_hint()), (left, (left, Some(left))));
        assert_eq!(keys.next(), Some(key));
    }
    assert_eq!((keys.len(), keys.next()), (0, None));
}
