//! A claim on events, shared by all receivers, and its settlement in the background.

use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use birdhook_pipeline::EventKey;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::store::{ClaimResult, Store};

/// Releases its events when dropped without [`done`](Self::done), as soon as Redis has recorded it.
pub(super) struct Claim {
    pub(super) store: Arc<Store>,
    pub(super) token: String,
    /// The claimed events. Holds all events of the delivery until Redis has answered.
    pub(super) keys: Vec<EventKey>,
    /// A lower bound of the end of the claim: Redis counts from the later moment when it executes
    /// it.
    pub(super) expires_at: Instant,
}

impl Claim {
    /// Returns a claim that is requested from now on.
    pub(super) fn new(store: Arc<Store>, keys: Vec<EventKey>) -> Self {
        let expires_at = Instant::now() + store.settings.in_flight.min(LONGEST);
        Self { store, token: format!("{:032x}", fastrand::u128(..)), keys, expires_at }
    }

    /// Keeps only the events whose flag is set.
    pub(super) fn keep(&mut self, ours: &[bool]) {
        let mut ours = ours.iter();
        self.keys.retain(|_| ours.next().copied().unwrap_or(false));
    }

    /// Drops the claim without a release, because it holds none of the events.
    pub(super) fn discard(mut self) {
        self.keys.clear();
    }

    /// Marks the events as accepted by the inner sink.
    ///
    /// Redis is notified in the background, even if the request is dropped.
    pub(super) fn done(mut self) {
        self.settle(ClaimResult::Done);
    }

    fn settle(&mut self, result: ClaimResult) {
        let (keys, token, expires_at) = (take(&mut self.keys), take(&mut self.token), self.expires_at);
        if keys.is_empty() {
            return;
        }
        self.store.unconfirmed.send_modify(|unconfirmed| *unconfirmed += 1);
        let store = Arc::clone(&self.store);
        let settlement = Settlement { store, result, keys, token, expires_at, is_confirmed: false };
        // Without a runtime, the claim expires by itself.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(settlement.until_confirmed());
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.settle(ClaimResult::Released);
    }
}

/// Sends the result of a claim to Redis. Continues after its request has ended.
struct Settlement {
    store: Arc<Store>,
    result: ClaimResult,
    keys: Vec<EventKey>,
    token: String,
    expires_at: Instant,
    is_confirmed: bool,
}

impl Settlement {
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
        self.store.unconfirmed.send_modify(|unconfirmed| *unconfirmed -= 1);
    }
}

/// The longest duration that timers support.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);
