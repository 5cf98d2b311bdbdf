//! The keys of the events seen lately.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use hashbrown::HashTable;

use crate::EventKey;

/// Remembers event keys, bounded in number and in time. Pure: the caller says what time it is.
///
/// Takes about 35 bytes a key, reserved at the start for up to 16 million keys, so that no insertion waits for a growing
/// table.
///
/// ```
/// use std::time::Duration;
/// use birdhook_core::{EventKey, Window};
///
/// let mut window = Window::new(2, Duration::from_secs(60));
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
pub struct Window {
    capacity: usize,
    horizon: u64,
    /// The remembered keys, oldest first. The key at `order[i]` has the number `first + i`.
    order: VecDeque<Remembered>,
    first: u32,
    /// The numbers of the remembered keys, found by the key's own bytes, which a SHA-256 has distributed evenly.
    numbers: HashTable<u32>,
}

/// So many keys are taken out at a time: each lies somewhere else in memory, and all are fetched at once. Those that are still
/// to be taken out are not remembered any more.
const AT_A_TIME: usize = 32;

/// Half of a key is plenty: with ten million keys remembered, two different ones meet once in 10^24 insertions.
type Half = [u8; 16];

#[derive(Clone, Copy)]
struct Remembered {
    half: Half,
    /// When the key was inserted, in milliseconds modulo 2^48.
    at: [u8; 6],
}

impl Window {
    /// A window of at most `capacity` keys, each remembered for at most `horizon`. A capacity of nought remembers nothing;
    /// one over 2^31 is cut to that.
    pub fn new(capacity: usize, horizon: Duration) -> Self {
        let capacity = capacity.min(1 << 31);
        let reserved = capacity.min(1 << 24) + AT_A_TIME;
        Self {
            capacity,
            horizon: u64::try_from(horizon.as_millis()).unwrap_or(u64::MAX),
            order: VecDeque::with_capacity(reserved),
            first: 0,
            numbers: HashTable::with_capacity(reserved),
        }
    }

    /// Whether the key was inserted less than the horizon ago and not pushed out since.
    ///
    /// `now` is the time since any fixed moment; it must not run backwards.
    pub fn contains(&self, key: &EventKey, now: Duration) -> bool {
        self.number(&half(key)).is_some_and(|number| !self.is_forgotten(number.wrapping_sub(self.first) as usize, now))
    }

    /// Remembers the key from `now` on, also if it is there already.
    pub fn insert(&mut self, key: &EventKey, now: Duration) {
        if self.capacity == 0 {
            return;
        }
        // The past is forgotten in small steps, and faster than it grows.
        if self.is_forgotten(AT_A_TIME - 1, now) {
            self.take_out();
        }
        let half = half(key);
        if let Some(number) = self.number(&half) {
            self.unlink(&half, number);
        }
        let number = self.first.wrapping_add(self.order.len() as u32);
        let (order, first) = (&mut self.order, self.first);
        order.push_back(Remembered { half, at: stamp(now) });
        self.numbers.insert_unique(hash(&half), number, |&number| {
            order.get(number.wrapping_sub(first) as usize).map_or(0, |remembered| hash(&remembered.half))
        });
    }

    /// How many keys are held, those included whose time is over but which were not collected yet.
    pub fn len(&self) -> usize {
        self.order.len().min(self.capacity)
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn number(&self, half: &Half) -> Option<u32> {
        self.numbers
            .find(hash(half), |&number| self.remembered(number).is_some_and(|found| found.half == *half))
            .copied()
    }

    fn remembered(&self, number: u32) -> Option<&Remembered> {
        self.order.get(number.wrapping_sub(self.first) as usize)
    }

    /// Takes the oldest keys out of the table and out of the order.
    fn take_out(&mut self) {
        for at in 0..AT_A_TIME {
            if let Some(oldest) = self.order.get(at).copied() {
                self.unlink(&oldest.half, self.first.wrapping_add(at as u32));
            }
        }
        self.order.drain(..AT_A_TIME.min(self.order.len()));
        self.first = self.first.wrapping_add(AT_A_TIME as u32);
    }

    /// Takes a number out of the table; its place in the order stays until it is the oldest.
    fn unlink(&mut self, half: &Half, number: u32) {
        if let Ok(entry) = self.numbers.find_entry(hash(half), |&other| other == number) {
            entry.remove();
        }
    }

    /// Whether the key at this place of the order is too old, or has too many newer ones behind it.
    fn is_forgotten(&self, at: usize, now: Duration) -> bool {
        let is_pushed_out = self.order.len().saturating_sub(at) > self.capacity;
        self.order.get(at).is_some_and(|remembered| is_pushed_out || self.is_past(remembered, now))
    }

    fn is_past(&self, remembered: &Remembered, now: Duration) -> bool {
        let mut at = [0; 8];
        at[2..].copy_from_slice(&remembered.at);
        millis(now).saturating_sub(u64::from_be_bytes(at)) >= self.horizon
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window").field("len", &self.len()).field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

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
        /// Against the plainest model: a list of keys with their times.
        #[test]
        fn behaves_as_a_list_would(
            capacity in 0usize..6,
            horizon in 1u64..8,
            steps in proptest::collection::vec((0u8..10, 0u64..4), 0..200),
        ) {
            let mut window = Window::new(capacity, Duration::from_millis(horizon));
            let mut model: Vec<(u8, u64)> = Vec::new();
            let mut inserted: Vec<u8> = Vec::new();
            let mut now = 0;
            for (byte, pause) in steps {
                now += pause;
                let time = Duration::from_millis(now);
                let alive = |at: u64| now - at < horizon;
                let key = EventKey::from([byte; 32]);
                let expected = model.iter().any(|&(other, at)| other == byte && alive(at));
                // A window may forget a live key only if as many insertions came after it as it has room for (a key that
                // is inserted anew takes a second place until the first is the oldest); it may never remember what the
                // model forgot.
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
        let mut window = Window::new(3, Duration::from_secs(1));
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

    #[test]
    fn memory_is_reserved_and_bounded() {
        for capacity in [1, 100, 1000] {
            let mut window = Window::new(capacity, Duration::from_secs(1));
            let reserved = (window.order.capacity(), window.numbers.allocation_size());
            assert!(reserved.0 <= capacity + AT_A_TIME, "no more than may be needed");
            for number in 0..20_000 {
                window.insert(&key(number), Duration::from_millis(number / 10));
                assert_eq!(window.order.capacity(), reserved.0, "after {number}");
                // What is taken out leaves marks in the table, for which it may grow once.
                assert!(window.numbers.allocation_size() <= 2 * reserved.1, "after {number}");
                assert!(window.numbers.len() <= window.order.len());
            }
        }
    }

    #[test]
    fn keys_are_looked_for_in_places_of_their_own() {
        let places: HashSet<u64> = (0..=255).map(|byte| hash(&[byte; 16])).collect();
        assert_eq!(places.len(), 256);
    }
}
