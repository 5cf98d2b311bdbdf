//! Receives events from the stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, try_unfold};

use crate::fetcher::{Fetcher, Removed, Source};
use crate::message::{JetStreamMessage, UnrecognizedMessage};
use crate::settle::SettleError;
use crate::shared::Shared;

/// Receives events. Made by [`JetStream::consumer`](crate::JetStream::consumer).
///
/// Also a [`Stream`], which ends when the consumer was removed from the server. Waits for a server
/// that restarts or is unreachable.
///
/// An event whose last attempt ended without a settlement, as far as this process knows, may have
/// crashed its process. It is returned after all other fetched events, and after all
/// acknowledgements have been [flushed](Self::flush), so that it takes no other event along if it
/// crashes the process again.
///
/// Dropping this leaves the consumer on the server. Fetched events that were not returned are
/// delivered again at once, or after `ack_wait` if the process ends meanwhile. Their attempt
/// counts.
#[must_use = "events are received only when polled"]
pub struct Consumer {
    source: Arc<Source>,
    shared: Arc<Shared>,
    events: BoxStream<'static, Result<JetStreamMessage, ConsumeError>>,
}

impl Consumer {
    pub(crate) fn new(source: Source, shared: Arc<Shared>) -> Self {
        let source = Arc::new(source);
        let fetcher = Fetcher::new(Arc::clone(&source), Arc::clone(&shared));
        let leases = try_unfold(fetcher, async |mut fetcher| Ok(Some((fetcher.next().await?, fetcher))));
        let events = leases.map(|lease| {
            let foreign = |message| ConsumeError::UnrecognizedMessage(Box::new(message));
            JetStreamMessage::read(lease.map_err(|Removed| ConsumeError::Removed)?).map_err(foreign)
        });
        Self { source, shared, events: events.boxed() }
    }

    pub(crate) fn ack_wait(&self) -> Duration {
        self.source.ack_wait
    }

    /// Returns the next event or error, or `None` after [`Removed`](ConsumeError::Removed). Cancel
    /// safe.
    pub async fn recv(&mut self) -> Option<Result<JetStreamMessage, ConsumeError>> {
        self.next().await
    }

    /// Sends the queued [acknowledgements](JetStreamMessage::ack), and waits until the server has
    /// confirmed them.
    ///
    /// Call it before the process ends.
    ///
    /// # Errors
    /// Fails if the server does not confirm them, which is then tried again, or if
    /// acknowledgements were given up since the last call.
    pub async fn flush(&self) -> Result<(), SettleError> {
        self.shared.acks.flush().await
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
