//! The keys of stored events, in memory.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use birdhook_core::EventKey;

/// The first half of an [`EventKey`]. A collision would take about 10^18 events.
pub(crate) type KeyPrefix = [u8; KEY_PREFIX];

pub(crate) const KEY_PREFIX: usize = 16;

pub(crate) fn key_prefix(key: &EventKey) -> KeyPrefix {
    let mut prefix = KeyPrefix::default();
    prefix.iter_mut().zip(key.as_bytes()).for_each(|(to, from)| *to = *from);
    prefix
}

/// The keys of stored events: read by every request, changed by the writer. Sharded, because
/// growing a table of millions takes long and would block requests.
pub(crate) struct SeenKeys {
    shards: Vec<Mutex<HashSet<KeyPrefix, BuildHasherDefault<Spread>>>>,
}

const SHARDS: usize = 256;

impl SeenKeys {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    pub(crate) fn contains(&self, key: &KeyPrefix) -> bool {
        self.shard(key).is_some_and(|shard| shard.contains(key))
    }

    pub(crate) fn insert(&self, key: KeyPrefix) {
        self.shard(&key).map(|mut shard| shard.insert(key));
    }

    pub(crate) fn remove(&self, key: &KeyPrefix) {
        self.shard(key).map(|mut shard| shard.remove(key));
    }

    pub(crate) fn clear(&self) {
        self.shards.iter().for_each(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).clear());
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    fn shard(&self, key: &KeyPrefix) -> Option<MutexGuard<'_, HashSet<KeyPrefix, BuildHasherDefault<Spread>>>> {
        let [.., last] = key;
        let shard = self.shards.get(usize::from(*last))?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for SeenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeenKeys").field("keys", &self.len()).finish()
    }
}

/// Uses key bytes as their own hash: they are evenly distributed and cannot be chosen, being
/// SHA-256 hashes of what X signed.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 ^= u64::from_le_bytes(*first);
        }
    }

    // Slices are hashed with their length, which is the same for all keys.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains_inserted_keys_until_they_are_removed() {
        let seen_keys = SeenKeys::new();
        let mut random = fastrand::Rng::with_seed(7);
        let keys: Vec<KeyPrefix> = (0..10_000).map(|_| std::array::from_fn(|_| random.u8(..))).collect();
        keys.iter().for_each(|key| seen_keys.insert(*key));
        assert!(keys.iter().all(|key| seen_keys.contains(key)));
        assert_eq!(seen_keys.len(), 10_000);
        keys.iter().step_by(2).for_each(|key| seen_keys.remove(key));
        assert!(keys.iter().enumerate().all(|(index, key)| seen_keys.contains(key) == (index % 2 == 1)));
        seen_keys.clear();
        assert_eq!(seen_keys.len(), 0);
    }
}
