//! Tests of the memory budget, with uploads in simulated time.

use std::collections::VecDeque;

use super::*;

const KIB: usize = 1 << 10;
const LIMIT: usize = 64 << 20;

/// Birdhook's default deadline, which limits the duration of an upload.
const DEADLINE: Duration = Duration::from_millis(2500);

/// One body being uploaded.
struct Sender {
    guard: BudgetGuard,
    begun: Instant,
    left: usize,
}

impl Sender {
    fn new(begun: Instant, bytes: usize) -> Self {
        Self { guard: BudgetGuard::default(), begun, left: bytes }
    }

    /// Sends some bytes, and waits for more.
    fn send(&mut self, budget: &MemoryBudget, bytes: usize, now: Instant) -> Result<(), Outcome> {
        let bytes = bytes.min(self.left);
        self.left -= bytes;
        self.guard.reserve(budget, bytes, || now)?;
        self.guard.wait_for_more(budget, self.begun, || now, Waker::noop())
    }
}

/// An attacker. In each millisecond it may begin, continue and abandon uploads.
trait Attack {
    fn step(&mut self, budget: &MemoryBudget, millisecond: u64, now: Instant);
}

/// Runs an attack for 8 s beside good deliveries: one of 6 KB every 5 ms, each sent at 1 Mbit/s.
/// No good delivery is rejected, though the attack uses up the budget.
fn good_deliveries_are_accepted_beside(attack: &mut impl Attack, name: &str) {
    let (budget, start) = (MemoryBudget::new(LIMIT), Instant::now());
    let (mut good, mut came, mut refused, mut most) = (Vec::<Sender>::new(), 0, 0, 0);
    for millisecond in 0..8_000 {
        let now = start + Duration::from_millis(millisecond);
        attack.step(&budget, millisecond, now);
        if millisecond.is_multiple_of(5) {
            good.push(Sender::new(now, 6_000));
            came += 1;
        }
        good.retain_mut(|one| {
            let sent = one.send(&budget, 125, now);
            let ended = if one.left == 0 { sent.and_then(|()| one.guard.complete(&budget)) } else { sent };
            refused += usize::from(ended.is_err());
            let goes_on = ended.is_ok() && one.left > 0;
            if !goes_on {
                one.guard.release(&budget);
            }
            goes_on
        });
        most = most.max(budget.used());
    }
    assert_eq!((came, refused), (1_600, 0), "{name}");
    assert!(most > LIMIT * 9 / 10 && most <= LIMIT + 64 * KIB, "{name}: {most} bytes in use");
}

/// Uploads of 63 KiB, each restarted when it ends.
struct Slow {
    senders: VecDeque<Sender>,
    /// Bytes that one upload sends before the next one gets its turn.
    turn: usize,
    /// Bytes that all uploads together send per millisecond.
    rate: usize,
    deadline: Duration,
}

impl Attack for Slow {
    fn step(&mut self, budget: &MemoryBudget, millisecond: u64, now: Instant) {
        if millisecond == 0 {
            self.senders.extend((0..1_100).map(|_| Sender::new(now, 63 * KIB)));
        }
        for sender in &mut self.senders {
            if now - sender.begun >= self.deadline
                || (millisecond.is_multiple_of(50) && is_ended(budget, &sender.guard, now))
            {
                sender.guard.release(budget);
                *sender = Sender::new(now, 63 * KIB);
            }
        }
        let mut left = self.rate;
        for _ in 0..self.senders.len() {
            let Some(mut sender) = self.senders.pop_front() else { break };
            // Withholds the last byte.
            let bytes = self.turn.min(sender.left.saturating_sub(1)).min(left);
            left -= bytes;
            if bytes > 0 && sender.send(budget, bytes, now).is_err() {
                sender.guard.release(budget);
                sender = Sender::new(now, 63 * KIB);
            }
            self.senders.push_back(sender);
            if left == 0 {
                break;
            }
        }
    }
}

/// 2,000 uploads a second. Each sends all but one byte of 63 KiB within 44 ms, then stops.
struct Fast(VecDeque<Sender>);

impl Attack for Fast {
    fn step(&mut self, budget: &MemoryBudget, _: u64, now: Instant) {
        while self.0.front().is_some_and(|oldest| now - oldest.begun >= DEADLINE) {
            self.0.pop_front().unwrap().guard.release(budget);
        }
        self.0.extend((0..2).map(|_| Sender::new(now, 63 * KIB - 1)));
        for sender in self.0.iter_mut().rev().take(2 * 45).filter(|sender| sender.left > 0) {
            if sender.send(budget, 1_460, now).is_err() {
                sender.guard.release(budget);
                sender.left = 0;
            }
        }
    }
}

#[test]
fn slow_uploads_make_room_for_good_deliveries() {
    // 125 Mbit/s fill the budget with a deadline of 10 s; 250 Mbit/s fill it with 2.5 s.
    for (rate, turn, deadline) in [
        (15_625, 146, Duration::from_secs(10)),
        (15_625, 63 * KIB, Duration::from_secs(10)),
        (31_250, 63 * KIB, DEADLINE),
    ] {
        let mut slow = Slow { senders: VecDeque::new(), turn, rate, deadline };
        good_deliveries_are_accepted_beside(&mut slow, &format!("{rate} bytes in turns of {turn}"));
    }
}

#[test]
fn fast_newcomers_end_each_other_and_no_good_delivery() {
    good_deliveries_are_accepted_beside(&mut Fast(VecDeque::new()), "fast");
}

/// Starts an upload that began `age` ms before `now` and whose last byte is `idle` ms old.
fn upload(budget: &MemoryBudget, now: Instant, (age, idle): (u64, u64), bytes: usize) -> BudgetGuard {
    let (guard, before) = (BudgetGuard::default(), |age| now - Duration::from_millis(age));
    guard.reserve(budget, bytes, || before(idle)).unwrap();
    guard.wait_for_more(budget, before(age), || before(idle), Waker::noop()).unwrap();
    guard
}

/// Returns whether the upload was ended in favour of another one.
fn is_ended(budget: &MemoryBudget, guard: &BudgetGuard, now: Instant) -> bool {
    guard.wait_for_more(budget, now, || now, Waker::noop()).is_err()
}

#[test]
fn the_upload_that_was_idle_longest_is_ended_first_and_then_the_slowest() {
    let (budget, now) = (MemoryBudget::new(100), Instant::now() + Duration::from_secs(60));
    let all = [((900, 400), 25), ((900, 500), 26), ((900, 500), 24), ((900, 300), 25)]
        .map(|(times, bytes)| upload(&budget, now, times, bytes));
    let newcomer = BudgetGuard::default();
    for (most, ended) in
        [(24, [false, false, true, false]), (26, [false, true, true, false]), (25, [true, true, true, false])]
    {
        newcomer.reserve(&budget, most, || now).unwrap();
        assert_eq!(all.each_ref().map(|guard| is_ended(&budget, guard, now)), ended);
        assert_eq!(budget.used(), 100);
    }
    newcomer.release(&budget);
    all.iter().for_each(|guard| guard.release(&budget));
    assert_eq!(budget.used(), 0);
}

#[test]
fn young_fast_and_complete_uploads_are_not_ended() {
    let now = Instant::now() + Duration::from_secs(60);
    for (what, times, bytes, is_complete, may_end) in [
        ("young", (250, 250), 10, false, false),
        ("not young", (251, 251), 10, false, true),
        ("fast", (1_000, 250), 64 * KIB, false, false),
        ("fast before", (1_000, 251), 64 * KIB, false, true),
        ("slow", (1_000, 0), 64 * KIB - 1, false, true),
        ("complete", (2_000, 2_000), 10, true, false),
    ] {
        let budget = MemoryBudget::new(bytes);
        let guard = upload(&budget, now, times, bytes);
        if is_complete {
            guard.complete(&budget).unwrap();
        }
        let newcomer = BudgetGuard::default();
        assert_eq!(newcomer.reserve(&budget, 1, || now).is_ok(), may_end, "{what}");
        newcomer.release(&budget);
        assert_eq!(guard.complete(&budget).is_err(), may_end, "{what}");
        guard.release(&budget);
        assert_eq!(budget.used(), 0, "{what}");
    }
}
