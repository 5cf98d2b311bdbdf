//! A durable consumer on the server.

use std::time::Duration;

use async_nats::jetstream::Context;
use serde_json::{Value, json};

use crate::api::{ApiError, ask, is_name};
use crate::stream::{nanos, put};
use crate::{Consumer, JetStream};

/// JetStream's list of errors.
const CONSUMER_NOT_FOUND: u64 = 10_014;
const STREAM_NOT_FOUND: u64 = 10_059;

/// What a consumer is to be like. Those that share its name share its events.
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
    /// A consumer of all events of the stream `BIRDHOOK`. The server remembers by its name what it has acknowledged.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            stream: "BIRDHOOK".to_owned(),
            filter: String::new(),
            ack_wait: Duration::from_secs(30),
            max_deliver: None,
            max_ack_pending: 1000,
            batch: 16,
        }
    }

    /// The stream.
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.stream = name.into();
        self
    }

    /// Only events with such a subject: see [`Subjects::matching`](crate::Subjects::matching).
    pub fn filter(mut self, subject: impl Into<String>) -> Self {
        self.filter = subject.into();
        self
    }

    /// After what time an event that was handed out and not settled is handed out again; 30 s unless set. It runs for those too that wait in
    /// the process: a [batch](Self::batch) is to be done within it.
    pub fn ack_wait(mut self, time: Duration) -> Self {
        self.ack_wait = time;
        self
    }

    /// How often an event is handed out at most; as often as it takes unless set. What was handed out as often is in the
    /// stream still, but not for this consumer: settle it with [`term`](crate::Message::term) rather, when you know.
    pub fn max_deliver(mut self, times: u32) -> Self {
        self.max_deliver = Some(times.max(1));
        self
    }

    /// How many events may be handed out and not settled, in all processes together; 1000 unless set.
    pub fn max_ack_pending(mut self, events: u32) -> Self {
        self.max_ack_pending = events.max(1);
        self
    }

    /// One event after the other, in the order of the stream: the next one is handed out when this one is settled, in all processes
    /// together. An event that fails holds up those after it.
    pub fn in_order(self) -> Self {
        self.max_ack_pending(1)
    }

    /// How many events are fetched ahead into the process; 16 unless set.
    pub fn batch(mut self, events: usize) -> Self {
        self.batch = events.max(1);
        self
    }

    fn wanted(&self) -> [(&'static str, Value); 4] {
        [
            ("filter_subject", json!(self.filter)),
            ("ack_wait", nanos(self.ack_wait)),
            ("max_deliver", self.max_deliver.map_or(json!(-1), |times| json!(times))),
            ("max_ack_pending", json!(self.max_ack_pending)),
        ]
    }
}

impl JetStream {
    /// Hands out events. The consumer is made on the server, or given the settings that are wanted; it stays there, and goes on
    /// where it was, until somebody removes it.
    ///
    /// # Errors
    /// When the server does not have it so.
    pub async fn consumer(&self, settings: &ConsumerSettings) -> Result<Consumer, ConsumerError> {
        if !is_name(&settings.name) || !is_name(&settings.stream) {
            return Err(ConsumerError::Name);
        }
        ensure(&self.context, settings).await?;
        let ConsumerSettings { name, stream, batch, .. } = settings.clone();
        Ok(Consumer::new(self.context.clone(), stream, name, batch))
    }
}

async fn ensure(context: &Context, settings: &ConsumerSettings) -> Result<(), ConsumerError> {
    let ConsumerSettings { name, stream, .. } = settings;
    let found = match ask(context, format!("CONSUMER.INFO.{stream}.{name}"), &json!({})).await {
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
    let differing: Vec<_> = settings.wanted().into_iter().filter(differ).collect();
    if is_new || !differing.is_empty() {
        differing.into_iter().for_each(|(name, value)| put(&mut config, name, value));
        let question = json!({ "stream_name": stream, "config": config });
        ask(context, format!("CONSUMER.DURABLE.CREATE.{stream}.{name}"), &question).await?;
    }
    Ok(())
}

/// Why there is no such consumer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// A name that none can have.
    #[error("the name of a consumer or a stream has no white space, and none of `.*>/\\`")]
    Name,
    /// There is no such stream.
    #[error("there is no stream {0}: make it with `ensure_stream`")]
    NoStream(String),
    /// There is one of this name that pushes messages, or does without acknowledgements.
    #[error("the consumer {0} is of another kind, which cannot be changed: choose another name")]
    OfAnotherKind(String),
    /// Anything else.
    #[error(transparent)]
    Api(#[from] ApiError),
}
