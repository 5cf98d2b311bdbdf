//! Runs a model under many schedules and prints their number.

use std::time::{Duration, Instant, SystemTime};

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, Runner};

/// The number of preemptions in a PCT schedule. Most bugs need one or two.
const PREEMPTIONS: usize = 3;

/// Schedules in a round.
const ROUND: usize = 50;

/// Runs the model under random schedules: half of them random at every step, half with few
/// preemptions at random places (PCT).
pub(crate) fn at_random(model: impl Fn() + Send + Sync + Clone + 'static) {
    if is_replayed(&model) {
        return;
    }
    let seed = number("BIRDHOOK_MODELS_SEED")
        .unwrap_or_else(|| SystemTime::UNIX_EPOCH.elapsed().map_or(1, |time| time.as_micros() as u64));
    // Printed first, so that the seed is known if the model fails.
    println!("to repeat {}: cargo xtask models --seed {seed} {0}", name());
    let start = Instant::now();
    let mut count = 0;
    // In rounds, because a scheduler that stops by a clock reports a failure.
    for round in 0.. {
        if start.elapsed() >= seconds() {
            break;
        }
        let seed = seed.wrapping_add(round);
        count += run(RandomScheduler::new_from_seed(seed, ROUND), model.clone());
        count += run(PctScheduler::new_from_seed(seed, PREEMPTIONS, ROUND), model.clone());
    }
    println!("schedules of {}: {count} at random", name());
}

/// Runs the model under every possible schedule. For small models.
pub(crate) fn under_all(model: impl Fn() + Send + Sync + Clone + 'static) {
    if is_replayed(&model) {
        return;
    }
    const LIMIT: usize = 1_000_000;
    let count = run(DfsScheduler::new(Some(LIMIT), false), model);
    assert!(count < LIMIT, "too large for all schedules");
    println!("schedules of {}: {count}, which are all", name());
}

fn run(scheduler: impl Scheduler + 'static, model: impl Fn() + Send + Sync + 'static) -> usize {
    let mut config = Config::new();
    config.stack_size = 1 << 19;
    // Some task can always run, so an endless loop never deadlocks: the limit turns it into a
    // failure.
    config.max_steps = shuttle::MaxSteps::FailAfter(100_000);
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    Runner::new(scheduler, config).run(model)
}

/// Runs one schedule again, as printed by a failure. Returns whether it did.
fn is_replayed(model: &(impl Fn() + Send + Sync + Clone + 'static)) -> bool {
    let Ok(schedule) = std::env::var("BIRDHOOK_MODELS_SCHEDULE") else { return false };
    run(ReplayScheduler::new_from_encoded(schedule.trim()), model.clone()) > 0
}

/// Returns the time for each model. Defaults to 2 s.
fn seconds() -> Duration {
    Duration::from_secs(number("BIRDHOOK_MODELS_SECONDS").unwrap_or(2))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn name() -> String {
    std::thread::current().name().unwrap_or("a model").trim_start_matches("models::").to_owned()
}
