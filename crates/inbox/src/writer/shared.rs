//! The state that handles share with the writer.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use crate::admin::stats::Stats;
use crate::config::clock::{Clock, Time};
use crate::seen_keys::SeenKeys;
use crate::writer::prefetch::Prefetch;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) seen_keys: SeenKeys,
    /// The memory left for bodies that wait to be stored, in KiB.
    pub(crate) memory: Arc<Semaphore>,
    /// Whether deliveries are accepted. False once the inbox was closed.
    pub(crate) is_accepting: AtomicBool,
    /// Whether the store works.
    pub(crate) is_sound: AtomicBool,
    pub(crate) lease: Duration,
    pub(crate) prefetch: Prefetch,
    time: Mutex<Time>,
    /// Whether the inbox is closed or closing.
    pub(crate) closing: watch::Sender<bool>,
    stats: Mutex<Stats>,
    /// Why the store does not accept deliveries.
    failure: Mutex<Option<String>>,
    /// Why the control socket is not served.
    pub(crate) control_failure: OnceLock<String>,
}

/// The memory limit for bodies that wait to be stored, in KiB. Further deliveries wait.
pub(crate) const MEMORY_KIB: usize = 64 << 10;

impl Shared {
    pub(crate) fn new(lease: Duration, clock: Box<dyn Clock>) -> Self {
        Self {
            seen_keys: SeenKeys::new(),
            memory: Arc::new(Semaphore::new(MEMORY_KIB)),
            is_accepting: AtomicBool::new(true),
            is_sound: AtomicBool::new(true),
            lease,
            prefetch: Prefetch::default(),
            time: Mutex::new(Time::new(clock)),
            closing: watch::Sender::new(false),
            stats: Mutex::default(),
            failure: Mutex::default(),
            control_failure: OnceLock::new(),
        }
    }

    /// Returns the inbox's time, in milliseconds.
    pub(crate) fn now(&self) -> u64 {
        self.time.lock().unwrap_or_else(PoisonError::into_inner).now()
    }

    /// Moves the inbox's time forward to `millis` if it is earlier.
    pub(crate) fn not_before(&self, millis: u64) {
        self.time.lock().unwrap_or_else(PoisonError::into_inner).not_before(millis);
    }

    pub(crate) fn stats(&self) -> Stats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_stats(&self, stats: Stats) {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the failure because of which the store refuses deliveries, or `None` once it works.
    pub(crate) fn set_failure(&self, failure: Option<String>) {
        self.is_sound.store(failure.is_none(), SeqCst);
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }
}
