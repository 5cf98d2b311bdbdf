//! A claim on events, shared by all receivers.

use std::sync::Arc;
use std::time::Duration;

use birdhook_pipeline::EventKey;
use tokio::time::Instant;

use super::store::Store;
use super::verdict::{Telling, Verdict};

/// Releases its events when dropped without [`done`](Self::done), as soon as Redis has recorded it.
pub(super) struct Claim {
    store: Arc<Store>,
    token: String,
    /// The claimed events. Holds all events of the delivery until Redis has answered.
    keys: Vec<EventKey>,
    /// A lower bound of the end of the claim: Redis counts from the later moment when it executes
    /// it.
    ends: Instant,
}

impl Claim {
    /// Returns a claim that is requested from now on.
    pub(super) fn new(store: Arc<Store>, keys: Vec<EventKey>) -> Self {
        let ends = Instant::now() + store.settings.in_flight.min(LONGEST);
        Self { store, token: format!("{:032x}", fastrand::u128(..)), keys, ends }
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

    pub(super) fn ends(&self) -> Instant {
        self.ends
    }

    /// Keeps only the events whose flag is set.
    pub(super) fn keep(&mut self, ours: &[bool]) {
        let mut ours = ours.iter();
        self.keys.retain(|_| ours.next().copied().unwrap_or(false));
    }

    /// Drops the claim without a release, because it holds none of the events.
    pub(super) fn nothing(mut self) {
        self.keys.clear();
    }

    /// Marks the events as accepted by the inner sink.
    ///
    /// Redis is notified in the background, even if the request is dropped.
    pub(super) fn done(mut self) {
        self.settle(Verdict::Done);
    }

    fn settle(&mut self, verdict: Verdict) {
        let keys = std::mem::take(&mut self.keys);
        if keys.is_empty() {
            return;
        }
        let token = std::mem::take(&mut self.token);
        Telling::new(Arc::clone(&self.store), verdict, keys, token, self.ends).begin();
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.settle(Verdict::Released);
    }
}

/// The longest duration that timers support.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);
