//! Tests several receivers, one Redis and X on a simulated network with injected faults.
//!
//! Each run is determined by its seed: a failure prints the command that repeats it.
#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unimplemented,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on"
)]

mod line;
mod mistakes;
mod oracle;
mod receiver;
mod sender;
mod server;
mod simulation;

use birdhook_test_harness::seed::command;
use simulation::{Run, run};

const AS_IT_IS: server::Mistake = str::to_owned;

fn seeds(count: u64) -> Vec<u64> {
    match birdhook_test_harness::seed::given() {
        Some(seed) => vec![seed],
        None => (0..count).map(|_| fastrand::u64(..1_000_000_000)).collect(),
    }
}

fn holds(seed: u64, faults: bool) -> Run {
    run(seed, faults, AS_IT_IS).unwrap_or_else(|wrong| panic!("{wrong}\nto repeat this test: {}", command(seed)))
}

/// The combined results of several runs.
#[derive(Debug, Default)]
struct Sum {
    busy: usize,
    forgotten: usize,
    unheard: usize,
    unmarked: u64,
}

fn under_faults(seeds: &[u64]) -> Sum {
    let mut sum = Sum::default();
    for seed in seeds {
        let Run { verdict, unmarked, .. } = holds(*seed, true);
        if let Some(counted) = unmarked {
            // A receiver that did not crash knows which events Redis has not recorded.
            assert!(
                counted >= verdict.never_heard as u64,
                "{verdict:?}, counted {counted}\nto repeat this test: {}",
                command(*seed)
            );
            sum.unmarked += counted;
        }
        sum.busy += verdict.busy;
        sum.forgotten += verdict.forgotten;
        sum.unheard += verdict.unheard;
    }
    sum
}

#[test]
fn under_any_fault_an_event_answered_200_is_delivered_exactly_once() {
    println!("{:?}", under_faults(&seeds(15)));
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn under_any_fault_in_many_runs_an_event_answered_200_is_delivered_exactly_once() {
    println!("{:?}", under_faults(&seeds(140)));
}

#[test]
fn without_faults_each_event_is_delivered_exactly_once() {
    for seed in seeds(30) {
        let Run { verdict, unmarked, .. } = holds(seed, false);
        assert_eq!((verdict.forgotten, verdict.unheard, verdict.never_heard), (0, 0, 0), "{}", command(seed));
        assert_eq!(unmarked, Some(0), "{}", command(seed));
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in seeds(3) {
        let (one, other) = (holds(seed, true).oracle.log(), holds(seed, true).oracle.log());
        let differs =
            one.iter().zip(&other).position(|(one, other)| one != other).unwrap_or(one.len().min(other.len()));
        let around = |log: &[_]| {
            log.iter().skip(differs.saturating_sub(4)).take(8).map(|line| format!("\n  {line:?}")).collect::<String>()
        };
        assert!(one == other, "{}: one run goes {}\nand the other {}", command(seed), around(&one), around(&other));
    }
}
