//! Tests several receivers, one Redis and X on a simulated network with injected faults.
//!
//! Each run is determined by its seed: a failure prints the command that repeats it.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stderr, clippy::print_stdout, clippy::unimplemented, reason = "tests")]
#![allow(missing_debug_implementations, missing_docs, unreachable_pub, reason = "modules of a test")]

mod line;
mod mistakes;
mod oracle;
mod receiver;
mod sender;
mod server;
mod simulation;

use birdhook_test_harness::seed::command;
use simulation::{Run, run};

const UNCHANGED: server::Mistake = ("", "");

fn seeds(count: u64) -> Vec<u64> {
    match birdhook_test_harness::seed::given() {
        Some(seed) => vec![seed],
        None => (0..count).map(|_| fastrand::u64(..1_000_000_000)).collect(),
    }
}

fn run_seed(seed: u64, faults: bool) -> Run {
    run(seed, faults, UNCHANGED)
        .unwrap_or_else(|violation| panic!("{violation}\nto repeat this test: {}", command(seed)))
}

fn under_faults(count: u64) {
    for seed in seeds(count) {
        let Run { counts, unmarked, .. } = run_seed(seed, true);
        println!("{counts:?}, unmarked {unmarked:?}");
        // A receiver that did not crash knows which events Redis has not recorded.
        let is_known = unmarked.is_none_or(|unmarked| unmarked >= counts.never_recorded as u64);
        assert!(is_known, "{counts:?}, unmarked {unmarked:?}\nto repeat this test: {}", command(seed));
    }
}

#[test]
fn under_any_fault_an_event_answered_200_is_delivered_exactly_once() {
    under_faults(15);
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn under_any_fault_in_many_runs_an_event_answered_200_is_delivered_exactly_once() {
    under_faults(140);
}

#[test]
fn without_faults_each_event_is_delivered_exactly_once() {
    for seed in seeds(30) {
        let Run { counts, unmarked, .. } = run_seed(seed, false);
        assert_eq!((counts.forgotten, counts.unrecorded, counts.never_recorded), (0, 0, 0), "{}", command(seed));
        assert_eq!(unmarked, Some(0), "{}", command(seed));
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in seeds(3) {
        let (one, other) = (run_seed(seed, true).oracle.log(), run_seed(seed, true).oracle.log());
        let differs =
            one.iter().zip(&other).position(|(one, other)| one != other).unwrap_or(one.len().min(other.len()));
        let around = |log: &[_]| {
            log.iter().skip(differs.saturating_sub(4)).take(8).map(|line| format!("\n  {line:?}")).collect::<String>()
        };
        assert!(one == other, "{}: one run goes {}\nand the other {}", command(seed), around(&one), around(&other));
    }
}
