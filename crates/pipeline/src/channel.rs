//! A sink backed by a bounded channel.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use birdhook_core::Delivery;
use tokio::sync::Semaphore;

use crate::deliveries::Deliveries;
use crate::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use crate::sync::{Notify, RwLock, mpsc};
use crate::{Backlog, EventSink, SinkError, observe};

pub(crate) fn channel(capacity: usize) -> (ChannelSink, Deliveries) {
    let (sender, receiver) = mpsc::channel(capacity.clamp(1, Semaphore::MAX_PERMITS));
    let level = Arc::new(Level::default());
    (ChannelSink { sender: RwLock::new(Some(sender)), level: Arc::clone(&level) }, Deliveries::new(receiver, level))
}

/// A bounded channel as a sink: 200 means that the app's queue holds the delivery.
///
/// Made by [`Webhook::channel`](crate::Webhook::channel). If the channel is full, a delivery waits
/// until the deadline and is then answered 503.
pub struct ChannelSink {
    /// Taken on close, so that the receiving half ends after the last delivery.
    sender: RwLock<Option<mpsc::Sender<Delivery>>>,
    level: Arc<Level>,
}

impl EventSink for ChannelSink {
    type Future = ChannelSendFuture;

    fn deliver(&self, delivery: Delivery) -> ChannelSendFuture {
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = &*sender else {
            return ChannelSendFuture(State::Done(Some(Err(SinkError::Closed))));
        };
        // Counted before the reader can see it; otherwise the reader could decrement the count
        // first.
        self.level.enter(&delivery);
        let events = delivery.events().len();
        let outcome = match sender.try_send(delivery) {
            Ok(()) => Ok(()),
            Err(refused) => {
                self.level.leave(1, events);
                match refused {
                    mpsc::error::TrySendError::Closed(_) => Err(SinkError::Closed),
                    mpsc::error::TrySendError::Full(delivery) => {
                        return ChannelSendFuture::wait(sender.clone(), delivery, &self.level);
                    }
                }
            }
        };
        ChannelSendFuture(State::Done(Some(outcome)))
    }

    fn timeout_error(&self) -> SinkError {
        SinkError::Full
    }

    fn backlog(&self) -> Option<Backlog> {
        Some(self.level.backlog())
    }

    fn is_open(&self) -> bool {
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    fn close(&self) {
        self.sender.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.level.drained())
    }
}

impl fmt::Debug for ChannelSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelSink").field("backlog", &self.level.backlog()).finish_non_exhaustive()
    }
}

/// The future of a [`ChannelSink`]. Ready at once unless the channel is full.
pub struct ChannelSendFuture(State);

enum State {
    Done(Option<Result<(), SinkError>>),
    Waiting(Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>),
}

impl ChannelSendFuture {
    fn wait(sender: mpsc::Sender<Delivery>, delivery: Delivery, level: &Arc<Level>) -> Self {
        let level = Arc::clone(level);
        Self(State::Waiting(Box::pin(async move {
            let room = sender.reserve().await.map_err(|_| SinkError::Closed)?;
            // No await from here on: a dropped future has sent nothing, and a sent delivery is
            // `Ok`.
            level.enter(&delivery);
            room.send(delivery);
            Ok(())
        })))
    }
}

impl Future for ChannelSendFuture {
    type Output = Result<(), SinkError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Done(outcome) => outcome.take().map_or(Poll::Pending, Poll::Ready),
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

/// The number of accepted deliveries and events that are not consumed yet.
#[derive(Debug, Default)]
pub(crate) struct Level {
    deliveries: AtomicUsize,
    /// The number of events, with the [`ABANDONED`] bit.
    ///
    /// The bit is here so that each change learns atomically whether the gauge still counts.
    /// Otherwise events that enter while the receiving half is dropped would raise the gauge for
    /// good.
    events: AtomicUsize,
    fell: Notify,
}

/// A bit in [`Level::events`]: the receiving half is dropped, so the gauge no longer counts.
const ABANDONED: usize = 1 << (usize::BITS - 1);

impl Level {
    fn enter(&self, delivery: &Delivery) {
        let events = delivery.events().len();
        if self.events.fetch_add(events, SeqCst) & ABANDONED == 0 {
            observe::queued(events);
        }
        self.deliveries.fetch_add(1, SeqCst);
    }

    pub(crate) fn leave(&self, deliveries: usize, events: usize) {
        self.deliveries.fetch_sub(deliveries, SeqCst);
        let before = self.events.fetch_sub(events, SeqCst);
        if before & ABANDONED == 0 {
            observe::unqueued(events);
        }
        if before == events {
            self.fell.notify_waiters();
        }
    }

    fn backlog(&self) -> Backlog {
        Backlog { deliveries: self.deliveries.load(SeqCst), events: self.events.load(SeqCst) & !ABANDONED }
    }

    /// Marks the remaining events as never to be consumed, and removes them from the gauge.
    pub(crate) fn abandon(&self) {
        observe::unqueued(self.events.fetch_or(ABANDONED, SeqCst) & !ABANDONED);
        self.fell.notify_waiters();
    }

    async fn drained(&self) {
        loop {
            let fell = self.fell.notified();
            let events = self.events.load(SeqCst);
            if events == 0 || events & ABANDONED != 0 {
                return;
            }
            fell.await;
        }
    }
}
