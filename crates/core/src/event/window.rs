//! A time window of recently seen event keys.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use hashbrown::HashTable;

use super::key::EventKey;
use crate::traits::debug_fields;

/// A set of recently seen event keys, bounded in number and in time.
///
/// It does not read a clock: the caller passes the time.
///
/// Uses 35 to 45 bytes per key. Memory for up to 16 million keys is reserved at the start, so no
/// insertion waits for a table to grow or rehash.
///
/// ```
/// use std::time::Duration;
/// # mod birdhook { pub mod dedupe { pub use birdhook_core::DedupeWindow; } pub mod event { pub use birdhook_core::EventKey; } }
/// use birdhook::{dedupe::DedupeWindow, event::EventKey};
///
/// let mut window = DedupeWindow::new(2, Duration::from_secs(60));
/// let key = |byte| EventKey::from([byte; 32]);
/// let start = Duration::ZERO;
///
/// window.insert(&key(1), start);
/// assert!(window.contains(&key(1), start + Duration::from_secs(59)));
/// assert!(!window.contains(&key(1), start + Duration::from_secs(60)));
///
/// window.insert(&key(2), start);
/// window.insert(&key(3), start); // a third key pushes the first one out
/// assert!(!window.contains(&key(1), start));
/// ```
pub struct DedupeWindow {
    capacity: usize,
    horizon: u64,
    /// The keys, oldest first. The key at `order[i]` has the number `first + i`.
    order: VecDeque<Remembered>,
    first: u32,
    /// The numbers of the newest keys. Hashed by the key's own bytes, which are SHA-256 output and
    /// evenly distributed. Becomes `older` when the first of its keys is forgotten.
    newer: HashTable<u32>,
    /// The number of keys inserted since `newer` was empty.
    since: usize,
    /// The numbers of the keys before those in `newer`. They are not removed one by one, because
    /// tombstones would fill the table and one insertion would wait for a rehash. The table is
    /// cleared in one step once all its keys are forgotten.
    older: HashTable<u32>,
}

/// The maximum number of keys evicted per insertion. More than one, so that expired keys drain.
const AT_A_TIME: usize = 2;

/// Half a key is enough: with ten million keys, two different ones collide once in 10^24
/// insertions.
type Half = [u8; 16];

#[derive(Clone, Copy)]
struct Remembered {
    half: Half,
    /// The time of insertion, in milliseconds modulo 2^48.
    at: [u8; 6],
}

impl DedupeWindow {
    /// Creates a window of at most `capacity` keys, each remembered for at most `horizon`.
    ///
    /// A capacity of 0 remembers nothing. A capacity over 2^31 is reduced to 2^31.
    pub fn new(capacity: usize, horizon: Duration) -> Self {
        let capacity = capacity.min(1 << 31);
        let reserved = capacity.min(1 << 24);
        Self {
            capacity,
            horizon: u64::try_from(horizon.as_millis()).unwrap_or(u64::MAX),
            order: VecDeque::with_capacity(reserved),
            first: 0,
            newer: HashTable::with_capacity(reserved),
            since: 0,
            older: HashTable::with_capacity(reserved),
        }
    }

    /// Returns whether the key was inserted less than the horizon ago and has not been evicted.
    ///
    /// `now` is the time since any fixed moment. It must not go backwards.
    pub fn contains(&self, key: &EventKey, now: Duration) -> bool {
        let half = half(key);
        // Most of an empty table is in no cache of the processor.
        let in_older = || if self.older.is_empty() { None } else { self.find(&self.older, &half) };
        let found = self.find(&self.newer, &half).or_else(in_older);
        found.is_some_and(|remembered| !self.is_past(remembered, now))
    }

    /// Inserts a key. A key that is already present is remembered from `now` on.
    pub fn insert(&mut self, key: &EventKey, now: Duration) {
        if self.capacity == 0 {
            return;
        }
        self.give_up(now);
        if self.since > self.order.len() {
            mem::swap(&mut self.newer, &mut self.older);
            self.newer.clear();
            self.since = 0;
        }
        self.since += 1;
        let half = half(key);
        let number = self.first.wrapping_add(self.order.len() as u32);
        self.order.push_back(Remembered { half, at: stamp(now) });
        let (order, first) = (&self.order, self.first);
        let remembered = |number: &u32| order.get(number.wrapping_sub(first) as usize);
        let is_same = |other: &u32| remembered(other).is_some_and(|found| found.half == half);
        match self.newer.find_mut(hash(&half), is_same) {
            Some(there) => *there = number,
            None => {
                // A table grows, and calls this, only while a window of more than 16 million keys
                // fills up.
                let hash_of = |other: &u32| remembered(other).map_or(0, |found| hash(&found.half));
                self.newer.insert_unique(hash(&half), number, hash_of);
            }
        }
    }

    /// Returns the number of keys held, including expired keys that are not evicted yet.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Returns whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn find(&self, numbers: &HashTable<u32>, half: &Half) -> Option<&Remembered> {
        let remembered = |number: &u32| self.order.get(number.wrapping_sub(self.first) as usize);
        let number = numbers.find(hash(half), |number| remembered(number).is_some_and(|found| found.half == *half))?;
        remembered(number)
    }

    /// Makes room for one more key and evicts expired keys.
    fn give_up(&mut self, now: Duration) {
        for _ in 0..AT_A_TIME {
            let is_full = self.order.len() >= self.capacity;
            if !self.order.front().is_some_and(|oldest| is_full || self.is_past(oldest, now)) {
                return;
            }
            self.order.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }

    fn is_past(&self, remembered: &Remembered, now: Duration) -> bool {
        let mut at = [0; 8];
        at[2..].copy_from_slice(&remembered.at);
        millis(now).saturating_sub(u64::from_be_bytes(at)) >= self.horizon
    }
}

debug_fields! { DedupeWindow, |window| len: window.len(), capacity: window.capacity }

fn half(key: &EventKey) -> Half {
    let mut half = Half::default();
    half.copy_from_slice(&key.as_bytes()[..16]);
    half
}

fn hash(half: &Half) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *half;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn millis(now: Duration) -> u64 {
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

fn stamp(now: Duration) -> [u8; 6] {
    let [_, _, a, b, c, d, e, f] = millis(now).to_be_bytes();
    [a, b, c, d, e, f]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    proptest! {
        #![proptest_config(birdhook_test_harness::seed::property())]

        /// Compares with the simplest model: a list of keys with their times.
        #[test]
        fn behaves_like_a_list(
            capacity in 0usize..6,
            horizon in 1u64..8,
            steps in proptest::collection::vec((0u8..10, 0u64..4), 0..200),
        ) {
            let mut window = DedupeWindow::new(capacity, Duration::from_millis(horizon));
            let mut model: Vec<(u8, u64)> = Vec::new();
            let mut inserted: Vec<u8> = Vec::new();
            let mut now = 0;
            for (byte, pause) in steps {
                now += pause;
                let time = Duration::from_millis(now);
                let alive = |at: u64| now - at < horizon;
                let key = EventKey::from([byte; 32]);
                let expected = model.iter().any(|&(other, at)| other == byte && alive(at));
                // A window may forget a live key only after as many later insertions as its
                // capacity. Inserting a key again occupies a second place until the first one is
                // the oldest. A window may never remember a key that the model has forgotten.
                let seen = window.contains(&key, time);
                prop_assert!(!seen || expected);
                let newer = inserted.iter().rev().take_while(|&&other| other != byte).count();
                prop_assert!(seen || !expected || newer >= capacity);
                model.retain(|&(other, _)| other != byte);
                model.push((byte, now));
                inserted.push(byte);
                window.insert(&key, time);
                prop_assert!(window.len() <= capacity);
                prop_assert!(capacity == 0 || window.contains(&key, time));
            }
        }
    }

    #[test]
    fn numbers_may_wrap() {
        let mut window = DedupeWindow::new(3, Duration::from_secs(1));
        window.first = u32::MAX - 1;
        for byte in 0..10 {
            window.insert(&EventKey::from([byte; 32]), Duration::ZERO);
            assert!(window.contains(&EventKey::from([byte; 32]), Duration::ZERO));
            assert_eq!(window.contains(&EventKey::from([byte.wrapping_sub(2); 32]), Duration::ZERO), byte >= 2);
            assert!(!window.contains(&EventKey::from([byte.wrapping_sub(3); 32]), Duration::ZERO));
        }
    }

    fn key(number: u64) -> EventKey {
        let key: [u8; 32] = Sha256::digest(number.to_be_bytes()).into();
        key.into()
    }

    /// Tables never grow or rehash for lack of room.
    #[test]
    fn memory_is_reserved_and_bounded() {
        for capacity in [1, 100, 1000] {
            for pace in [1, 10, 10_000] {
                let mut window = DedupeWindow::new(capacity, Duration::from_secs(1));
                let memory = |window: &DedupeWindow| {
                    let tables = window.newer.allocation_size() + window.older.allocation_size();
                    (window.order.capacity(), tables, window.newer.capacity() + window.older.capacity())
                };
                let reserved = memory(&window);
                assert!(reserved.0 <= capacity, "no more than may be needed");
                // Miri needs a second for 1,000 insertions.
                for number in 0..if cfg!(miri) { 500 } else { 20_000 } {
                    window.insert(&key(number), Duration::from_millis(number / pace));
                    assert_eq!(memory(&window), reserved, "after {number}");
                    assert!(window.newer.len() <= capacity && window.older.len() <= capacity);
                }
            }
        }
    }

    #[test]
    fn expired_keys_are_evicted() {
        let mut window = DedupeWindow::new(1000, Duration::from_secs(1));
        (0..100).for_each(|number| window.insert(&key(number), Duration::ZERO));
        (100..160).for_each(|number| window.insert(&key(number), Duration::from_secs(2)));
        assert_eq!(window.len(), 60);
    }

    #[test]
    fn keys_have_different_hashes() {
        let places: HashSet<u64> = (0..=255).map(|byte| hash(&[byte; 16])).collect();
        assert_eq!(places.len(), 256);
    }
}
