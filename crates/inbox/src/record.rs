//! The records on disk. Each ends with its own checksum, so that damage is found in any store.

use std::sync::{Arc, OnceLock};

use birdhook_core::{Delivery, Event};
use bytes::{Buf, BufMut, Bytes};

use crate::memory::{HALF, Half};
use crate::slot::{Slot, State};
use crate::{StoreError, UnreadableEvent};

/// The keys of the records in [`Table::About`](crate::Table).
pub(crate) const ABOUT_FORMAT: u64 = 0;
pub(crate) const ABOUT_NEXT: u64 = 1;
/// The time of the last commit without deliveries.
pub(crate) const ABOUT_TIME: u64 = 2;

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
        Self {
            app: delivery.app().into(),
            body: delivery.body().clone().into_bytes(),
            events: number(delivery.original_len()),
            positions: delivery.events().iter().map(|event| number(event.index())).collect(),
            read: OnceLock::from(delivery.into_events()),
        }
    }

    /// Keeps the events whose entry in `kept` is true.
    pub(crate) fn retain(&mut self, kept: &[bool]) {
        let mut places = kept.iter();
        self.positions.retain(|_| places.next() == Some(&true));
        let mut places = kept.iter();
        self.read.get_mut().into_iter().for_each(|read| read.retain(|_| places.next() == Some(&true)));
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
    pub(crate) fn event(&self, place: usize) -> Option<Event> {
        let read = || {
            let delivery = Delivery::restore(Arc::clone(&self.app), self.body.clone(), self.events as usize);
            let all = delivery.map(Delivery::into_events).unwrap_or_default();
            let find = |&position: &u32| all.get(position as usize).or(all.last()).cloned();
            self.positions.iter().filter_map(find).collect()
        };
        self.read.get_or_init(read).get(place).cloned()
    }

    /// Returns the event at an index, or what is known of it if it cannot be parsed. `None` if its
    /// body was cleared.
    pub(crate) fn look(&self, place: usize, is_done: bool) -> Option<Result<Event, UnreadableEvent>> {
        match self.event(place) {
            Some(event) => Some(Ok(event)),
            None if is_done && self.body.is_empty() => None,
            None => Some(Err(UnreadableEvent {
                app: Arc::clone(&self.app),
                body: self.body.clone(),
                position: self.positions.get(place).copied().unwrap_or(0),
            })),
        }
    }

    /// Returns the same delivery without its body.
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
    pub(crate) fn find(&self, slot: u32) -> Option<(&Arc<Stored>, usize)> {
        let mut slot = slot as usize;
        for stored in &self.0 {
            match slot.checked_sub(stored.positions.len()) {
                Some(rest) => slot = rest,
                None => return Some((stored, slot)),
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
        sealed(out)
    }

    pub(crate) fn read(record: Bytes) -> Result<Self, StoreError> {
        let mut record = checked(record, "a batch's deliveries")?;
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
        read().ok_or_else(|| StoreError::corrupt("a batch's deliveries are of no known form"))
    }
}

/// The states of one batch's events.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) stored_at: u64,
    /// The size of its deliveries, in bytes.
    pub(crate) bytes: u64,
    pub(crate) slots: Vec<Slot>,
}

impl Progress {
    pub(crate) fn write(&self) -> Bytes {
        let mut out = Vec::with_capacity(24 + 19 * self.slots.len());
        out.put_u64(self.stored_at);
        out.put_u64(self.bytes);
        for slot in &self.slots {
            let (state, since) = match slot.state {
                State::Ready | State::Leased { .. } => (0, 0),
                State::Waiting { until } => (1, until),
                State::Dead { since } => (2, since),
                State::Done { since } => (3, since),
            };
            out.put_u8(state);
            out.put_u64(since);
            out.put_u32(slot.attempts);
            out.put_u32(slot.lane);
        }
        sealed(out)
    }

    pub(crate) fn read(record: Bytes) -> Result<Self, StoreError> {
        let mut record = checked(record, "the progress of a batch")?;
        let mut read = || {
            let (stored_at, bytes) = (record.try_get_u64().ok()?, record.try_get_u64().ok()?);
            let mut slots = Vec::new();
            while !record.is_empty() {
                let (state, since) = (record.try_get_u8().ok()?, record.try_get_u64().ok()?);
                let state = match state {
                    0 => State::Ready,
                    1 => State::Waiting { until: since },
                    2 => State::Dead { since },
                    3 => State::Done { since },
                    _ => return None,
                };
                let (attempts, lane) = (record.try_get_u32().ok()?, record.try_get_u32().ok()?);
                slots.push(Slot { state, attempts, lane });
            }
            Some(Self { stored_at, bytes, slots })
        };
        read().ok_or_else(|| StoreError::corrupt("the progress of a batch is of no known form"))
    }
}

/// The keys of one batch's events, and when they were stored.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) stored_at: u64,
    pub(crate) keys: Vec<Half>,
}

impl Keys {
    pub(crate) fn write(&self) -> Bytes {
        let mut out = Vec::with_capacity(12 + HALF * self.keys.len());
        out.put_u64(self.stored_at);
        self.keys.iter().for_each(|key| out.put_slice(key));
        sealed(out)
    }

    pub(crate) fn read(record: Bytes) -> Result<Self, StoreError> {
        let mut record = checked(record, "the keys of a batch")?;
        let mut read = || {
            let stored_at = record.try_get_u64().ok()?;
            let (keys, rest) = record.as_chunks::<HALF>();
            rest.is_empty().then(|| Self { stored_at, keys: keys.to_vec() })
        };
        read().ok_or_else(|| StoreError::corrupt("the keys of a batch are of no known form"))
    }
}

/// Encodes a single number.
pub(crate) fn write_number(number: u64) -> Bytes {
    sealed(number.to_be_bytes().to_vec())
}

pub(crate) fn read_number(record: Bytes) -> Result<u64, StoreError> {
    let mut record = checked(record, "what the inbox says of itself")?;
    record.try_get_u64().map_err(|_| StoreError::corrupt("what the inbox says of itself is cut off"))
}

fn sealed(mut out: Vec<u8>) -> Bytes {
    let checksum = crc32fast::hash(&out);
    out.put_u32(checksum);
    out.into()
}

fn checked(mut record: Bytes, what: &str) -> Result<Bytes, StoreError> {
    let length = record.len().checked_sub(4);
    let mut checksum = length.map(|length| record.split_off(length)).unwrap_or_default();
    let is_whole = checksum.try_get_u32().is_ok_and(|checksum| checksum == crc32fast::hash(&record));
    if is_whole || crate::faults::has(crate::faults::Bug::SkippedChecksum) {
        return Ok(record);
    }
    Err(StoreError::corrupt(format!("the checksum of {what} does not hold")))
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
    use crate::memory::half;
    use crate::slot::lane;
    use crate::store::{RedbStore, Store, Table};

    fn delivery() -> Delivery {
        let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}},{"status":{"id":"3"}},{"status":{"id":"4"}}]}"#;
        let mut delivery = Delivery::restore("shop", body, 10).unwrap();
        delivery.retain(|event| event.index() != 1);
        delivery
    }

    #[test]
    fn the_events_that_are_in_the_inbox_are_found_again() {
        let (one, other) = (delivery(), delivery());
        let batch = Batch(vec![Arc::new(Stored::new(one.clone())), Arc::new(Stored::new(other.clone()))]);
        let read = Batch::read(batch.write()).unwrap();
        for (slot, expected) in one.events().iter().chain(other.events()).enumerate() {
            let (stored, place) = read.find(slot as u32).unwrap();
            let event = stored.event(place).unwrap();
            assert_eq!(event.raw(), expected.raw(), "slot {slot}");
            assert_eq!(event.delivery_key(), expected.delivery_key(), "slot {slot}");
            assert_eq!(event.index(), expected.index());
        }
        assert!(read.find(4).is_none());
    }

    #[test]
    fn every_flipped_bit_of_every_record_is_noticed() {
        let stored = Batch(vec![Arc::new(Stored::new(delivery()))]).write();
        let slots = vec![Slot { state: State::Waiting { until: 9 }, attempts: 2, lane: 7 }];
        let progress = Progress { stored_at: 1, bytes: 5, slots }.write();
        let keys = Keys { stored_at: 1, keys: vec![[3; HALF]; 2] }.write();
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
    fn progress_and_keys_are_read_as_they_were_written() {
        let states = [State::Ready, State::Waiting { until: 9 }, State::Dead { since: 8 }, State::Done { since: 7 }];
        let slots: Vec<_> = states.into_iter().map(|state| Slot { state, attempts: 3, lane: 4 }).collect();
        let read = Progress::read(Progress { stored_at: 1, bytes: 2, slots: slots.clone() }.write()).unwrap();
        assert_eq!((read.stored_at, read.bytes, read.slots), (1, 2, slots));
        let read = Keys::read(Keys { stored_at: 5, keys: vec![[1; HALF], [2; HALF]] }.write()).unwrap();
        assert_eq!((read.stored_at, read.keys), (5, vec![[1; HALF], [2; HALF]]));
        assert_eq!(read_number(write_number(u64::MAX)).unwrap(), u64::MAX);
    }

    /// The records in the folder that version 0.1 wrote.
    fn golden() -> HashMap<(Table, u64), Bytes> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("inbox.redb");
        std::fs::write(&file, include_bytes!("../tests/golden/inbox-0.1/inbox.redb")).unwrap();
        let (store, mut records) = (RedbStore::open(&file).unwrap(), HashMap::new());
        for table in Table::ALL {
            store.scan(table, 0, &mut |key, record| records.insert((table, key), record).is_none()).unwrap();
        }
        records
    }

    fn golden_delivery(batch: u64) -> Delivery {
        let body = include_str!("../tests/golden/bodies.jsonl").lines().nth(batch as usize).unwrap();
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
        let lane = lane("shop", Some("2001"));
        let times = [1_795_426_201_000, 1_795_426_203_000];
        let slots = vec![
            Slot { state: State::Done { since: times[1] }, attempts: 1, lane },
            Slot { state: State::Dead { since: times[1] }, attempts: 1, lane },
            Slot { state: State::Ready, attempts: 1, lane },
        ];
        let first = Progress { stored_at: times[0], bytes: 256, slots };
        assert_eq!(first.write(), golden[&(Table::Progress, 1)]);
        let slots = vec![Slot { state: State::Waiting { until: times[1] + 3_600_000 }, attempts: 1, lane }];
        let second = Progress { stored_at: times[0] + 1000, bytes: 228, slots };
        assert_eq!(second.write(), golden[&(Table::Progress, 2)]);
    }

    #[test]
    fn keys_and_numbers_are_written_as_version_0_1_wrote_them() {
        let golden = golden();
        for number in 0..6 {
            let delivery = golden_delivery(number);
            let new = delivery.events().iter().filter(|event| number != 5 || event.index() == 1);
            let keys = new.map(|event| half(&event.delivery_key())).collect();
            let written = Keys { stored_at: 1_795_426_200_000 + 1000 * number, keys }.write();
            assert_eq!(written, golden[&(Table::Keys, number)], "batch {number}");
        }
        for (name, value) in [(ABOUT_FORMAT, 1), (ABOUT_NEXT, 6), (ABOUT_TIME, 1_795_426_203_000)] {
            assert_eq!(write_number(value), golden[&(Table::About, name)], "{name}");
        }
    }

    #[test]
    fn a_body_in_which_another_number_of_events_is_found_loses_none() {
        let stored = Stored { events: 2, ..Stored::new(delivery()).cleared() };
        let stored = Stored { body: delivery().body().clone().into_bytes(), ..stored };
        assert_eq!(stored.event(0).unwrap().body(), delivery().body(), "all of it, as one that is not known");
        assert_eq!(stored.event(1).unwrap().raw(), delivery().body());
    }
}
