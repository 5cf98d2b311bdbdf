//! The events of the inbox, indexed by state. Does no I/O; time is an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::config::order::{Order, Retry};
use crate::id::EventId;
use crate::storage::entry::{Entry, EntryState};
use crate::storage::record::Progress;
use crate::writer::command::LeaseOutcome;

/// All batches with an event that is not settled, or that is kept.
#[derive(Debug, Default)]
pub(crate) struct Index {
    order: Order,
    retry: Retry,
    batches: BTreeMap<u64, IndexedBatch>,
    /// Events that can be leased now.
    ready: BTreeSet<EventId>,
    /// Events that wait for a retry, and leased events, by the time at which that ends.
    waiting: BTreeSet<(u64, EventId)>,
    leased: BTreeSet<(u64, EventId)>,
    pub(crate) dead: BTreeSet<EventId>,
    /// With [`Order::BySubscriber`], the events of each subscriber.
    queues: HashMap<u32, Queue>,
    /// Batches with events that are neither settled nor dead letters.
    open: BTreeSet<u64>,
    /// Batches that may hold bodies no longer needed, by the time of their last check.
    clearable: BTreeSet<(u64, u64)>,
    /// Batches whose progress record must be written.
    dirty: BTreeSet<u64>,
    last_token: u64,
    /// The size of all deliveries.
    pub(crate) bytes: u64,
    unsettled: usize,
}

#[derive(Debug)]
pub(crate) struct IndexedBatch {
    pub(crate) progress: Progress,
    /// Events that are neither settled nor dead letters.
    open: usize,
    /// Events that are not settled, dead letters included.
    kept: usize,
    /// Since when it may hold bodies no longer needed, or when that was last checked.
    clearable_since: Option<u64>,
}

#[derive(Debug, Default)]
struct Queue {
    /// Events that are neither settled nor dead letters.
    open: BTreeSet<EventId>,
    /// The number of them that are leased: at most 1, except after dead letters were requeued.
    leased: usize,
    /// The event that can be leased now.
    next: Option<EventId>,
}

impl Index {
    pub(crate) fn new(order: Order, retry: Retry) -> Self {
        Self { order, retry, ..Self::default() }
    }

    /// Adds a batch of new events, or of events read from the store.
    pub(crate) fn add(&mut self, batch: u64, progress: Progress) {
        let entries = progress.entries.clone();
        self.bytes += progress.bytes;
        let kept = entries.iter().filter(|entry| !entry.is_done()).count();
        let clearable_since = (kept < entries.len()).then_some(0);
        self.clearable.extend(clearable_since.map(|at| (at, batch)));
        self.batches.insert(batch, IndexedBatch { progress, open: 0, kept, clearable_since });
        for (entry, index) in entries.iter().zip(0..) {
            let id = EventId { batch, index };
            match entry.state {
                EntryState::Dead { .. } => _ = self.dead.insert(id),
                EntryState::Done { .. } => {}
                state => {
                    self.add_open(id, entry.ordering_key);
                    match state {
                        EntryState::Waiting { until } => _ = self.waiting.insert((until, id)),
                        _ => _ = self.ready.insert(id),
                    }
                    self.update_queue(id, entry.ordering_key);
                }
            }
        }
    }

    /// Takes over the in-memory state of an earlier index whose last commit failed: its leases,
    /// which are still valid, and the failures of that commit, so that those events are not retried
    /// at once.
    pub(crate) fn adopt(&mut self, earlier: &Self) {
        self.last_token = self.last_token.max(earlier.last_token);
        let timed = earlier.leased.iter().chain(&earlier.waiting).map(|(_, id)| id);
        for id in timed.chain(&earlier.dead) {
            let (Some(old), Some(new)) = (earlier.entry(*id).copied(), self.entry_mut(*id)) else { continue };
            if new.state == EntryState::Ready {
                new.attempts = new.attempts.max(old.attempts);
                self.change(*id, old.state);
            }
        }
    }

    /// Ends expired leases and due waits. Returns the number of events that became dead letters.
    pub(crate) fn advance(&mut self, now: u64) -> usize {
        let mut dead = 0;
        while let Some((_, id)) = self.waiting.first().copied().filter(|(until, _)| *until <= now) {
            self.change(id, EntryState::Ready);
        }
        while let Some((_, id)) = self.leased.first().copied().filter(|(until, _)| *until <= now) {
            dead += usize::from(self.fail(id, None, now));
        }
        dead
    }

    /// Returns when [`advance`](Self::advance) next has something to do.
    pub(crate) fn next_change(&self) -> Option<u64> {
        self.waiting.iter().next().into_iter().chain(self.leased.iter().next()).map(|(until, _)| *until).min()
    }

    /// Leases the oldest available event and counts the attempt.
    pub(crate) fn lease(&mut self, now: u64, length: u64) -> Option<(EventId, u32, u64)> {
        let id = *self.ready.first()?;
        self.last_token += 1;
        let token = self.last_token;
        let entry = self.entry_mut(id)?;
        entry.attempts = entry.attempts.saturating_add(1);
        let attempts = entry.attempts;
        self.change(id, EntryState::Leased { until: now.saturating_add(length), token });
        Some((id, attempts, token))
    }

    /// Settles a leased event. Returns whether the lease was still valid. A late acknowledgement
    /// counts, because the work is done; other late outcomes are ignored.
    pub(crate) fn settle(&mut self, id: EventId, token: u64, outcome: LeaseOutcome, now: u64) -> bool {
        let Some(entry) = self.entry(id) else { return false };
        let is_held = matches!(entry.state, EntryState::Leased { token: current, .. } if current == token);
        match outcome {
            LeaseOutcome::Acknowledged if !entry.is_done() => self.change(id, EntryState::Done { since: now }),
            LeaseOutcome::Failed(after) if is_held => _ = self.fail(id, after, now),
            LeaseOutcome::Rejected if is_held => self.change(id, EntryState::Dead { since: now }),
            LeaseOutcome::Released if is_held => {
                if let Some(entry) = self.entry_mut(id) {
                    entry.attempts = entry.attempts.saturating_sub(1);
                }
                self.change(id, EntryState::Ready);
            }
            LeaseOutcome::Extended(by) if is_held => {
                // Not through `change`: a lease is not stored, so no record has to be written.
                let until = now.saturating_add(by);
                if let Some(entry) = self.entry_mut(id) {
                    let before = std::mem::replace(&mut entry.state, EntryState::Leased { until, token });
                    self.remove_from_lists(id, before);
                    self.leased.insert((until, id));
                }
            }
            _ => {}
        }
        is_held
    }

    fn fail(&mut self, id: EventId, after: Option<u64>, now: u64) -> bool {
        let attempts = self.entry(id).map_or(0, |entry| entry.attempts);
        let is_dead = attempts >= self.retry.attempts;
        let until = now.saturating_add(after.unwrap_or_else(|| self.retry.pause_after(attempts)));
        self.change(id, if is_dead { EntryState::Dead { since: now } } else { EntryState::Waiting { until } });
        is_dead
    }

    /// Puts a dead letter back into the queue and resets its attempts to 0.
    pub(crate) fn requeue(&mut self, id: EventId) -> bool {
        if !self.dead.contains(&id) {
            return false;
        }
        if let Some(entry) = self.entry_mut(id) {
            entry.attempts = 0;
        }
        self.change(id, EntryState::Ready);
        true
    }

    /// Settles an event in any state.
    pub(crate) fn discard(&mut self, id: EventId, now: u64) -> bool {
        let is_there = self.entry(id).is_some_and(|entry| !entry.is_done());
        if is_there {
            self.change(id, EntryState::Done { since: now });
        }
        is_there
    }

    /// Removes a batch whose events are all settled.
    pub(crate) fn remove(&mut self, number: u64) {
        self.set_clearable(number, None);
        if let Some(batch) = self.batches.remove(&number) {
            self.bytes -= batch.progress.bytes;
        }
        self.dirty.remove(&number);
    }

    /// Returns the batch whose check for unneeded bodies is the oldest, if that check was not after
    /// `time`.
    pub(crate) fn clearable_before(&self, time: u64) -> Option<u64> {
        self.clearable.first().filter(|(at, _)| *at <= time).map(|(_, number)| *number)
    }

    /// Records a check of a batch. The delay until the next check counts from `since`; `None` if
    /// the batch holds nothing unneeded.
    pub(crate) fn set_clearable(&mut self, number: u64, since: Option<u64>) {
        let Some(batch) = self.batches.get_mut(&number) else { return };
        if let Some(before) = std::mem::replace(&mut batch.clearable_since, since) {
            self.clearable.remove(&(before, number));
        }
        self.clearable.extend(since.map(|at| (at, number)));
    }

    /// Records the smaller size of a batch's deliveries.
    pub(crate) fn set_bytes(&mut self, number: u64, bytes: u64) {
        if let Some(batch) = self.batches.get_mut(&number) {
            self.bytes = self.bytes - batch.progress.bytes + bytes;
            batch.progress.bytes = bytes;
            self.dirty.insert(number);
        }
    }

    /// Returns the batches changed since the last call.
    pub(crate) fn take_dirty(&mut self) -> BTreeSet<u64> {
        std::mem::take(&mut self.dirty)
    }

    pub(crate) fn batch(&self, number: u64) -> Option<&IndexedBatch> {
        self.batches.get(&number)
    }

    /// Returns the batches from number `from` on, oldest first.
    pub(crate) fn batches(&self, from: u64) -> impl Iterator<Item = (u64, &IndexedBatch)> {
        self.batches.range(from..).map(|(number, batch)| (*number, batch))
    }

    pub(crate) fn entry(&self, id: EventId) -> Option<&Entry> {
        self.batches.get(&id.batch)?.progress.entries.get(id.index as usize)
    }

    /// Returns the numbers of events that are neither settled nor dead letters, that are leased,
    /// and that wait for a retry.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (self.unsettled, self.leased.len(), self.waiting.len())
    }

    /// Returns when the oldest event was stored that is neither settled nor a dead letter.
    pub(crate) fn oldest(&self) -> Option<u64> {
        Some(self.batches.get(self.open.first()?)?.progress.stored_at)
    }

    fn entry_mut(&mut self, id: EventId) -> Option<&mut Entry> {
        self.batches.get_mut(&id.batch)?.progress.entries.get_mut(id.index as usize)
    }

    /// Changes an event's state and updates every list. Only extending a lease sets it elsewhere.
    fn change(&mut self, id: EventId, state: EntryState) {
        let Some(entry) = self.entry_mut(id) else { return };
        let before = std::mem::replace(&mut entry.state, state);
        let ordering_key = entry.ordering_key;
        self.dirty.insert(id.batch);
        self.remove_from_lists(id, before);
        let is_open = |state: &EntryState| !matches!(state, EntryState::Dead { .. } | EntryState::Done { .. });
        match (is_open(&before), is_open(&state)) {
            (false, true) => self.add_open(id, ordering_key),
            (true, false) => self.remove_open(id, ordering_key),
            _ => {}
        }
        if let Some(batch) = self.batches.get_mut(&id.batch) {
            match state {
                EntryState::Done { since } => {
                    batch.kept -= 1;
                    if batch.clearable_since.is_none() {
                        batch.clearable_since = Some(since);
                        self.clearable.insert((since, id.batch));
                    }
                }
                _ if matches!(before, EntryState::Done { .. }) => batch.kept += 1,
                _ => {}
            }
        }
        match state {
            EntryState::Ready => _ = self.ready.insert(id),
            EntryState::Waiting { until } => _ = self.waiting.insert((until, id)),
            EntryState::Leased { until, .. } => _ = self.leased.insert((until, id)),
            EntryState::Dead { .. } => _ = self.dead.insert(id),
            EntryState::Done { .. } => {}
        }
        if let Some(queue) = self.queues.get_mut(&ordering_key) {
            queue.leased += usize::from(matches!(state, EntryState::Leased { .. }));
            queue.leased -= usize::from(matches!(before, EntryState::Leased { .. }));
        }
        self.update_queue(id, ordering_key);
    }

    fn remove_from_lists(&mut self, id: EventId, before: EntryState) {
        match before {
            EntryState::Ready => _ = self.ready.remove(&id),
            EntryState::Waiting { until } => _ = self.waiting.remove(&(until, id)),
            EntryState::Leased { until, .. } => _ = self.leased.remove(&(until, id)),
            EntryState::Dead { .. } => _ = self.dead.remove(&id),
            EntryState::Done { .. } => {}
        }
    }

    fn add_open(&mut self, id: EventId, ordering_key: u32) {
        self.unsettled += 1;
        if let Some(batch) = self.batches.get_mut(&id.batch) {
            batch.open += 1;
            self.open.insert(id.batch);
        }
        if self.order == Order::BySubscriber {
            self.queues.entry(ordering_key).or_default().open.insert(id);
        }
    }

    fn remove_open(&mut self, id: EventId, ordering_key: u32) {
        self.unsettled -= 1;
        if let Some(batch) = self.batches.get_mut(&id.batch) {
            batch.open -= 1;
            if batch.open == 0 {
                self.open.remove(&id.batch);
            }
        }
        if let Some(queue) = self.queues.get_mut(&ordering_key) {
            queue.open.remove(&id);
        }
    }

    /// Updates which event of a subscriber can be leased: the first, and only while none is leased.
    /// `changed` is the event that just changed.
    fn update_queue(&mut self, changed: EventId, ordering_key: u32) {
        let Some(queue) = self.queues.get(&ordering_key) else { return };
        let first = queue.open.first().copied().filter(|_| queue.leased == 0);
        let next = first.filter(|id| self.entry(*id).is_some_and(|entry| entry.state == EntryState::Ready));
        self.ready.remove(&changed);
        let Some(queue) = self.queues.get_mut(&ordering_key) else { return };
        let before = std::mem::replace(&mut queue.next, next);
        if queue.open.is_empty() {
            self.queues.remove(&ordering_key);
        }
        before.iter().for_each(|id| _ = self.ready.remove(id));
        self.ready.extend(next);
    }
}

impl IndexedBatch {
    /// Returns whether all events are settled, so that the batch is only kept for reference.
    pub(crate) fn is_done(&self) -> bool {
        self.kept == 0
    }

    /// Returns when the last of its events was settled.
    pub(crate) fn done_since(&self) -> u64 {
        let times = self.progress.entries.iter().map(|entry| match entry.state {
            EntryState::Done { since } => since,
            _ => u64::MAX,
        });
        times.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
