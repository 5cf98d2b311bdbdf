//! Compares the index with a plain list that is searched in full each time.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on")]

use super::*;

const ATTEMPTS: u32 = 3;
const FIRST: u64 = 10;
const LONGEST: u64 = 35;
const LEASE: u64 = 50;

const RETRY: Retry = Retry { attempts: ATTEMPTS, first: FIRST, longest: LONGEST };

/// An event of the list.
#[derive(Clone, Debug)]
struct Known {
    id: EventId,
    ordering_key: u32,
    stored_at: u64,
    state: EntryState,
    attempts: u32,
}

impl Known {
    fn is_open(&self) -> bool {
        !matches!(self.state, EntryState::Dead { .. } | EntryState::Done { .. })
    }

    fn is_idle(&self) -> bool {
        matches!(self.state, EntryState::Ready | EntryState::Waiting { .. })
    }

    fn is_prefetched(&self) -> bool {
        matches!(self.state, EntryState::Prefetched { .. })
    }

    fn is_held(&self) -> bool {
        self.state.token().is_some()
    }
}

/// The expected behaviour of the index.
struct Model {
    order: Order,
    events: Vec<Known>,
    /// The batches whose progress changed, by commit.
    dirty: BTreeSet<u64>,
}

impl Model {
    /// Returns the events that can be leased, computed from the rules.
    fn leasable(&self) -> BTreeSet<EventId> {
        let leasable = |event: &&Known| {
            let waits = self.others(event).any(|other| other.is_open() && other.id < event.id || other.is_held());
            event.state == EntryState::Ready && !(self.order == Order::BySubscriber && waits)
        };
        self.events.iter().filter(leasable).map(|event| event.id).collect()
    }

    /// Returns the events that can only be prefetched, each with the number of prefetched events of
    /// its subscriber.
    fn following(&self) -> BTreeSet<(usize, EventId)> {
        let follows = |event: &&Known| {
            let waits = self.others(event).any(|other| other.is_idle() && other.id < event.id);
            event.state == EntryState::Ready && !waits && self.others(event).any(Known::is_held)
        };
        let prefetched = |event: &Known| self.others(event).filter(|other| other.is_prefetched()).count();
        let ordered = self.events.iter().filter(|_| self.order == Order::BySubscriber);
        ordered.filter(follows).map(|event| (prefetched(event), event.id)).collect()
    }

    /// Returns the prefetched events that must go back.
    fn recalls(&self, now: u64) -> BTreeSet<EventId> {
        let is_late = |event: &Known| matches!(event.state, EntryState::Prefetched { until, .. } if until <= now);
        let goes_back = |event: &&Known| {
            let follows = |other: &Known| other.id < event.id && (other.is_idle() || is_late(other));
            let is_behind = self.order == Order::BySubscriber && self.others(event).any(follows);
            event.is_prefetched() && (is_late(event) || is_behind)
        };
        self.events.iter().filter(goes_back).map(|event| event.id).collect()
    }

    fn others<'a>(&'a self, event: &'a Known) -> impl Iterator<Item = &'a Known> {
        self.events.iter().filter(|other| other.ordering_key == event.ordering_key && other.id != event.id)
    }

    fn event(&mut self, id: EventId) -> Option<&mut Known> {
        self.events.iter_mut().find(|event| event.id == id)
    }

    fn set(&mut self, id: EventId, state: EntryState) {
        self.dirty.insert(id.batch);
        self.event(id).unwrap().state = state;
    }

    fn fail(&mut self, id: EventId, after: Option<u64>, now: u64) -> bool {
        let attempts = self.event(id).unwrap().attempts;
        let pause = after.unwrap_or([FIRST, 2 * FIRST, LONGEST][attempts as usize - 1]);
        let is_dead = attempts >= ATTEMPTS;
        let (dead, waiting) = (EntryState::Dead { since: now }, EntryState::Waiting { until: now + pause });
        self.set(id, if is_dead { dead } else { waiting });
        is_dead
    }

    fn advance(&mut self, now: u64) -> usize {
        let mut died = 0;
        for event in self.events.clone() {
            match event.state {
                EntryState::Waiting { until } if until <= now => self.set(event.id, EntryState::Ready),
                EntryState::Leased { until, .. } if until <= now => died += usize::from(self.fail(event.id, None, now)),
                _ => {}
            }
        }
        died
    }

    fn agrees_with(&self, index: &Index, step: &str) {
        let count = |is: fn(&EntryState) -> bool| self.events.iter().filter(|event| is(&event.state)).count();
        let leased = count(|state| matches!(state, EntryState::Leased { .. }));
        let waiting = count(|state| matches!(state, EntryState::Waiting { .. }));
        let open: Vec<_> = self.events.iter().filter(|event| event.is_open()).collect();
        assert_eq!(index.counts(), (open.len(), leased, waiting), "{step}");
        assert_eq!(index.ready, self.leasable(), "{step}");
        assert_eq!(index.following, self.following(), "{step}");
        assert_eq!(index.oldest(), open.iter().map(|event| event.stored_at).min(), "{step}");
        let dead = self.events.iter().filter(|event| matches!(event.state, EntryState::Dead { .. }));
        assert_eq!(index.dead, dead.map(|event| event.id).collect(), "{step}");
        let changes = self.events.iter().filter_map(|event| match event.state {
            EntryState::Waiting { until } | EntryState::Prefetched { until, .. } | EntryState::Leased { until, .. } => {
                Some(until)
            }
            _ => None,
        });
        assert_eq!(index.next_change(), changes.min(), "{step}");
        for event in &self.events {
            let entry = index.entry(event.id).unwrap();
            assert_eq!((entry.state, entry.attempts), (event.state, event.attempts), "{step}: {:?}", event.id);
        }
        let batches: BTreeSet<u64> = self.events.iter().map(|event| event.id.batch).collect();
        assert_eq!(index.batches(0).map(|(number, _)| number).collect::<BTreeSet<_>>(), batches, "{step}");
        assert_eq!(index.bytes, batches.iter().map(|batch| bytes(*batch)).sum::<u64>(), "{step}");
        for (number, batch) in index.batches(0) {
            let mut here = self.events.iter().filter(|event| event.id.batch == number);
            assert_eq!(batch.is_done(), here.all(|event| matches!(event.state, EntryState::Done { .. })), "{step}");
        }
        if self.order == Order::BySubscriber {
            let queues: BTreeSet<u32> = open.iter().map(|event| event.ordering_key).collect();
            let found: BTreeSet<u32> = index.queues.keys().copied().collect();
            assert_eq!(found, queues, "{step}: no queue outlives its events");
        }
    }
}

fn bytes(batch: u64) -> u64 {
    100 + batch % 7
}

/// Runs thousands of random steps on the index and the model.
fn run(order: Order, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut index = Index::new(order, RETRY);
    let mut model = Model { order, events: Vec::new(), dirty: BTreeSet::new() };
    let (mut now, mut next) = (1000, 0);
    // Includes expired leases.
    let mut leases: Vec<(EventId, u64)> = Vec::new();
    for number in 0..4000 {
        let step = match random.u8(..100) {
            0..12 if model.events.len() < 60 => {
                let entries: Vec<_> = (0..random.usize(1..5)).map(|_| Entry::new(random.u32(..4))).collect();
                for (Entry { ordering_key, state, attempts }, index) in entries.iter().copied().zip(0..) {
                    let id = EventId { batch: next, index };
                    model.events.push(Known { id, ordering_key, stored_at: now, state, attempts });
                }
                index.add(next, Progress { stored_at: now, bytes: bytes(next), entries });
                next += 1;
                "add".to_owned()
            }
            12..36 => {
                let follows = random.u8(..3) == 0;
                let expected = if follows {
                    model.following().first().map(|(_, id)| *id)
                } else {
                    model.leasable().first().copied()
                };
                let next = if follows { Index::prefetch_following } else { Index::prefetch_ready };
                let leased = next(&mut index, now, LEASE);
                assert_eq!(leased.map(|lease| lease.id), expected, "seed {seed}, step {number}: lease");
                if let Some(NewLease { id, token, attempts, ordering_key }) = leased {
                    assert!(leases.iter().all(|(_, other)| *other != token), "seed {seed}: a token is given once");
                    leases.push((id, token));
                    model.set(id, EntryState::Prefetched { until: now + LEASE, token });
                    let event = model.event(id).unwrap();
                    event.attempts += 1;
                    assert_eq!(event.attempts, attempts, "seed {seed}, step {number}");
                    let is_ordered = order == Order::BySubscriber;
                    assert_eq!(ordering_key, is_ordered.then_some(event.ordering_key), "seed {seed}, step {number}");
                }
                format!("lease {leased:?}")
            }
            36..42 if !leases.is_empty() => {
                let (id, token) = leases[random.usize(leases.len().saturating_sub(6)..leases.len())];
                index.receive(id, token, now, LEASE);
                if let Some(event) = model.event(id).filter(|event| event.state.token() == Some(token)) {
                    event.state = EntryState::Leased { until: now + LEASE, token };
                }
                format!("receive {id} {token}")
            }
            42..67 if !leases.is_empty() => {
                // Mostly recent leases, which are still valid.
                let from = if random.u8(..5) > 0 { leases.len().saturating_sub(6) } else { 0 };
                let (id, token) = leases[random.usize(from..leases.len())];
                let outcome = match random.u8(..9) {
                    0..4 => LeaseOutcome::Acknowledged,
                    4 => LeaseOutcome::Failed(None),
                    5 => LeaseOutcome::Failed(Some(random.u64(1..60))),
                    6 => LeaseOutcome::Released,
                    7 => LeaseOutcome::Rejected,
                    _ => LeaseOutcome::Extended(random.u64(1..120)),
                };
                let mut was_held = false;
                if let Some(event) = model.event(id) {
                    let is_held = event.state.token() == Some(token);
                    let is_done = matches!(event.state, EntryState::Done { .. });
                    was_held = is_held;
                    match outcome {
                        LeaseOutcome::Acknowledged if !is_done => model.set(id, EntryState::Done { since: now }),
                        LeaseOutcome::Failed(after) if is_held => _ = model.fail(id, after, now),
                        LeaseOutcome::Released if is_held => {
                            event.attempts -= 1;
                            model.set(id, EntryState::Ready);
                        }
                        LeaseOutcome::Rejected if is_held => model.set(id, EntryState::Dead { since: now }),
                        // A lease is not stored, so that nothing has to be written.
                        LeaseOutcome::Extended(by) if is_held => {
                            event.state = EntryState::Leased { until: now + by, token }
                        }
                        _ => {}
                    }
                }
                assert_eq!(index.settle(id, token, outcome, now), was_held, "seed {seed}, step {number}");
                format!("settle {id} {token} {outcome:?}")
            }
            67..82 => {
                now += random.u64(..25);
                assert_eq!(index.advance(now), model.advance(now), "seed {seed}, step {number}: dead");
                let recalls = index.recalls(now);
                let ids: BTreeSet<_> = recalls.iter().map(|lease| lease.id).collect();
                assert_eq!(ids, model.recalls(now), "seed {seed}, step {number}: recalls");
                for EndedLease { id, token, .. } in recalls {
                    assert!(index.settle(id, token, LeaseOutcome::Released, now), "seed {seed}, step {number}");
                    model.event(id).unwrap().attempts -= 1;
                    model.set(id, EntryState::Ready);
                }
                assert_eq!(model.recalls(now), BTreeSet::new(), "seed {seed}, step {number}: once is enough");
                format!("advance {now}")
            }
            82..90 if !model.events.is_empty() => {
                let id = model.events[random.usize(..model.events.len())].id;
                // Mostly dead letters.
                let id = index.dead.first().copied().filter(|_| random.bool()).unwrap_or(id);
                let is_dead = matches!(model.event(id).unwrap().state, EntryState::Dead { .. });
                if is_dead {
                    model.event(id).unwrap().attempts = 0;
                    model.set(id, EntryState::Ready);
                }
                assert_eq!(index.requeue(id), is_dead, "seed {seed}, step {number}");
                format!("requeue {id}")
            }
            90..93 if !model.events.is_empty() => {
                let id = model.events[random.usize(..model.events.len())].id;
                let is_there = !matches!(model.event(id).unwrap().state, EntryState::Done { .. });
                if is_there {
                    model.set(id, EntryState::Done { since: now });
                }
                assert_eq!(index.discard(id, now), is_there, "seed {seed}, step {number}");
                format!("discard {id}")
            }
            93..95 => {
                let mut restored = Index::new(order, RETRY);
                for (number, batch) in index.batches(0) {
                    restored.add(number, Progress::read(batch.progress.write()).unwrap());
                }
                restored.adopt(&index);
                index = restored;
                // The restored index marks active leases as changed once more, so clear both sets.
                index.take_dirty();
                model.dirty.clear();
                "adopt".to_owned()
            }
            95..97 => {
                assert_eq!(index.take_dirty(), std::mem::take(&mut model.dirty), "seed {seed}, step {number}: dirty");
                "dirty".to_owned()
            }
            _ => {
                let done: Vec<_> =
                    index.batches(0).filter(|(_, batch)| batch.is_done()).map(|(number, _)| number).collect();
                for number in done {
                    index.remove(number);
                    model.events.retain(|event| event.id.batch != number);
                    model.dirty.remove(&number);
                }
                "remove".to_owned()
            }
        };
        model.agrees_with(&index, &format!("{order:?}, seed {seed}, step {number}: {step}"));
    }
    assert!(next > 100, "seed {seed}: {next} batches");
}

#[test]
fn agrees_with_a_list_of_events_after_every_step() {
    for seed in [1, 2, birdhook_test_harness::seed::seed()] {
        run(Order::Unordered, seed);
        run(Order::BySubscriber, seed);
    }
}

fn index(order: Order, ordering_keys: &[u32]) -> Index {
    let mut index = Index::new(order, RETRY);
    let entries = ordering_keys.iter().map(|ordering_key| Entry::new(*ordering_key)).collect();
    index.add(0, Progress { stored_at: 0, bytes: 1, entries });
    index
}

fn id(index: u32) -> EventId {
    EventId { batch: 0, index }
}

#[test]
fn a_requeued_dead_letter_keeps_its_place_and_is_never_leased_beside_another_event_of_its_subscriber() {
    let mut index = index(Order::BySubscriber, &[5, 5, 5]);
    for _ in 0..ATTEMPTS {
        let NewLease { id, token, .. } = index.lease(0, LEASE).unwrap();
        index.settle(id, token, LeaseOutcome::Failed(Some(0)), 0);
        index.advance(0);
    }
    let NewLease { id: second, token, .. } = index.lease(0, LEASE).unwrap();
    assert_eq!(second, id(1), "the first is a dead letter");
    assert!(index.requeue(id(0)));
    assert_eq!(index.lease(0, LEASE), None, "the second is leased");
    index.settle(second, token, LeaseOutcome::Failed(Some(0)), 0);
    index.advance(0);
    let first = index.lease(0, LEASE).unwrap();
    assert_eq!((first.id, first.attempts), (id(0), 1), "it was accepted before the second");
    assert_eq!(index.lease(0, LEASE), None);
}

#[test]
fn a_failure_in_a_failed_commit_still_delays_the_retry() {
    let mut before = index(Order::Unordered, &[1, 2, 3, 4]);
    before.entry_mut(id(3)).unwrap().attempts = ATTEMPTS - 1;
    let tokens: Vec<_> = (0..4).map(|_| before.lease(0, LEASE).unwrap().token).collect();
    let record = before.batch(0).unwrap().progress.write();
    before.settle(id(0), tokens[0], LeaseOutcome::Failed(Some(500)), 0);
    before.settle(id(1), tokens[1], LeaseOutcome::Acknowledged, 0);
    before.settle(id(3), tokens[3], LeaseOutcome::Failed(None), 0);
    let mut opened = Index::new(Order::Unordered, RETRY);
    opened.add(0, Progress::read(record).unwrap());
    opened.adopt(&before);
    assert_eq!(opened.entry(id(0)).unwrap().state, EntryState::Waiting { until: 500 });
    assert_eq!(opened.entry(id(1)).unwrap().state, EntryState::Ready, "its acknowledgement is repeated");
    assert!(opened.entry(id(2)).unwrap().state.token().is_some(), "its lease is valid");
    assert_eq!(opened.entry(id(3)).unwrap().state, EntryState::Dead { since: 0 }, "it had its last attempt");
    assert!(opened.take_dirty().contains(&0), "the dead letter is written now");
}

/// Leases all available events, and returns their ids.
fn lease_all(index: &mut Index, now: u64) -> Vec<NewLease> {
    std::iter::from_fn(|| index.lease(now, LEASE)).collect()
}

fn ids(leases: &[NewLease]) -> Vec<EventId> {
    leases.iter().map(|lease| lease.id).collect()
}

/// Four events, of which the first three were leased at a crash.
fn interrupted() -> Index {
    let mut before = index(Order::Unordered, &[1, 2, 3, 4]);
    for _ in 0..3 {
        before.lease(0, LEASE);
    }
    let mut index = Index::new(Order::Unordered, RETRY);
    index.add(0, Progress::read(before.batch(0).unwrap().progress.write()).unwrap());
    index.note_interrupted(0);
    index
}

#[test]
fn after_a_crash_the_events_leased_then_are_leased_one_at_a_time_and_nothing_is_prefetched() {
    let mut index = interrupted();
    assert_eq!(index.prefetch_ready(0, LEASE), None);
    let leased = lease_all(&mut index, 0);
    assert_eq!(ids(&leased), [id(0), id(3)], "the last one was not leased then");
    assert_eq!(index.prefetch_ready(0, LEASE), None);
    index.settle(leased[0].id, leased[0].token, LeaseOutcome::Acknowledged, 0);
    let second = lease_all(&mut index, 0);
    assert_eq!(ids(&second), [id(1)]);
    index.settle(second[0].id, second[0].token, LeaseOutcome::Released, 0);
    let second = lease_all(&mut index, 0);
    assert_eq!(ids(&second), [id(1)], "returned unseen, it is still one of them");
    index.settle(second[0].id, second[0].token, LeaseOutcome::Failed(None), 0);
    assert_eq!(ids(&lease_all(&mut index, 0)), [id(2)]);
}

#[test]
fn an_event_in_progress_for_a_second_after_a_crash_keeps_back_no_other() {
    let mut index = interrupted();
    let leased = lease_all(&mut index, 0);
    index.receive(leased[0].id, leased[0].token, 10, LEASE);
    index.settle(leased[0].id, leased[0].token, LeaseOutcome::Extended(10_000), 10);
    index.advance(1009);
    assert_eq!(index.lease(1009, LEASE), None);
    index.advance(1010);
    assert_eq!(index.lease(1010, LEASE).map(|lease| lease.id), Some(id(1)));
}

#[test]
fn an_event_with_more_attempts_than_allowed_at_a_crash_is_a_dead_letter() {
    let mut index = index(Order::Unordered, &[1, 2]);
    for (number, attempts) in [(0, ATTEMPTS + 1), (1, ATTEMPTS)] {
        index.entry_mut(id(number)).unwrap().attempts = attempts;
    }
    index.note_interrupted(7);
    assert_eq!(index.entry(id(0)).unwrap().state, EntryState::Dead { since: 7 });
    let leased = lease_all(&mut index, 7);
    assert_eq!(ids(&leased), [id(1)], "no consumer may have received it");
    index.settle(id(1), leased[0].token, LeaseOutcome::Failed(None), 7);
    assert_eq!(index.entry(id(1)).unwrap().state, EntryState::Dead { since: 7 });
}
