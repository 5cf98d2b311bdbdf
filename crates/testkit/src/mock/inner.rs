//! Settings, ledger and state of a mock X, shared by its tasks.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;

use super::ledger::Ledger;
use super::lock::lock;
use super::settings::MockSettings;
use super::state::State;
use crate::payload::PayloadGenerator;
use crate::sender::{Answer, SendError, Sender};

pub(crate) struct Inner {
    pub(crate) settings: MockSettings,
    pub(crate) ledger: Ledger,
    pub(crate) state: Mutex<State>,
    pub(crate) scene: Mutex<PayloadGenerator>,
    pub(crate) changed: watch::Sender<()>,
    pub(crate) sender: Sender,
}

impl Inner {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Sends a request, and returns the result with the time it took.
    pub(crate) async fn send(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
    ) -> (Result<Answer, SendError>, Duration) {
        let timeout = if self.settings.clock.is_manual() { self.settings.timeout } else { timeout };
        let begun = Instant::now();
        let answer = tokio::time::timeout(timeout, self.sender.send(request)).await;
        (answer.unwrap_or(Err(SendError::Timeout)), begun.elapsed())
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("settings", &self.settings).field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

/// Notifies waiters that the state has changed.
pub(crate) fn wake(inner: &Inner) {
    inner.changed.send_replace(());
}
