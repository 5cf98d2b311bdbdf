//! The replacement of `crate::sync` for model tests.

pub(crate) mod channel;
mod notify;
mod runtime;
mod timers;

pub(crate) use shuttle::future::yield_now;
pub(crate) use shuttle::sync::{Mutex, MutexGuard, RwLock, atomic};

pub(crate) use self::channel as mpsc;
pub(crate) use self::notify::{Notify, OwnedNotified};
pub(crate) use self::runtime::{Runtime, runtime};
pub(crate) use self::timers::{may_fire, timeout_at};

/// A scheduling point: other tasks may run here.
fn point() {
    // Shuttle offers only this function, which is also a hint to prefer other tasks.
    atomic::AtomicBool::new(false).load(atomic::Ordering::SeqCst);
}
