//! Runs the proof: nothing answered 200 is lost.
#![cfg(birdhook_faults)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use birdhook_inbox_proof::{
    aborts, clocks, compaction, damage, failed_sync, full_disk, kills, openers, power, prefetch, proofs, syscalls, wait,
};
use birdhook_test_harness::violation::Violation;

fn receiver() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_receiver"))
}

proofs! {
    two_hundred_kills_under_load_lose_nothing: wait(kills::lose_nothing(receiver(), 200));
    ending_at_any_point_of_a_commit_loses_nothing: wait(ending_at_any_point());
    ending_in_order_under_load_loses_nothing: wait(kills::terminations_lose_nothing(receiver(), 5));
    a_loss_of_power_at_any_moment_loses_nothing: power::lose_nothing(24, None);
    a_kill_costs_each_prefetched_event_one_attempt: wait(prefetch::a_kill_costs_one_attempt_each(receiver(), None));
    an_event_that_ends_the_process_takes_no_other_to_the_dead_letters:
        wait(prefetch::a_poisonous_event_takes_no_other(receiver(), 1, None));
    an_event_that_ends_the_process_takes_no_other_of_several_consumers_to_the_dead_letters:
        wait(prefetch::a_poisonous_event_takes_no_other(receiver(), 4, None));
    an_acknowledgement_that_is_lost_while_it_is_queued_delivers_the_event_again:
        wait(prefetch::a_queued_acknowledgement_can_be_lost(receiver()));
    a_durable_acknowledgement_is_never_lost: wait(prefetch::a_durable_acknowledgement_is_kept(receiver(), None));
    a_failed_fsync_loses_nothing: wait(failed_sync::loses_nothing(0, None));
    openers_that_look_at_a_new_folder_at_once_lose_nothing: openers::lose_nothing(40, None);
    a_crash_at_any_moment_of_a_compaction_loses_nothing: wait(compaction::loses_nothing());
    a_flipped_bit_after_a_clean_end_is_never_silent: wait(damage::is_never_silent(true, 307, None));
    a_flipped_bit_after_a_crash_is_never_silent: wait(damage::is_never_silent(false, 701, None));
    a_file_that_is_cut_off_is_refused: wait(damage::is_never_cut_silently(40));
    an_older_copy_of_the_file_is_refused: wait(damage::is_not_taken_for_new_when_older());
    each_200_is_written_behind_a_sync: wait(syscalls::show_a_sync_before_each_200(receiver(), 200, None));
    clocks_that_jump_make_it_forget_nothing: wait(clocks::forget_nothing());
    a_full_disk_loses_nothing: wait(full_disk::loses_nothing());
}

async fn ending_at_any_point() -> Result<(), Violation> {
    let named = aborts::named_points();
    assert_eq!(named, aborts::points().map(str::to_owned).collect(), "a new point is to be named here");
    assert_eq!(named, aborts::passed_points(receiver()).await?, "all are come to");
    for point in aborts::points() {
        for nth in [1, 2, 3, 4, 5, 6, 8, 13, 21, 34] {
            // A process opens the file only once, and the file seldom grows.
            if !["looked", "store-grow"].contains(&point) || nth == 1 {
                let proof = aborts::lose_nothing(receiver(), point, nth, None).await;
                proof.unwrap_or_else(|violation| panic!("{point}:{nth}: {violation}"));
            }
        }
    }
    Ok(())
}
