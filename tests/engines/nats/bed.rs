//! The fixture of these tests.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use birdhook_core::{ApiSource, Delivery, Event};
use birdhook_engines_proof::{PATIENCE, servers, webhook};
use birdhook_nats::{
    ConsumeError, Consumer, ConsumerSettings, JetStream, JetStreamMessage, JetStreamSink, StreamSettings,
};
use birdhook_pipeline::{EventSink, HeadResult, Pipeline, RequestHead, Secret, signature};
use birdhook_testkit::{MockEvent, MockEventKind, PayloadGenerator};
use serde_json::{Value, json};

/// A server with a stream, and a connection to it.
pub(crate) struct Bed {
    pub(crate) server: servers::Nats,
    pub(crate) jetstream: JetStream,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::of(&small()).await
    }

    pub(crate) async fn of(settings: &StreamSettings) -> Self {
        let bed = Self::bare(&[]).await;
        bed.jetstream.ensure_stream(settings).await.unwrap();
        bed
    }

    /// Starts a server without a stream.
    pub(crate) async fn bare(more: &[&str]) -> Self {
        let server = servers::Nats::start_with(more);
        let jetstream = JetStream::connect(&server.url()).await.unwrap();
        Self { server, jetstream }
    }

    /// Waits until a restarted server responds.
    pub(crate) async fn reconnected(&self) {
        let start = Instant::now();
        let context = self.jetstream.context();
        while let Err(error) = context.request::<_, _, Value>("INFO", &json!({})).await {
            assert!(start.elapsed() < PATIENCE, "{error:?}");
        }
    }

    pub(crate) fn sink(&self) -> JetStreamSink {
        self.jetstream.sink()
    }

    /// Sends a request to JetStream, bypassing birdhook.
    pub(crate) async fn ask(&self, what: &str, question: Value) -> Value {
        let answer: Value = self.jetstream.context().request(what.to_owned(), &question).await.unwrap();
        assert_eq!(answer.get("error"), None, "{what}");
        answer
    }

    /// Returns the number of messages in the stream.
    pub(crate) async fn len(&self) -> u64 {
        self.ask("STREAM.INFO.BIRDHOOK", json!({})).await["state"]["messages"].as_u64().unwrap()
    }

    /// Publishes a message that birdhook did not write.
    pub(crate) async fn publish(&self, subject: &str, headers: &[(&str, &str)], payload: &'static str) {
        let mut map = async_nats::HeaderMap::new();
        headers.iter().for_each(|(name, value)| map.insert(*name, *value));
        let context = self.jetstream.context();
        context.publish_with_headers(subject.to_owned(), map, payload.into()).await.unwrap().await.unwrap();
    }

    pub(crate) async fn consumer(&self) -> Consumer {
        self.consumer_of(ConsumerSettings::new("app")).await
    }

    pub(crate) async fn consumer_of(&self, settings: ConsumerSettings) -> Consumer {
        self.jetstream.consumer(&settings).await.unwrap()
    }
}

/// Returns the default settings with a smaller limit, for machines with little disk space.
pub(crate) fn small() -> StreamSettings {
    StreamSettings::new().max_bytes(64 << 20)
}

/// Returns a scene at a time that depends on the seed, because the ids of events depend on the
/// time.
fn scene(seed: u64) -> PayloadGenerator {
    let mut scene = PayloadGenerator::new(seed);
    scene.advance(Duration::from_secs(seed % 1_000_000 * 3600));
    scene
}

/// Returns posts, each in its own delivery.
pub(crate) fn posts(seed: u64, count: usize) -> Vec<Delivery> {
    let mut scene = scene(seed);
    let mut post = || scene.event(MockEventKind::Post, "2001").reported_by(ApiSource::XActivity).unwrap();
    (0..count).map(|_| Delivery::restore("shop", post(), 1).unwrap()).collect()
}

/// Returns one body with several posts, and its delivery.
pub(crate) fn batch(seed: u64, count: usize) -> (bytes::Bytes, Delivery) {
    let mut scene = scene(seed);
    let posts: Vec<_> = (0..count).map(|_| scene.event(MockEventKind::Post, "2001")).collect();
    let body: bytes::Bytes = MockEvent::batch(&posts).unwrap();
    (body.clone(), Delivery::restore("shop", body, count).unwrap())
}

/// Returns the status that a receiver sends for a body.
pub(crate) async fn answer<S: EventSink>(pipeline: &Pipeline<S>, body: &bytes::Bytes) -> u16 {
    let secret = Secret::new(birdhook_inbox_proof::SECRET).unwrap();
    let signed = signature::sign(&secret, body);
    let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
    let HeadResult::Body(incoming) = pipeline.begin(&head) else { panic!("refused") };
    let chunks = futures_util::stream::iter([Ok::<_, Infallible>(body.clone())]);
    pipeline.receive(incoming, chunks).await.status()
}

/// Returns a receiver without its own deduplication.
pub(crate) fn receiver(sink: JetStreamSink) -> Pipeline<JetStreamSink> {
    webhook().sink(sink)
}

pub(crate) async fn all_taken(sink: &JetStreamSink, deliveries: &[Delivery]) {
    for delivery in deliveries {
        sink.deliver(delivery.clone()).await.unwrap();
    }
}

/// Returns an event as the app sees it.
pub(crate) fn told(event: &Event) -> String {
    serde_json::to_string(&event.report()).unwrap()
}

pub(crate) fn all_told(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().flat_map(Delivery::events).map(told).collect()
}

pub(crate) async fn next_or_error(consumer: &mut Consumer) -> Result<JetStreamMessage, ConsumeError> {
    tokio::time::timeout(PATIENCE, consumer.recv()).await.expect("an event").expect("a consumer")
}

pub(crate) async fn next(consumer: &mut Consumer) -> JetStreamMessage {
    next_or_error(consumer).await.unwrap()
}

/// Receives and acknowledges `count` events. Returns them as the app sees them.
pub(crate) async fn take(consumer: &mut Consumer, count: usize) -> Vec<String> {
    let mut taken = Vec::new();
    for _ in 0..count {
        let message = next(consumer).await;
        taken.push(told(&message));
        message.ack().await.unwrap();
    }
    taken
}

/// Checks that no message arrives in this time.
pub(crate) async fn nothing(consumer: &mut Consumer, millis: u64) {
    if let Ok(next) = tokio::time::timeout(Duration::from_millis(millis), consumer.recv()).await {
        panic!("{next:?}");
    }
}

/// Returns the source of a sink's error.
pub(crate) fn why(error: &birdhook_pipeline::SinkError) -> &birdhook_nats::PublishFailure {
    std::error::Error::source(error).and_then(|source| source.downcast_ref()).expect("a reason")
}
