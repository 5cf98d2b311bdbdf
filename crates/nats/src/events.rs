//! Receives events from the stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer as Pull, pull};
use async_nats::jetstream::stream::ConsumerErrorKind;
use async_nats::jetstream::{Context, ErrorCode};
use futures_core::Stream;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
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
    source: Source,
    state: State,
}

#[derive(Clone)]
struct Source {
    context: Context,
    stream: String,
    name: String,
    batch: usize,
    ack_wait: Duration,
}

enum State {
    Open(Box<pull::Stream>),
    Opening(BoxFuture<'static, Result<pull::Stream, ConsumeError>>),
    Ended,
}

impl Consumer {
    pub(crate) fn new(context: Context, stream: String, name: String, batch: usize, ack_wait: Duration) -> Self {
        let source = Source { context, stream, name, batch, ack_wait };
        let state = State::Opening(Box::pin(source.clone().open(Duration::ZERO)));
        Self { source, state }
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

impl Source {
    async fn open(self, pause: Duration) -> Result<pull::Stream, ConsumeError> {
        let mut pause = pause;
        loop {
            sleep(pause).await;
            match self.context.get_consumer_from_stream(&self.name, &self.stream).await {
                Ok(consumer) => {
                    if let Ok(messages) = self.pull(&consumer).await {
                        return Ok(messages);
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

    async fn pull(
        &self,
        consumer: &Pull<pull::Config>,
    ) -> Result<pull::Stream, async_nats::jetstream::consumer::StreamError> {
        let messages = consumer.stream().max_messages_per_batch(self.batch).expires(PULL_EXPIRY).heartbeat(HEARTBEAT);
        messages.messages().await
    }
}

impl Stream for Consumer {
    type Item = Result<JetStreamMessage, ConsumeError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Open(messages) => match ready!(messages.poll_next_unpin(cx)) {
                    Some(Ok(message)) => {
                        return Poll::Ready(Some(
                            JetStreamMessage::read(message)
                                .map_err(|message| ConsumeError::UnrecognizedMessage(Box::new(message))),
                        ));
                    }
                    // For any error, a request to the server decides whether the consumer still
                    // exists.
                    Some(Err(_)) | None => {
                        self.state = State::Opening(Box::pin(self.source.clone().open(FIRST_PAUSE)));
                    }
                },
                State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(messages) => self.state = State::Open(Box::new(messages)),
                    Err(error) => {
                        self.state = State::Ended;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Source { stream, name, .. } = &self.source;
        f.debug_struct("Consumer").field("stream", stream).field("name", name).finish_non_exhaustive()
    }
}

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
