//! Delivers events to an engine.

use std::pin::Pin;

use birdhook::nats;
use birdhook::redis::StreamSink;
use birdhook::{
    Delivery,
    sink::{EventSink, SinkError},
};

#[derive(Clone, Debug)]
pub(crate) enum EngineSink {
    Nats(nats::JetStreamSink),
    Redis(StreamSink),
}

impl EventSink for EngineSink {
    type Future = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        match self {
            Self::Nats(sink) => Box::pin(sink.deliver(delivery)),
            Self::Redis(sink) => Box::pin(sink.deliver(delivery)),
        }
    }

    fn is_open(&self) -> bool {
        match self {
            Self::Nats(sink) => sink.is_open(),
            Self::Redis(sink) => sink.is_open(),
        }
    }
}
