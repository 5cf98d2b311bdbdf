//! What tasks share and wait for: that of std and tokio, or, where the models run, what their scheduler sees.

#[cfg(not(all(test, birdhook_models)))]
mod real {
    pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, atomic};

    pub(crate) use tokio::runtime::Handle;
    pub(crate) use tokio::sync::futures::OwnedNotified;
    pub(crate) use tokio::sync::{Notify, mpsc};
    pub(crate) use tokio::task::yield_now;
    pub(crate) use tokio::time::timeout_at;
}

#[cfg(all(test, birdhook_models))]
pub(crate) use crate::models::sync::*;
#[cfg(not(all(test, birdhook_models)))]
pub(crate) use real::*;
