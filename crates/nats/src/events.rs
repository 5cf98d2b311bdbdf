//! Receives events from the stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::stream::ConsumerErrorKind;
use async_nats::jetstream::{Context, ErrorCode, Message};
use futures_core::Stream;
use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, try_unfold};
use tokio::time::sleep;

use crate::message::{JetStreamMessage, UnrecognizedMessage};

/// The server's heartbeat interval while there are no events.
///
/// A consumer without a heartbeat for twice this time is reopened.
const HEARTBEAT: Duration = Duration::from_secs(5);
const PULL_EXPIRY: Duration = Duration::from_secs(30);

/// Pauses between attempts to find a consumer that does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Receives events. Made by [`JetStream::consumer`](crate::JetStream::consumer).
///
/// Also a [`Stream`], which ends when the consumer was removed from the server. Waits for a server
/// that restarts or is unreachable. Dropping this leaves the consumer on the server; fetched events
/// that were not returned are delivered again after `ack_wait`.
#[must_use = "events are received only when polled"]
pub struct Consumer {
    source: Arc<Source>,
    events: BoxStream<'static, Result<JetStreamMessage, ConsumeError>>,
}

struct Source {
    context: Context,
    stream: String,
    name: String,
    batch: usize,
    ack_wait: Duration,
}

impl Consumer {
    pub(crate) fn new(context: Context, stream: String, name: String, batch: usize, ack_wait: Duration) -> Self {
        let source = Arc::new(Source { context, stream, name, batch, ack_wait });
        let of_messages = Arc::clone(&source);
        let messages = try_unfold(None, move |opened| Arc::clone(&of_messages).next(opened));
        let events = messages.map(|message| {
            let foreign = |message| ConsumeError::UnrecognizedMessage(Box::new(message));
            JetStreamMessage::read(message?).map_err(foreign)
        });
        Self { source, events: events.boxed() }
    }

    pub(crate) fn ack_wait(&self) -> Duration {
        self.source.ack_wait
    }

    /// Returns the next event or error, or `None` after [`Removed`](ConsumeError::Removed). Cancel
    /// safe.
    pub async fn recv(&mut self) -> Option<Result<JetStreamMessage, ConsumeError>> {
        self.next().await
    }
}

/// Messages of the consumer, from one request to the server.
type Opened = Box<pull::Stream>;

impl Source {
    /// Returns the next message. Opens the consumer if necessary.
    async fn next(
        self: Arc<Self>,
        mut opened: Option<Opened>,
    ) -> Result<Option<(Message, Option<Opened>)>, ConsumeError> {
        let mut pause = Duration::ZERO;
        loop {
            let mut messages = match opened.take() {
                Some(messages) => messages,
                None => self.open(pause).await?,
            };
            if let Some(Ok(message)) = messages.next().await {
                return Ok(Some((message, Some(messages))));
            }
            // For any error, a request to the server decides whether the consumer still exists.
            pause = FIRST_PAUSE;
        }
    }

    async fn open(&self, mut pause: Duration) -> Result<Opened, ConsumeError> {
        loop {
            sleep(pause).await;
            match self.context.get_consumer_from_stream(&self.name, &self.stream).await {
                Ok(consumer) => {
                    let stream = consumer.stream().max_messages_per_batch(self.batch);
                    if let Ok(messages) = stream.expires(PULL_EXPIRY).heartbeat(HEARTBEAT).messages().await {
                        return Ok(Box::new(messages));
                    }
                }
                Err(error) => {
                    if let ConsumerErrorKind::JetStream(error) = error.kind()
                        && matches!(error.error_code(), ErrorCode::CONSUMER_NOT_FOUND | ErrorCode::STREAM_NOT_FOUND)
                    {
                        return Err(ConsumeError::Removed);
                    }
                }
            }
            pause = (pause * 2).clamp(FIRST_PAUSE, MAX_PAUSE);
        }
    }
}

impl Stream for Consumer {
    type Item = Result<JetStreamMessage, ConsumeError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.events.as_mut().poll_next(cx)
    }
}

debug_fields!(Consumer, |this| stream: this.source.stream, name: this.source.name);

/// An error of [`Consumer::recv`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumeError {
    /// A message is not an event. Settle it like one.
    #[error("message with the subject `{}`: {}", .0.subject(), .0.reason)]
    UnrecognizedMessage(Box<UnrecognizedMessage>),
    /// The consumer or its stream was removed from the server.
    #[error("the consumer was removed from the server: `JetStream::consumer` creates it again")]
    Removed,
}
