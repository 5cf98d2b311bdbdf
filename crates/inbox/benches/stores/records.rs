//! The records that the inbox writes for one commit, and its deduplication keys.

use std::time::{SystemTime, UNIX_EPOCH};

use birdhook_core::Delivery;
use bytes::BufMut;

/// The tables of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    Deliveries,
    Progress,
    Keys,
    About,
}

impl Table {
    pub(crate) const ALL: [Self; 4] = [Self::Deliveries, Self::Progress, Self::Keys, Self::About];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries",
            Self::Progress => "progress",
            Self::Keys => "keys",
            Self::About => "about",
        }
    }
}

/// One record to write.
pub(crate) struct Change {
    pub(crate) table: Table,
    pub(crate) key: u64,
    pub(crate) value: Vec<u8>,
}

/// A store of the inbox's records.
pub(crate) trait Store: Send {
    /// Writes all records in one synced commit.
    fn commit(&mut self, changes: &[Change]);

    fn get(&self, table: Table, key: u64) -> Option<Vec<u8>>;
}

/// The half of an event's key that is stored.
pub(crate) type Key = [u8; 16];

pub(crate) fn key(delivery: &Delivery) -> Key {
    let key = delivery.events().first().expect("an event").delivery_key();
    *key.as_bytes().first_chunk().expect("long enough")
}

/// Returns the five records of a commit.
pub(crate) fn commit(number: u64, deliveries: &[Delivery]) -> Vec<Change> {
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
    let keys: Vec<Key> = deliveries.iter().map(key).collect();
    let [format, next] = about(number + 1);
    vec![
        put(Table::Deliveries, number, batch),
        keys_record(number, &keys),
        format,
        next,
        put(Table::Progress, number, progress),
    ]
}

fn about(next: u64) -> [Change; 2] {
    [(0, 1), (1, next)].map(|(key, value): (u64, u64)| put(Table::About, key, value.to_be_bytes().to_vec()))
}

fn keys_record(number: u64, keys: &[Key]) -> Change {
    let mut record = Vec::with_capacity(12 + 16 * keys.len());
    record.put_u64(now());
    keys.iter().for_each(|key| record.put_slice(key));
    put(Table::Keys, number, record)
}

fn put(table: Table, key: u64, mut record: Vec<u8>) -> Change {
    let checksum = crc32fast::hash(&record);
    record.put_u32(checksum);
    Change { table, key, value: record }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is set").as_millis() as u64
}

/// Returns keys that no event has.
pub(crate) fn random_keys(count: usize) -> Vec<Key> {
    let mut random = fastrand::Rng::with_seed(11);
    (0..count).map(|_| random.u128(..).to_be_bytes()).collect()
}

/// Stores keys as commits of 1 to 1,024 events would have. Returns the number of the next commit.
pub(crate) fn remember(store: &mut dyn Store, keys: &[Key]) -> u64 {
    let mut random = fastrand::Rng::with_seed(12);
    let (mut number, mut rest) = (0, keys);
    while !rest.is_empty() {
        let mut changes = Vec::new();
        while changes.len() < 1000 && !rest.is_empty() {
            let most = 1 << random.u32(0..=10);
            let (keys, behind) = rest.split_at(random.usize(1..=most).min(rest.len()));
            changes.push(keys_record(number, keys));
            (number, rest) = (number + 1, behind);
        }
        changes.extend(about(number));
        store.commit(&changes);
    }
    number
}
