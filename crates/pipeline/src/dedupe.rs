//! Which events were handed over, and which are being handed over right now.
//!
//! An event is absent, in flight or done. Claiming makes it in flight; committing the claim makes it done; dropping the
//! claim makes it absent again, so that whatever ends a request early, its events can come again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use birdhook_core::{DedupeScope, Delivery, Event, EventKey, Generation, Timestamp, Window};
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::sync::{Mutex, MutexGuard, Notify, OwnedNotified};
use crate::tellings::Tellings;

/// Whether one generation of X's APIs tells of what happens, or both at once.
///
/// The Account Activity API ends on 2027-01-01, and the X Activity API replaces it; an app that subscribes its users to both
/// while it moves is told everything twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CutOver {
    /// A user is subscribed through one API: events are duplicates when their
    /// [`delivery_key`](birdhook_core::Event::delivery_key) is the same.
    #[default]
    One,
    /// Users are subscribed through both: events are also duplicates when the two APIs tell of the same happening, as
    /// [`content_key`](birdhook_core::Event::content_key) says.
    ///
    /// What has an id (posts, likes, messages, reading, revocations) is matched by it. What has none in one of the APIs
    /// (follows, blocks, mutes, typing) is matched by who did it to whom, and by when where both say so: what one API tells is
    /// a duplicate when the other one told the same at a time at most 5 seconds from it. Where one does not say when, the other
    /// one must have told the same within the [tolerance](crate::Webhook::cut_over_tolerance). Each telling of the one matches
    /// one of the other, and what the same API tells again is no duplicate.
    Both,
}

/// By what a webhook recognises events, for those who hand them on: the scope and the cut-over that it is set to. Made by
/// [`Webhook::keying`](crate::Webhook::keying); by default that of a webhook with neither set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keying {
    pub(crate) scope: DedupeScope,
    pub(crate) cut_over: CutOver,
}

impl Keying {
    /// As a webhook with this scope and this cut-over.
    pub fn new(scope: DedupeScope, cut_over: CutOver) -> Self {
        Self { scope, cut_over }
    }

    /// The key by which duplicates of this event are recognised. With [`CutOver::Both`] it does not tell the copies of what has no
    /// id in one of the APIs, which only the receiver itself can match.
    pub fn key(&self, event: &Event) -> EventKey {
        match self.cut_over {
            CutOver::Both if !event.is_timeless() => event.content_key_in(self.scope),
            _ => event.delivery_key_in(self.scope),
        }
    }
}

pub(crate) struct Dedupe {
    keying: Keying,
    epoch: Instant,
    states: Mutex<States>,
}

/// What an event is recognised by.
struct Marks {
    own: EventKey,
    /// For a happening without an id or a time: that this API told it, and that the other one did.
    told: Option<Told>,
}

/// A happening without an id.
#[derive(Clone, Copy)]
struct Told {
    by_this: EventKey,
    by_other: EventKey,
    happened_at: Option<Timestamp>,
}

impl Marks {
    /// Any of these means that the event is a duplicate.
    fn looked_for(&self) -> impl Iterator<Item = EventKey> + use<> {
        std::iter::once(self.own).chain(self.told.map(|told| told.by_other))
    }

    /// What a handed-over event leaves behind.
    fn left(&self) -> impl Iterator<Item = EventKey> + use<> {
        std::iter::once(self.own).chain(self.told.map(|told| told.by_this))
    }
}

struct States {
    done: Window,
    /// Which API told of a happening without an id, for as long as the other one's telling is taken for the same.
    told: Tellings,
    in_flight: HashMap<EventKey, Flight, BuildHasherDefault<KeyHasher>>,
}

/// Takes a part of a key for its hash: it is one already.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, key: &[u8]) {
        self.0 = key.first_chunk().map_or(self.0, |part| u64::from_ne_bytes(*part));
    }

    /// The length of a key, which is that of all.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A key in flight. Two follows told by one API hold what the other API tells together.
#[derive(Default)]
struct Flight {
    claims: usize,
    /// Whom to wake when the last claim is over.
    waiting: Option<Arc<Notify>>,
}

/// What became of an attempt to claim a delivery's events.
pub(crate) enum Claimed {
    /// The delivery holds only events that are now ours, at least one.
    Ours(Claim),
    /// Every event of the delivery was done before.
    AllDone,
    /// An event is in flight elsewhere; nothing was claimed. Try again when this resolves.
    InFlight(OwnedNotified),
}

impl Dedupe {
    pub(crate) fn new(keying: Keying, tolerance: Duration, (capacity, horizon): (usize, Duration)) -> Self {
        let tellings = if keying.cut_over == CutOver::Both { capacity } else { 0 };
        let told = Tellings::new(tellings, tolerance.min(horizon), horizon);
        let states = States { done: Window::new(capacity, horizon), told, in_flight: HashMap::default() };
        Self { keying, epoch: Instant::now(), states: Mutex::new(states) }
    }

    fn marks(&self, event: &Event) -> Marks {
        let own = self.keying.key(event);
        if self.keying.cut_over == CutOver::One || !event.is_timeless() {
            return Marks { own, told: None };
        }
        let content = event.content_key_in(self.keying.scope);
        let other = match event.generation() {
            Generation::AccountActivity => Generation::XActivity,
            _ => Generation::AccountActivity,
        };
        let told = Told {
            by_this: content.told_by(event.generation()),
            by_other: content.told_by(other),
            happened_at: event.occurred_at(),
        };
        Marks { own, told: Some(told) }
    }

    /// Claims all events of a delivery that are not done, or none: holding some while waiting for others could make two
    /// requests wait for each other. Takes the events that are done out of the delivery.
    ///
    /// `remembers` is the memory behind this one, for what was done longer ago.
    pub(crate) fn claim(
        self: &Arc<Self>,
        delivery: &mut Delivery,
        now: Instant,
        remembers: impl Fn(&EventKey) -> bool,
    ) -> Claimed {
        let marks: SmallVec<[Marks; 1]> = delivery.events().iter().map(|event| self.marks(event)).collect();
        // Made before the lock is taken, so that it is dropped behind it: `remembers` is the sink's own, and may panic.
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
            claim.left.extend(new.iter().map(|&Marks { own, told }| Left { own, told }));
            new.is_some()
        });
        drop(states);
        if claim.left.is_empty() { Claimed::AllDone } else { Claimed::Ours(claim) }
    }

    /// How many done events are remembered.
    pub(crate) fn remembered(&self) -> usize {
        self.states().done.len()
    }

    fn time(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.epoch)
    }

    fn states(&self) -> MutexGuard<'_, States> {
        // Nothing of ours panics while the lock is held; were it so, a lost mark is better than a dead receiver.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl States {
    /// Whether an event was handed over, or is being handed over, by whichever API.
    fn recognises(&mut self, marks: &Marks, now: Duration, remembers: &impl Fn(&EventKey) -> bool) -> bool {
        if self.done.contains(&marks.own, now)
            || remembers(&marks.own)
            || marks.looked_for().any(|key| self.in_flight.contains_key(&key))
        {
            return true;
        }
        let is_twin = marks.told.is_some_and(|told| self.told.take(&told.by_other, told.happened_at, now));
        if is_twin {
            // A redelivery of it finds no telling to match any more.
            self.done.insert(&marks.own, now);
        }
        is_twin
    }
}

/// The marks that a handed-over event leaves.
struct Left {
    own: EventKey,
    told: Option<Told>,
}

/// By what the events of a delivery are recognised as duplicates, one key for each event, in their order. The scope and the
/// cut-over that the [`Webhook`](crate::Webhook) is set to are in it.
#[derive(Clone)]
pub struct Keys<'a>(Known<'a>);

#[derive(Clone)]
enum Known<'a> {
    ByClaim(std::slice::Iter<'a, Left>),
    ByThemselves(std::slice::Iter<'a, EventKey>),
}

/// For those who call a sink themselves.
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

/// The right to hand over some events. Dropped without [`commit`](Self::commit), they are absent again.
pub(crate) struct Claim {
    dedupe: Arc<Dedupe>,
    left: SmallVec<[Left; 1]>,
}

impl Claim {
    /// The keys of the claimed events, in their order.
    pub(crate) fn keys(&self) -> Keys<'_> {
        Keys(Known::ByClaim(self.left.iter()))
    }

    /// Marks the events as done. Call it in the same poll in which the sink said `Ok`.
    pub(crate) fn commit(mut self, now: Instant) {
        let now = self.dedupe.time(now);
        self.release(Some(now));
    }

    fn release(&mut self, done: Option<Duration>) {
        let mut states = self.dedupe.states();
        let mut landed = Vec::new();
        for Left { own, told } in self.left.drain(..) {
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
        let dedupe = Arc::new(Dedupe::new(Keying::default(), Duration::ZERO, (10, Duration::from_secs(60))));
        let Claimed::Ours(claim) = dedupe.claim(&mut delivery, Instant::now(), |_| false) else { panic!("not ours") };
        assert_eq!(format!("{claim:?}"), "Claim { events: 2, .. }");
    }
}
