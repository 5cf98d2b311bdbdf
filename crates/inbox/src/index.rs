//! The events of the inbox, indexed by state. Does no I/O; time is an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::EventId;
use crate::options::{Order, Retry};
use crate::record::Progress;
use crate::slot::{Slot, State};

/// All batches with an event that is not settled, or that is kept.
#[derive(Debug)]
pub(crate) struct Index {
    order: Order,
    retry: Retry,
    batches: BTreeMap<u64, Entry>,
    /// Events that can be leased now.
    ready: BTreeSet<EventId>,
    /// Events that wait for a retry, and leased events, by the time at which that ends.
    waiting: BTreeSet<(u64, EventId)>,
    leased: BTreeSet<(u64, EventId)>,
    dead: BTreeSet<EventId>,
    /// With [`Order::BySubscriber`], the events of each subscriber.
    lanes: HashMap<u32, Lane>,
    /// Batches with events that are neither settled nor dead letters.
    open: BTreeSet<u64>,
    /// Batches that may hold bodies no longer needed, by the time of their last check.
    littered: BTreeSet<(u64, u64)>,
    /// Batches whose progress record must be written.
    dirty: BTreeSet<u64>,
    last_token: u64,
    bytes: u64,
    unsettled: usize,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) progress: Progress,
    /// Events that are neither settled nor dead letters.
    open: usize,
    /// Events that are not settled, dead letters included.
    kept: usize,
    /// Since when it may hold bodies no longer needed, or when that was last checked.
    littered_at: Option<u64>,
}

#[derive(Debug, Default)]
struct Lane {
    /// Events that are neither settled nor dead letters.
    open: BTreeSet<EventId>,
    /// The number of them that are leased: at most 1, except after dead letters were requeued.
    out: usize,
    /// The event that can be leased now.
    next: Option<EventId>,
}

/// The outcome of a lease.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Acknowledged,
    /// Retry after this many milliseconds; `None` uses the configured backoff.
    Failed(Option<u64>),
    /// Never reached a consumer, so the attempt does not count.
    NotHandedOut,
    /// Would fail at every attempt.
    Rejected,
    /// The lease ends this many milliseconds from now.
    Extended(u64),
}

impl Index {
    pub(crate) fn new(order: Order, retry: Retry) -> Self {
        Self {
            order,
            retry,
            batches: BTreeMap::new(),
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            leased: BTreeSet::new(),
            dead: BTreeSet::new(),
            lanes: HashMap::new(),
            open: BTreeSet::new(),
            littered: BTreeSet::new(),
            dirty: BTreeSet::new(),
            last_token: 0,
            bytes: 0,
            unsettled: 0,
        }
    }

    /// Adds a batch of new events, or of events read from the store.
    pub(crate) fn add(&mut self, batch: u64, progress: Progress) {
        let slots = progress.slots.clone();
        self.bytes += progress.bytes;
        let kept = slots.iter().filter(|slot| !slot.is_done()).count();
        let littered_at = (kept < slots.len()).then_some(0);
        self.littered.extend(littered_at.map(|at| (at, batch)));
        self.batches.insert(batch, Entry { progress, open: 0, kept, littered_at });
        for (slot, number) in slots.iter().zip(0..) {
            let id = EventId { batch, slot: number };
            match slot.state {
                State::Dead { .. } => _ = self.dead.insert(id),
                State::Done { .. } => {}
                state => {
                    self.opened(id, slot.lane);
                    match state {
                        State::Waiting { until } => _ = self.waiting.insert((until, id)),
                        _ => _ = self.ready.insert(id),
                    }
                    self.line_up(id, slot.lane);
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
            let (Some(old), Some(new)) = (earlier.slot(*id).copied(), self.slot_mut(*id)) else { continue };
            if new.state == State::Ready {
                new.attempts = new.attempts.max(old.attempts);
                self.change(*id, old.state);
            }
        }
    }

    /// Ends expired leases and due waits. Returns the number of events that became dead letters.
    pub(crate) fn advance(&mut self, now: u64) -> usize {
        let mut died = 0;
        while let Some((_, id)) = self.waiting.first().copied().filter(|(until, _)| *until <= now) {
            self.change(id, State::Ready);
        }
        while let Some((_, id)) = self.leased.first().copied().filter(|(until, _)| *until <= now) {
            died += usize::from(self.failed(id, None, now));
        }
        died
    }

    /// Returns when [`advance`](Self::advance) next has something to do.
    pub(crate) fn next_change(&self) -> Option<u64> {
        self.waiting.iter().next().into_iter().chain(self.leased.iter().next()).map(|(until, _)| *until).min()
    }

    /// Leases the oldest available event and counts the attempt.
    pub(crate) fn take(&mut self, now: u64, lease: u64) -> Option<(EventId, u32, u64)> {
        let id = *self.ready.first()?;
        self.last_token += 1;
        let token = self.last_token;
        let slot = self.slot_mut(id)?;
        slot.attempts = slot.attempts.saturating_add(1);
        let attempts = slot.attempts;
        self.change(id, State::Leased { until: now.saturating_add(lease), token });
        Some((id, attempts, token))
    }

    /// Settles a leased event. Returns whether the lease was still valid. A late acknowledgement
    /// counts, because the work is done; other late outcomes are ignored.
    pub(crate) fn settle(&mut self, id: EventId, token: u64, outcome: Outcome, now: u64) -> bool {
        let Some(slot) = self.slot(id) else { return false };
        let is_held = matches!(slot.state, State::Leased { token: current, .. } if current == token);
        match outcome {
            Outcome::Acknowledged if !slot.is_done() => self.change(id, State::Done { since: now }),
            Outcome::Failed(after) if is_held => _ = self.failed(id, after, now),
            Outcome::Rejected if is_held => self.change(id, State::Dead { since: now }),
            Outcome::NotHandedOut if is_held => {
                if let Some(slot) = self.slot_mut(id) {
                    slot.attempts = slot.attempts.saturating_sub(1);
                }
                self.change(id, State::Ready);
            }
            Outcome::Extended(by) if is_held => {
                // Not through `change`: a lease is not stored, so no record has to be written.
                let until = now.saturating_add(by);
                if let Some(slot) = self.slot_mut(id) {
                    let before = std::mem::replace(&mut slot.state, State::Leased { until, token });
                    self.unlist(id, before);
                    self.leased.insert((until, id));
                }
            }
            _ => {}
        }
        is_held
    }

    fn failed(&mut self, id: EventId, after: Option<u64>, now: u64) -> bool {
        let attempts = self.slot(id).map_or(0, |slot| slot.attempts);
        let is_dead = attempts >= self.retry.attempts;
        let until = now.saturating_add(after.unwrap_or_else(|| self.retry.pause_after(attempts)));
        self.change(id, if is_dead { State::Dead { since: now } } else { State::Waiting { until } });
        is_dead
    }

    /// Puts a dead letter back into the queue and resets its attempts to 0.
    pub(crate) fn requeue(&mut self, id: EventId) -> bool {
        if !self.dead.contains(&id) {
            return false;
        }
        if let Some(slot) = self.slot_mut(id) {
            slot.attempts = 0;
        }
        self.change(id, State::Ready);
        true
    }

    /// Settles an event in any state.
    pub(crate) fn discard(&mut self, id: EventId, now: u64) -> bool {
        let is_there = self.slot(id).is_some_and(|slot| !slot.is_done());
        if is_there {
            self.change(id, State::Done { since: now });
        }
        is_there
    }

    /// Removes a batch whose events are all settled.
    pub(crate) fn remove(&mut self, batch: u64) {
        self.tidied(batch, None);
        if let Some(entry) = self.batches.remove(&batch) {
            self.bytes -= entry.progress.bytes;
        }
        self.dirty.remove(&batch);
    }

    /// Returns the batch whose check for unneeded bodies is the oldest, if that check was not after
    /// `then`.
    pub(crate) fn littered_before(&self, then: u64) -> Option<u64> {
        self.littered.first().filter(|(at, _)| *at <= then).map(|(_, batch)| *batch)
    }

    /// Records a check of a batch. It is checked again counted from `again_from`; `None` if it
    /// holds nothing unneeded.
    pub(crate) fn tidied(&mut self, batch: u64, again_from: Option<u64>) {
        let Some(entry) = self.batches.get_mut(&batch) else { return };
        if let Some(before) = std::mem::replace(&mut entry.littered_at, again_from) {
            self.littered.remove(&(before, batch));
        }
        self.littered.extend(again_from.map(|at| (at, batch)));
    }

    /// Records the smaller size of a batch's deliveries.
    pub(crate) fn shrunk(&mut self, batch: u64, bytes: u64) {
        if let Some(entry) = self.batches.get_mut(&batch) {
            self.bytes = self.bytes - entry.progress.bytes + bytes;
            entry.progress.bytes = bytes;
            self.dirty.insert(batch);
        }
    }

    /// Returns the batches changed since the last call.
    pub(crate) fn take_dirty(&mut self) -> BTreeSet<u64> {
        std::mem::take(&mut self.dirty)
    }

    pub(crate) fn entry(&self, batch: u64) -> Option<&Entry> {
        self.batches.get(&batch)
    }

    /// Returns the batches from number `from` on, oldest first.
    pub(crate) fn entries(&self, from: u64) -> impl Iterator<Item = (u64, &Entry)> {
        self.batches.range(from..).map(|(number, entry)| (*number, entry))
    }

    pub(crate) fn slot(&self, id: EventId) -> Option<&Slot> {
        self.batches.get(&id.batch)?.progress.slots.get(id.slot as usize)
    }

    pub(crate) fn dead(&self) -> &BTreeSet<EventId> {
        &self.dead
    }

    /// Returns the numbers of events that are neither settled nor dead letters, that are leased,
    /// and that wait for a retry.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (self.unsettled, self.leased.len(), self.waiting.len())
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns when the oldest event was stored that is neither settled nor a dead letter.
    pub(crate) fn oldest(&self) -> Option<u64> {
        Some(self.batches.get(self.open.first()?)?.progress.stored_at)
    }

    fn slot_mut(&mut self, id: EventId) -> Option<&mut Slot> {
        self.batches.get_mut(&id.batch)?.progress.slots.get_mut(id.slot as usize)
    }

    /// Changes an event's state and updates every list. Only extending a lease sets it elsewhere.
    fn change(&mut self, id: EventId, state: State) {
        let Some(slot) = self.slot_mut(id) else { return };
        let before = std::mem::replace(&mut slot.state, state);
        let lane = slot.lane;
        self.dirty.insert(id.batch);
        self.unlist(id, before);
        let is_open = |state: &State| !matches!(state, State::Dead { .. } | State::Done { .. });
        match (is_open(&before), is_open(&state)) {
            (false, true) => self.opened(id, lane),
            (true, false) => self.closed(id, lane),
            _ => {}
        }
        if let Some(entry) = self.batches.get_mut(&id.batch) {
            match state {
                State::Done { since } => {
                    entry.kept -= 1;
                    if entry.littered_at.is_none() {
                        entry.littered_at = Some(since);
                        self.littered.insert((since, id.batch));
                    }
                }
                _ if matches!(before, State::Done { .. }) => entry.kept += 1,
                _ => {}
            }
        }
        match state {
            State::Ready => _ = self.ready.insert(id),
            State::Waiting { until } => _ = self.waiting.insert((until, id)),
            State::Leased { until, .. } => _ = self.leased.insert((until, id)),
            State::Dead { .. } => _ = self.dead.insert(id),
            State::Done { .. } => {}
        }
        if let Some(line) = self.lanes.get_mut(&lane) {
            line.out += usize::from(matches!(state, State::Leased { .. }));
            line.out -= usize::from(matches!(before, State::Leased { .. }));
        }
        self.line_up(id, lane);
    }

    fn unlist(&mut self, id: EventId, before: State) {
        match before {
            State::Ready => _ = self.ready.remove(&id),
            State::Waiting { until } => _ = self.waiting.remove(&(until, id)),
            State::Leased { until, .. } => _ = self.leased.remove(&(until, id)),
            State::Dead { .. } => _ = self.dead.remove(&id),
            State::Done { .. } => {}
        }
    }

    fn opened(&mut self, id: EventId, lane: u32) {
        self.unsettled += 1;
        if let Some(entry) = self.batches.get_mut(&id.batch) {
            entry.open += 1;
            self.open.insert(id.batch);
        }
        if self.order == Order::BySubscriber {
            self.lanes.entry(lane).or_default().open.insert(id);
        }
    }

    fn closed(&mut self, id: EventId, lane: u32) {
        self.unsettled -= 1;
        if let Some(entry) = self.batches.get_mut(&id.batch) {
            entry.open -= 1;
            if entry.open == 0 {
                self.open.remove(&id.batch);
            }
        }
        if let Some(line) = self.lanes.get_mut(&lane) {
            line.open.remove(&id);
        }
    }

    /// Updates which event of a subscriber can be leased: the first, and only while none is leased.
    /// `changed` is the event that just changed.
    fn line_up(&mut self, changed: EventId, lane: u32) {
        let Some(line) = self.lanes.get(&lane) else { return };
        let first = line.open.first().copied().filter(|_| line.out == 0);
        let next = first.filter(|id| self.slot(*id).is_some_and(|slot| slot.state == State::Ready));
        self.ready.remove(&changed);
        let Some(line) = self.lanes.get_mut(&lane) else { return };
        let before = std::mem::replace(&mut line.next, next);
        if line.open.is_empty() {
            self.lanes.remove(&lane);
        }
        before.iter().for_each(|id| _ = self.ready.remove(id));
        self.ready.extend(next);
    }
}

impl Entry {
    /// Returns whether all events are settled, so that the batch is only kept for reference.
    pub(crate) fn is_done(&self) -> bool {
        self.kept == 0
    }

    /// Returns when the last of its events was settled.
    pub(crate) fn done_since(&self) -> u64 {
        let times = self.progress.slots.iter().map(|slot| match slot.state {
            State::Done { since } => since,
            _ => u64::MAX,
        });
        times.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
