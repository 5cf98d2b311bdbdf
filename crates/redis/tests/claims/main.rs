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
mod world;

use birdhook_seed::command;
use world::{Run, run};

const AS_IT_IS: server::Mistake = str::to_owned;

fn seeds(count: u64) -> Vec<u64> {
    match birdhook_seed::given() {
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

fn whatever_goes_wrong(seeds: &[u64]) -> Sum {
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
fn whatever_goes_wrong_what_was_answered_200_is_taken_and_taken_once() {
    println!("{:?}", whatever_goes_wrong(&seeds(15)));
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn whatever_goes_wrong_in_many_runs_what_was_answered_200_is_taken_and_taken_once() {
    println!("{:?}", whatever_goes_wrong(&seeds(140)));
}

#[test]
fn when_nothing_goes_wrong_everything_is_taken_exactly_once() {
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
