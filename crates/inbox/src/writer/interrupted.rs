//! Events whose last lease ended in a crash. One of them may have caused it.

use std::collections::BTreeSet;

use crate::id::EventId;

/// Events that were leased or prefetched when the process ended, and have not been settled since.
///
/// Only one of them is leased at a time, and nothing is prefetched meanwhile, so that an event that
/// ends the process again and again costs the others no further attempts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupted {
    events: BTreeSet<EventId>,
    /// The one that is leased. The next may be leased at this time, once a consumer has received it.
    leased: Option<(EventId, Option<u64>)>,
}

/// The time after which an event in progress no longer keeps back the others, in milliseconds. An
/// app may need several events before it settles one.
const ALONE: u64 = 1000;

impl Interrupted {
    pub(crate) fn insert(&mut self, id: EventId) {
        self.events.insert(id);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns whether one of the events waits for another one's end.
    pub(crate) fn is_waiting(&self) -> bool {
        self.leased.is_some() && self.events.len() > 1
    }

    pub(crate) fn may_lease(&self, id: EventId) -> bool {
        self.leased.is_none() || !self.events.contains(&id)
    }

    /// Notes that an event is leased, and `received_at`, once a consumer has received it.
    pub(crate) fn lease(&mut self, id: EventId, received_at: Option<u64>) {
        if self.events.contains(&id) {
            self.leased = Some((id, received_at.map(|at| at.saturating_add(ALONE))));
        }
    }

    /// Notes that an event was returned without an attempt.
    pub(crate) fn release(&mut self, id: EventId) {
        self.leased.take_if(|(leased, _)| *leased == id);
    }

    /// Removes an event that was settled or has failed in another way.
    pub(crate) fn remove(&mut self, id: EventId) {
        self.release(id);
        self.events.remove(&id);
    }

    /// Removes the event that has been in progress for long enough.
    pub(crate) fn advance(&mut self, now: u64) {
        if let Some((id, _)) = self.leased.filter(|(_, until)| until.is_some_and(|until| until <= now)) {
            self.remove(id);
        }
    }

    /// Returns when [`advance`](Self::advance) next has something to do.
    pub(crate) fn next_change(&self) -> Option<u64> {
        self.leased?.1
    }
}
