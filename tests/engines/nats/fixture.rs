//! The fixture of these tests.

use std::time::{Duration, Instant};

use birdhook_core::Event;
use birdhook_core::codec::Format;
use birdhook_nats::{
    Consumer, ConsumerSettings, JetStream, JetStreamMessage, JetStreamSink, PublishFailure, StreamSettings,
};
use birdhook_pipeline::{EventSink, Pipeline, SinkError};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::fixture::{post, webhook};
use birdhook_test_harness::servers::{Kind, Server};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::both;

/// A server with a stream, and a connection to it.
pub(crate) struct Engine {
    pub(crate) server: Server,
    pub(crate) jetstream: JetStream,
}

impl Engine {
    pub(crate) async fn new() -> Self {
        Self::of(&small()).await
    }

    pub(crate) async fn of(settings: &StreamSettings) -> Self {
        let engine = Self::bare().await;
        engine.jetstream.ensure_stream(settings).await.unwrap();
        engine
    }

    /// Starts a server without a stream.
    pub(crate) async fn bare() -> Self {
        let server = Kind::Nats.start();
        let jetstream = JetStream::connect(&server.url()).await.unwrap();
        Self { server, jetstream }
    }

    pub(crate) fn sink(&self) -> JetStreamSink {
        self.jetstream.sink()
    }

    /// Returns a receiver without its own deduplication.
    pub(crate) fn receiver(&self) -> Pipeline<JetStreamSink> {
        webhook().sink(self.sink())
    }

    /// Sends a request to JetStream, bypassing birdhook.
    pub(crate) async fn ask(&self, what: &str, question: Value) -> Value {
        let answer: Value = self.jetstream.context().request(what.to_owned(), &question).await.unwrap();
        assert_eq!(answer.get("error"), None, "{what}");
        answer
    }

    pub(crate) async fn config(&self) -> Value {
        self.ask("STREAM.INFO.BIRDHOOK", json!({})).await["config"].take()
    }

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

impl both::Engine for Engine {
    type Sink = JetStreamSink;
    type Reader = Consumer;

    async fn start() -> Self {
        Self::new().await
    }

    fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    async fn reconnected(&self) {
        let start = Instant::now();
        let context = self.jetstream.context();
        while let Err(error) = context.request::<_, _, Value>("INFO", &json!({})).await {
            assert!(start.elapsed() < TIMEOUT, "{error:?}");
        }
    }

    fn sink_of(&self, format: Format) -> JetStreamSink {
        self.sink().format(format)
    }

    async fn other_sink(&self) -> JetStreamSink {
        JetStream::connect(&self.server.url()).await.unwrap().sink()
    }

    async fn reader(&self, lease: Duration) -> Consumer {
        self.consumer_of(ConsumerSettings::new("app").ack_wait(lease)).await
    }

    async fn reader_at(port: u16, lease: Duration) -> Consumer {
        let jetstream = JetStream::connect(&format!("nats://127.0.0.1:{port}")).await.unwrap();
        jetstream.consumer(&ConsumerSettings::new("app").ack_wait(lease)).await.unwrap()
    }

    async fn delivered(&self) -> usize {
        let info = self.ask("CONSUMER.INFO.BIRDHOOK.app", json!({})).await;
        info["num_ack_pending"].as_u64().unwrap().try_into().unwrap()
    }

    const GIVEN_BACK: u64 = 2;

    async fn unsettled(&self) -> usize {
        let info = self.ask("CONSUMER.INFO.BIRDHOOK.app", json!({})).await;
        let count = |name: &str| info[name].as_u64().unwrap();
        (count("num_ack_pending") + count("num_pending")).try_into().unwrap()
    }

    fn check(message: &JetStreamMessage, event: &Event) {
        let app = if event.app() == "shop" { "shop" } else { "shop%20%C3%A9%20%221%22" };
        let subscriber = event.subscriber().unwrap_or("~");
        assert_eq!(message.subject(), format!("birdhook.{app}.{}.{subscriber}", event.kind()));
    }
}

/// Returns the default settings with a smaller limit, for machines with little disk space.
pub(crate) fn small() -> StreamSettings {
    StreamSettings::new().max_bytes(64 << 20)
}

/// Returns the status that a receiver sends for a body.
pub(crate) async fn answer<S: EventSink>(pipeline: &Pipeline<S>, body: &Bytes) -> u16 {
    post(pipeline, body.clone()).await.status()
}

/// Returns the source of a sink's error.
pub(crate) fn why(error: &SinkError) -> &PublishFailure {
    std::error::Error::source(error).and_then(|source| source.downcast_ref()).expect("a reason")
}
