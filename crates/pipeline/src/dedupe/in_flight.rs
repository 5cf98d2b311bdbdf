//! Keys of events that are being delivered.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use birdhook_core::EventKey;

use crate::sync::Notify;

/// The keys in flight, each with the requests that wait for it.
#[derive(Default)]
pub(super) struct KeysInFlight {
    flights: HashMap<EventKey, Flight, BuildHasherDefault<KeyHasher>>,
}

/// A key in flight. In dual mode one key may be claimed several times, by reports of the same API.
#[derive(Default)]
struct Flight {
    claims: usize,
    /// Notifies waiting requests when the last claim ends.
    ended: Option<Arc<Notify>>,
}

impl KeysInFlight {
    pub(super) fn contains(&self, key: &EventKey) -> bool {
        self.flights.contains_key(key)
    }

    pub(super) fn claim(&mut self, key: EventKey) {
        self.flights.entry(key).or_default().claims += 1;
    }

    /// Returns what is notified when the last claim of the key ends. `None` if there is no claim.
    pub(super) fn end_of(&mut self, key: &EventKey) -> Option<Arc<Notify>> {
        let flight = self.flights.get_mut(key)?;
        Some(Arc::clone(flight.ended.get_or_insert_with(Arc::default)))
    }

    /// Ends a claim of the key. If it was the last one, returns what notifies the waiting requests.
    pub(super) fn release(&mut self, key: EventKey) -> Option<Arc<Notify>> {
        let Entry::Occupied(mut flight) = self.flights.entry(key) else { return None };
        flight.get_mut().claims -= 1;
        if flight.get().claims > 0 {
            return None;
        }
        flight.remove().ended
    }
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn different_keys_have_different_hashes() {
        let hasher = BuildHasherDefault::<KeyHasher>::default();
        let hashes: HashSet<u64> = (0..=255).map(|byte| hasher.hash_one(EventKey::from([byte; 32]))).collect();
        assert_eq!(hashes.len(), 256);
    }
}
