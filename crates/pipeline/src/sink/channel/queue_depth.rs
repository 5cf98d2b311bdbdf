//! The number of deliveries and events in a channel.

use birdhook_core::Delivery;

use crate::sink::event_sink::Backlog;
use crate::sync::Notify;
use crate::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use crate::telemetry;

/// The number of accepted deliveries and events that are not consumed yet.
#[derive(Debug, Default)]
pub(super) struct QueueDepth {
    deliveries: AtomicUsize,
    /// The number of events, with the [`ABANDONED`] bit.
    ///
    /// The bit is here so that each change learns atomically whether the gauge still counts.
    /// Otherwise events that enter while the receiving half is dropped would raise the gauge for
    /// good.
    events: AtomicUsize,
    decreased: Notify,
}

/// A bit in [`QueueDepth::events`]: the receiving half is dropped, so the gauge no longer counts.
const ABANDONED: usize = 1 << (usize::BITS - 1);

impl QueueDepth {
    pub(super) fn enter(&self, delivery: &Delivery) {
        let events = delivery.events().len();
        if self.events.fetch_add(events, SeqCst) & ABANDONED == 0 {
            telemetry::queued_events(events);
        }
        self.deliveries.fetch_add(1, SeqCst);
    }

    pub(super) fn leave(&self, deliveries: usize, events: usize) {
        self.deliveries.fetch_sub(deliveries, SeqCst);
        let before = self.events.fetch_sub(events, SeqCst);
        if before & ABANDONED == 0 {
            telemetry::dequeued_events(events);
        }
        if before == events {
            self.decreased.notify_waiters();
        }
    }

    pub(super) fn backlog(&self) -> Backlog {
        Backlog { deliveries: self.deliveries.load(SeqCst), events: self.events.load(SeqCst) & !ABANDONED }
    }

    /// Marks the remaining events as never to be consumed, and removes them from the gauge.
    pub(super) fn abandon(&self) {
        telemetry::dequeued_events(self.events.fetch_or(ABANDONED, SeqCst) & !ABANDONED);
        self.decreased.notify_waiters();
    }

    pub(super) async fn drained(&self) {
        loop {
            let decreased = self.decreased.notified();
            let events = self.events.load(SeqCst);
            if events == 0 || events & ABANDONED != 0 {
                return;
            }
            decreased.await;
        }
    }
}
