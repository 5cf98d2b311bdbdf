//! Bugs planted in the inbox make the proof fail.
#![cfg(birdhook_faults)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use birdhook_inbox_proof::faults::Bug;
use birdhook_inbox_proof::{aborts, damage, failed_sync, openers, power, syscalls, wait};
use birdhook_test_harness::violation::Violation;

/// A bug is planted in the whole process, so these tests run one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn receiver() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_receiver"))
}

/// Prints the violation, to show that it comes from the planted bug.
fn noticed(bug: Bug, proof: impl FnOnce(Option<Bug>) -> Result<(), Violation>) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Err(violation) = proof(Some(bug)) else { panic!("{bug:?} was not noticed") };
    println!("{bug:?}: {violation}");
}

#[test]
fn keys_that_are_remembered_before_their_events_are_noticed_when_power_is_lost() {
    noticed(Bug::MarkBeforeAppend, |bug| power::lose_nothing(8, bug));
}

#[test]
fn keys_that_are_remembered_before_their_events_are_noticed_when_the_process_ends() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // Between the two commits that this bug makes, one sync has completed.
    let ends =
        (1..=12).map(|nth| wait(aborts::lose_nothing(receiver(), "store-synced", nth, Some("MarkBeforeAppend"))));
    let lost = ends.filter(|proof| matches!(proof, Err(Violation::Lost(_)))).count();
    assert!(lost > 0, "MarkBeforeAppend was not noticed");
}

#[test]
fn answers_before_the_sync_are_noticed_when_power_is_lost() {
    noticed(Bug::AnswerBeforeSync, |bug| power::lose_nothing(8, bug));
}

#[test]
fn answers_before_the_sync_are_noticed_among_the_system_calls() {
    let proof = syscalls::show_a_sync_before_each_200(receiver(), 200, Some("AnswerBeforeSync"));
    noticed(Bug::AnswerBeforeSync, |_| wait(proof));
}

#[test]
fn a_failed_sync_that_is_taken_for_one_that_did_not_fail_is_noticed() {
    noticed(Bug::IgnoredSyncError, |bug| wait(failed_sync::loses_nothing(0, bug)));
}

#[test]
fn a_lock_that_is_ignored_is_noticed() {
    noticed(Bug::IgnoredLock, |bug| openers::lose_nothing(3, bug));
}

#[test]
fn checksums_that_are_not_looked_at_are_noticed() {
    // Tested on a closed file, because after a crash redb verifies all pages with its own
    // checksums.
    noticed(Bug::SkippedChecksum, |bug| wait(damage::is_never_silent(true, 1009, bug)));
}
