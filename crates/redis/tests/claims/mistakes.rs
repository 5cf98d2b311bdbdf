//! Tests that the oracle notices a mistake planted in each script.

use crate::server::Mistake;
use crate::simulation::run;

const CLAIM: &str = include_str!("../../src/dedupe/claim.lua");
const DONE: &str = include_str!("../../src/dedupe/done.lua");
const RELEASE: &str = include_str!("../../src/dedupe/release.lua");

/// The number of runs, each with its own seed.
const RUNS: u64 = 60;

fn assert_noticed(script: &str, mistake: Mistake) {
    assert_ne!(mistake(script), script, "the script has changed, and the mistake no longer applies");
    let noticed = (0..RUNS).find_map(|seed| run(seed, true, mistake).err().map(|violation| (seed, violation)));
    let (seed, violation) = noticed.expect("not noticed");
    println!("seed {seed}: {}", violation.lines().next().unwrap_or_default());
}

#[test]
fn notices_a_claim_that_ignores_events_in_flight() {
    assert_noticed(CLAIM, |code| code.replace("found[i] ~= 'done' and found[i] ~= ARGV[1]", "false"));
}

#[test]
fn notices_a_claim_that_ignores_done_events() {
    assert_noticed(CLAIM, |code| code.replace("if found[i] == 'done' or seen[key] then", "if seen[key] then"));
}

#[test]
fn notices_a_claim_of_only_some_events_of_a_delivery() {
    assert_noticed(CLAIM, |code| {
        code.replace(
            "found[i] = redis.call('GET', key)",
            "found[i] = redis.call('GET', key) if not found[i] then redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end",
        )
    });
}

#[test]
fn notices_a_claim_that_never_expires() {
    assert_noticed(CLAIM, |code| code.replace("ARGV[1], 'PX', ARGV[2])", "ARGV[1])"));
}

#[test]
fn notices_events_marked_as_done_before_their_delivery() {
    assert_noticed(CLAIM, |code| code.replace("ARGV[1], 'PX', ARGV[2])", "'done', 'PX', '3600000')"));
}

#[test]
fn notices_the_release_of_another_claim() {
    assert_noticed(RELEASE, |code| code.replace("if redis.call('GET', key) == ARGV[1] then", "if true then"));
}

#[test]
fn notices_a_done_event_that_is_not_recorded_after_its_claim_expired() {
    assert_noticed(DONE, |code| {
        let set = "redis.call('SET', key, 'done', 'PX', ARGV[1])";
        code.replace(set, &format!("if redis.call('GET', key) then {set} end"))
    });
}

#[test]
fn notices_the_release_of_a_done_event() {
    assert_noticed(DONE, |code| {
        code.replace("redis.call('SET', key, 'done', 'PX', ARGV[1])", "redis.call('DEL', key)")
    });
}
