//! The events of the inbox, by how they stand. Pure: time is an argument, and nothing here is on disk.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::EventId;
use crate::options::{Order, Retry};
use crate::record::Progress;
use crate::slot::{Slot, State};

/// Every batch of which an event is not done with, or is kept.
#[derive(Debug)]
pub(crate) struct Index {
    order: Order,
    retry: Retry,
    batches: BTreeMap<u64, Entry>,
    /// Those that may be handed out now.
    ready: BTreeSet<EventId>,
    /// Those that wait, and those that are handed out, by when that ends.
    waiting: BTreeSet<(u64, EventId)>,
    leased: BTreeSet<(u64, EventId)>,
    dead: BTreeSet<EventId>,
    /// With [`Order::BySubscriber`], the events of each subscriber.
    lanes: HashMap<u32, Lane>,
    /// The batches with events that are neither done nor dead.
    open: BTreeSet<u64>,
    /// Those that may hold bodies that are not needed, by when that was last looked at.
    littered: BTreeSet<(u64, u64)>,
    /// The batches whose progress is to be written.
    dirty: BTreeSet<u64>,
    last_token: u64,
    bytes: u64,
    unsettled: usize,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) progress: Progress,
    /// How many of its events are neither done nor dead.
    open: usize,
    /// How many are not done.
    kept: usize,
    /// Since when it may hold bodies that are not needed, or when that was last looked at.
    littered_at: Option<u64>,
}

#[derive(Debug, Default)]
struct Lane {
    /// Those that are neither done nor dead.
    open: BTreeSet<EventId>,
    /// How many of them are handed out: at most one, unless dead letters came back.
    out: usize,
    /// The one that may be handed out now.
    next: Option<EventId>,
}

/// What is to become of an event that was handed out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Acknowledged,
    /// To be tried again after so many milliseconds; as the inbox is set when `None`.
    Failed(Option<u64>),
    /// Never reached anybody, so it does not count as a try.
    NotHandedOut,
    /// It will fail however often it is tried.
    Rejected,
    /// Its lease ends so many milliseconds from now.
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

    /// Adds a batch's events, new ones or ones that were stored before.
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

    /// Takes over from an earlier index of the same events, whose last commit failed, what only that one knows: the leases,
    /// which still hold, and what failed in that commit, so that it is not tried again at once.
    pub(crate) fn adopt(&mut self, earlier: &Self) {
        self.last_token = self.last_token.max(earlier.last_token);
        let timed = earlier.leased.iter().chain(&earlier.waiting).map(|(_, id)| id);
        for id in timed.chain(&earlier.dead) {
            let (Some(old), Some(new)) = (earlier.slot(*id).copied(), self.slot_mut(*id)) else { continue };
            if new.state == State::Ready {
                new.tries = new.tries.max(old.tries);
                self.change(*id, old.state);
            }
        }
    }

    /// Ends what is over: leases that ran out, and waits. Counts what became dead.
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

    /// When [`advance`](Self::advance) has something to do next.
    pub(crate) fn next_change(&self) -> Option<u64> {
        self.waiting.iter().next().into_iter().chain(self.leased.iter().next()).map(|(until, _)| *until).min()
    }

    /// Hands the oldest event out that may be. The try counts from now on.
    pub(crate) fn take(&mut self, now: u64, lease: u64) -> Option<(EventId, u32, u64)> {
        let id = *self.ready.first()?;
        self.last_token += 1;
        let token = self.last_token;
        let slot = self.slot_mut(id)?;
        slot.tries = slot.tries.saturating_add(1);
        let tries = slot.tries;
        self.change(id, State::Leased { until: now.saturating_add(lease), token });
        Some((id, tries, token))
    }

    /// Settles an event that was handed out. An acknowledgement that comes late counts all the same, for the work is done;
    /// whatever else comes late does not. Tells whether the lease held until now.
    pub(crate) fn settle(&mut self, id: EventId, token: u64, outcome: Outcome, now: u64) -> bool {
        let Some(slot) = self.slot(id) else { return false };
        let is_held = matches!(slot.state, State::Leased { token: current, .. } if current == token);
        match outcome {
            Outcome::Acknowledged if !slot.is_done() => self.change(id, State::Done { since: now }),
            Outcome::Failed(after) if is_held => _ = self.failed(id, after, now),
            Outcome::Rejected if is_held => self.change(id, State::Dead { since: now }),
            Outcome::NotHandedOut if is_held => {
                if let Some(slot) = self.slot_mut(id) {
                    slot.tries = slot.tries.saturating_sub(1);
                }
                self.change(id, State::Ready);
            }
            Outcome::Extended(by) if is_held => {
                // Nothing of it is on disk.
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
        let tries = self.slot(id).map_or(0, |slot| slot.tries);
        let is_dead = tries >= self.retry.tries;
        let until = now.saturating_add(after.unwrap_or_else(|| self.retry.pause_after(tries)));
        self.change(id, if is_dead { State::Dead { since: now } } else { State::Waiting { until } });
        is_dead
    }

    /// Makes a dead letter an event like any other, with all its tries before it.
    pub(crate) fn requeue(&mut self, id: EventId) -> bool {
        if !self.dead.contains(&id) {
            return false;
        }
        if let Some(slot) = self.slot_mut(id) {
            slot.tries = 0;
        }
        self.change(id, State::Ready);
        true
    }

    /// Is done with an event, however it stands.
    pub(crate) fn discard(&mut self, id: EventId, now: u64) -> bool {
        let is_there = self.slot(id).is_some_and(|slot| !slot.is_done());
        if is_there {
            self.change(id, State::Done { since: now });
        }
        is_there
    }

    /// Forgets a batch whose events are all done with.
    pub(crate) fn remove(&mut self, batch: u64) {
        self.tidied(batch, None);
        if let Some(entry) = self.batches.remove(&batch) {
            self.bytes -= entry.progress.bytes;
        }
        self.dirty.remove(&batch);
    }

    /// The batch of which nobody has looked for longest whether it holds bodies that are not needed, if not since then.
    pub(crate) fn littered_before(&self, then: u64) -> Option<u64> {
        self.littered.first().filter(|(at, _)| *at <= then).map(|(_, batch)| *batch)
    }

    /// A batch was looked at: it is to be looked at again, counted from then, or holds nothing that is not needed.
    pub(crate) fn tidied(&mut self, batch: u64, again_from: Option<u64>) {
        let Some(entry) = self.batches.get_mut(&batch) else { return };
        if let Some(before) = std::mem::replace(&mut entry.littered_at, again_from) {
            self.littered.remove(&(before, batch));
        }
        self.littered.extend(again_from.map(|at| (at, batch)));
    }

    /// A batch's deliveries take fewer bytes now.
    pub(crate) fn shrunk(&mut self, batch: u64, bytes: u64) {
        if let Some(entry) = self.batches.get_mut(&batch) {
            self.bytes = self.bytes - entry.progress.bytes + bytes;
            entry.progress.bytes = bytes;
            self.dirty.insert(batch);
        }
    }

    /// The batches that changed since this was last asked.
    pub(crate) fn take_dirty(&mut self) -> BTreeSet<u64> {
        std::mem::take(&mut self.dirty)
    }

    pub(crate) fn entry(&self, batch: u64) -> Option<&Entry> {
        self.batches.get(&batch)
    }

    /// All batches from this one on, oldest first.
    pub(crate) fn entries(&self, from: u64) -> impl Iterator<Item = (u64, &Entry)> {
        self.batches.range(from..).map(|(number, entry)| (*number, entry))
    }

    pub(crate) fn slot(&self, id: EventId) -> Option<&Slot> {
        self.batches.get(&id.batch)?.progress.slots.get(id.slot as usize)
    }

    pub(crate) fn dead(&self) -> &BTreeSet<EventId> {
        &self.dead
    }

    /// How many events are neither done nor dead, how many of them are handed out, and how many wait to be tried again.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (self.unsettled, self.leased.len(), self.waiting.len())
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When the oldest event was stored that is neither done nor dead.
    pub(crate) fn oldest(&self) -> Option<u64> {
        Some(self.batches.get(self.open.first()?)?.progress.stored_at)
    }

    fn slot_mut(&mut self, id: EventId) -> Option<&mut Slot> {
        self.batches.get_mut(&id.batch)?.progress.slots.get_mut(id.slot as usize)
    }

    /// The one place where an event's state changes: keeps the lists with it.
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

    /// Of a subscriber's events only the first may be handed out, and only while no other one is. `changed` is one of them
    /// that was changed just now.
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
    /// Whether nothing of it is needed any more but as a memory.
    pub(crate) fn is_done(&self) -> bool {
        self.kept == 0
    }

    /// When the last of its events was done with.
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
