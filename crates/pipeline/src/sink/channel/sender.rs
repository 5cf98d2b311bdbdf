//! The sending half of the channel.

use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use birdhook_core::Delivery;

use super::queue_depth::QueueDepth;
use crate::sink::error::SinkError;
use crate::sink::event_sink::{Backlog, EventSink};
use crate::sync::{RwLock, mpsc};

/// A bounded channel as a sink: 200 means that the app's queue holds the delivery.
///
/// Made by [`Webhook::channel`](crate::Webhook::channel). If the channel is full, a delivery waits
/// until the deadline and is then answered 503.
pub struct ChannelSink {
    /// Taken on close, so that the receiving half ends after the last delivery.
    pub(super) sender: RwLock<Option<mpsc::Sender<Delivery>>>,
    pub(super) depth: Arc<QueueDepth>,
}

impl EventSink for ChannelSink {
    type Future = ChannelSendFuture;

    fn deliver(&self, delivery: Delivery) -> ChannelSendFuture {
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = &*sender else {
            return ChannelSendFuture::done(Err(SinkError::Closed));
        };
        // Counted before the reader can see it; otherwise the reader could decrement the count
        // first.
        self.depth.enter(&delivery);
        let events = delivery.events().len();
        let outcome = match sender.try_send(delivery) {
            Ok(()) => Ok(()),
            Err(refused) => {
                self.depth.leave(1, events);
                match refused {
                    mpsc::error::TrySendError::Closed(_) => Err(SinkError::Closed),
                    mpsc::error::TrySendError::Full(delivery) => {
                        return ChannelSendFuture::wait(sender.clone(), delivery, &self.depth);
                    }
                }
            }
        };
        ChannelSendFuture::done(outcome)
    }

    fn timeout_error(&self) -> SinkError {
        SinkError::Full
    }

    fn backlog(&self) -> Option<Backlog> {
        Some(self.depth.backlog())
    }

    fn is_open(&self) -> bool {
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    fn close(&self) {
        self.sender.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.depth.drained())
    }

    fn reports_consumption(&self) -> bool {
        true
    }
}

impl fmt::Debug for ChannelSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelSink").field("backlog", &self.depth.backlog()).finish_non_exhaustive()
    }
}

/// The future of a [`ChannelSink`]. Ready at once unless the channel is full.
///
/// Panics if polled after completion, as the futures of std do.
pub struct ChannelSendFuture(State);

enum State {
    Done(Ready<Result<(), SinkError>>),
    Waiting(Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>),
}

impl ChannelSendFuture {
    fn done(outcome: Result<(), SinkError>) -> Self {
        Self(State::Done(ready(outcome)))
    }

    fn wait(sender: mpsc::Sender<Delivery>, delivery: Delivery, depth: &Arc<QueueDepth>) -> Self {
        let depth = Arc::clone(depth);
        Self(State::Waiting(Box::pin(async move {
            let slot = sender.reserve().await.map_err(|_| SinkError::Closed)?;
            // No await from here on: a dropped future has sent nothing, and a sent delivery is
            // `Ok`.
            depth.enter(&delivery);
            slot.send(delivery);
            Ok(())
        })))
    }
}

impl Future for ChannelSendFuture {
    type Output = Result<(), SinkError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Done(done) => Pin::new(done).poll(cx),
            State::Waiting(waiting) => waiting.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for ChannelSendFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Done(_) => "ChannelSendFuture(done)",
            State::Waiting(_) => "ChannelSendFuture(waiting)",
        })
    }
}
