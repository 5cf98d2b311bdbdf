//! A request's path through the core, beside what no receiver can do without.

mod allocations;
mod bench;
mod body;
mod rounds;

use allocations::Allocations;
use bench::Bench;
use body::Body;
use rounds::Rounds;

use crate::machine;
use crate::report::{Goal, Goals, Table, number};
use crate::statistics::Sample;

/// The section of this name.
pub(crate) fn run(quick: bool) {
    let facts = machine::facts();
    let (rounds, bodies) = match quick {
        true => (1, Body::all().filter(Body::has_goals).collect::<Vec<_>>()),
        false => (11, Body::all().collect()),
    };
    let allocations = Allocations::count();
    let measured = Rounds::measure(&Bench::build(), rounds, if quick { "6k|challenge" } else { "" });
    println!("## The core beside what no receiver can do without\n\n{facts}\n");
    println!(
        "To verify a body takes an HMAC over it, and to find its events a pass over its JSON: *HMAC* and *skip* are these two, by \
         the same crates that birdhook stands on, *both* one after the other. *birdhook* is all that the core does from a \
         request's bytes to verified events with their keys; *restore* is the part of it that follows the signature. *Activity* \
         is what `Event::activity` reads of all events, *derived* the same fields read by `#[derive(Deserialize)]` without \
         anything else. Microseconds; medians of {rounds} rounds, and ratios within a round."
    );
    println!("\n{}", times(&bodies, &measured));
    println!("{}\n", skipped(&measured));
    println!("{}", allocations.table(&bodies));
    println!("{}", goals(&measured, &allocations));
}

fn times(bodies: &[Body], measured: &Rounds) -> Table {
    let mut table = Table::new([
        "body",
        "bytes",
        "HMAC",
        "skip",
        "both",
        "birdhook",
        "of both",
        "least to most",
        "restore",
        "Activity",
        "derived",
        "of derived",
        "least to most",
    ]);
    for body in bodies {
        let micros = |what: &str| measured.of(body, what).map_or("-".into(), |sample| number(sample.median() / 1e3));
        let ratio = |what: &str, of: &str| match measured.ratio(body, what, of) {
            Some(ratio) => [number(ratio.median()), range(&ratio)],
            None => ["-".into(), "-".into()],
        };
        let [path, path_range] = ratio("birdhook", "floor");
        let [typed, typed_range] = ratio("activity", "derived");
        table.row([
            body.to_string(),
            body.length().to_string(),
            micros("hmac"),
            micros("skip"),
            micros("floor"),
            micros("birdhook"),
            path,
            path_range,
            micros("restore"),
            micros("activity"),
            micros("derived"),
            typed,
            typed_range,
        ]);
    }
    table
}

fn range(sample: &Sample) -> String {
    format!("{} to {}", number(sample.least()), number(sample.most()))
}

/// What a faster reader of JSON could win at most.
fn skipped(measured: &Rounds) -> String {
    let share = |what: &str| {
        let shares: Sample = Body::all()
            .filter(Body::has_goals)
            .filter_map(|body| Some(measured.ratio(&body, what, "birdhook")?.median() * 100.0))
            .collect();
        format!("{} to {} %", number(shares.least()), number(shares.most()))
    };
    format!(
        "For posts of 6 KB, `serde_json`'s pass over the JSON takes as long as {} of birdhook's path, and all that birdhook reads \
         takes {} of it. So a reader with SIMD that took a quarter of the time would win less than that share of the core's path, \
         and of a request on a server, which costs several times the core's path, a few percent.",
        share("skip"),
        share("restore")
    )
}

fn goals(measured: &Rounds, allocations: &Allocations) -> Goals {
    let mut goals = Goals::new();
    for body in Body::all().filter(Body::has_goals) {
        let ratio = measured.ratio(&body, "birdhook", "floor").unwrap_or_default();
        goals.judge(format!("core, of HMAC and skip: {body}"), Goal::AtMost(1.2), " x", &ratio);
    }
    for body in Body::all().filter(Body::has_goals) {
        let ratio = measured.ratio(&body, "activity", "derived").unwrap_or_default();
        goals.judge(format!("Activity, of derived: {body}"), Goal::AtMost(1.1), " x", &ratio);
    }
    for body in Body::all().filter(|body| body.has_goals() && !body.escaped) {
        let goal = format!("allocations of the core: {body}");
        match allocations.of(&body.name()) {
            Some(count) => goals.judge(goal, Goal::AtMost(4.0), "", &Sample::from_iter([count])),
            None => goals.skip(goal, "the test that counts them printed nothing"),
        }
    }
    for (what, name) in [("challenge", "one app"), ("challenge_of_8_apps", "8 apps")] {
        let micros: Sample = measured.named(what).into_iter().flat_map(Sample::iter).map(|nanos| nanos / 1e3).collect();
        goals.judge(format!("answer to a challenge: {name}"), Goal::AtMost(1.0), " µs", &micros);
    }
    goals
}
