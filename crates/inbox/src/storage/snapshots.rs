//! Counts the snapshots of an open store, which closes only once all are dropped.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    open: usize,
    is_closing: bool,
}

impl Snapshots {
    /// Counts one more snapshot until the result is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> OpenSnapshot {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).open += 1;
        OpenSnapshot(Arc::clone(self))
    }

    pub(crate) fn are_open(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).open > 0
    }

    /// Asks the readers of all snapshots to stop, and waits until they have.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_closing = true;
        let closed = self.changed.wait_while(state, |state| state.open > 0);
        drop(closed);
    }
}

/// Counts as one snapshot until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenSnapshot(Arc<Snapshots>);

impl OpenSnapshot {
    pub(crate) fn is_closing(&self) -> bool {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).is_closing
    }
}

impl Drop for OpenSnapshot {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
        self.0.changed.notify_all();
    }
}
