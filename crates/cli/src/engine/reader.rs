//! Reads events from an engine.

use anyhow::{Context, Result, bail};
use birdhook::Event;
use birdhook::nats::{self, ConsumeError, Consumer};
use birdhook::redis::{self, Group, ReadError};

use crate::error::{Code, Failure};

pub(crate) enum Reader {
    Nats(Box<Consumer>),
    Redis(Group),
}

/// An event received from an engine, not yet acknowledged.
pub(crate) enum Received {
    Nats(Box<nats::JetStreamMessage>),
    Redis(Box<redis::StreamMessage>),
}

impl Reader {
    /// Returns the next event. The inner error reports a failed read, or a message that is not an
    /// event and was dead-lettered. The next call continues.
    ///
    /// # Errors
    /// Fails if no more events can come.
    pub(crate) async fn recv(&mut self) -> Result<Result<Received>> {
        match self {
            Self::Nats(consumer) => match consumer.recv().await.unwrap_or(Err(ConsumeError::Removed)) {
                Err(ConsumeError::Removed) => Err(ConsumeError::Removed).with_context(|| {
                    let fix = "run the command again, which creates the consumer again";
                    Failure::new(Code::EngineUnavailable, "no more events can be read", fix)
                }),
                next => Ok(Self::of_nats(next).await),
            },
            Self::Redis(group) => Ok(Self::of_redis(group.recv().await).await),
        }
    }

    async fn of_nats(next: Result<nats::JetStreamMessage, ConsumeError>) -> Result<Received> {
        match next {
            Ok(message) => Ok(Received::Nats(Box::new(message))),
            Err(ConsumeError::UnrecognizedMessage(message)) => {
                let reason = format!("the message at {} is not an event and was dead-lettered", message.subject());
                message.term().await.context("cannot dead-letter the message")?;
                bail!(reason)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn of_redis(next: Result<redis::StreamMessage, ReadError>) -> Result<Received> {
        match next {
            Ok(message) => Ok(Received::Redis(Box::new(message))),
            Err(ReadError::UnrecognizedMessage(message)) => {
                let reason = format!("the entry {} is not an event and was dead-lettered", message.id());
                message.reject().await.context("cannot dead-letter the message")?;
                bail!(reason)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Received {
    pub(crate) fn event(&self) -> &Event {
        match self {
            Self::Nats(message) => message.event(),
            Self::Redis(message) => message.event(),
        }
    }

    pub(crate) fn is_redelivery(&self) -> bool {
        match self {
            Self::Nats(message) => message.attempts() > 1,
            Self::Redis(message) => message.attempts() > 1,
        }
    }

    pub(crate) async fn ack(self) -> Result<()> {
        match self {
            Self::Nats(message) => message.ack_durable().await?,
            Self::Redis(message) => message.ack_durable().await?,
        }
        Ok(())
    }
}
