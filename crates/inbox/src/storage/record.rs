//! The records on disk. Each ends with its own checksum, so that damage is found in any store.

use std::sync::{Arc, OnceLock};

use birdhook_core::{Delivery, Event};
use bytes::{Buf, BufMut, Bytes};

use crate::faults::{self, Bug};
use crate::seen_keys::{KEY_PREFIX, KeyPrefix};
use crate::storage::entry::{Entry, EntryState};
use crate::storage::error::StoreError;
use crate::storage::unreadable::UnreadableEvent;

/// The keys of the records in [`Table::About`](crate::storage::redb::Table).
pub(crate) const ABOUT_FORMAT: u64 = 0;
pub(crate) const ABOUT_NEXT: u64 = 1;
/// The time of the last commit without deliveries.
pub(crate) const ABOUT_TIME: u64 = 2;
/// The time at which a backup was taken. Only in the file of a complete backup.
pub(crate) const ABOUT_BACKUP: u64 = 3;

/// A delivery as it is stored.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) app: Arc<str>,
    /// Empty once all its events are settled.
    pub(crate) body: Bytes,
    /// The number of events in the body, and the positions of those stored in the inbox.
    pub(crate) events: u32,
    pub(crate) positions: Vec<u32>,
    /// The stored events, parsed at the first access.
    read: OnceLock<Vec<Event>>,
}

impl Stored {
    pub(crate) fn new(delivery: Delivery) -> Self {
        let (app, body) = (delivery.app().into(), delivery.body().clone().into_bytes());
        let (events, mut read) = (number(delivery.original_len()), delivery.into_events());
        let positions = read.iter().map(|event| number(event.index())).collect();
        // Whole keys are not stored, and an event must have the same key before and after a
        // restart.
        read.iter_mut().for_each(|event| event.set_dedupe_key(None));
        Self { app, body, events, positions, read: OnceLock::from(read) }
    }

    /// Keeps the events whose entry in `kept` is true.
    pub(crate) fn retain(&mut self, kept: &[bool]) {
        let mut flags = kept.iter();
        self.positions.retain(|_| flags.next() == Some(&true));
        let mut flags = kept.iter();
        self.read.get_mut().into_iter().for_each(|read| read.retain(|_| flags.next() == Some(&true)));
    }

    /// Returns the approximate size on disk, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.body.len() + self.app.len() + 4 * self.positions.len() + 16
    }

    /// Returns the approximate size in memory, in bytes. The body of a new delivery is a slice of
    /// the server's read buffer and keeps all of it alive.
    fn memory(&self) -> usize {
        let body = self.body.len();
        self.read.get().map_or(body, |read| body.max(READ_AT_ONCE) + EVENT * read.len())
    }

    /// Returns the event at an index among the stored ones.
    ///
    /// If this version of birdhook finds other events in the body than the version that stored it,
    /// the result contains more than the event, never less.
    pub(crate) fn event(&self, index: usize) -> Option<Event> {
        let read = || {
            let delivery = Delivery::restore(Arc::clone(&self.app), self.body.clone(), self.events as usize);
            let all = delivery.map(Delivery::into_events).unwrap_or_default();
            let find = |&position: &u32| all.get(position as usize).or(all.last()).cloned();
            self.positions.iter().filter_map(find).collect()
        };
        self.read.get_or_init(read).get(index).cloned()
    }

    /// Returns the event at an index, or what is known of it if it cannot be parsed. `None` if its
    /// body was cleared.
    pub(crate) fn event_or_reason(&self, index: usize, is_done: bool) -> Option<Result<Event, UnreadableEvent>> {
        match self.event(index) {
            Some(event) => Some(Ok(event)),
            None if is_done && self.body.is_empty() => None,
            None => Some(Err(UnreadableEvent {
                app: Arc::clone(&self.app),
                body: self.body.clone(),
                position: self.positions.get(index).copied().unwrap_or(0),
            })),
        }
    }

    pub(crate) fn cleared(&self) -> Self {
        Self {
            app: Arc::clone(&self.app),
            body: Bytes::new(),
            events: self.events,
            positions: self.positions.clone(),
            read: OnceLock::new(),
        }
    }
}

/// The read buffer of hyper and actix-web, and the size of a parsed event; in bytes of memory.
const READ_AT_ONCE: usize = 8192;
const EVENT: usize = 1024;

fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Deliveries that are stored in one record.
#[derive(Debug)]
pub(crate) struct Batch(pub(crate) Vec<Arc<Stored>>);

impl Batch {
    /// Returns an event's delivery, and the event's index in it.
    pub(crate) fn find(&self, index: u32) -> Option<(&Arc<Stored>, usize)> {
        let mut index = index as usize;
        for stored in &self.0 {
            match index.checked_sub(stored.positions.len()) {
                Some(rest) => index = rest,
                None => return Some((stored, index)),
            }
        }
        None
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|stored| stored.body.len()).sum()
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.0.iter().map(|stored| stored.memory()).sum()
    }

    pub(crate) fn write(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.0.iter().map(|stored| stored.size()).sum::<usize>() + 8);
        out.put_u32(number(self.0.len()));
        for stored in &self.0 {
            out.put_u32(number(stored.app.len()));
            out.put_slice(stored.app.as_bytes());
            out.put_u32(stored.events);
            out.put_u32(number(stored.positions.len()));
            stored.positions.iter().for_each(|position| out.put_u32(*position));
            out.put_u32(number(stored.body.len()));
            out.put_slice(&stored.body);
        }
        with_checksum(out)
    }

    pub(crate) fn read(record: Bytes) -> Result<Self, StoreError> {
        let mut record = checked(record, "the deliveries of a batch")?;
        let mut read = || {
            let count = record.try_get_u32().ok()?;
            let mut deliveries = Vec::new();
            for _ in 0..count {
                let app = text(&mut record)?;
                let events = record.try_get_u32().ok()?;
                let count = record.try_get_u32().ok()?;
                let positions = (0..count).map(|_| record.try_get_u32().ok()).collect::<Option<_>>()?;
                let body = part(&mut record)?;
                deliveries.push(Arc::new(Stored { app, body, events, positions, read: OnceLock::new() }));
            }
            record.is_empty().then_some(Self(deliveries))
        };
        read().ok_or_else(|| StoreError::corrupt("the deliveries of a batch have an unknown form"))
    }
}

/// The states of one batch's events.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) stored_at: u64,
    /// The size of its deliveries, in bytes.
    pub(crate) bytes: u64,
    pub(crate) entries: Vec<Entry>,
}

impl Progress {
    pub(crate) fn write(&self) -> Bytes {
        let mut out = Vec::with_capacity(24 + 19 * self.entries.len());
        out.put_u64(self.stored_at);
        out.put_u64(self.bytes);
        for entry in &self.entries {
            let (state, since) = match entry.state {
                EntryState::Ready | EntryState::Prefetched { .. } | EntryState::Leased { .. } => (0, 0),
                EntryState::Waiting { until } => (1, until),
                EntryState::Dead { since } => (2, since),
                EntryState::Done { since } => (3, since),
            };
            out.put_u8(state);
            out.put_u64(since);
            let is_uncounted = faults::has(Bug::UncountedAttempt) && entry.state.token().is_some();
            out.put_u32(entry.attempts - u32::from(is_uncounted));
            out.put_u32(entry.ordering_key);
        }
        with_checksum(out)
    }

    pub(crate) fn read(record: Bytes) -> Result<Self, StoreError> {
        let mut record = checked(record, "the progress of a batch")?;
        let mut read = || {
            let (stored_at, bytes) = (record.try_get_u64().ok()?, record.try_get_u64().ok()?);
            let mut entries = Vec::new();
            while !record.is_empty() {
                let (state, since) = (record.try_get_u8().ok()?, record.try_get_u64().ok()?);
                let state = match state {
                    0 => EntryState::Ready,
                    1 => EntryState::Waiting { until: since },
                    2 => EntryState::Dead { since },
                    3 => EntryState::Done { since },
                    _ => return None,
                };
                let (attempts, ordering_key) = (record.try_get_u32().ok()?, record.try_get_u32().ok()?);
                entries.push(Entry { state, attempts, ordering_key });
            }
            Some(Self { stored_at, bytes, entries })
        };
        read().ok_or_else(|| StoreError::corrupt("the progress of a batch has an unknown form"))
    }
}

/// The keys of one batch's events, and when they were stored.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) stored_at: u64,
    pub(crate) keys: Vec<KeyPrefix>,
}

impl Keys {
    pub(crate) fn write(&self) -> Bytes {
        let mut out = Vec::with_capacity(12 + KEY_PREFIX * self.keys.len());
        out.put_u64(self.stored_at);
        self.keys.iter().for_each(|key| out.put_slice(key));
        with_checksum(out)
    }

    pub(crate) fn read(record: Bytes) -> Result<Self, StoreError> {
        let mut record = checked(record, "the keys of a batch")?;
        let mut read = || {
            let stored_at = record.try_get_u64().ok()?;
            let (keys, rest) = record.as_chunks::<KEY_PREFIX>();
            rest.is_empty().then(|| Self { stored_at, keys: keys.to_vec() })
        };
        read().ok_or_else(|| StoreError::corrupt("the keys of a batch have an unknown form"))
    }
}

pub(crate) fn write_number(number: u64) -> Bytes {
    with_checksum(number.to_be_bytes().to_vec())
}

pub(crate) fn read_number(record: Bytes) -> Result<u64, StoreError> {
    let mut record = checked(record, "a number of the inbox")?;
    record.try_get_u64().map_err(|_| StoreError::corrupt("a number of the inbox is truncated"))
}

fn with_checksum(mut out: Vec<u8>) -> Bytes {
    let checksum = crc32fast::hash(&out);
    out.put_u32(checksum);
    out.into()
}

fn checked(mut record: Bytes, what: &str) -> Result<Bytes, StoreError> {
    let length = record.len().checked_sub(4);
    let mut checksum = length.map(|length| record.split_off(length)).unwrap_or_default();
    let is_intact = checksum.try_get_u32().is_ok_and(|checksum| checksum == crc32fast::hash(&record));
    if is_intact || faults::has(Bug::SkippedChecksum) {
        return Ok(record);
    }
    Err(StoreError::corrupt(format!("the checksum of {what} is wrong")))
}

fn part(record: &mut Bytes) -> Option<Bytes> {
    let length = record.try_get_u32().ok()? as usize;
    (length <= record.len()).then(|| record.split_to(length))
}

fn text(record: &mut Bytes) -> Option<Arc<str>> {
    Some(str::from_utf8(&part(record)?).ok()?.into())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::seen_keys::key_prefix;
    use crate::storage::entry::ordering_key;
    use crate::storage::redb::{OpenDatabase, Store, Table, open_file};

    fn delivery() -> Delivery {
        let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}},{"status":{"id":"3"}},{"status":{"id":"4"}}]}"#;
        let mut delivery = Delivery::restore("shop", body, 10).unwrap();
        delivery.retain(|event| event.index() != 1);
        delivery
    }

    #[test]
    fn a_stored_event_is_read_back_from_its_delivery() {
        let (one, other) = (delivery(), delivery());
        let batch = Batch(vec![Arc::new(Stored::new(one.clone())), Arc::new(Stored::new(other.clone()))]);
        let read = Batch::read(batch.write()).unwrap();
        for (index, expected) in one.events().iter().chain(other.events()).enumerate() {
            let (stored, nth) = read.find(index as u32).unwrap();
            let event = stored.event(nth).unwrap();
            assert_eq!(event.raw(), expected.raw(), "event {index}");
            assert_eq!(event.delivery_key(), expected.delivery_key(), "event {index}");
            assert_eq!(event.index(), expected.index());
        }
        assert!(read.find(4).is_none());
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_of_a_record_is_detected() {
        let stored = Batch(vec![Arc::new(Stored::new(delivery()))]).write();
        let entries = vec![Entry { state: EntryState::Waiting { until: 9 }, attempts: 2, ordering_key: 7 }];
        let progress = Progress { stored_at: 1, bytes: 5, entries }.write();
        let keys = Keys { stored_at: 1, keys: vec![[3; KEY_PREFIX]; 2] }.write();
        let about = write_number(7);
        type Read = fn(Bytes) -> bool;
        let records: [(Bytes, Read); 4] = [
            (stored, |record| Batch::read(record).is_ok()),
            (progress, |record| Progress::read(record).is_ok()),
            (keys, |record| Keys::read(record).is_ok()),
            (about, |record| read_number(record).is_ok()),
        ];
        for (record, reads) in records {
            assert!(reads(record.clone()));
            for bit in 0..8 * record.len() {
                let mut damaged = record.to_vec();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(!reads(damaged.into()), "bit {bit}");
            }
            for length in 0..record.len() {
                assert!(!reads(record.slice(..length)), "cut to {length}");
            }
        }
    }

    #[test]
    fn progress_and_keys_are_read_back_unchanged() {
        let states = [
            EntryState::Ready,
            EntryState::Waiting { until: 9 },
            EntryState::Dead { since: 8 },
            EntryState::Done { since: 7 },
        ];
        let entries: Vec<_> = states.into_iter().map(|state| Entry { state, attempts: 3, ordering_key: 4 }).collect();
        let read = Progress::read(Progress { stored_at: 1, bytes: 2, entries: entries.clone() }.write()).unwrap();
        assert_eq!((read.stored_at, read.bytes, read.entries), (1, 2, entries));
        let read = Keys::read(Keys { stored_at: 5, keys: vec![[1; KEY_PREFIX], [2; KEY_PREFIX]] }.write()).unwrap();
        assert_eq!((read.stored_at, read.keys), (5, vec![[1; KEY_PREFIX], [2; KEY_PREFIX]]));
        assert_eq!(read_number(write_number(u64::MAX)).unwrap(), u64::MAX);
    }

    /// The records in the folder that version 0.1 wrote.
    fn golden() -> HashMap<(Table, u64), Bytes> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("inbox.redb");
        std::fs::write(&file, include_bytes!("../../tests/golden/inbox-0.1/inbox.redb")).unwrap();
        let open: OpenDatabase = Box::new(open_file);
        let (store, mut records) = (Store::open(&file, &open).unwrap(), HashMap::new());
        for table in Table::ALL {
            store.scan(table, 0, &mut |key, record| records.insert((table, key), record).is_none()).unwrap();
        }
        records
    }

    fn golden_delivery(batch: u64) -> Delivery {
        let body = include_str!("../../tests/golden/bodies.jsonl").lines().nth(batch as usize).unwrap();
        let app = if matches!(batch, 3 | 4) { "bees" } else { "shop" };
        Delivery::restore(app, body, 10).unwrap()
    }

    #[test]
    fn deliveries_are_written_as_version_0_1_wrote_them() {
        let golden = golden();
        for number in 1..6 {
            let mut delivery = golden_delivery(number);
            // The other event of the last one was a duplicate.
            delivery.retain(|event| number != 5 || event.index() == 1);
            let written = Batch(vec![Arc::new(Stored::new(delivery))]).write();
            assert_eq!(written, golden[&(Table::Deliveries, number)], "batch {number}");
        }
    }

    #[test]
    fn progress_is_written_as_version_0_1_wrote_it() {
        let golden = golden();
        let ordering_key = ordering_key("shop", Some("2001"));
        let times = [1_795_426_201_000, 1_795_426_203_000];
        let entries = vec![
            Entry { state: EntryState::Done { since: times[1] }, attempts: 1, ordering_key },
            Entry { state: EntryState::Dead { since: times[1] }, attempts: 1, ordering_key },
            Entry { state: EntryState::Ready, attempts: 1, ordering_key },
        ];
        let first = Progress { stored_at: times[0], bytes: 256, entries };
        assert_eq!(first.write(), golden[&(Table::Progress, 1)]);
        let entries =
            vec![Entry { state: EntryState::Waiting { until: times[1] + 3_600_000 }, attempts: 1, ordering_key }];
        let second = Progress { stored_at: times[0] + 1000, bytes: 228, entries };
        assert_eq!(second.write(), golden[&(Table::Progress, 2)]);
    }

    #[test]
    fn keys_and_numbers_are_written_as_version_0_1_wrote_them() {
        let golden = golden();
        for number in 0..6 {
            let delivery = golden_delivery(number);
            let new = delivery.events().iter().filter(|event| number != 5 || event.index() == 1);
            let keys = new.map(|event| key_prefix(&event.delivery_key())).collect();
            let written = Keys { stored_at: 1_795_426_200_000 + 1000 * number, keys }.write();
            assert_eq!(written, golden[&(Table::Keys, number)], "batch {number}");
        }
        for (name, value) in [(ABOUT_FORMAT, 1), (ABOUT_NEXT, 6), (ABOUT_TIME, 1_795_426_203_000)] {
            assert_eq!(write_number(value), golden[&(Table::About, name)], "{name}");
        }
    }

    #[test]
    fn a_body_with_another_number_of_events_than_stored_loses_none() {
        let stored = Stored { events: 2, ..Stored::new(delivery()).cleared() };
        let stored = Stored { body: delivery().body().clone().into_bytes(), ..stored };
        assert_eq!(stored.event(0).unwrap().body(), delivery().body(), "the whole body, as an unknown event");
        assert_eq!(stored.event(1).unwrap().raw(), delivery().body());
    }
}
