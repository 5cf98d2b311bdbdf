//! The events of the inbox, indexed by state. Does no I/O; time is an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use crate::config::order::{Order, Retry};
use crate::faults::{self, Bug};
use crate::id::EventId;
use crate::storage::entry::{Entry, EntryState};
use crate::storage::record::Progress;
use crate::writer::command::LeaseOutcome;
use crate::writer::interrupted::Interrupted;

/// All batches with an event that is not settled, or that is kept.
#[derive(Debug, Default)]
pub(crate) struct Index {
    order: Order,
    retry: Retry,
    batches: BTreeMap<u64, IndexedBatch>,
    /// Events that can be leased now.
    ready: BTreeSet<EventId>,
    /// Events that can only be prefetched, because the one before them is leased or prefetched, by
    /// the number of prefetched events of their subscriber.
    following: BTreeSet<(usize, EventId)>,
    /// Events that wait for a retry, prefetched and leased events, by the time at which that ends.
    waiting: BTreeSet<(u64, EventId)>,
    prefetched: BTreeSet<(u64, EventId)>,
    leased: BTreeSet<(u64, EventId)>,
    pub(crate) dead: BTreeSet<EventId>,
    interrupted: Interrupted,
    /// With [`Order::BySubscriber`], the events of each subscriber.
    queues: HashMap<u32, Queue>,
    /// Subscribers with a prefetched event after one that is not.
    disordered: BTreeSet<u32>,
    /// Leases that ended since the last call of [`take_ended`](Self::take_ended).
    ended: Vec<EndedLease>,
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

/// The events of one subscriber that are neither settled nor dead letters.
#[derive(Debug, Default)]
struct Queue {
    /// Those that are neither leased nor prefetched.
    idle: BTreeSet<EventId>,
    prefetched: BTreeSet<EventId>,
    /// The number of leased ones: at most 1 once all acknowledgements are applied.
    leased: usize,
    /// The event that can be leased now, or prefetched only.
    next: Option<EventId>,
    follower: Option<(usize, EventId)>,
}

/// A new lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewLease {
    pub(crate) id: EventId,
    pub(crate) token: u64,
    pub(crate) attempts: u32,
    /// The key that orders the event, with [`Order::BySubscriber`].
    pub(crate) ordering_key: Option<u32>,
}

/// A lease that ended, or that is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndedLease {
    pub(crate) id: EventId,
    pub(crate) token: u64,
    pub(crate) ordering_key: Option<u32>,
    /// Whether no consumer had received the event, as far as the writer knew.
    pub(crate) was_prefetched: bool,
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
                    self.add_open(id);
                    match state {
                        EntryState::Waiting { until } => _ = self.waiting.insert((until, id)),
                        _ => _ = self.ready.insert(id),
                    }
                    self.move_in_queue(id, entry.ordering_key, EntryState::Done { since: 0 }, state);
                }
            }
        }
    }

    /// Takes over the in-memory state of an earlier index whose last commit failed: its leases,
    /// which are still valid, and the failures of that commit, so that those events are not retried
    /// at once.
    pub(crate) fn adopt(&mut self, earlier: &Self) {
        self.last_token = self.last_token.max(earlier.last_token);
        let timed = earlier.leased.iter().chain(&earlier.prefetched).chain(&earlier.waiting).map(|(_, id)| id);
        for id in timed.chain(&earlier.dead) {
            let (Some(old), Some(new)) = (earlier.entry(*id).copied(), self.entry_mut(*id)) else { continue };
            if new.state == EntryState::Ready {
                new.attempts = new.attempts.max(old.attempts);
                self.change(*id, old.state);
            }
        }
        // Without this, an event that the failed commit leased, or that went back in it, would have
        // an attempt that no consumer has seen.
        for id in earlier.batches.iter().flat_map(|(number, batch)| batch.ids(*number)) {
            let (Some(old), Some(new)) = (earlier.entry(id).copied(), self.entry_mut(id)) else { continue };
            if (old.state, new.state) == (EntryState::Ready, EntryState::Ready) && old.attempts != new.attempts {
                new.attempts = old.attempts;
                self.dirty.insert(id.batch);
            }
        }
        self.interrupted = earlier.interrupted.clone();
    }

    /// Notes that the last process ended in a crash or did not settle all leases: an available
    /// event with attempts was then leased or prefetched. With more attempts than allowed it becomes
    /// a dead letter. The last allowed one does not suffice, because no consumer may have received
    /// the event.
    pub(crate) fn note_interrupted(&mut self, now: u64) {
        let ids: Vec<_> = self.batches.iter().flat_map(|(number, batch)| batch.ids(*number)).collect();
        for id in ids {
            match self.entry(id) {
                Some(Entry { state: EntryState::Ready, attempts, .. }) if *attempts > self.retry.attempts => {
                    self.change(id, EntryState::Dead { since: now });
                }
                Some(Entry { state: EntryState::Ready, attempts: 1.., .. }) => self.interrupted.insert(id),
                _ => {}
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
        self.interrupted.advance(now);
        dead
    }

    /// Returns when [`advance`](Self::advance) or [`recalls`](Self::recalls) next has something to
    /// do.
    pub(crate) fn next_change(&self) -> Option<u64> {
        let first = |events: &BTreeSet<(u64, EventId)>| events.first().map(|(until, _)| *until);
        let times =
            [first(&self.waiting), first(&self.prefetched), first(&self.leased), self.interrupted.next_change()];
        times.into_iter().flatten().min()
    }

    /// Leases the oldest available event for a waiting consumer, and counts the attempt. The event
    /// is prefetched until the consumer [receives](Self::receive) it.
    pub(crate) fn lease(&mut self, now: u64, length: u64) -> Option<NewLease> {
        let id = *self.ready.iter().find(|id| self.interrupted.may_lease(**id))?;
        self.prefetch(id, now, length)
    }

    /// Prefetches the oldest available event.
    pub(crate) fn prefetch_ready(&mut self, now: u64, length: u64) -> Option<NewLease> {
        let id = *self.ready.first().filter(|_| self.may_prefetch())?;
        self.prefetch(id, now, length)
    }

    /// Prefetches the next event of the subscriber that has the fewest prefetched ones and whose
    /// events before it are all leased or prefetched.
    pub(crate) fn prefetch_following(&mut self, now: u64, length: u64) -> Option<NewLease> {
        let (_, id) = *self.following.first().filter(|_| self.may_prefetch())?;
        self.prefetch(id, now, length)
    }

    /// Returns whether an event can be leased, and whether one can be prefetched that follows
    /// another.
    pub(crate) fn has_more(&self) -> (bool, bool) {
        let is_ready = self.ready.iter().any(|id| self.interrupted.may_lease(*id));
        (is_ready, !self.following.is_empty() && self.may_prefetch())
    }

    /// Returns whether an event is available to a consumer only once another one is settled.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.following.is_empty() || self.interrupted.is_waiting()
    }

    fn may_prefetch(&self) -> bool {
        self.interrupted.is_empty() || faults::has(Bug::PrefetchedAfterCrash)
    }

    fn prefetch(&mut self, id: EventId, now: u64, length: u64) -> Option<NewLease> {
        self.last_token += 1;
        let token = self.last_token;
        let is_ordered = self.order == Order::BySubscriber;
        let entry = self.entry_mut(id)?;
        entry.attempts = entry.attempts.saturating_add(1);
        let (attempts, ordering_key) = (entry.attempts, is_ordered.then_some(entry.ordering_key));
        self.change(id, EntryState::Prefetched { until: now.saturating_add(length), token });
        self.interrupted.lease(id, None);
        Some(NewLease { id, token, attempts, ordering_key })
    }

    /// Notes that a consumer received an event. Its lease ends at `until`.
    pub(crate) fn receive(&mut self, id: EventId, token: u64, at: u64, length: u64) {
        if self.entry(id).is_some_and(|entry| entry.state.token() == Some(token)) {
            self.hold(id, token, at.saturating_add(length));
            self.interrupted.lease(id, Some(at));
        }
    }

    /// Sets the end of a lease. Not through [`change`](Self::change): a lease is not stored, so no
    /// record has to be written.
    fn hold(&mut self, id: EventId, token: u64, until: u64) {
        let Some(entry) = self.entry_mut(id) else { return };
        let state = EntryState::Leased { until, token };
        let before = std::mem::replace(&mut entry.state, state);
        let ordering_key = entry.ordering_key;
        self.remove_from_lists(id, before);
        self.leased.insert((until, id));
        self.move_in_queue(id, ordering_key, before, state);
    }

    /// Returns the prefetched events that must go back: those whose lease has expired, and with
    /// [`Order::BySubscriber`] also those after an event that is available again or waits.
    pub(crate) fn recalls(&mut self, now: u64) -> Vec<EndedLease> {
        let mut ids = BTreeSet::new();
        for (_, id) in self.prefetched.iter().take_while(|(until, _)| *until <= now) {
            ids.insert(*id);
            let queue = self.entry(*id).and_then(|entry| self.queues.get(&entry.ordering_key));
            ids.extend(queue.into_iter().flat_map(|queue| queue.prefetched.range(*id..)));
        }
        for key in std::mem::take(&mut self.disordered) {
            let Some(queue) = self.queues.get(&key) else { continue };
            if let Some(first) = queue.idle.first() {
                ids.extend(queue.prefetched.range((Bound::Excluded(*first), Bound::Unbounded)));
            }
        }
        ids.into_iter().filter_map(|id| self.held_lease(id)).collect()
    }

    /// Returns all prefetched events.
    pub(crate) fn all_prefetched(&self) -> Vec<EndedLease> {
        self.prefetched.iter().filter_map(|(_, id)| self.held_lease(*id)).collect()
    }

    /// Returns the leases that ended since the last call.
    pub(crate) fn take_ended(&mut self) -> Vec<EndedLease> {
        std::mem::take(&mut self.ended)
    }

    fn held_lease(&self, id: EventId) -> Option<EndedLease> {
        let entry = self.entry(id)?;
        let (token, ordering_key) = (entry.state.token()?, self.ordering_key(entry));
        let was_prefetched = matches!(entry.state, EntryState::Prefetched { .. });
        Some(EndedLease { id, token, ordering_key, was_prefetched })
    }

    fn ordering_key(&self, entry: &Entry) -> Option<u32> {
        (self.order == Order::BySubscriber).then_some(entry.ordering_key)
    }

    /// Settles a leased event. Returns whether the lease was still valid. A late acknowledgement
    /// counts, because the work is done; other late outcomes are ignored.
    pub(crate) fn settle(&mut self, id: EventId, token: u64, outcome: LeaseOutcome, now: u64) -> bool {
        let Some(entry) = self.entry(id) else { return false };
        let is_held = entry.state.token() == Some(token);
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
            LeaseOutcome::Extended(by) if is_held => self.hold(id, token, now.saturating_add(by)),
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

    /// Returns the changed batches whose events are all settled.
    pub(crate) fn dirty_and_done(&self) -> Vec<u64> {
        let is_done = |number: &&u64| self.batches.get(number).is_some_and(IndexedBatch::is_done);
        self.dirty.iter().filter(is_done).copied().collect()
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

    /// Returns the numbers of events that are neither settled nor dead letters, that consumers
    /// hold, and that wait for a retry.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (self.unsettled, self.leased.len(), self.waiting.len())
    }

    pub(crate) fn has_prefetched(&self) -> bool {
        !self.prefetched.is_empty()
    }

    /// Returns when the oldest event was stored that is neither settled nor a dead letter.
    pub(crate) fn oldest(&self) -> Option<u64> {
        Some(self.batches.get(self.open.first()?)?.progress.stored_at)
    }

    fn entry_mut(&mut self, id: EventId) -> Option<&mut Entry> {
        self.batches.get_mut(&id.batch)?.progress.entries.get_mut(id.index as usize)
    }

    /// Changes an event's state and updates every list. Only [`hold`](Self::hold) sets it elsewhere.
    fn change(&mut self, id: EventId, state: EntryState) {
        let ended = self.held_lease(id);
        let Some(entry) = self.entry_mut(id) else { return };
        let before = std::mem::replace(&mut entry.state, state);
        let ordering_key = entry.ordering_key;
        self.ended.extend(ended.filter(|lease| state.token() != Some(lease.token)));
        match state {
            EntryState::Prefetched { .. } | EntryState::Leased { .. } => {}
            EntryState::Ready => self.interrupted.release(id),
            _ => self.interrupted.remove(id),
        }
        self.dirty.insert(id.batch);
        self.remove_from_lists(id, before);
        let is_open = |state: &EntryState| !matches!(state, EntryState::Dead { .. } | EntryState::Done { .. });
        match (is_open(&before), is_open(&state)) {
            (false, true) => self.add_open(id),
            (true, false) => self.remove_open(id),
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
            EntryState::Prefetched { until, .. } => _ = self.prefetched.insert((until, id)),
            EntryState::Leased { until, .. } => _ = self.leased.insert((until, id)),
            EntryState::Dead { .. } => _ = self.dead.insert(id),
            EntryState::Done { .. } => {}
        }
        self.move_in_queue(id, ordering_key, before, state);
    }

    fn remove_from_lists(&mut self, id: EventId, before: EntryState) {
        match before {
            EntryState::Ready => _ = self.ready.remove(&id),
            EntryState::Waiting { until } => _ = self.waiting.remove(&(until, id)),
            EntryState::Prefetched { until, .. } => _ = self.prefetched.remove(&(until, id)),
            EntryState::Leased { until, .. } => _ = self.leased.remove(&(until, id)),
            EntryState::Dead { .. } => _ = self.dead.remove(&id),
            EntryState::Done { .. } => {}
        }
    }

    fn add_open(&mut self, id: EventId) {
        self.unsettled += 1;
        if let Some(batch) = self.batches.get_mut(&id.batch) {
            batch.open += 1;
            self.open.insert(id.batch);
        }
    }

    fn remove_open(&mut self, id: EventId) {
        self.unsettled -= 1;
        if let Some(batch) = self.batches.get_mut(&id.batch) {
            batch.open -= 1;
            if batch.open == 0 {
                self.open.remove(&id.batch);
            }
        }
    }

    /// Moves an event within its subscriber's queue, and updates which event of it comes next: the
    /// first that is neither leased nor prefetched. It is available only while the others are not
    /// leased or prefetched either.
    fn move_in_queue(&mut self, id: EventId, ordering_key: u32, before: EntryState, state: EntryState) {
        if self.order != Order::BySubscriber {
            return;
        }
        let queue = self.queues.entry(ordering_key).or_default();
        queue.leave(id, before);
        queue.enter(id, state);
        let first = queue.idle.first().copied();
        let next = first.filter(|id| self.entry(*id).is_some_and(|entry| entry.state == EntryState::Ready));
        let Some(queue) = self.queues.get_mut(&ordering_key) else { return };
        let is_free = queue.leased == 0 && queue.prefetched.is_empty();
        let follower = next.filter(|_| !is_free).map(|id| (queue.prefetched.len(), id));
        let old_follower = std::mem::replace(&mut queue.follower, follower);
        let old_next = std::mem::replace(&mut queue.next, next.filter(|_| is_free));
        if first.zip(queue.prefetched.last().copied()).is_some_and(|(first, last)| first < last) {
            self.disordered.insert(ordering_key);
        }
        if is_free && queue.idle.is_empty() {
            self.queues.remove(&ordering_key);
        }
        self.ready.remove(&id);
        old_next.iter().for_each(|id| _ = self.ready.remove(id));
        self.ready.extend(next.filter(|_| is_free));
        old_follower.iter().for_each(|follower| _ = self.following.remove(follower));
        self.following.extend(follower);
    }
}

impl Queue {
    fn enter(&mut self, id: EventId, state: EntryState) {
        match state {
            EntryState::Ready | EntryState::Waiting { .. } => _ = self.idle.insert(id),
            EntryState::Prefetched { .. } => _ = self.prefetched.insert(id),
            EntryState::Leased { .. } => self.leased += 1,
            EntryState::Dead { .. } | EntryState::Done { .. } => {}
        }
    }

    fn leave(&mut self, id: EventId, state: EntryState) {
        match state {
            EntryState::Ready | EntryState::Waiting { .. } => _ = self.idle.remove(&id),
            EntryState::Prefetched { .. } => _ = self.prefetched.remove(&id),
            EntryState::Leased { .. } => self.leased -= 1,
            EntryState::Dead { .. } | EntryState::Done { .. } => {}
        }
    }
}

impl IndexedBatch {
    /// Returns the ids of its events, if it has this number.
    fn ids(&self, number: u64) -> impl Iterator<Item = EventId> + use<> {
        let events = u32::try_from(self.progress.entries.len()).unwrap_or(u32::MAX);
        (0..events).map(move |index| EventId { batch: number, index })
    }

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
