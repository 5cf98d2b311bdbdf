//! Deliveries in flight, and the shutdown that waits for them.

use std::time::Duration;

use tokio::time::Instant;

use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use crate::sync::{Notify, after, timeout_at};

/// The number of deliveries in flight, and whether new ones are refused.
#[derive(Default)]
pub(super) struct InFlight {
    count: AtomicUsize,
    stopping: AtomicBool,
    became_idle: Notify,
}

impl InFlight {
    pub(super) fn count(&self) -> usize {
        self.count.load(SeqCst)
    }

    pub(super) fn enter(&self) {
        self.count.fetch_add(1, SeqCst);
    }

    pub(super) fn leave(&self) {
        if self.count.fetch_sub(1, SeqCst) == 1 {
            self.became_idle.notify_waiters();
        }
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, SeqCst);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }

    pub(super) async fn idle(&self) {
        loop {
            let became_idle = self.became_idle.notified();
            if self.count() == 0 {
                return;
            }
            became_idle.await;
        }
    }

    /// Stops, and waits up to `patience` for the deliveries in flight. Returns the number that
    /// remain.
    pub(super) async fn shutdown(&self, patience: Duration) -> usize {
        self.stop();
        match timeout_at(after(Instant::now(), patience), self.idle()).await {
            // Requests counted from now on are refused.
            Ok(()) => 0,
            Err(_) => self.count(),
        }
    }
}
