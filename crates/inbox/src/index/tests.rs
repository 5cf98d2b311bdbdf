//! Compares the index with a plain list that is searched in full each time.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on")]

use super::*;

const TRIES: u32 = 3;
const FIRST: u64 = 10;
const LONGEST: u64 = 35;
const LEASE: u64 = 50;

const RETRY: Retry = Retry { attempts: TRIES, first: FIRST, longest: LONGEST };

/// An event of the list.
#[derive(Clone, Debug)]
struct Known {
    id: EventId,
    lane: u32,
    stored_at: u64,
    state: State,
    attempts: u32,
}

impl Known {
    fn is_open(&self) -> bool {
        !matches!(self.state, State::Dead { .. } | State::Done { .. })
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
    fn may_go(&self) -> BTreeSet<EventId> {
        let may_go = |event: &&Known| {
            let others = || self.events.iter().filter(|other| other.lane == event.lane && other.id != event.id);
            let waits = others().any(|other| other.is_open() && other.id < event.id)
                || others().any(|other| matches!(other.state, State::Leased { .. }));
            event.state == State::Ready && !(self.order == Order::BySubscriber && waits)
        };
        self.events.iter().filter(may_go).map(|event| event.id).collect()
    }

    fn event(&mut self, id: EventId) -> Option<&mut Known> {
        self.events.iter_mut().find(|event| event.id == id)
    }

    fn set(&mut self, id: EventId, state: State) {
        self.dirty.insert(id.batch);
        self.event(id).unwrap().state = state;
    }

    fn fail(&mut self, id: EventId, after: Option<u64>, now: u64) -> bool {
        let attempts = self.event(id).unwrap().attempts;
        let pause = after.unwrap_or([FIRST, 2 * FIRST, LONGEST][attempts as usize - 1]);
        let is_dead = attempts >= TRIES;
        self.set(id, if is_dead { State::Dead { since: now } } else { State::Waiting { until: now + pause } });
        is_dead
    }

    fn advance(&mut self, now: u64) -> usize {
        let mut died = 0;
        for event in self.events.clone() {
            match event.state {
                State::Waiting { until } if until <= now => self.set(event.id, State::Ready),
                State::Leased { until, .. } if until <= now => died += usize::from(self.fail(event.id, None, now)),
                _ => {}
            }
        }
        died
    }

    fn agrees_with(&self, index: &Index, step: &str) {
        let count = |is: fn(&State) -> bool| self.events.iter().filter(|event| is(&event.state)).count();
        let leased = count(|state| matches!(state, State::Leased { .. }));
        let waiting = count(|state| matches!(state, State::Waiting { .. }));
        let open: Vec<_> = self.events.iter().filter(|event| event.is_open()).collect();
        assert_eq!(index.counts(), (open.len(), leased, waiting), "{step}");
        assert_eq!(index.ready, self.may_go(), "{step}");
        assert_eq!(index.oldest(), open.iter().map(|event| event.stored_at).min(), "{step}");
        let dead = self.events.iter().filter(|event| matches!(event.state, State::Dead { .. }));
        assert_eq!(*index.dead(), dead.map(|event| event.id).collect(), "{step}");
        let changes = self.events.iter().filter_map(|event| match event.state {
            State::Waiting { until } | State::Leased { until, .. } => Some(until),
            _ => None,
        });
        assert_eq!(index.next_change(), changes.min(), "{step}");
        for event in &self.events {
            let slot = index.slot(event.id).unwrap();
            assert_eq!((slot.state, slot.attempts), (event.state, event.attempts), "{step}: {:?}", event.id);
        }
        let batches: BTreeSet<u64> = self.events.iter().map(|event| event.id.batch).collect();
        assert_eq!(index.entries(0).map(|(number, _)| number).collect::<BTreeSet<_>>(), batches, "{step}");
        assert_eq!(index.bytes(), batches.iter().map(|batch| bytes(*batch)).sum::<u64>(), "{step}");
        for (number, entry) in index.entries(0) {
            let mut here = self.events.iter().filter(|event| event.id.batch == number);
            assert_eq!(entry.is_done(), here.all(|event| matches!(event.state, State::Done { .. })), "{step}");
        }
        if self.order == Order::BySubscriber {
            let lanes: BTreeSet<u32> = open.iter().map(|event| event.lane).collect();
            assert_eq!(
                index.lanes.keys().copied().collect::<BTreeSet<_>>(),
                lanes,
                "{step}: no lane outlives its events"
            );
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
                let slots: Vec<_> = (0..random.usize(1..5)).map(|_| Slot::new(random.u32(..4))).collect();
                for (slot, place) in slots.iter().zip(0..) {
                    let id = EventId { batch: next, slot: place };
                    model.events.push(Known { id, lane: slot.lane, stored_at: now, state: State::Ready, attempts: 0 });
                }
                index.add(next, Progress { stored_at: now, bytes: bytes(next), slots });
                next += 1;
                "add".to_owned()
            }
            12..42 => {
                let expected = model.may_go().first().copied();
                let taken = index.take(now, LEASE);
                assert_eq!(taken.map(|(id, _, _)| id), expected, "seed {seed}, step {number}: take");
                if let Some((id, attempts, token)) = taken {
                    assert!(leases.iter().all(|(_, other)| *other != token), "seed {seed}: a token is given once");
                    leases.push((id, token));
                    model.set(id, State::Leased { until: now + LEASE, token });
                    let event = model.event(id).unwrap();
                    event.attempts += 1;
                    assert_eq!(event.attempts, attempts, "seed {seed}, step {number}");
                }
                format!("take {taken:?}")
            }
            42..67 if !leases.is_empty() => {
                // Mostly recent leases, which are still valid.
                let from = if random.u8(..5) > 0 { leases.len().saturating_sub(6) } else { 0 };
                let (id, token) = leases[random.usize(from..leases.len())];
                let outcome = match random.u8(..9) {
                    0..4 => Outcome::Acknowledged,
                    4 => Outcome::Failed(None),
                    5 => Outcome::Failed(Some(random.u64(1..60))),
                    6 => Outcome::NotHandedOut,
                    7 => Outcome::Rejected,
                    _ => Outcome::Extended(random.u64(1..120)),
                };
                let mut was_held = false;
                if let Some(event) = model.event(id) {
                    let is_held = matches!(event.state, State::Leased { token: held, .. } if held == token);
                    let is_done = matches!(event.state, State::Done { .. });
                    was_held = is_held;
                    match outcome {
                        Outcome::Acknowledged if !is_done => model.set(id, State::Done { since: now }),
                        Outcome::Failed(after) if is_held => _ = model.fail(id, after, now),
                        Outcome::NotHandedOut if is_held => {
                            event.attempts -= 1;
                            model.set(id, State::Ready);
                        }
                        Outcome::Rejected if is_held => model.set(id, State::Dead { since: now }),
                        // A lease is not stored, so that nothing has to be written.
                        Outcome::Extended(by) if is_held => event.state = State::Leased { until: now + by, token },
                        _ => {}
                    }
                }
                assert_eq!(index.settle(id, token, outcome, now), was_held, "seed {seed}, step {number}");
                format!("settle {id} {token} {outcome:?}")
            }
            67..82 => {
                now += random.u64(..25);
                assert_eq!(index.advance(now), model.advance(now), "seed {seed}, step {number}: died");
                format!("advance {now}")
            }
            82..90 if !model.events.is_empty() => {
                let id = model.events[random.usize(..model.events.len())].id;
                // Mostly dead letters.
                let id = index.dead().first().copied().filter(|_| random.bool()).unwrap_or(id);
                let is_dead = matches!(model.event(id).unwrap().state, State::Dead { .. });
                if is_dead {
                    model.event(id).unwrap().attempts = 0;
                    model.set(id, State::Ready);
                }
                assert_eq!(index.requeue(id), is_dead, "seed {seed}, step {number}");
                format!("requeue {id}")
            }
            90..93 if !model.events.is_empty() => {
                let id = model.events[random.usize(..model.events.len())].id;
                let is_there = !matches!(model.event(id).unwrap().state, State::Done { .. });
                if is_there {
                    model.set(id, State::Done { since: now });
                }
                assert_eq!(index.discard(id, now), is_there, "seed {seed}, step {number}");
                format!("discard {id}")
            }
            93..95 => {
                let mut restored = Index::new(order, RETRY);
                for (batch, entry) in index.entries(0) {
                    restored.add(batch, Progress::read(entry.progress.write()).unwrap());
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
                    index.entries(0).filter(|(_, entry)| entry.is_done()).map(|(batch, _)| batch).collect();
                for batch in done {
                    index.remove(batch);
                    model.events.retain(|event| event.id.batch != batch);
                    model.dirty.remove(&batch);
                }
                "remove".to_owned()
            }
        };
        model.agrees_with(&index, &format!("{order:?}, seed {seed}, step {number}: {step}"));
    }
    assert!(next > 100, "seed {seed}: something was going on");
}

#[test]
fn it_is_what_the_list_of_events_says_after_every_step() {
    for seed in [1, 2, birdhook_test_harness::seed::seed()] {
        run(Order::Unordered, seed);
        run(Order::BySubscriber, seed);
    }
}

fn index(order: Order, lanes: &[u32]) -> Index {
    let mut index = Index::new(order, RETRY);
    let slots = lanes.iter().map(|lane| Slot::new(*lane)).collect();
    index.add(0, Progress { stored_at: 0, bytes: 1, slots });
    index
}

fn id(slot: u32) -> EventId {
    EventId { batch: 0, slot }
}

#[test]
fn a_dead_letter_that_comes_back_is_neither_overtaken_nor_handed_out_beside_another_one() {
    let mut index = index(Order::BySubscriber, &[5, 5, 5]);
    for _ in 0..TRIES {
        let (taken, _, token) = index.take(0, LEASE).unwrap();
        index.settle(taken, token, Outcome::Failed(Some(0)), 0);
        index.advance(0);
    }
    let (second, _, token) = index.take(0, LEASE).unwrap();
    assert_eq!(second, id(1), "the first is a dead letter");
    assert!(index.requeue(id(0)));
    assert_eq!(index.take(0, LEASE), None, "the second is handed out");
    index.settle(second, token, Outcome::Failed(Some(0)), 0);
    index.advance(0);
    let (first, attempts, _) = index.take(0, LEASE).unwrap();
    assert_eq!((first, attempts), (id(0), 1), "it was accepted before the second");
    assert_eq!(index.take(0, LEASE), None);
}

#[test]
fn what_failed_in_a_commit_that_failed_still_waits() {
    let mut before = index(Order::Unordered, &[1, 2, 3, 4]);
    before.slot_mut(id(3)).unwrap().attempts = TRIES - 1;
    let tokens: Vec<_> = (0..4).map(|_| before.take(0, LEASE).unwrap().2).collect();
    let record = before.entry(0).unwrap().progress.write();
    before.settle(id(0), tokens[0], Outcome::Failed(Some(500)), 0);
    before.settle(id(1), tokens[1], Outcome::Acknowledged, 0);
    before.settle(id(3), tokens[3], Outcome::Failed(None), 0);
    let mut opened = Index::new(Order::Unordered, RETRY);
    opened.add(0, Progress::read(record).unwrap());
    opened.adopt(&before);
    assert_eq!(opened.slot(id(0)).unwrap().state, State::Waiting { until: 500 });
    assert_eq!(opened.slot(id(1)).unwrap().state, State::Ready, "its acknowledgement is given again");
    assert!(matches!(opened.slot(id(2)).unwrap().state, State::Leased { .. }), "its lease holds");
    assert_eq!(opened.slot(id(3)).unwrap().state, State::Dead { since: 0 }, "it had its last try");
    assert!(opened.take_dirty().contains(&0), "and that is written now");
}
