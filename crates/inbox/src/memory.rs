//! The keys of stored events, in memory.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use birdhook_core::EventKey;

/// Half of an [`EventKey`]. A collision would take about 10^18 events.
pub(crate) type Half = [u8; HALF];

pub(crate) const HALF: usize = 16;

pub(crate) fn half(key: &EventKey) -> Half {
    let mut half = Half::default();
    half.iter_mut().zip(key.as_bytes()).for_each(|(to, from)| *to = *from);
    half
}

/// The keys of stored events: read by every request, changed by the committer. Sharded, because
/// growing a table of millions takes long and would block requests.
pub(crate) struct Memory {
    shards: Vec<Mutex<HashSet<Half, BuildHasherDefault<Spread>>>>,
}

const SHARDS: usize = 256;

impl Memory {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    pub(crate) fn holds(&self, key: &Half) -> bool {
        self.shard(key).is_some_and(|shard| shard.contains(key))
    }

    pub(crate) fn insert(&self, key: Half) {
        self.shard(&key).map(|mut shard| shard.insert(key));
    }

    pub(crate) fn forget(&self, key: &Half) {
        self.shard(key).map(|mut shard| shard.remove(key));
    }

    pub(crate) fn clear(&self) {
        self.shards.iter().for_each(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).clear());
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    fn shard(&self, key: &Half) -> Option<MutexGuard<'_, HashSet<Half, BuildHasherDefault<Spread>>>> {
        let [.., last] = key;
        let shard = self.shards.get(usize::from(*last))?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("keys", &self.len()).finish()
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
    fn it_holds_what_was_inserted_until_it_is_forgotten() {
        let memory = Memory::new();
        let mut random = fastrand::Rng::with_seed(7);
        let keys: Vec<Half> = (0..10_000).map(|_| std::array::from_fn(|_| random.u8(..))).collect();
        keys.iter().for_each(|key| memory.insert(*key));
        assert!(keys.iter().all(|key| memory.holds(key)));
        assert_eq!(memory.len(), 10_000);
        keys.iter().step_by(2).for_each(|key| memory.forget(key));
        assert!(keys.iter().enumerate().all(|(index, key)| memory.holds(key) == (index % 2 == 1)));
        memory.clear();
        assert_eq!(memory.len(), 0);
    }
}
