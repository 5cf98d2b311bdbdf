//! Bugs planted in the inbox make the proof fail.
#![cfg(birdhook_faults)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use birdhook_inbox_proof::faults::Bug;
use birdhook_inbox_proof::{aborts, damage, failed_sync, openers, power, prefetch, proofs, syscalls, wait};
use birdhook_test_harness::violation::Violation;

/// A bug is planted in the whole process, so these tests run one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn receiver() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_receiver"))
}

/// Prints the violation, to show that it comes from the planted bug.
fn noticed(bug: Bug, proof: impl FnOnce(Option<Bug>) -> Result<(), Violation>) -> Result<(), Violation> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Err(violation) = proof(Some(bug)) else { panic!("{bug:?} was not noticed") };
    println!("{bug:?}: {violation}");
    Ok(())
}

proofs! {
    keys_that_are_remembered_before_their_events_are_noticed_when_power_is_lost:
        noticed(Bug::MarkBeforeAppend, |bug| power::lose_nothing(8, bug));
    keys_that_are_remembered_before_their_events_are_noticed_when_the_process_ends:
        noticed(Bug::MarkBeforeAppend, |_| some_event_is_lost());
    answers_before_the_sync_are_noticed_when_power_is_lost:
        noticed(Bug::AnswerBeforeSync, |bug| power::lose_nothing(8, bug));
    answers_before_the_sync_are_noticed_among_the_system_calls:
        noticed(Bug::AnswerBeforeSync, |_| {
            wait(syscalls::show_a_sync_before_each_200(receiver(), 200, Some("AnswerBeforeSync")))
        });
    a_failed_sync_that_is_taken_for_one_that_did_not_fail_is_noticed:
        noticed(Bug::IgnoredSyncError, |bug| wait(failed_sync::loses_nothing(0, bug)));
    a_lock_that_is_ignored_is_noticed:
        noticed(Bug::IgnoredLock, |bug| openers::lose_nothing(3, bug));
    an_attempt_that_is_not_counted_is_noticed:
        noticed(Bug::UncountedAttempt, |_| {
            wait(prefetch::a_kill_costs_one_attempt_each(receiver(), Some("UncountedAttempt")))
        });
    events_that_are_prefetched_with_one_that_ended_the_process_are_noticed:
        noticed(Bug::PrefetchedAfterCrash, |_| {
            wait(prefetch::a_poisonous_event_takes_no_other(receiver(), 1, Some("PrefetchedAfterCrash")))
        });
    a_durable_acknowledgement_that_is_only_queued_is_noticed:
        noticed(Bug::EarlyDurableAck, |_| {
            wait(prefetch::a_durable_acknowledgement_is_kept(receiver(), Some("EarlyDurableAck")))
        });
    // Tested on a closed file, because after a crash redb verifies all pages with its own checksums.
    checksums_that_are_not_looked_at_are_noticed:
        noticed(Bug::SkippedChecksum, |bug| wait(damage::is_never_silent(true, 1009, bug)));
}

fn some_event_is_lost() -> Result<(), Violation> {
    // Between the two commits that this bug makes, one sync has completed.
    let mut ends =
        (1..=12).map(|nth| wait(aborts::lose_nothing(receiver(), "store-synced", nth, Some("MarkBeforeAppend"))));
    ends.find(|proof| matches!(proof, Err(Violation::Lost(_)))).unwrap_or(Ok(()))
}
