//! Claims: the right to deliver some events.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use birdhook_core::{ApiSource, DedupeWindow, Delivery, Event, EventKey, Timestamp};
use smallvec::SmallVec;
use tokio::time::Instant;

use super::dual_mode::UnmatchedReports;
use super::in_flight::KeysInFlight;
use super::policy::{ApiMode, DedupePolicy};
use crate::sync::{Mutex, MutexGuard, OwnedNotified};

pub(crate) struct Dedupe {
    policy: DedupePolicy,
    epoch: Instant,
    states: Mutex<States>,
}

struct States {
    done: DedupeWindow,
    unmatched: UnmatchedReports,
    in_flight: KeysInFlight,
}

/// The keys by which one event is recognised and claimed.
#[derive(Clone, Copy)]
struct ClaimKeys {
    dedupe_key: EventKey,
    /// In dual mode, for an event without an id.
    report: Option<ReportKeys>,
}

/// An event without an id, as either API reports it, and its time.
#[derive(Clone, Copy)]
struct ReportKeys {
    this_api: EventKey,
    other_api: EventKey,
    occurred_at: Option<Timestamp>,
}

impl ClaimKeys {
    /// Returns the keys that must not be in flight when the event is claimed.
    fn awaited(&self) -> impl Iterator<Item = EventKey> + use<> {
        std::iter::once(self.dedupe_key).chain(self.report.map(|report| report.other_api))
    }

    /// Returns the keys that the claim of this event puts in flight.
    fn claimed(&self) -> impl Iterator<Item = EventKey> + use<> {
        std::iter::once(self.dedupe_key).chain(self.report.map(|report| report.this_api))
    }
}

/// The outcome of claiming a delivery's events.
pub(crate) enum Claimed {
    /// The delivery now holds only the claimed events, at least one.
    Ours(Claim),
    /// Every event of the delivery was delivered before.
    AllDone,
    /// Another request has claimed one of the events; nothing was claimed. Retry when this
    /// resolves.
    InFlight(OwnedNotified),
}

impl Dedupe {
    pub(crate) fn new(policy: DedupePolicy, tolerance: Duration, (capacity, horizon): (usize, Duration)) -> Self {
        let reports = if policy.api_mode == ApiMode::Dual { capacity } else { 0 };
        let unmatched = UnmatchedReports::new(reports, tolerance.min(horizon), horizon);
        let done = DedupeWindow::new(capacity, horizon);
        let states = Mutex::new(States { done, unmatched, in_flight: KeysInFlight::default() });
        Self { policy, epoch: Instant::now(), states }
    }

    /// Stores the dedupe key on each event. Call it before [`claim`](Self::claim).
    pub(crate) fn set_keys(&self, delivery: &mut Delivery) {
        delivery.set_dedupe_keys(|event| self.policy.key(event));
    }

    /// Returns the keys of an event on which the dedupe key is stored.
    fn claim_keys(&self, event: &Event) -> ClaimKeys {
        let dedupe_key = event.dedupe_key();
        if self.policy.api_mode == ApiMode::Single || !event.lacks_unique_id() {
            return ClaimKeys { dedupe_key, report: None };
        }
        let content = event.content_key_in(self.policy.scope);
        let other = match event.api_source() {
            ApiSource::AccountActivity => ApiSource::XActivity,
            _ => ApiSource::AccountActivity,
        };
        let report = ReportKeys {
            this_api: content.reported_by(event.api_source()),
            other_api: content.reported_by(other),
            occurred_at: event.occurred_at(),
        };
        ClaimKeys { dedupe_key, report: Some(report) }
    }

    /// Claims all events of a delivery that are not done, or none.
    ///
    /// Removes the done events from the delivery. Never claims only some of them: two requests that each hold some and wait for the rest could wait
    /// for each other. `remembers` is asked about events that are not in memory any more.
    pub(crate) fn claim(
        self: &Arc<Self>,
        delivery: &mut Delivery,
        now: Instant,
        remembers: impl Fn(&EventKey) -> bool,
    ) -> Claimed {
        let keys: SmallVec<[ClaimKeys; 1]> = delivery.events().iter().map(|event| self.claim_keys(event)).collect();
        // Created before the lock is taken, so that it is dropped after the lock is released even
        // if `remembers`, which is the sink's code, panics.
        let mut claim = Claim { dedupe: Arc::clone(self), events: SmallVec::new() };
        let mut states = self.states();
        let busy = keys.iter().flat_map(ClaimKeys::awaited).find(|key| states.in_flight.contains(key));
        if let Some(ended) = busy.and_then(|key| states.in_flight.end_of(&key)) {
            // Created with the lock held: the claim may end as soon as it is released.
            return Claimed::InFlight(ended.notified_owned());
        }
        let now = self.time(now);
        claim.events.reserve(keys.len());
        let mut keys = keys.into_iter();
        delivery.retain(|_| {
            let new = keys.next().filter(|keys| !states.recognises(keys, now, &remembers));
            new.iter().flat_map(ClaimKeys::claimed).for_each(|key| states.in_flight.claim(key));
            claim.events.extend(new);
            new.is_some()
        });
        drop(states);
        if claim.events.is_empty() { Claimed::AllDone } else { Claimed::Ours(claim) }
    }

    /// Returns the number of done events that are remembered.
    pub(crate) fn remembered(&self) -> usize {
        self.states().done.len()
    }

    fn time(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.epoch)
    }

    fn states(&self) -> MutexGuard<'_, States> {
        // Our own code does not panic with the lock held. If it did, a lost key would be better
        // than a receiver that stops.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl States {
    /// Returns whether an event was delivered or is in flight, as reported by either API.
    fn recognises(&mut self, keys: &ClaimKeys, now: Duration, remembers: &impl Fn(&EventKey) -> bool) -> bool {
        if self.done.contains(&keys.dedupe_key, now)
            || remembers(&keys.dedupe_key)
            || keys.awaited().any(|key| self.in_flight.contains(&key))
        {
            return true;
        }
        let is_matched =
            keys.report.is_some_and(|report| self.unmatched.take(&report.other_api, report.occurred_at, now));
        if is_matched {
            // A redelivery of this report would not find the matched report any more.
            self.done.insert(&keys.dedupe_key, now);
        }
        is_matched
    }
}

/// The right to deliver some events. If dropped without [`commit`](Self::commit), they become
/// absent.
pub(crate) struct Claim {
    dedupe: Arc<Dedupe>,
    events: SmallVec<[ClaimKeys; 1]>,
}

impl Claim {
    /// Marks the events as done. Call it in the same poll in which the sink returned `Ok`.
    pub(crate) fn commit(mut self, now: Instant) {
        let now = self.dedupe.time(now);
        self.release(Some(now));
    }

    fn release(&mut self, done: Option<Duration>) {
        let mut states = self.dedupe.states();
        let mut ended = Vec::new();
        for keys in self.events.drain(..) {
            ended.extend(keys.claimed().filter_map(|key| states.in_flight.release(key)));
            if let Some(now) = done {
                states.done.insert(&keys.dedupe_key, now);
                keys.report.iter().for_each(|report| states.unmatched.add(report.this_api, report.occurred_at, now));
            }
        }
        drop(states);
        ended.iter().for_each(|ended| ended.notify_waiters());
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.events.is_empty() {
            self.release(None);
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("events", &self.events.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_the_number_of_claimed_events() {
        let body = r#"{"tweet_create_events":[{"id_str":"1"},{"id_str":"2"}]}"#;
        let mut delivery = Delivery::restore("shop", body, 10).unwrap();
        let dedupe = Arc::new(Dedupe::new(DedupePolicy::default(), Duration::ZERO, (10, Duration::from_secs(60))));
        let Claimed::Ours(claim) = dedupe.claim(&mut delivery, Instant::now(), |_| false) else { panic!("not ours") };
        assert_eq!(format!("{claim:?}"), "Claim { events: 2, .. }");
    }
}
