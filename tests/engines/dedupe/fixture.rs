//! The fixture of these tests: receivers with one Redis, and a controllable sink.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use birdhook_core::Outcome;
use birdhook_pipeline::{Delivery, Event, EventKey, EventSink, Pipeline, SinkError};
use birdhook_redis::{DedupeSettings, Redis, SharedDedupe};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::consumption::APP;
use birdhook_test_harness::fixture::webhook;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::redis::fixture::Engine;

pub(crate) type Receiver = Pipeline<SharedDedupe<Taker>>;

pub(crate) const FOREVER: Duration = Duration::from_secs(3600);

impl Engine {
    pub(crate) async fn dedupe(&self) -> DedupeSettings {
        let redis = Redis::connect(&self.server.url()).await.unwrap();
        redis.dedupe().in_flight(FOREVER).timeout(TIMEOUT).copies_wait(Duration::ZERO)
    }

    /// Returns a receiver with its own connection, like a separate process, and its sink.
    pub(crate) async fn receiver(&self) -> (Receiver, Taker) {
        self.receiver_with(|dedupe| dedupe).await
    }

    pub(crate) async fn receiver_with(&self, set: impl FnOnce(DedupeSettings) -> DedupeSettings) -> (Receiver, Taker) {
        let taker = Taker::default();
        let sink = set(self.dedupe().await).around(taker.clone());
        (webhook().deadline(FOREVER).sink(sink), taker)
    }

    /// Waits until Redis knows that an event is done.
    pub(crate) async fn until_done(&self, id: u32) {
        self.until(&["GET", &name(id)], Some("done".to_owned())).await;
    }
}

/// A sink that waits, accepts or fails on command, and records accepted events.
#[derive(Clone, Default)]
pub(crate) struct Taker {
    pub(crate) taken: Arc<Mutex<Vec<EventKey>>>,
    mood: Arc<watch::Sender<Mood>>,
    /// Notified of each delivery that begins.
    begun: Arc<watch::Sender<()>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Takes,
    Waits,
    Fails,
}

impl Taker {
    pub(crate) fn is_to(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(crate) fn taken(&self) -> Vec<EventKey> {
        self.taken.lock().unwrap().clone()
    }
}

impl EventSink for Taker {
    type Future = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        let keys: Vec<EventKey> = delivery.events().iter().map(Event::dedupe_key).collect();
        self.begun.send_replace(());
        let taker = self.clone();
        Box::pin(async move {
            let mood = *taker.mood.subscribe().wait_for(|&mood| mood != Mood::Waits).await.unwrap();
            if mood == Mood::Fails {
                return Err(SinkError::Full);
            }
            taker.taken.lock().unwrap().extend(keys);
            Ok(())
        })
    }
}

pub(crate) fn body(ids: &[u32]) -> String {
    let events: Vec<_> = ids.iter().map(|id| format!(r#"{{"status":{{"id":"{id}","user_id":"1"}}}}"#)).collect();
    format!(r#"{{"for_user_id":"1","tweet_delete_events":[{}]}}"#, events.join(","))
}

pub(crate) fn key(id: u32) -> EventKey {
    Delivery::restore(APP, body(&[id]), 1).unwrap().events()[0].delivery_key()
}

/// Returns the event's key in Redis.
pub(crate) fn name(id: u32) -> String {
    format!("{{birdhook}}:{}", key(id))
}

/// Posts a delivery of these events. Returns the outcome of the request.
pub(crate) async fn post(receiver: &Receiver, ids: &[u32]) -> Outcome {
    birdhook_test_harness::fixture::post(receiver, body(ids)).await.outcome()
}

/// Posts a delivery of these events to a receiver whose sink waits, and returns once the sink is
/// called.
pub(crate) async fn post_to_waiting(receiver: &Receiver, taker: &Taker, ids: &[u32]) -> JoinHandle<Outcome> {
    taker.is_to(Mood::Waits);
    let (receiver, ids, mut begun) = (receiver.clone(), ids.to_owned(), taker.begun.subscribe());
    let posting = tokio::spawn(async move { post(&receiver, &ids).await });
    begun.changed().await.unwrap();
    posting
}

/// Posts a delivery until it is accepted, like X.
pub(crate) async fn post_until_taken(receiver: &Receiver, ids: &[u32]) {
    let start = Instant::now();
    loop {
        match post(receiver, ids).await {
            Outcome::Accepted => return,
            Outcome::InFlight => assert!(start.elapsed() < TIMEOUT, "still in flight"),
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
