//! What stands in for `crate::sync`.

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

/// Others may run here.
fn point() {
    // Shuttle has no name for this that is not also a hint to prefer the others.
    atomic::AtomicBool::new(false).load(atomic::Ordering::SeqCst);
}
