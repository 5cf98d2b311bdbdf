//! Tests that the oracle notices a mistake planted in each script.

use crate::server::Mistake;
use crate::simulation::run;

const CLAIM: &str = include_str!("../../src/dedupe/claim.lua");
const DONE: &str = include_str!("../../src/dedupe/done.lua");
const RELEASE: &str = include_str!("../../src/dedupe/release.lua");

/// The number of runs, each with its own seed.
const RUNS: u64 = 60;

fn assert_noticed(script: &str, mistake: Mistake) {
    assert!(script.contains(mistake.0), "the script has changed, and the mistake no longer applies");
    let noticed = (0..RUNS).find_map(|seed| run(seed, true, mistake).err().map(|violation| (seed, violation)));
    let (seed, violation) = noticed.expect("not noticed");
    println!("seed {seed}: {}", violation.lines().next().unwrap_or_default());
}

/// Generates a test for each mistake: a part of a script, and its replacement.
macro_rules! notices {
    ($($name:ident = $script:ident: $right:literal => $wrong:literal;)*) => {
        $(
            #[test]
            fn $name() {
                assert_noticed($script, ($right, $wrong));
            }
        )*
    };
}

notices! {
    notices_a_claim_that_ignores_events_in_flight = CLAIM:
        "found[i] ~= 'done' and found[i] ~= ARGV[1]" => "false";
    notices_a_claim_that_ignores_done_events = CLAIM:
        "if found[i] == 'done' or seen[key] then" => "if seen[key] then";
    notices_a_claim_of_only_some_events_of_a_delivery = CLAIM:
        "found[i] = redis.call('GET', key)" =>
        "found[i] = redis.call('GET', key) if not found[i] then redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end";
    notices_a_claim_that_never_expires = CLAIM:
        "ARGV[1], 'PX', ARGV[2])" => "ARGV[1])";
    notices_events_marked_as_done_before_their_delivery = CLAIM:
        "ARGV[1], 'PX', ARGV[2])" => "'done', 'PX', '3600000')";
    notices_the_release_of_another_claim = RELEASE:
        "if redis.call('GET', key) == ARGV[1] then" => "if true then";
    notices_a_done_event_that_is_not_recorded_after_its_claim_expired = DONE:
        "redis.call('SET', key, 'done', 'PX', ARGV[1])" =>
        "if redis.call('GET', key) then redis.call('SET', key, 'done', 'PX', ARGV[1]) end";
    notices_the_release_of_a_done_event = DONE:
        "redis.call('SET', key, 'done', 'PX', ARGV[1])" => "redis.call('DEL', key)";
}
