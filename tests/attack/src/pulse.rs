//! Good deliveries and challenges during every attack, as X would send them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::outcome::Outcome;
use crate::target::{Target, X_WAITS, get};

/// Interval between deliveries, even if earlier ones are unanswered.
const EVERY: Duration = Duration::from_millis(50);

/// Time limit for a good delivery: birdhook's deadline, 0.5 s below X's shortest timeout. The
/// timeout that X documents is 10 s.
pub const BUDGET: Duration = Duration::from_millis(2500);

/// Time limit for a challenge, regardless of the work that bodies cause. The short form attacks
/// unoptimised servers side by side, and allows [`BUDGET`].
pub const CHALLENGE_BUDGET: Duration = Duration::from_secs(1);

pub struct Pulse {
    stop: Arc<AtomicBool>,
    beating: JoinHandle<Beats>,
}

/// Results of the deliveries and challenges.
#[derive(Default)]
pub struct Beats {
    pub sent: usize,
    /// Number of deliveries answered 200 within the budget.
    pub good: usize,
    pub slowest: Duration,
    pub slowest_challenge: Duration,
    /// The first delivery or challenge that was not answered 200 within its budget.
    pub wrong: Option<String>,
}

impl Pulse {
    /// Starts a thread of its own, so that the attack does not delay it. Each delivery has a new
    /// connection.
    pub fn start(target: &Target) -> Self {
        let (stop, target) = (Arc::new(AtomicBool::new(false)), target.clone());
        let stopped = Arc::clone(&stop);
        let beating = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(beat(&target, &stopped))
        });
        Self { stop, beating }
    }

    /// Stops sending, and waits for the requests in progress.
    pub fn stop(self) -> Beats {
        self.stop.store(true, SeqCst);
        self.beating.join().unwrap()
    }
}

async fn beat(target: &Target, stopped: &AtomicBool) -> Beats {
    let (mut beats, mut sending) = (Beats::default(), JoinSet::new());
    let challenges = if target.quick { BUDGET } else { CHALLENGE_BUDGET };
    let mut clock = tokio::time::interval(EVERY);
    while !stopped.load(SeqCst) {
        clock.tick().await;
        let (one, other) = (target.clone(), target.clone());
        sending.spawn(async move {
            let sent = Instant::now();
            let ids = one.journal.ids(1);
            let answered = tokio::time::timeout(X_WAITS, one.deliver(ids)).await;
            (Sent::Delivery, answered.map_or(Outcome::Open, |answer| answer.outcome), sent.elapsed())
        });
        sending.spawn(async move {
            let sent = Instant::now();
            let answered = tokio::time::timeout(X_WAITS, other.ask(&[&get("crc_token=pulse", &[])])).await;
            (Sent::Challenge, answered.map_or(Outcome::Open, |answer| answer.outcome), sent.elapsed())
        });
        while let Some(done) = sending.try_join_next() {
            beats.count(done.unwrap(), challenges);
        }
    }
    while let Some(done) = sending.join_next().await {
        beats.count(done.unwrap(), challenges);
    }
    beats
}

enum Sent {
    Delivery,
    Challenge,
}

impl Beats {
    fn count(&mut self, (sent, outcome, took): (Sent, Outcome, Duration), challenges: Duration) {
        if let Sent::Challenge = sent {
            self.slowest_challenge = self.slowest_challenge.max(took);
            if outcome != Outcome::Status(200) || took > challenges {
                self.wrong.get_or_insert_with(|| format!("a challenge: {outcome} after {:.1} s", took.as_secs_f64()));
            }
            return;
        }
        self.sent += 1;
        self.slowest = self.slowest.max(took);
        if outcome == Outcome::Status(200) && took <= BUDGET {
            self.good += 1;
        } else {
            self.wrong.get_or_insert_with(|| format!("a good delivery: {outcome} after {:.1} s", took.as_secs_f64()));
        }
    }
}
