//! Runs the conformance suite on correct and on broken stores.

#[path = "../benches/stores/fjall_store.rs"]
mod fjall_store;

use birdhook_inbox::{RedbStore, conformance};

use crate::support::broken::{Bug, Place};

#[test]
fn the_store_of_the_inbox_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inbox.redb");
    conformance::check(|| RedbStore::open(&file)).unwrap();
}

#[test]
#[cfg_attr(debug_assertions, ignore = "long: run by `cargo xtask ci long`")]
fn the_store_that_the_inbox_is_compared_with_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conformance::check(|| fjall_store::FjallStore::open(folder.path())).unwrap();
}

#[test]
fn a_simple_store_conforms() {
    let place = Place::default();
    conformance::check(|| place.open(None)).unwrap();
}

#[test]
fn every_bug_is_told_by_the_rule_that_it_breaks() {
    for (bug, rule) in crate::support::broken::BUGS {
        let place = Place::default();
        let violation = conformance::check(|| place.open(Some(bug))).expect_err(&format!("{bug:?} is not noticed"));
        assert_eq!(violation.rule, rule, "{bug:?} is told as: {violation}");
        let told = violation.to_string();
        assert!(told.contains(rule) && told.contains(&violation.seed.to_string()), "{told}");
    }
}

#[test]
fn a_violation_is_met_again_with_its_seed() {
    let check = |seed: Option<u64>| {
        let place = Place::default();
        let open = || place.open(Some(Bug::MistakesALength));
        let checked = match seed {
            Some(seed) => conformance::check_seeded(seed, open),
            None => conformance::check(open),
        };
        checked.unwrap_err()
    };
    let first = check(None);
    assert_eq!(check(Some(first.seed)), first);
}

#[test]
fn a_failed_commit_is_a_violation_unless_it_was_asked_for() {
    let place = Place::default();
    let violation = conformance::check(|| place.open(Some(Bug::FailsAsAWhole))).unwrap_err();
    assert!(violation.what.contains("a commit failed: the store failed: planted"), "{violation}");
    for seed in 0..5 {
        let place = Place::default();
        conformance::check_failing(seed, || place.open(Some(Bug::FailsAsAWhole))).unwrap();
    }
}

#[test]
fn what_a_failed_commit_leaves_is_all_of_it_or_nothing() {
    let place = Place::default();
    conformance::check_failing(1, || place.open(Some(Bug::FailsAfterwards))).unwrap();
    let place = Place::default();
    let violation = conformance::check_failing(1, || place.open(Some(Bug::KeepsAPart))).unwrap_err();
    assert_eq!(violation.rule, conformance::ATOMIC, "{violation}");
}
