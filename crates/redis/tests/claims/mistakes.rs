//! Tests that the oracle notices a mistake planted in each script.

use crate::server::Mistake;
use crate::simulation::run;

const CLAIM: &str = include_str!("../../src/dedupe/claim.lua");
const DONE: &str = include_str!("../../src/dedupe/done.lua");
const RELEASE: &str = include_str!("../../src/dedupe/release.lua");

/// The number of runs, each with its own seed.
const RUNS: u64 = 60;

fn is_noticed(script: &str, mistake: Mistake) {
    assert_ne!(mistake(script), script, "the script has changed, and this is no mistake in it any more");
    let noticed = (0..RUNS).find_map(|seed| run(seed, true, mistake).err().map(|wrong| (seed, wrong)));
    let (seed, wrong) = noticed.expect("not noticed");
    println!("seed {seed}: {}", wrong.lines().next().unwrap_or_default());
}

#[test]
fn it_is_noticed_when_claims_in_flight_are_not_respected() {
    is_noticed(CLAIM, |code| code.replace("found[i] ~= 'done' and found[i] ~= ARGV[1]", "false"));
}

#[test]
fn it_is_noticed_when_marks_are_not_respected() {
    is_noticed(CLAIM, |code| code.replace("if found[i] == 'done' or seen[key] then", "if seen[key] then"));
}

#[test]
fn it_is_noticed_when_some_events_are_claimed_and_others_not() {
    is_noticed(CLAIM, |code| {
        code.replace(
            "found[i] = redis.call('GET', key)",
            "found[i] = redis.call('GET', key) if not found[i] then redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end",
        )
    });
}

#[test]
fn it_is_noticed_when_claims_do_not_run_out() {
    is_noticed(CLAIM, |code| code.replace("ARGV[1], 'PX', ARGV[2])", "ARGV[1])"));
}

#[test]
fn it_is_noticed_when_marks_are_set_before_the_hand_over() {
    is_noticed(CLAIM, |code| code.replace("ARGV[1], 'PX', ARGV[2])", "'done', 'PX', '3600000')"));
}

#[test]
fn it_is_noticed_when_somebody_else_s_claim_is_released() {
    is_noticed(RELEASE, |code| code.replace("if redis.call('GET', key) == ARGV[1] then", "if true then"));
}

#[test]
fn it_is_noticed_when_a_mark_is_not_set_because_the_claim_is_over() {
    is_noticed(DONE, |code| {
        let set = "redis.call('SET', key, 'done', 'PX', ARGV[1])";
        code.replace(set, &format!("if redis.call('GET', key) then {set} end"))
    });
}

#[test]
fn it_is_noticed_when_what_is_done_is_released() {
    is_noticed(DONE, |code| code.replace("redis.call('SET', key, 'done', 'PX', ARGV[1])", "redis.call('DEL', key)"));
}
