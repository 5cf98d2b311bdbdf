//! The keys of processed events whose delivery failed.

use std::time::Duration;

use birdhook_core::{DedupeWindow, EventKey};
use tokio::time::Instant;

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// The maximum number of keys. A body holds at most 10,000 events by default.
const CAPACITY: usize = 10_000;

/// The keys of processed events whose delivery failed. Allocated when the first such key is
/// inserted, which most apps never do.
pub(super) struct HandledKeys {
    epoch: Instant,
    capacity: usize,
    horizon: Duration,
    in_use: AtomicBool,
    keys: Mutex<Option<DedupeWindow>>,
}

impl HandledKeys {
    pub(super) fn new((capacity, horizon): (usize, Duration)) -> Self {
        let (in_use, keys) = (AtomicBool::new(false), Mutex::new(None));
        Self { epoch: Instant::now(), capacity: capacity.min(CAPACITY), horizon, in_use, keys }
    }

    pub(super) fn contains(&self, key: &EventKey, now: Instant) -> bool {
        if !self.in_use.load(SeqCst) {
            return false;
        }
        self.with(|keys| keys.contains(key, now.saturating_duration_since(self.epoch)))
    }

    pub(super) fn insert(&self, handled: &[EventKey], now: Instant) {
        if handled.is_empty() {
            return;
        }
        self.in_use.store(true, SeqCst);
        self.with(|keys| handled.iter().for_each(|key| keys.insert(key, now.saturating_duration_since(self.epoch))));
    }

    fn with<T>(&self, work: impl FnOnce(&mut DedupeWindow) -> T) -> T {
        let mut keys = self.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work(keys.get_or_insert_with(|| DedupeWindow::new(self.capacity, self.horizon)))
    }
}
