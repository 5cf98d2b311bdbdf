//! The work of one commit.

use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::EventId;
use crate::command::{Answer, Command, ToStore};
use crate::contents::Contents;
use crate::desk::{Granted, Shared};
use crate::index::{Entry, Outcome};
use crate::list::{EventQuery, EventStatus, ListedEvent};
use crate::memory::Half;
use crate::options::InboxSettings;
use crate::prepared::{Prepared, Promise};
use crate::record::{ABOUT_FORMAT, ABOUT_NEXT, ABOUT_TIME, Batch, Keys, Progress, Stored, write_number};
use crate::slot::{Slot, State, lane};
use crate::space;
use crate::store::{Change, FORMAT, Store, StoreError, Table};

/// Applies commands to the state in memory and collects the changes to write.
pub(crate) struct Round<'a> {
    options: &'a InboxSettings,
    shared: &'a Shared,
    store: &'a dyn Store,
    contents: &'a mut Contents,
    now: u64,
    /// The batches stored in this commit, and the keys of their events.
    new: Vec<NewBatch>,
    taken: HashSet<Half>,
    first_stored: Option<u64>,
    prepared: Prepared,
    needs_room: bool,
}

/// Deliveries that are stored in one record.
#[derive(Default)]
struct NewBatch {
    deliveries: Vec<Arc<Stored>>,
    slots: Vec<Slot>,
    keys: Vec<Half>,
    size: usize,
}

/// The size limit of a record with several deliveries, in bytes. redb stores a record in a page
/// whose size is a power of two, and a record of this size fills one.
const BATCH: usize = (64 << 10) - 128;

/// The limits of one commit: records of old keys, batches with unneeded bodies, and batches of a
/// purge.
const KEYS_STEP: usize = 32;
const TIDY_STEP: usize = 4;
const PURGE_STEP: usize = 64;

/// The delay before unneeded bodies are deleted while the rest of their batch is needed, in ms.
const LITTER: u64 = 60_000;

/// The delay between two attempts to get space back from the store, in milliseconds.
const RECLAIM: u64 = 60_000;

impl<'a> Round<'a> {
    pub(crate) fn new(
        options: &'a InboxSettings,
        shared: &'a Shared,
        store: &'a dyn Store,
        contents: &'a mut Contents,
        now: u64,
    ) -> Self {
        Self {
            options,
            shared,
            store,
            contents,
            now,
            new: Vec::new(),
            taken: HashSet::new(),
            first_stored: None,
            prepared: Prepared::default(),
            needs_room: false,
        }
    }

    /// Checks whether there is space for deliveries, and whether the store should free unused
    /// space.
    pub(crate) fn look_for_room(&mut self, folder: &Path) {
        let is_low = space::free(folder).is_ok_and(|free| free < self.options.free_space);
        self.contents.is_full = is_low || self.contents.bytes() >= self.options.size_limit;
        if is_low && self.now.saturating_sub(self.contents.reclaimed_at) >= RECLAIM {
            let unused = self.store.size().unwrap_or(0).saturating_sub(2 * self.contents.bytes());
            self.needs_room = unused > 0;
            self.contents.reclaimed_at = self.now;
        }
    }

    pub(crate) fn carry_out(&mut self, command: Command) {
        match command {
            Command::Store(to_store) => self.store_delivery(to_store),
            Command::Settle { id, token, outcome, done } => {
                let is_open = self.contents.index.slot(id).is_some_and(|slot| !slot.is_done());
                self.prepared.acknowledged += u64::from(is_open && matches!(outcome, Outcome::Acknowledged));
                let is_held = self.contents.index.settle(id, token, outcome, self.now);
                self.prepared.promise(Promise::Settled { id, token, outcome, is_held, done });
            }
            Command::List(query, answer) => {
                let listed = self.list(&query);
                self.prepared.promise(Promise::ListedEvent(query, listed, answer));
            }
            Command::Requeue(ids, done) => {
                let count = ids.iter().filter(|id| self.contents.index.requeue(**id)).count();
                self.prepared.promise(Promise::Requeued(ids, count, done));
            }
            Command::Discard(ids, done) => {
                let now = self.now;
                let count = ids.iter().filter(|id| self.contents.index.discard(**id, now)).count();
                self.prepared.promise(Promise::Discarded(ids, count, done));
            }
            Command::Purge { subscriber, from, removed, done } => self.purge(subscriber, from, removed, done),
            // Handled by the committer.
            Command::Take(_) | Command::Verify(_) | Command::Close { .. } => {}
        }
    }

    fn store_delivery(&mut self, ToStore { mut stored, mut events, done, room }: ToStore) {
        if self.contents.is_full {
            return self.prepared.promise(Promise::Refused(done));
        }
        // The key may have been stored since the request was checked, or may occur twice in this
        // commit.
        let mut is_new = |key: &Half| !self.shared.memory.holds(key) && self.taken.insert(*key);
        let new: Vec<_> = events.iter().map(|(_, key)| is_new(key)).collect();
        if new.contains(&false) {
            let mut places = new.iter();
            events.retain(|_| places.next() == Some(&true));
            stored.retain(&new);
        }
        if !events.is_empty() {
            let mut batch = self.new.pop_if(|batch| batch.size + stored.size() <= BATCH).unwrap_or_default();
            batch.size += stored.size();
            batch.slots.extend(events.iter().map(|(slot, _)| *slot));
            batch.keys.extend(events.iter().map(|(_, key)| *key));
            batch.deliveries.push(Arc::new(stored));
            self.new.push(batch);
        }
        self.prepared.promise(Promise::Stored { done, room });
    }

    /// Writes new batches, ends expired leases and due waits, and cleans up a little.
    pub(crate) fn keep_time(&mut self) {
        self.append();
        self.contents.index.advance(self.now);
        self.forget_old_keys();
        self.tidy();
    }

    /// Creates the records of all new batches.
    fn append(&mut self) {
        for NewBatch { deliveries, slots, keys, .. } in std::mem::take(&mut self.new) {
            let number = self.contents.next;
            self.contents.next += 1;
            self.prepared.events += slots.len();
            self.prepared.remember.extend_from_slice(&keys);
            self.contents.remembered += keys.len();
            let batch = Batch(deliveries);
            self.write(Table::Deliveries, number, batch.write());
            self.write(Table::Keys, number, Keys { stored_at: self.now, keys }.write());
            let progress = Progress { stored_at: self.now, bytes: batch.bytes() as u64, slots };
            self.write(Table::Progress, number, progress.write());
            self.contents.index.add(number, progress);
            self.contents.cache.put(number, Arc::new(batch));
            self.contents.oldest_keys.get_or_insert((number, self.now));
            if number == 0 {
                self.write(Table::About, ABOUT_FORMAT, write_number(u64::from(FORMAT)));
            }
            self.first_stored.get_or_insert(number);
            self.prepared.stored = Some(number);
        }
        if self.prepared.stored.is_some() {
            self.write(Table::About, ABOUT_NEXT, write_number(self.contents.next));
        }
    }

    fn forget_old_keys(&mut self) {
        self.contents.has_more_to_clear = false;
        for _ in 0..KEYS_STEP {
            let Some((number, stored_at)) = self.contents.oldest_keys else { return };
            if stored_at.saturating_add(self.options.horizon) > self.now {
                return;
            }
            let Ok(Some(record)) = self.store.get(Table::Keys, number) else { return };
            let Ok(Keys { keys, .. }) = Keys::read(record) else { return };
            self.prepared.changes.push(Change { table: Table::Keys, key: number, value: None });
            self.contents.remembered = self.contents.remembered.saturating_sub(keys.len());
            self.prepared.forget.extend(keys);
            // After the records on disk come those of this commit.
            let stored = self.first_stored.filter(|stored| *stored > number).map(|stored| (stored, self.now));
            self.contents.oldest_keys = self.first_keys_behind(number).or(stored);
        }
        self.contents.has_more_to_clear = true;
    }

    fn first_keys_behind(&self, number: u64) -> Option<(u64, u64)> {
        let mut first = None;
        let found = self.store.scan(Table::Keys, number + 1, &mut |number, record| {
            first = Keys::read(record).ok().map(|keys| (number, keys.stored_at));
            false
        });
        found.ok().and(first)
    }

    /// Deletes the records of settled batches, and the unneeded bodies of the others.
    fn tidy(&mut self) {
        let keep = self.options.keep.unwrap_or(0);
        let Some(then) = self.now.checked_sub(LITTER.max(keep)) else { return };
        for _ in 0..TIDY_STEP {
            let Some(number) = self.contents.index.littered_before(then) else { return };
            let done_since = self.contents.index.entry(number).filter(|entry| entry.is_done()).map(Entry::done_since);
            match done_since {
                Some(since) if since.saturating_add(keep) <= self.now => self.remove(number),
                Some(since) => self.contents.index.tidied(number, Some(since.max(then + 1))),
                None => {
                    let now = self.now;
                    let is_over = |since: u64| since.saturating_add(keep) <= now;
                    self.clear_bodies(number, |_, slot| matches!(slot.state, State::Done { since } if is_over(since)));
                }
            }
        }
        self.contents.has_more_to_clear = true;
    }

    fn remove(&mut self, number: u64) {
        self.contents.index.remove(number);
        self.contents.cache.remove(number);
        for table in [Table::Deliveries, Table::Progress] {
            self.prepared.changes.push(Change { table, key: number, value: None });
        }
    }

    /// Rewrites a batch without the bodies of those deliveries for whose events `is_over` always
    /// returns true. Its first argument is the delivery's index in the batch.
    fn clear_bodies(&mut self, number: u64, is_over: impl Fn(usize, &Slot) -> bool) {
        let Ok(batch) = self.contents.batch(self.store, number) else {
            // The error is reported when the batch is needed.
            return self.contents.index.tidied(number, Some(self.now));
        };
        let Some(entry) = self.contents.index.entry(number) else { return };
        let mut rest = &*entry.progress.slots;
        let mut is_changed = false;
        // A settled batch is deleted as a whole later.
        let mut is_tidy = !entry.is_done();
        let deliveries = batch.0.iter().enumerate().map(|(place, stored)| {
            let (slots, others) = rest.split_at(stored.positions.len().min(rest.len()));
            rest = others;
            let is_needless = stored.body.is_empty() || slots.iter().all(|slot| is_over(place, slot));
            is_tidy &= is_needless || !slots.iter().any(Slot::is_done);
            if !is_needless || stored.body.is_empty() {
                return Arc::clone(stored);
            }
            is_changed = true;
            Arc::new(stored.cleared())
        });
        let cleared = Batch(deliveries.collect());
        if is_changed {
            self.contents.index.shrunk(number, cleared.bytes() as u64);
            self.write(Table::Deliveries, number, cleared.write());
            self.contents.cache.put(number, Arc::new(cleared));
        }
        self.contents.index.tidied(number, (!is_tidy).then_some(self.now));
    }

    /// Leases events to waiting consumers.
    pub(crate) fn grant(&mut self, takers: &mut VecDeque<oneshot::Sender<Granted>>) {
        while let Some(taker) = takers.pop_front() {
            if taker.is_closed() {
                continue;
            }
            let Some((id, attempts, token)) = self.contents.index.take(self.now, self.options.lease) else {
                takers.push_front(taker);
                return;
            };
            let batch = self.contents.batch(self.store, id.batch);
            match batch.as_ref().ok().and_then(|batch| batch.find(id.slot)) {
                Some((stored, place)) => {
                    let at = Instant::now();
                    let granted = Granted { id, token, attempts, at, stored: Arc::clone(stored), place };
                    self.prepared.grants.push((taker, granted));
                }
                // The record was readable at opening, so the disk has failed since. The event fails
                // until it is a dead letter.
                None => {
                    self.contents.index.settle(id, token, Outcome::Failed(None), self.now);
                    takers.push_front(taker);
                }
            }
        }
    }

    fn list(&mut self, query: &EventQuery) -> Result<Vec<ListedEvent>, StoreError> {
        let mut listed = Vec::new();
        let mut from = query.after.map_or(0, |id| id.batch);
        loop {
            let Some((number, entry)) = self.contents.index.entries(from).next() else { return Ok(listed) };
            from = number.saturating_add(1);
            let stored_at = i64::try_from(entry.progress.stored_at).unwrap_or(i64::MAX);
            let fits = |slot: &Slot| query.status.is_none_or(|status| status == EventStatus::of(slot.state));
            let chosen: Vec<_> = (0..)
                .zip(&entry.progress.slots)
                .map(|(slot, state)| (EventId { batch: number, slot }, *state))
                .filter(|(id, slot)| query.after.is_none_or(|after| *id > after) && fits(slot))
                .collect();
            if chosen.is_empty() {
                continue;
            }
            let batch = self.contents.batch(self.store, number)?;
            for (id, slot) in chosen {
                if listed.len() >= query.limit {
                    return Ok(listed);
                }
                let (stored, place) = batch.find(id.slot).ok_or_else(|| StoreError::differing(number))?;
                let event = stored.look(place, slot.is_done());
                listed.extend(event.map(|event| ListedEvent {
                    id,
                    status: EventStatus::of(slot.state),
                    attempts: slot.attempts,
                    stored_at: birdhook_core::Timestamp::from_millis(stored_at),
                    event,
                }));
            }
        }
    }

    fn purge(&mut self, subscriber: String, from: u64, removed: usize, done: Answer<Result<usize, StoreError>>) {
        let step: Vec<u64> = self.contents.index.entries(from).take(PURGE_STEP).map(|(number, _)| number).collect();
        let mut count = removed;
        for number in &step {
            let batch = match self.contents.batch(self.store, *number) {
                Ok(batch) => batch,
                Err(error) => {
                    let _ = done.send(Err(error));
                    return;
                }
            };
            let mut theirs = HashSet::new();
            let mut slot = 0;
            for (delivery, stored) in batch.0.iter().enumerate() {
                for place in 0..stored.positions.len() {
                    let id = EventId { batch: *number, slot };
                    slot += 1;
                    let Some(slot) = self.contents.index.slot(id) else { continue };
                    let is_theirs = match stored.look(place, slot.is_done()) {
                        Some(Ok(event)) => event.subscriber() == Some(&subscriber),
                        // The lane is the only link to the subscriber that is left.
                        Some(Err(_)) => slot.lane == lane(&stored.app, Some(&subscriber)),
                        None => false,
                    };
                    if is_theirs {
                        self.contents.index.discard(id, self.now);
                        theirs.insert(delivery);
                        count += 1;
                    }
                }
            }
            if !theirs.is_empty() {
                self.clear_bodies(*number, |delivery, slot| theirs.contains(&delivery) && slot.is_done());
            }
        }
        let further = step.last().map(|last| last + 1);
        self.prepared.promise(Promise::Purged { subscriber, from, removed, count, further, done });
    }

    fn write(&mut self, table: Table, key: u64, value: Bytes) {
        self.prepared.changes.push(Change { table, key, value: Some(value) });
    }

    /// Returns what to write and reply, and whether the store should free space first.
    pub(crate) fn finish(mut self) -> (Prepared, bool) {
        for number in self.contents.index.take_dirty() {
            let Some(entry) = self.contents.index.entry(number) else { continue };
            if entry.is_done() && self.options.keep.is_none() {
                self.remove(number);
            } else {
                let record = entry.progress.write();
                self.write(Table::Progress, number, record);
            }
        }
        // New batches contain their time, so no separate record is needed.
        if self.first_stored.is_none() && !self.prepared.changes.is_empty() {
            self.write(Table::About, ABOUT_TIME, write_number(self.now));
        }
        (self.prepared, self.needs_room)
    }
}
