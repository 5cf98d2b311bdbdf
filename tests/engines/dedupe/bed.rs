//! The fixture of these tests: receivers with one Redis, and a controllable sink.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use birdhook_core::{Outcome, RequestHead, signature};
use birdhook_engines_proof::{PATIENCE, servers, webhook};
use birdhook_inbox_proof::SECRET;
use birdhook_pipeline::{Delivery, Event, EventKey, EventSink, HeadResult, Keys, Pipeline, Secret, SinkError};
use birdhook_redis::{DedupeSettings, Redis, SharedDedupe};
use redis::FromRedisValue;
use tokio::sync::watch;

pub(crate) type Receiver = Pipeline<SharedDedupe<Taker>>;

/// Longer than any test.
pub(crate) const FOREVER: Duration = Duration::from_secs(3600);

pub(crate) struct Bed {
    pub(crate) server: servers::Redis,
}

impl Bed {
    pub(crate) fn new() -> Self {
        Self { server: servers::Redis::start() }
    }

    /// Sends a command to the server, bypassing birdhook.
    pub(crate) async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.server.url()).unwrap();
        let mut line = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd(words[0]);
        words[1..].iter().for_each(|word| _ = command.arg(word));
        command.query_async(&mut line).await.unwrap()
    }

    pub(crate) async fn dedupe(&self) -> DedupeSettings {
        let redis = Redis::connect(&self.server.url()).await.unwrap();
        redis.dedupe().in_flight(FOREVER).timeout(PATIENCE).copies_wait(Duration::ZERO)
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

    /// Waits until Redis returns this value.
    pub(crate) async fn until<T: FromRedisValue + PartialEq>(&self, words: &[&str], expected: T) {
        let start = Instant::now();
        while self.ask::<T>(words).await != expected {
            assert!(start.elapsed() < PATIENCE, "{words:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A sink that waits, accepts or fails on command, and records accepted events.
#[derive(Clone)]
pub(crate) struct Taker {
    pub(crate) taken: Arc<Mutex<Vec<EventKey>>>,
    mood: Arc<watch::Sender<Mood>>,
    /// The number of deliveries in progress.
    busy: Arc<watch::Sender<usize>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Takes,
    Waits,
    Fails,
}

impl Default for Taker {
    fn default() -> Self {
        let (mood, busy) = (Arc::new(watch::Sender::new(Mood::Takes)), Arc::new(watch::Sender::new(0)));
        Self { taken: Arc::default(), mood, busy }
    }
}

impl Taker {
    pub(crate) fn is_to(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(crate) fn taken(&self) -> Vec<EventKey> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) async fn is_busy(&self) {
        self.busy.subscribe().wait_for(|&count| count > 0).await.unwrap();
    }
}

struct Busy(Arc<watch::Sender<usize>>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl EventSink for Taker {
    type Future = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

    fn deliver(&self, _: Delivery) -> Self::Future {
        unreachable!("it is called with keys")
    }

    fn deliver_keyed(&self, delivery: Delivery, keys: Keys<'_>) -> Self::Future {
        let keys: Vec<EventKey> = keys.collect();
        let own: Vec<EventKey> = delivery.events().iter().map(Event::delivery_key).collect();
        assert_eq!(keys, own, "the keys are the events'");
        self.busy.send_modify(|count| *count += 1);
        let (taker, busy) = (self.clone(), Busy(Arc::clone(&self.busy)));
        Box::pin(async move {
            let _busy = busy;
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
    Delivery::restore(birdhook_inbox_proof::APP, body(&[id]), 1).unwrap().events()[0].delivery_key()
}

/// Returns the event's key in Redis.
pub(crate) fn name(id: u32) -> String {
    format!("{{birdhook}}:{}", key(id))
}

/// Posts a delivery. Returns the outcome of the request.
pub(crate) async fn post(receiver: &Receiver, body: String) -> Outcome {
    let signed = signature::sign(&Secret::new(SECRET).unwrap(), body.as_bytes());
    let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
    let HeadResult::Body(incoming) = receiver.begin(&head) else { panic!("refused") };
    let chunks = futures_util::stream::iter([Ok::<_, Infallible>(body.into())]);
    receiver.receive(incoming, chunks).await.outcome()
}

/// Posts a delivery until it is accepted, like X.
pub(crate) async fn post_until_taken(receiver: &Receiver, body: String) {
    let start = Instant::now();
    loop {
        match post(receiver, body.clone()).await {
            Outcome::Accepted => return,
            Outcome::InFlight => assert!(start.elapsed() < PATIENCE, "in flight for ever"),
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
