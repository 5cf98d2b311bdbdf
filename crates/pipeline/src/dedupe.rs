//! Which events were handed over, and which are being handed over right now.
//!
//! An event is absent, in flight or done. Claiming makes it in flight; committing the claim makes it done; dropping the
//! claim makes it absent again, so that whatever ends a request early, its events can come again.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use birdhook_core::{DedupeScope, Delivery, EventKey, Window};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

pub(crate) struct Dedupe {
    scope: DedupeScope,
    epoch: Instant,
    states: Mutex<States>,
}

struct States {
    done: Window,
    /// The events in flight, and whom to wake when one of them no longer is.
    in_flight: HashMap<EventKey, Option<Arc<Notify>>>,
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
    pub(crate) fn new(scope: DedupeScope, capacity: usize, horizon: Duration) -> Self {
        let states = States { done: Window::new(capacity, horizon), in_flight: HashMap::new() };
        Self { scope, epoch: Instant::now(), states: Mutex::new(states) }
    }

    /// Claims all events of a delivery that are not done, or none: holding some while waiting for others could make two
    /// requests wait for each other. Takes the events that are done out of the delivery.
    pub(crate) fn claim(self: &Arc<Self>, delivery: &mut Delivery) -> Claimed {
        let keys: Vec<EventKey> = delivery.events().iter().map(|event| event.key_in(self.scope)).collect();
        let mut states = self.states();
        let busy = keys.iter().find(|key| states.in_flight.contains_key(*key));
        if let Some(waker) = busy.and_then(|key| states.in_flight.get_mut(key)) {
            let waker = waker.get_or_insert_with(Arc::default);
            return Claimed::InFlight(Arc::clone(waker).notified_owned());
        }
        let now = self.epoch.elapsed();
        let mut ours = Vec::with_capacity(keys.len());
        let mut keys = keys.into_iter();
        delivery.retain(|_| {
            let new = |key: &EventKey| !states.done.contains(key, now) && !states.in_flight.contains_key(key);
            let key = keys.next().filter(new);
            if let Some(key) = key {
                states.in_flight.insert(key, None);
                ours.push(key);
            }
            key.is_some()
        });
        drop(states);
        if ours.is_empty() { Claimed::AllDone } else { Claimed::Ours(Claim { dedupe: Arc::clone(self), keys: ours }) }
    }

    /// How many done events are remembered.
    pub(crate) fn remembered(&self) -> usize {
        self.states().done.len()
    }

    fn states(&self) -> MutexGuard<'_, States> {
        // Nothing panics while the lock is held; were it so, a lost mark is better than a dead receiver.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to hand over some events. Dropped without [`commit`](Self::commit), they are absent again.
pub(crate) struct Claim {
    dedupe: Arc<Dedupe>,
    keys: Vec<EventKey>,
}

impl Claim {
    /// Marks the events as done. Call it in the same poll in which the sink said `Ok`.
    pub(crate) fn commit(mut self) {
        self.release(true);
    }

    fn release(&mut self, done: bool) {
        let now = self.dedupe.epoch.elapsed();
        let mut states = self.dedupe.states();
        let mut wakers = Vec::new();
        for key in self.keys.drain(..) {
            wakers.extend(states.in_flight.remove(&key).flatten());
            if done {
                states.done.insert(&key, now);
            }
        }
        drop(states);
        wakers.iter().for_each(|waker| waker.notify_waiters());
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.keys.is_empty() {
            self.release(false);
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("events", &self.keys.len()).finish_non_exhaustive()
    }
}
