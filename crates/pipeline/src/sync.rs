//! Synchronization primitives: those of std and tokio, or those of the model tests' scheduler.

use std::time::Duration;

use tokio::time::Instant;

#[cfg(not(all(test, birdhook_models)))]
mod real {
    pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, atomic};

    use tokio::runtime::Handle;
    pub(crate) use tokio::sync::futures::OwnedNotified;
    pub(crate) use tokio::sync::{Notify, mpsc};
    pub(crate) use tokio::task::yield_now;

    pub(crate) use crate::timeout::timeout_at;

    /// Returns the runtime of the current task. `None` in the future that `block_on` itself runs,
    /// because a single-threaded runtime may make no progress after `block_on` returns.
    pub(crate) fn runtime() -> Option<Handle> {
        tokio::task::try_id().and_then(|_| Handle::try_current().ok())
    }
}

#[cfg(all(test, birdhook_models))]
pub(crate) use crate::models::sync::*;
#[cfg(not(all(test, birdhook_models)))]
pub(crate) use real::*;

/// Returns the instant `time` after `start`, at most 30 years, because timers do not reach further.
pub(crate) fn after(start: Instant, time: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);
    start + time.min(LONGEST)
}
