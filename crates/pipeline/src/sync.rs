//! What tasks share and wait for: that of std and tokio, or, where the models run, what their scheduler sees.

#[cfg(not(all(test, birdhook_models)))]
mod real {
    pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, atomic};

    use tokio::runtime::Handle;
    pub(crate) use tokio::sync::futures::OwnedNotified;
    pub(crate) use tokio::sync::{Notify, mpsc};
    pub(crate) use tokio::task::yield_now;
    pub(crate) use tokio::time::timeout_at;

    /// The runtime of this task. None for what `block_on` itself runs: a runtime of one thread may stand still behind it.
    pub(crate) fn runtime() -> Option<Handle> {
        tokio::task::try_id().and_then(|_| Handle::try_current().ok())
    }
}

#[cfg(all(test, birdhook_models))]
pub(crate) use crate::models::sync::*;
#[cfg(not(all(test, birdhook_models)))]
pub(crate) use real::*;
