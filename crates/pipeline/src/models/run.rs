//! Running a model under many schedules, and telling how many.

use std::time::{Duration, Instant, SystemTime};

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, Runner};

/// How many preemptions PCT chooses: most mistakes need one or two.
const PREEMPTIONS: usize = 3;

/// Schedules in a round.
const ROUND: usize = 50;

/// Runs it under random schedules: half of the time chosen step by step, half with few preemptions at random places (PCT).
pub(crate) fn at_random(model: impl Fn() + Send + Sync + Clone + 'static) {
    if is_replayed(&model) {
        return;
    }
    let seed = number("BIRDHOOK_MODELS_SEED")
        .unwrap_or_else(|| SystemTime::UNIX_EPOCH.elapsed().map_or(1, |time| time.as_micros() as u64));
    // Before it runs, so that it is there when it fails.
    println!("to repeat {}: cargo xtask models --seed {seed} {0}", name());
    let start = Instant::now();
    let mut count = 0;
    // In rounds, since a scheduler that is stopped by a clock says that it failed.
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

/// Runs it under every schedule there is. For models of few steps.
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
    // Somebody always has something to do, so that a loop without an end is a failure too.
    config.max_steps = shuttle::MaxSteps::FailAfter(100_000);
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    Runner::new(scheduler, config).run(model)
}

/// One schedule again, as a failure has printed it.
fn is_replayed(model: &(impl Fn() + Send + Sync + Clone + 'static)) -> bool {
    let Ok(schedule) = std::env::var("BIRDHOOK_MODELS_SCHEDULE") else { return false };
    run(ReplayScheduler::new_from_encoded(schedule.trim()), model.clone()) > 0
}

/// For each model.
fn seconds() -> Duration {
    Duration::from_secs(number("BIRDHOOK_MODELS_SECONDS").unwrap_or(2))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn name() -> String {
    std::thread::current().name().unwrap_or("a model").trim_start_matches("models::").to_owned()
}
