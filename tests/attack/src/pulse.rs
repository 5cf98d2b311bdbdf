//! Good deliveries and challenges during every attack, as X would send them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::outcome::Outcome;
use crate::target::{Target, X_WAITS, get};

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
        for is_challenge in [false, true] {
            let target = target.clone();
            sending.spawn(async move {
                let sent = Instant::now();
                let asking = async {
                    match is_challenge {
                        true => target.ask(&[&get("crc_token=pulse", &[])]).await,
                        false => target.deliver(target.journal.ids(1)).await,
                    }
                };
                let answered = tokio::time::timeout(X_WAITS, asking).await;
                (is_challenge, answered.map_or(Outcome::Open, |answer| answer.outcome), sent.elapsed())
            });
        }
        while let Some(done) = sending.try_join_next() {
            beats.count(done.unwrap(), challenges);
        }
    }
    while let Some(done) = sending.join_next().await {
        beats.count(done.unwrap(), challenges);
    }
    beats
}

impl Beats {
    fn count(&mut self, (is_challenge, outcome, took): (bool, Outcome, Duration), challenges: Duration) {
        let (what, budget, slowest) = match is_challenge {
            true => ("challenge", challenges, &mut self.slowest_challenge),
            false => ("good delivery", BUDGET, &mut self.slowest),
        };
        *slowest = took.max(*slowest);
        let is_good = outcome == Outcome::Status(200) && took <= budget;
        if !is_good {
            self.wrong.get_or_insert_with(|| format!("a {what}: {outcome} after {:.1} s", took.as_secs_f64()));
        }
        self.sent += usize::from(!is_challenge);
        self.good += usize::from(is_good && !is_challenge);
    }
}
