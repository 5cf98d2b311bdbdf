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
            let others =
                || self.events.iter().filter(|other| other.ordering_key == event.ordering_key && other.id != event.id);
            let waits = others().any(|other| other.is_open() && other.id < event.id)
                || others().any(|other| matches!(other.state, EntryState::Leased { .. }));
            event.state == EntryState::Ready && !(self.order == Order::BySubscriber && waits)
        };
        self.events.iter().filter(leasable).map(|event| event.id).collect()
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
        assert_eq!(index.oldest(), open.iter().map(|event| event.stored_at).min(), "{step}");
        let dead = self.events.iter().filter(|event| matches!(event.state, EntryState::Dead { .. }));
        assert_eq!(index.dead, dead.map(|event| event.id).collect(), "{step}");
        let changes = self.events.iter().filter_map(|event| match event.state {
            EntryState::Waiting { until } | EntryState::Leased { until, .. } => Some(until),
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
            12..42 => {
                let expected = model.leasable().first().copied();
                let leased = index.lease(now, LEASE);
                assert_eq!(leased.map(|(id, _, _)| id), expected, "seed {seed}, step {number}: lease");
                if let Some((id, attempts, token)) = leased {
                    assert!(leases.iter().all(|(_, other)| *other != token), "seed {seed}: a token is given once");
                    leases.push((id, token));
                    model.set(id, EntryState::Leased { until: now + LEASE, token });
                    let event = model.event(id).unwrap();
                    event.attempts += 1;
                    assert_eq!(event.attempts, attempts, "seed {seed}, step {number}");
                }
                format!("lease {leased:?}")
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
                    let is_held = matches!(event.state, EntryState::Leased { token: held, .. } if held == token);
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
        let (leased, _, token) = index.lease(0, LEASE).unwrap();
        index.settle(leased, token, LeaseOutcome::Failed(Some(0)), 0);
        index.advance(0);
    }
    let (second, _, token) = index.lease(0, LEASE).unwrap();
    assert_eq!(second, id(1), "the first is a dead letter");
    assert!(index.requeue(id(0)));
    assert_eq!(index.lease(0, LEASE), None, "the second is leased");
    index.settle(second, token, LeaseOutcome::Failed(Some(0)), 0);
    index.advance(0);
    let (first, attempts, _) = index.lease(0, LEASE).unwrap();
    assert_eq!((first, attempts), (id(0), 1), "it was accepted before the second");
    assert_eq!(index.lease(0, LEASE), None);
}

#[test]
fn a_failure_in_a_failed_commit_still_delays_the_retry() {
    let mut before = index(Order::Unordered, &[1, 2, 3, 4]);
    before.entry_mut(id(3)).unwrap().attempts = ATTEMPTS - 1;
    let tokens: Vec<_> = (0..4).map(|_| before.lease(0, LEASE).unwrap().2).collect();
    let record = before.batch(0).unwrap().progress.write();
    before.settle(id(0), tokens[0], LeaseOutcome::Failed(Some(500)), 0);
    before.settle(id(1), tokens[1], LeaseOutcome::Acknowledged, 0);
    before.settle(id(3), tokens[3], LeaseOutcome::Failed(None), 0);
    let mut opened = Index::new(Order::Unordered, RETRY);
    opened.add(0, Progress::read(record).unwrap());
    opened.adopt(&before);
    assert_eq!(opened.entry(id(0)).unwrap().state, EntryState::Waiting { until: 500 });
    assert_eq!(opened.entry(id(1)).unwrap().state, EntryState::Ready, "its acknowledgement is repeated");
    assert!(matches!(opened.entry(id(2)).unwrap().state, EntryState::Leased { .. }), "its lease is valid");
    assert_eq!(opened.entry(id(3)).unwrap().state, EntryState::Dead { since: 0 }, "it had its last attempt");
    assert!(opened.take_dirty().contains(&0), "the dead letter is written now");
}
