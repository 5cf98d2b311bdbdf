//! The right to hand over some events, across receivers.

use std::sync::Arc;
use std::time::Duration;

use birdhook_pipeline::EventKey;
use tokio::time::Instant;

use super::store::Store;
use super::verdict::{Telling, Verdict};

/// Dropped without [`done`](Self::done), its events are absent again, as soon as Redis hears of it.
pub(super) struct Claim {
    store: Arc<Store>,
    token: String,
    /// Those that may be ours; all of the delivery's as long as Redis has not answered.
    keys: Vec<EventKey>,
    /// It lasts until then at least: Redis counts from when it hears of the claim, which is later.
    ends: Instant,
}

impl Claim {
    /// Asked for from now on.
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

    /// Keeps the events that are its own.
    pub(super) fn keep(&mut self, ours: &[bool]) {
        let mut ours = ours.iter();
        self.keys.retain(|_| ours.next().copied().unwrap_or(false));
    }

    /// None of the events is its own: there is nothing to give back.
    pub(super) fn nothing(mut self) {
        self.keys.clear();
    }

    /// The inner sink has taken the events. Redis hears of it in the background, whatever becomes of the request.
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

/// Timers go no further.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);
