//! A claim on events, shared by all receivers.

use std::sync::Arc;
use std::time::Duration;

use birdhook_pipeline::EventKey;
use tokio::time::Instant;

use super::settlement::Settlement;
use super::store::{ClaimResult, Store};

/// Releases its events when dropped without [`done`](Self::done), as soon as Redis has recorded it.
pub(super) struct Claim {
    store: Arc<Store>,
    token: String,
    /// The claimed events. Holds all events of the delivery until Redis has answered.
    keys: Vec<EventKey>,
    /// A lower bound of the end of the claim: Redis counts from the later moment when it executes
    /// it.
    expires_at: Instant,
}

impl Claim {
    /// Returns a claim that is requested from now on.
    pub(super) fn new(store: Arc<Store>, keys: Vec<EventKey>) -> Self {
        let expires_at = Instant::now() + store.settings.in_flight.min(LONGEST);
        Self { store, token: format!("{:032x}", fastrand::u128(..)), keys, expires_at }
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn keys(&self) -> &[EventKey] {
        &self.keys
    }

    pub(super) fn expires_at(&self) -> Instant {
        self.expires_at
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
        let keys = std::mem::take(&mut self.keys);
        if keys.is_empty() {
            return;
        }
        let token = std::mem::take(&mut self.token);
        Settlement::new(Arc::clone(&self.store), result, keys, token, self.expires_at).start();
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.settle(ClaimResult::Released);
    }
}

/// The longest duration that timers support.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);
