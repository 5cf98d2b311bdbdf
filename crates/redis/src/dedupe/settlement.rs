//! Settles claims in the background.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use birdhook_pipeline::EventKey;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::store::{ClaimResult, Store};

/// Sends the result of a claim to Redis. Continues after its request has ended.
pub(super) struct Settlement {
    store: Arc<Store>,
    result: ClaimResult,
    keys: Vec<EventKey>,
    token: String,
    expires_at: Instant,
    is_confirmed: bool,
}

impl Settlement {
    pub(super) fn new(
        store: Arc<Store>,
        result: ClaimResult,
        keys: Vec<EventKey>,
        token: String,
        expires_at: Instant,
    ) -> Self {
        store.unconfirmed.fetch_add(1, SeqCst);
        Self { store, result, keys, token, expires_at, is_confirmed: false }
    }

    /// Starts sending. Without a runtime, the claim expires by itself.
    pub(super) fn start(self) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(self.until_confirmed());
        }
    }

    /// Sends at least once, and until Redis confirms it or the claim has expired.
    async fn until_confirmed(mut self) {
        const LONGEST_PAUSE: Duration = Duration::from_secs(1);
        let mut pause = Duration::from_millis(50);
        loop {
            self.is_confirmed = self.store.settle(self.result, &self.keys, &self.token).await;
            if self.is_confirmed || Instant::now() + pause > self.expires_at {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        if !self.is_confirmed && self.result == ClaimResult::Done {
            self.store.unmarked.fetch_add(self.keys.len() as u64, SeqCst);
        }
        if self.store.unconfirmed.fetch_sub(1, SeqCst) == 1 {
            self.store.all_settled.notify_waiters();
        }
    }
}
