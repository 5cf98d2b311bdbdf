//! The runtime of the current thread, if any.

use std::cell::Cell;

use shuttle::future::spawn;
use shuttle::rand::{Rng, thread_rng};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Runtime {
    #[default]
    Absent,
    Runs,
    /// Drops each of its tasks at a moment that the scheduler chooses.
    Ends,
}

thread_local! {
    static RUNTIME: Cell<Runtime> = const { Cell::new(Runtime::Absent) };
}

impl Runtime {
    pub(crate) fn any() -> Self {
        match thread_rng().gen_range(0..3) {
            0 => Self::Absent,
            1 => Self::Runs,
            _ => Self::Ends,
        }
    }

    pub(crate) fn set(self) {
        RUNTIME.set(self);
    }
}

pub(crate) fn runtime() -> Option<Handle> {
    (RUNTIME.get() != Runtime::Absent).then_some(Handle(()))
}

pub(crate) struct Handle(());

impl Handle {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = spawn(task);
        if RUNTIME.get() == Runtime::Ends {
            drop(spawn(async move { task.abort() }));
        }
    }
}
