//! Durable consumers on the server.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Context;
use birdhook_pipeline::consumer::AckQueue;
use serde_json::{Value, json};

use crate::acks::Acks;
use crate::api::{ApiError, is_name, request};
use crate::connection::JetStream;
use crate::events::Consumer;
use crate::fetcher::Source;
use crate::shared::Shared;
use crate::stream::{nanos, put};

/// JetStream's error codes.
const CONSUMER_NOT_FOUND: u64 = 10_014;
const STREAM_NOT_FOUND: u64 = 10_059;

/// Settings of a consumer. Consumers with the same name share its events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ConsumerSettings {
    name: String,
    stream: String,
    filter: String,
    ack_wait: Duration,
    max_deliver: Option<u32>,
    max_ack_pending: u32,
    batch: usize,
}

impl ConsumerSettings {
    /// Returns settings for a consumer of all events of the stream `BIRDHOOK`.
    ///
    /// The server stores under this name which events were acknowledged.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            stream: "BIRDHOOK".to_owned(),
            filter: String::new(),
            ack_wait: Duration::from_secs(30),
            max_deliver: None,
            max_ack_pending: 1000,
            batch: 128,
        }
    }

    /// Sets the stream. Defaults to `BIRDHOOK`.
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.stream = name.into();
        self
    }

    /// Restricts the consumer to events with this subject. Defaults to all events.
    ///
    /// See [`Subjects::matching`](crate::Subjects::matching).
    pub fn filter(mut self, subject: impl Into<String>) -> Self {
        self.filter = subject.into();
        self
    }

    /// Sets the time after which an unsettled event is delivered again. Defaults to 30 s.
    ///
    /// It begins when the application receives the event: the consumer extends it for events that
    /// waited in the process.
    pub fn ack_wait(mut self, time: Duration) -> Self {
        self.ack_wait = time;
        self
    }

    /// Sets the largest number of attempts for an event. Unlimited by default.
    ///
    /// After that many attempts, the event stays in the stream, but this consumer does not receive
    /// it again. Prefer [`term`](crate::JetStreamMessage::term) if you know that an event can never be
    /// processed.
    pub fn max_deliver(mut self, times: u32) -> Self {
        self.max_deliver = Some(times.max(1));
        self
    }

    /// Sets the largest number of unsettled events, in all processes together. Defaults to 1000.
    pub fn max_ack_pending(mut self, events: u32) -> Self {
        self.max_ack_pending = events.max(1);
        self
    }

    /// Delivers one event at a time, in the order of the stream.
    ///
    /// The next event is delivered when this one is settled, in all processes together. An event
    /// that fails delays those after it.
    pub fn in_order(self) -> Self {
        self.max_ack_pending(1)
    }

    /// Sets how many events are fetched at once at most. Defaults to 128.
    ///
    /// A fetch brings the events that the application takes in about 50 ms, up to this number or 1
    /// MiB. After a pause it brings one. If the process crashes, each fetched event has used up one
    /// attempt.
    pub fn batch(mut self, events: usize) -> Self {
        self.batch = events.max(1);
        self
    }

    fn desired(&self) -> [(&'static str, Value); 4] {
        [
            ("filter_subject", json!(self.filter)),
            ("ack_wait", nanos(self.ack_wait)),
            ("max_deliver", self.max_deliver.map_or(json!(-1), |times| json!(times))),
            ("max_ack_pending", json!(self.max_ack_pending)),
        ]
    }
}

impl JetStream {
    /// Creates the consumer on the server, or updates its settings, and returns its events.
    ///
    /// The consumer stays on the server and keeps its position until it is removed.
    ///
    /// # Errors
    /// Fails if a name is invalid, the stream does not exist, or the server refuses the settings.
    pub async fn consumer(&self, settings: &ConsumerSettings) -> Result<Consumer, ConsumerError> {
        if !is_name(&settings.name) || !is_name(&settings.stream) {
            return Err(ConsumerError::Name);
        }
        ensure(&self.context, settings).await?;
        let ConsumerSettings { name, stream, batch, ack_wait, max_ack_pending, .. } = settings.clone();
        // The server delivers no more at a time.
        let batch = batch.min(usize::try_from(max_ack_pending).unwrap_or(usize::MAX));
        let shared = Arc::new(Shared::new(AckQueue::new(Acks(self.context.clone()), ack_wait)));
        Ok(Consumer::new(Source { context: self.context.clone(), stream, name, batch, ack_wait }, shared))
    }
}

async fn ensure(context: &Context, settings: &ConsumerSettings) -> Result<(), ConsumerError> {
    let ConsumerSettings { name, stream, .. } = settings;
    let found = match request(context, format!("CONSUMER.INFO.{stream}.{name}"), &json!({})).await {
        Ok(mut info) => info.get_mut("config").map(Value::take),
        Err(error) if error.code() == Some(CONSUMER_NOT_FOUND) => None,
        Err(error) if error.code() == Some(STREAM_NOT_FOUND) => return Err(ConsumerError::NoStream(stream.clone())),
        Err(error) => return Err(error.into()),
    };
    let is_new = found.is_none();
    let mut config = found.unwrap_or_else(|| {
        json!({ "durable_name": name, "deliver_policy": "all", "ack_policy": "explicit", "replay_policy": "instant" })
    });
    if config.get("deliver_subject").is_some() || config.get("ack_policy") != Some(&json!("explicit")) {
        return Err(ConsumerError::OfAnotherKind(name.clone()));
    }
    let differ = |(name, value): &(&str, Value)| match config.get(name) {
        None => *value != json!(""),
        Some(found) => found != value,
    };
    let differing: Vec<_> = settings.desired().into_iter().filter(differ).collect();
    if is_new || !differing.is_empty() {
        differing.into_iter().for_each(|(name, value)| put(&mut config, name, value));
        let body = json!({ "stream_name": stream, "config": config });
        request(context, format!("CONSUMER.DURABLE.CREATE.{stream}.{name}"), &body).await?;
    }
    Ok(())
}

/// An error of [`JetStream::consumer`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// The name is invalid.
    #[error("invalid name of a consumer or a stream: expected 1 to 255 bytes without white space and `.*>/\\`")]
    Name,
    /// The stream does not exist.
    #[error("the stream {0} does not exist: create it with `ensure_stream`")]
    NoStream(String),
    /// The existing consumer of this name pushes messages, or does not use acknowledgements.
    #[error(
        "the consumer {0} pushes messages or does not use acknowledgements, which cannot be changed: choose another name"
    )]
    OfAnotherKind(String),
    /// Any other error.
    #[error(transparent)]
    Api(#[from] ApiError),
}
