//! Events that were delivered, and events that are being delivered right now.
//!
//! An event is absent, in flight or done. A claim puts it in flight, committing the claim makes it
//! done, and dropping the claim makes it absent again. So if a request ends early for any reason, X
//! can send its events again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use birdhook_core::{ApiSource, DedupeScope, DedupeWindow, Delivery, Event, EventKey, Timestamp};
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::sync::{Mutex, MutexGuard, Notify, OwnedNotified};
use crate::tellings::Tellings;

/// Whether X reports events through one API or through both at once.
///
/// The X Activity API replaces the Account Activity API, which ends on 2027-01-01. An app that
/// subscribes its users to both during the migration receives every event twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiMode {
    /// Each user is subscribed through one API. Events with the same
    /// [`delivery_key`](birdhook_core::Event::delivery_key) are duplicates.
    #[default]
    Single,
    /// Users are subscribed through both APIs, which report the same events.
    ///
    /// Reports of one event by both APIs are duplicates too, as determined by the
    /// [`content_key`](birdhook_core::Event::content_key).
    ///
    /// Events with an id (posts, likes, messages, read receipts, revocations) are matched by it.
    /// Events without an id in one of the APIs (follows, blocks, mutes, typing) are matched by the
    /// users and the action, and by their times. If both APIs give a time, the times may differ by at
    /// most 5 seconds. If one gives none, the other API's report must have arrived within the
    /// [tolerance](crate::Webhook::dual_mode_tolerance). Each report matches one report of the other
    /// API; a second report by the same API is not a duplicate.
    Dual,
}

/// A deduplication policy: which events count as duplicates of each other.
///
/// For code that forwards events under their deduplication keys. Made by
/// [`Webhook::dedupe_policy`](crate::Webhook::dedupe_policy). The default is that of a webhook with default
/// settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DedupePolicy {
    pub(crate) scope: DedupeScope,
    pub(crate) api_mode: ApiMode,
}

impl DedupePolicy {
    /// Creates the policy of a webhook with these settings.
    pub fn new(scope: DedupeScope, api_mode: ApiMode) -> Self {
        Self { scope, api_mode }
    }

    /// Returns the key by which duplicates of this event are recognised.
    ///
    /// With [`ApiMode::Dual`], the two APIs' reports of an event without an id have different keys;
    /// only the receiver itself can match them.
    pub fn key(&self, event: &Event) -> EventKey {
        match self.api_mode {
            ApiMode::Dual if !event.lacks_unique_id() => event.content_key_in(self.scope),
            _ => event.delivery_key_in(self.scope),
        }
    }
}

pub(crate) struct Dedupe {
    policy: DedupePolicy,
    epoch: Instant,
    states: Mutex<States>,
}

/// The keys by which an event is recognised.
struct Marks {
    own: EventKey,
    /// For an event without an id: the keys of its reports by both APIs.
    told: Option<Told>,
}

/// The keys of an event without an id, and its time.
#[derive(Clone, Copy)]
struct Told {
    by_this: EventKey,
    by_other: EventKey,
    happened_at: Option<Timestamp>,
}

impl Marks {
    /// Returns the keys that must not be in flight when the event is claimed.
    fn looked_for(&self) -> impl Iterator<Item = EventKey> + use<> {
        std::iter::once(self.own).chain(self.told.map(|told| told.by_other))
    }

    /// Returns the keys that the claim of this event puts in flight.
    fn left(&self) -> impl Iterator<Item = EventKey> + use<> {
        std::iter::once(self.own).chain(self.told.map(|told| told.by_this))
    }
}

struct States {
    done: DedupeWindow,
    /// Reports of events without an id, kept as long as the other API's report can match them.
    told: Tellings,
    in_flight: HashMap<EventKey, Flight, BuildHasherDefault<KeyHasher>>,
}

/// Uses key bytes directly; keys are already SHA-256 hashes.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, key: &[u8]) {
        self.0 = key.first_chunk().map_or(self.0, |part| u64::from_ne_bytes(*part));
    }

    /// The length prefix of a key, which is the same for all keys.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A key in flight. In dual mode one key may be claimed several times, by reports of the same API.
#[derive(Default)]
struct Flight {
    claims: usize,
    /// Notifies waiting requests when the last claim ends.
    waiting: Option<Arc<Notify>>,
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
        let tellings = if policy.api_mode == ApiMode::Dual { capacity } else { 0 };
        let told = Tellings::new(tellings, tolerance.min(horizon), horizon);
        let states = States { done: DedupeWindow::new(capacity, horizon), told, in_flight: HashMap::default() };
        Self { policy, epoch: Instant::now(), states: Mutex::new(states) }
    }

    fn marks(&self, event: &Event) -> Marks {
        let own = self.policy.key(event);
        if self.policy.api_mode == ApiMode::Single || !event.lacks_unique_id() {
            return Marks { own, told: None };
        }
        let content = event.content_key_in(self.policy.scope);
        let other = match event.api_source() {
            ApiSource::AccountActivity => ApiSource::XActivity,
            _ => ApiSource::AccountActivity,
        };
        let told = Told {
            by_this: content.reported_by(event.api_source()),
            by_other: content.reported_by(other),
            happened_at: event.occurred_at(),
        };
        Marks { own, told: Some(told) }
    }

    /// Claims all events of a delivery that are not done, or none.
    ///
    /// Removes the done events from the delivery. Never claims only some of them: two requests that
    /// each hold some and wait for the rest could wait for each other. `remembers` is asked about
    /// events that are not in memory any more.
    pub(crate) fn claim(
        self: &Arc<Self>,
        delivery: &mut Delivery,
        now: Instant,
        remembers: impl Fn(&EventKey) -> bool,
    ) -> Claimed {
        let marks: SmallVec<[Marks; 1]> = delivery.events().iter().map(|event| self.marks(event)).collect();
        // Created before the lock is taken, so that it is dropped after the lock is released even
        // if `remembers`, which is the sink's code, panics.
        let mut claim = Claim { dedupe: Arc::clone(self), left: SmallVec::new() };
        let mut states = self.states();
        let busy = marks.iter().flat_map(Marks::looked_for).find(|key| states.in_flight.contains_key(key));
        if let Some(flight) = busy.and_then(|key| states.in_flight.get_mut(&key)) {
            let landing = flight.waiting.get_or_insert_with(Arc::default);
            return Claimed::InFlight(Arc::clone(landing).notified_owned());
        }
        let now = self.time(now);
        claim.left.reserve(marks.len());
        let mut marks = marks.into_iter();
        delivery.retain(|_| {
            let new = marks.next().filter(|marks| !states.recognises(marks, now, &remembers));
            for key in new.iter().flat_map(Marks::left) {
                states.in_flight.entry(key).or_default().claims += 1;
            }
            claim.left.extend(new.iter().map(|&Marks { own, told }| ClaimedKeys { own, told }));
            new.is_some()
        });
        drop(states);
        if claim.left.is_empty() { Claimed::AllDone } else { Claimed::Ours(claim) }
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
    fn recognises(&mut self, marks: &Marks, now: Duration, remembers: &impl Fn(&EventKey) -> bool) -> bool {
        if self.done.contains(&marks.own, now)
            || remembers(&marks.own)
            || marks.looked_for().any(|key| self.in_flight.contains_key(&key))
        {
            return true;
        }
        let is_twin = marks.told.is_some_and(|told| self.told.take(&told.by_other, told.happened_at, now));
        if is_twin {
            // A redelivery of this report would not find the matched report any more.
            self.done.insert(&marks.own, now);
        }
        is_twin
    }
}

/// The keys that an event leaves when it is delivered.
struct ClaimedKeys {
    own: EventKey,
    told: Option<Told>,
}

/// The deduplication keys of a delivery's events, one for each event, in the same order.
///
/// They follow the deduplication policy of the [`Webhook`](crate::Webhook).
#[derive(Clone)]
pub struct Keys<'a>(Known<'a>);

#[derive(Clone)]
enum Known<'a> {
    ByClaim(std::slice::Iter<'a, ClaimedKeys>),
    ByThemselves(std::slice::Iter<'a, EventKey>),
}

/// For code that calls a sink itself.
impl<'a> From<&'a [EventKey]> for Keys<'a> {
    fn from(keys: &'a [EventKey]) -> Self {
        Self(Known::ByThemselves(keys.iter()))
    }
}

impl Iterator for Keys<'_> {
    type Item = EventKey;

    fn next(&mut self) -> Option<EventKey> {
        match &mut self.0 {
            Known::ByClaim(left) => left.next().map(|left| left.own),
            Known::ByThemselves(keys) => keys.next().copied(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Known::ByClaim(left) => left.size_hint(),
            Known::ByThemselves(keys) => keys.size_hint(),
        }
    }
}

impl ExactSizeIterator for Keys<'_> {}

impl fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// The right to deliver some events. If dropped without [`commit`](Self::commit), they become
/// absent.
pub(crate) struct Claim {
    dedupe: Arc<Dedupe>,
    left: SmallVec<[ClaimedKeys; 1]>,
}

impl Claim {
    /// Returns the keys of the claimed events, in the same order.
    pub(crate) fn keys(&self) -> Keys<'_> {
        Keys(Known::ByClaim(self.left.iter()))
    }

    /// Marks the events as done. Call it in the same poll in which the sink returned `Ok`.
    pub(crate) fn commit(mut self, now: Instant) {
        let now = self.dedupe.time(now);
        self.release(Some(now));
    }

    fn release(&mut self, done: Option<Duration>) {
        let mut states = self.dedupe.states();
        let mut landed = Vec::new();
        for ClaimedKeys { own, told } in self.left.drain(..) {
            for key in std::iter::once(own).chain(told.map(|told| told.by_this)) {
                if let Entry::Occupied(mut flight) = states.in_flight.entry(key) {
                    flight.get_mut().claims -= 1;
                    if flight.get().claims == 0 {
                        landed.extend(flight.remove().waiting);
                    }
                }
            }
            if let Some(now) = done {
                states.done.insert(&own, now);
                told.iter().for_each(|told| states.told.told(told.by_this, told.happened_at, now));
            }
        }
        drop(states);
        landed.iter().for_each(|landing| landing.notify_waiters());
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.left.is_empty() {
            self.release(None);
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("events", &self.left.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn keys_in_flight_are_looked_for_in_places_of_their_own() {
        let hasher = BuildHasherDefault::<KeyHasher>::default();
        let places: HashSet<u64> = (0..=255).map(|byte| hasher.hash_one(EventKey::from([byte; 32]))).collect();
        assert_eq!(places.len(), 256);
    }

    #[test]
    fn a_claim_tells_how_many_events_it_holds() {
        let body = r#"{"tweet_create_events":[{"id_str":"1"},{"id_str":"2"}]}"#;
        let mut delivery = Delivery::restore("shop", body, 10).unwrap();
        let dedupe = Arc::new(Dedupe::new(DedupePolicy::default(), Duration::ZERO, (10, Duration::from_secs(60))));
        let Claimed::Ours(claim) = dedupe.claim(&mut delivery, Instant::now(), |_| false) else { panic!("not ours") };
        assert_eq!(format!("{claim:?}"), "Claim { events: 2, .. }");
    }
}
