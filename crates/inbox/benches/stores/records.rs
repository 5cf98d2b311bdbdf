//! The records that the inbox writes for one commit, and its deduplication keys.

use std::time::{SystemTime, UNIX_EPOCH};

use birdhook_core::Delivery;
use bytes::BufMut;

/// A store that commits all waiting deliveries at once. They are on disk when `commit` returns.
pub(crate) trait Commit: Send {
    fn commit(&mut self, deliveries: &[Delivery]);

    fn remember(&mut self, keys: &[Key]);
}

/// The tables of the inbox, and their places in this list.
pub(crate) const TABLES: [&str; 4] = ["deliveries", "progress", "keys", "about"];
const DELIVERIES: usize = 0;
const PROGRESS: usize = 1;
const KEYS: usize = 2;
const ABOUT: usize = 3;

pub(crate) struct Change {
    pub(crate) table: usize,
    pub(crate) key: u64,
    pub(crate) value: Vec<u8>,
}

pub(crate) trait Store: Send {
    /// Writes all records in one synced commit.
    fn commit(&mut self, changes: &[Change]);

    fn get(&self, table: usize, key: u64) -> Option<Vec<u8>>;
}

/// The half of an event's key that is stored.
pub(crate) type Key = [u8; 16];

pub(crate) fn key(delivery: &Delivery) -> Key {
    let key = delivery.events().first().expect("an event").delivery_key();
    *key.as_bytes().first_chunk().expect("long enough")
}

/// Returns keys that no event has.
pub(crate) fn random_keys(count: usize) -> Vec<Key> {
    let mut random = fastrand::Rng::with_seed(11);
    (0..count).map(|_| random.u128(..).to_be_bytes()).collect()
}

pub(crate) fn sorted(keys: &[Key]) -> Vec<Key> {
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    sorted
}

/// Writes the same records as the inbox, five for each commit.
pub(crate) struct Packed<S> {
    store: S,
    next: u64,
}

impl<S: Store> Packed<S> {
    pub(crate) fn new(store: S) -> Self {
        let next = store.get(ABOUT, 1);
        let next = next.map_or(0, |next| u64::from_be_bytes(*next.first_chunk().unwrap()));
        Self { store, next }
    }

    fn commit_with_number(&mut self, mut changes: Vec<Change>) {
        let about = [(0, 1), (1, self.next)];
        changes.extend(about.map(|(key, value)| record(ABOUT, key, value.to_be_bytes().to_vec())));
        self.store.commit(&changes);
    }
}

impl<S: Store> Commit for Packed<S> {
    fn commit(&mut self, deliveries: &[Delivery]) {
        let bytes: usize = deliveries.iter().map(|delivery| delivery.body().as_str().len() + 40).sum();
        let mut batch = Vec::with_capacity(bytes);
        batch.put_u32(deliveries.len() as u32);
        let mut progress = Vec::with_capacity(20 + 17 * deliveries.len());
        progress.put_u64(now());
        progress.put_u64(bytes as u64);
        for delivery in deliveries {
            for number in [1, 1, 0, delivery.body().as_str().len() as u32] {
                batch.put_u32(number);
            }
            batch.put_slice(delivery.body().as_str().as_bytes());
            progress.put_slice(&[0; 17]);
        }
        let (keys, number): (Vec<Key>, _) = (deliveries.iter().map(key).collect(), self.next);
        self.next += 1;
        self.commit_with_number(vec![
            record(DELIVERIES, number, batch),
            keys_record(number, &keys),
            record(PROGRESS, number, progress),
        ]);
    }

    /// Stores keys as commits of 1 to 1,024 events would have.
    fn remember(&mut self, mut keys: &[Key]) {
        let mut random = fastrand::Rng::with_seed(12);
        while !keys.is_empty() {
            let mut changes = Vec::new();
            while changes.len() < 1000 && !keys.is_empty() {
                let most = 1 << random.u32(0..=10);
                let (first, rest) = keys.split_at(random.usize(1..=most).min(keys.len()));
                changes.push(keys_record(self.next, first));
                (self.next, keys) = (self.next + 1, rest);
            }
            self.commit_with_number(changes);
        }
    }
}

fn keys_record(number: u64, keys: &[Key]) -> Change {
    let mut value = Vec::with_capacity(12 + 16 * keys.len());
    value.put_u64(now());
    keys.iter().for_each(|key| value.put_slice(key));
    record(KEYS, number, value)
}

fn record(table: usize, key: u64, mut value: Vec<u8>) -> Change {
    let checksum = crc32fast::hash(&value);
    value.put_u32(checksum);
    Change { table, key, value }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is set").as_millis() as u64
}
