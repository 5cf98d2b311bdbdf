//! The work of one commit.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use birdhook_core::Timestamp;
use bytes::Bytes;

use crate::admin::list::{EventQuery, EventStatus, ListedEvent};
use crate::config::settings::InboxSettings;
use crate::id::EventId;
use crate::seen_keys::KeyPrefix;
use crate::storage::entry::{Entry, EntryState, ordering_key};
use crate::storage::error::{FORMAT, StoreError};
use crate::storage::folder;
use crate::storage::record::{ABOUT_FORMAT, ABOUT_NEXT, ABOUT_TIME, Batch, Keys, Progress, Stored, write_number};
use crate::storage::redb::{Change, Store, Table};
use crate::writer::command::{Command, LeaseOutcome, ReplySender, StoreRequest};
use crate::writer::index::{Index, IndexedBatch, NewLease};
use crate::writer::prefetch::{Grant, Reports};
use crate::writer::shared::Shared;
use crate::writer::state::State;
use crate::writer::write_batch::{PendingReply, WriteBatch};

/// Applies commands to the state in memory and collects the changes to write.
pub(crate) struct Transaction<'a> {
    settings: &'a InboxSettings,
    shared: &'a Shared,
    store: &'a Store,
    state: &'a mut State,
    now: u64,
    /// The batches stored in this commit, and the keys of their events.
    new: Vec<NewBatch>,
    new_keys: HashSet<KeyPrefix>,
    first_stored: Option<u64>,
    batch: WriteBatch,
    needs_reclaim: bool,
}

/// Deliveries that are stored in one record.
#[derive(Default)]
struct NewBatch {
    deliveries: Vec<Arc<Stored>>,
    entries: Vec<Entry>,
    keys: Vec<KeyPrefix>,
    size: usize,
}

/// The size limit of a record with several deliveries, in bytes. redb stores a record in a page
/// whose size is a power of two, and a record of this size fills one.
const BATCH: usize = (64 << 10) - 128;

/// The limits of one commit: records of old keys, batches with unneeded bodies, and batches of a
/// purge.
const KEYS_STEP: usize = 32;
const CLEAR_STEP: usize = 4;
const PURGE_STEP: usize = 64;

/// The size limit of all prefetched events, in bytes.
const PREFETCH_BYTES: usize = 4 << 20;

/// The delay before unneeded bodies are deleted while the rest of their batch is needed, in ms.
const CLEAR_DELAY: u64 = 60_000;

/// The delay between two attempts to get space back from the store, in milliseconds.
const RECLAIM: u64 = 60_000;

impl<'a> Transaction<'a> {
    pub(crate) fn new(
        settings: &'a InboxSettings,
        shared: &'a Shared,
        store: &'a Store,
        state: &'a mut State,
        now: u64,
    ) -> Self {
        Self {
            settings,
            shared,
            store,
            state,
            now,
            new: Vec::new(),
            new_keys: HashSet::new(),
            first_stored: None,
            batch: WriteBatch::default(),
            needs_reclaim: false,
        }
    }

    /// Applies what consumers did since the last commit.
    pub(crate) fn apply_reports(&mut self, Reports { received, acks }: Reports) {
        for (NewLease { id, token, .. }, at) in received {
            self.state.index.receive(id, token, at, self.settings.lease);
        }
        let outcome = LeaseOutcome::Acknowledged;
        acks.into_iter().for_each(|(id, token)| self.apply(Command::Settle { id, token, outcome, done: None }));
        if self.settings.keep.is_none() {
            // Makes space for the deliveries of this commit.
            self.state.index.dirty_and_done().into_iter().for_each(|number| self.remove(number));
        }
    }

    /// Checks whether there is space for deliveries, and whether the store should free unused
    /// space.
    pub(crate) fn check_space(&mut self, folder: &Path) {
        let is_low = folder::free_space(folder).is_ok_and(|free| free < self.settings.free_space);
        self.state.is_full = is_low || self.state.bytes() >= self.settings.size_limit;
        if is_low && self.now.saturating_sub(self.state.reclaimed_at) >= RECLAIM {
            let unused = self.store.size().unwrap_or(0).saturating_sub(2 * self.state.bytes());
            self.needs_reclaim = unused > 0;
            self.state.reclaimed_at = self.now;
        }
    }

    pub(crate) fn apply(&mut self, command: Command) {
        match command {
            Command::Store(request) => self.store_delivery(request),
            Command::Settle { id, token, outcome, done } => {
                let is_open = self.state.index.entry(id).is_some_and(|entry| !entry.is_done());
                self.batch.acknowledged += u64::from(is_open && matches!(outcome, LeaseOutcome::Acknowledged));
                let is_held = self.state.index.settle(id, token, outcome, self.now);
                self.batch.replies.push(PendingReply::Settled { id, token, outcome, is_held, done });
            }
            Command::Flush(done) => self.batch.replies.push(PendingReply::Flushed(done)),
            Command::List(query, done) => {
                let listed = self.list(&query);
                self.batch.replies.push(PendingReply::Listed(query, listed, done));
            }
            Command::Requeue(ids, done) => {
                let count = ids.iter().filter(|id| self.state.index.requeue(**id)).count();
                self.batch.replies.push(PendingReply::Requeued(ids, count, done));
            }
            Command::Discard(ids, done) => {
                let now = self.now;
                let count = ids.iter().filter(|id| self.state.index.discard(**id, now)).count();
                self.batch.replies.push(PendingReply::Discarded(ids, count, done));
            }
            Command::Purge { subscriber, from, removed, done } => self.purge(subscriber, from, removed, done),
            // Handled by the writer.
            Command::Wake | Command::Verify(_) | Command::Backup(..) | Command::Close { .. } => {}
        }
    }

    fn store_delivery(&mut self, StoreRequest { mut stored, mut events, done, memory }: StoreRequest) {
        if self.state.is_full {
            return self.batch.replies.push(PendingReply::Refused(done));
        }
        // The key may have been stored since the request was checked, or may occur twice in this
        // commit.
        let mut is_new = |key: &KeyPrefix| !self.shared.seen_keys.contains(key) && self.new_keys.insert(*key);
        let new: Vec<_> = events.iter().map(|(_, key)| is_new(key)).collect();
        if new.contains(&false) {
            let mut flags = new.iter();
            events.retain(|_| flags.next() == Some(&true));
            stored.retain(&new);
        }
        if !events.is_empty() {
            let mut batch = self.new.pop_if(|batch| batch.size + stored.size() <= BATCH).unwrap_or_default();
            batch.size += stored.size();
            batch.entries.extend(events.iter().map(|(entry, _)| *entry));
            batch.keys.extend(events.iter().map(|(_, key)| *key));
            batch.deliveries.push(Arc::new(stored));
            self.new.push(batch);
        }
        self.batch.replies.push(PendingReply::Stored { done, memory });
    }

    /// Writes new batches, ends expired leases and due waits, and cleans up a little.
    pub(crate) fn advance(&mut self) {
        self.write_new_batches();
        self.state.index.advance(self.now);
        self.forget_old_keys();
        self.clear_settled();
    }

    /// Creates the records of all new batches.
    fn write_new_batches(&mut self) {
        for NewBatch { deliveries, entries, keys, .. } in std::mem::take(&mut self.new) {
            let number = self.state.next;
            self.state.next += 1;
            self.batch.events += entries.len();
            self.batch.remember.extend_from_slice(&keys);
            self.state.remembered += keys.len();
            let batch = Batch(deliveries);
            self.write(Table::Deliveries, number, batch.write());
            self.write(Table::Keys, number, Keys { stored_at: self.now, keys }.write());
            let progress = Progress { stored_at: self.now, bytes: batch.bytes() as u64, entries };
            self.write(Table::Progress, number, progress.write());
            self.state.index.add(number, progress);
            self.state.cache.put(number, Arc::new(batch));
            self.state.oldest_keys.get_or_insert((number, self.now));
            if number == 0 {
                self.write(Table::About, ABOUT_FORMAT, write_number(u64::from(FORMAT)));
            }
            self.first_stored.get_or_insert(number);
            self.batch.stored = Some(number);
        }
        if self.batch.stored.is_some() {
            self.write(Table::About, ABOUT_NEXT, write_number(self.state.next));
        }
    }

    fn forget_old_keys(&mut self) {
        self.state.has_more_to_clear = false;
        for _ in 0..KEYS_STEP {
            let Some((number, stored_at)) = self.state.oldest_keys else { return };
            if stored_at.saturating_add(self.settings.horizon) > self.now {
                return;
            }
            let Ok(Some(record)) = self.store.get(Table::Keys, number) else { return };
            let Ok(Keys { keys, .. }) = Keys::read(record) else { return };
            self.batch.changes.push(Change { table: Table::Keys, key: number, value: None });
            self.state.remembered = self.state.remembered.saturating_sub(keys.len());
            self.batch.forget.extend(keys);
            // After the records on disk come those of this commit.
            let stored = self.first_stored.filter(|stored| *stored > number).map(|stored| (stored, self.now));
            self.state.oldest_keys = self.first_keys_after(number).or(stored);
        }
        self.state.has_more_to_clear = true;
    }

    fn first_keys_after(&self, number: u64) -> Option<(u64, u64)> {
        let (number, record) = self.store.first(Table::Keys, number + 1).ok()??;
        Some((number, Keys::read(record).ok()?.stored_at))
    }

    /// Deletes the records of settled batches, and the unneeded bodies of the others.
    fn clear_settled(&mut self) {
        let keep = self.settings.keep.unwrap_or(0);
        let Some(time) = self.now.checked_sub(CLEAR_DELAY.max(keep)) else { return };
        for _ in 0..CLEAR_STEP {
            let Some(number) = self.state.index.clearable_before(time) else { return };
            let done = self.state.index.batch(number).filter(|batch| batch.is_done());
            match done.map(IndexedBatch::done_since) {
                Some(since) if since.saturating_add(keep) <= self.now => self.remove(number),
                Some(since) => self.state.index.set_clearable(number, Some(since.max(time + 1))),
                None => {
                    let until = self.now - keep;
                    self.clear_bodies(
                        number,
                        |_, entry| matches!(entry.state, EntryState::Done { since } if since <= until),
                    );
                }
            }
        }
        self.state.has_more_to_clear = true;
    }

    fn remove(&mut self, number: u64) {
        self.state.index.remove(number);
        self.state.cache.remove(number);
        for table in [Table::Deliveries, Table::Progress] {
            self.batch.changes.push(Change { table, key: number, value: None });
        }
    }

    /// Rewrites a batch without the bodies of those deliveries for whose events `is_unneeded` always
    /// returns true. Its first argument is the delivery's index in the batch.
    fn clear_bodies(&mut self, number: u64, is_unneeded: impl Fn(usize, &Entry) -> bool) {
        let Ok(batch) = self.state.batch(self.store, number) else {
            // The error is reported when the batch is needed.
            return self.state.index.set_clearable(number, Some(self.now));
        };
        let Some(indexed) = self.state.index.batch(number) else { return };
        let mut rest = &*indexed.progress.entries;
        let mut is_changed = false;
        // A settled batch is deleted as a whole later.
        let mut is_clear = !indexed.is_done();
        let deliveries = batch.0.iter().enumerate().map(|(index, stored)| {
            let (entries, others) = rest.split_at(stored.positions.len().min(rest.len()));
            rest = others;
            let can_clear = stored.body.is_empty() || entries.iter().all(|entry| is_unneeded(index, entry));
            is_clear &= can_clear || !entries.iter().any(Entry::is_done);
            if !can_clear || stored.body.is_empty() {
                return Arc::clone(stored);
            }
            is_changed = true;
            Arc::new(stored.cleared())
        });
        let cleared = Batch(deliveries.collect());
        if is_changed {
            self.state.index.set_bytes(number, cleared.bytes() as u64);
            self.write(Table::Deliveries, number, cleared.write());
            self.state.cache.put(number, Arc::new(cleared));
        }
        self.state.index.set_clearable(number, (!is_clear).then_some(self.now));
    }

    /// Takes back prefetched events that may not be delivered any more, or all. Their attempts do
    /// not count.
    pub(crate) fn recall(&mut self, all: bool) {
        let index = &mut self.state.index;
        let recalls = if all { index.all_prefetched() } else { index.recalls(self.now) };
        let ended = index.take_ended();
        for lease in self.shared.prefetch.recall(recalls, &ended) {
            self.state.index.settle(lease.id, lease.token, LeaseOutcome::Released, self.now);
        }
        // They are not in the buffer any more.
        self.state.index.take_ended();
    }

    /// Leases events to waiting consumers, and prefetches more while they are used.
    pub(crate) fn lease_events(&mut self) {
        let demand = self.shared.prefetch.demand();
        let mut bytes = demand.bytes;
        let mut prefetch = |transaction: &mut Self, next: fn(&mut Index, u64, u64) -> Option<NewLease>| {
            let size = if bytes < PREFETCH_BYTES { transaction.grant(next) } else { None };
            bytes += size.unwrap_or(0);
            size.is_some()
        };
        let mut waiting = demand.waiting;
        while waiting > 0 && self.grant(Index::lease).is_some() {
            waiting -= 1;
        }
        let most = if demand.is_used { self.settings.prefetch } else { 0 };
        let (mut available, mut following) = (demand.available, demand.following);
        while available + following < most && prefetch(self, Index::prefetch_ready) {
            available += 1;
        }
        // Leaves room for the events of other subscribers.
        while following < most.div_ceil(2) && available + following < most && prefetch(self, Index::prefetch_following)
        {
            following += 1;
        }
        self.batch.has_more = self.state.index.has_more();
        self.batch.has_blocked = self.state.index.is_blocked();
    }

    /// Leases an event, and returns the size of its delivery.
    fn grant(&mut self, next: fn(&mut Index, u64, u64) -> Option<NewLease>) -> Option<usize> {
        loop {
            let lease = next(&mut self.state.index, self.now, self.settings.lease)?;
            let batch = self.state.batch(self.store, lease.id.batch);
            if let Some((stored, index)) = batch.as_ref().ok().and_then(|batch| batch.find(lease.id.index)) {
                let size = stored.size();
                self.batch.grants.push(Grant { lease, stored: Arc::clone(stored), index });
                return Some(size);
            }
            // The record was readable at opening, so the disk has failed since. The event fails
            // until it is a dead letter.
            self.state.index.settle(lease.id, lease.token, LeaseOutcome::Failed(None), self.now);
        }
    }

    fn list(&mut self, query: &EventQuery) -> Result<Vec<ListedEvent>, StoreError> {
        let mut listed = Vec::new();
        let mut from = query.after.map_or(0, |id| id.batch);
        loop {
            let Some((number, indexed)) = self.state.index.batches(from).next() else { return Ok(listed) };
            from = number.saturating_add(1);
            let stored_at = i64::try_from(indexed.progress.stored_at).unwrap_or(i64::MAX);
            let fits = |entry: &Entry| query.status.is_none_or(|status| status == EventStatus::of(entry.state));
            let chosen: Vec<_> = (0..)
                .zip(&indexed.progress.entries)
                .map(|(index, entry)| (EventId { batch: number, index }, *entry))
                .filter(|(id, entry)| query.after.is_none_or(|after| *id > after) && fits(entry))
                .collect();
            if chosen.is_empty() {
                continue;
            }
            let batch = self.state.batch(self.store, number)?;
            for (id, entry) in chosen {
                if listed.len() >= query.limit {
                    return Ok(listed);
                }
                let (stored, index) = batch.find(id.index).ok_or_else(|| StoreError::event_count_differs(number))?;
                let event = stored.event_or_reason(index, entry.is_done());
                listed.extend(event.map(|event| ListedEvent {
                    id,
                    status: EventStatus::of(entry.state),
                    attempts: entry.counted_attempts(),
                    stored_at: Timestamp::from_millis(stored_at),
                    event,
                }));
            }
        }
    }

    fn purge(&mut self, subscriber: String, from: u64, removed: usize, done: ReplySender<Result<usize, StoreError>>) {
        let step: Vec<u64> = self.state.index.batches(from).take(PURGE_STEP).map(|(number, _)| number).collect();
        let mut count = removed;
        for number in &step {
            let batch = match self.state.batch(self.store, *number) {
                Ok(batch) => batch,
                Err(error) => return drop(done.send(Err(error))),
            };
            let mut theirs = HashSet::new();
            let mut index = 0;
            for (delivery, stored) in batch.0.iter().enumerate() {
                for nth in 0..stored.positions.len() {
                    let id = EventId { batch: *number, index };
                    index += 1;
                    let Some(entry) = self.state.index.entry(id) else { continue };
                    let is_theirs = match stored.event_or_reason(nth, entry.is_done()) {
                        Some(Ok(event)) => event.subscriber() == Some(&subscriber),
                        // Only the ordering key still identifies the subscriber.
                        Some(Err(_)) => entry.ordering_key == ordering_key(&stored.app, Some(&subscriber)),
                        None => false,
                    };
                    if is_theirs {
                        self.state.index.discard(id, self.now);
                        theirs.insert(delivery);
                        count += 1;
                    }
                }
            }
            if !theirs.is_empty() {
                self.clear_bodies(*number, |delivery, entry| theirs.contains(&delivery) && entry.is_done());
            }
        }
        let further = step.last().map(|last| last + 1);
        self.batch.replies.push(PendingReply::Purged { subscriber, from, removed, count, further, done });
    }

    fn write(&mut self, table: Table, key: u64, value: Bytes) {
        self.batch.changes.push(Change { table, key, value: Some(value) });
    }

    /// Returns what to write and reply, and whether the store should free space first.
    pub(crate) fn finish(mut self) -> (WriteBatch, bool) {
        for number in self.state.index.take_dirty() {
            let Some(indexed) = self.state.index.batch(number) else { continue };
            if indexed.is_done() && self.settings.keep.is_none() {
                self.remove(number);
            } else {
                let record = indexed.progress.write();
                self.write(Table::Progress, number, record);
            }
        }
        // New batches contain their time, so no separate record is needed.
        if self.first_stored.is_none() && !self.batch.changes.is_empty() {
            self.write(Table::About, ABOUT_TIME, write_number(self.now));
        }
        (self.batch, self.needs_reclaim)
    }
}
