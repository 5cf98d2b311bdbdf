//! Bugs planted in the inbox make the proof fail.
#![cfg(birdhook_faults)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use birdhook_inbox_proof::faults::Bug;
use birdhook_inbox_proof::{aborts, damage, failed_sync, openers, power, syscalls};
use birdhook_test_harness::violation::Violation;

/// A bug is planted in the whole process, so these tests run one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn receiver() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_receiver"))
}

fn wait<T>(proof: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(proof)
}

/// Prints the violation, to show that it comes from the planted bug.
fn noticed(bug: Bug, proof: Result<(), Violation>) -> Violation {
    let Err(violation) = proof else { panic!("{bug:?} was not noticed") };
    println!("{bug:?}: {violation}");
    violation
}

#[test]
fn keys_that_are_remembered_before_their_events_are_noticed_when_power_is_lost() {
    let _alone = alone();
    noticed(Bug::MarkBeforeAppend, power::lose_nothing(8, Some(Bug::MarkBeforeAppend)));
}

#[test]
fn keys_that_are_remembered_before_their_events_are_noticed_when_the_process_ends() {
    let _alone = alone();
    // Between the two commits that this bug makes, one sync has completed.
    let ends =
        (1..=12).map(|nth| wait(aborts::lose_nothing(receiver(), "store-synced", nth, Some("MarkBeforeAppend"))));
    let lost = ends.filter(|proof| matches!(proof, Err(Violation::Lost(_)))).count();
    assert!(lost > 0, "MarkBeforeAppend was not noticed");
}

#[test]
fn answers_before_the_sync_are_noticed_when_power_is_lost() {
    let _alone = alone();
    noticed(Bug::AnswerBeforeSync, power::lose_nothing(8, Some(Bug::AnswerBeforeSync)));
}

#[test]
fn answers_before_the_sync_are_noticed_among_the_system_calls() {
    let _alone = alone();
    let proof = wait(syscalls::show_a_sync_before_each_200(receiver(), 200, Some("AnswerBeforeSync")));
    noticed(Bug::AnswerBeforeSync, proof);
}

#[test]
fn a_failed_sync_that_is_taken_for_one_that_did_not_fail_is_noticed() {
    let _alone = alone();
    noticed(Bug::IgnoredSyncError, wait(failed_sync::loses_nothing(0, Some(Bug::IgnoredSyncError))));
}

#[test]
fn a_lock_that_is_ignored_is_noticed() {
    let _alone = alone();
    noticed(Bug::IgnoredLock, openers::lose_nothing(3, Some(Bug::IgnoredLock)));
}

#[test]
fn checksums_that_are_not_looked_at_are_noticed() {
    let _alone = alone();
    // Tested on a closed file, because after a crash redb verifies all pages with its own
    // checksums.
    noticed(Bug::SkippedChecksum, wait(damage::is_never_silent(true, 1009, Some(Bug::SkippedChecksum))));
}
