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
        true => (1, Body::all().filter(Body::is_post).collect::<Vec<_>>()),
        false => (9, Body::all().collect()),
    };
    let allocations = Allocations::count();
    let measured = Rounds::measure(&Bench::build(), rounds, if quick { "6k|challenge" } else { "" });
    println!("## The core beside what no receiver can do without\n\n{facts}\n");
    println!(
        "To verify a body takes an HMAC over it, and to find its events a pass over its JSON: *HMAC* and *skip* are these two, by \
         `hmac` and by `serde_json`, and *both* one after the other. *birdhook* is all that the core does from a request's bytes to \
         verified events with their keys; *read* is the part of it that follows the signature. Microseconds, in {rounds} rounds: \
         medians of all, and ratios within a round.\n\n{}\n{}\n",
        path(&bodies, &measured),
        skipped(&measured)
    );
    println!(
        "*Activity* is what `Event::activity` reads of all events, times as times and texts as their authors wrote them; *derived* \
         reads the same fields as they stand there, by `#[derive(Deserialize)]` and nothing else.\n\n{}",
        typed(&bodies, &measured)
    );
    println!("{}\n{}", allocations.table(&bodies), goals(&measured, &allocations));
}

fn path(bodies: &[Body], measured: &Rounds) -> Table {
    let mut table =
        Table::new(["body", "bytes", "HMAC", "skip", "both", "birdhook", "of both", "least to most", "read"]);
    for body in bodies {
        let micros = |what: &str| measured.of(body, what).map(|sample| number(sample.median() / 1e3));
        let ratio = measured.ratio(body, "birdhook", "floor");
        let figures = ["hmac", "skip", "floor", "birdhook"].map(micros);
        let ratio = [ratio.as_ref().map(|ratio| number(ratio.median())), ratio.as_ref().map(range)];
        let head = [Some(body.to_string()), Some(body.length().to_string())];
        table.row(
            head.into_iter().chain(figures).chain(ratio).chain([micros("restore")]).map(Option::unwrap_or_default),
        );
    }
    table
}

fn typed(bodies: &[Body], measured: &Rounds) -> Table {
    let mut table = Table::new(["body", "Activity", "derived", "of derived", "least to most"]);
    for body in bodies {
        let micros = |what: &str| measured.of(body, what).map(|sample| number(sample.median() / 1e3));
        if let Some(ratio) = measured.ratio(body, "activity", "derived") {
            let figures = ["activity", "derived"].map(micros).map(Option::unwrap_or_default);
            let row = [body.to_string()].into_iter().chain(figures);
            table.row(row.chain([number(ratio.median()), range(&ratio)]));
        }
    }
    table
}

fn range(sample: &Sample) -> String {
    format!("{} to {}", number(sample.least()), number(sample.most()))
}

/// What a faster reader of JSON could win at most.
fn skipped(measured: &Rounds) -> String {
    let shares = Body::all().filter(Body::is_post).filter_map(|body| measured.ratio(&body, "skip", "birdhook"));
    let shares: Sample = shares.map(|share| share.median() * 100.0).collect();
    format!(
        "`serde_json`'s pass over a post of 6 KB takes as long as {} to {} % of birdhook's path. That is about what a reader with SIMD \
         could win here if it took no time at all; and a request on a server costs several times the core's path.",
        number(shares.least()),
        number(shares.most())
    )
}

fn goals(measured: &Rounds, allocations: &Allocations) -> Goals {
    let mut goals = Goals::new();
    let posts = || Body::all().filter(Body::is_post);
    for body in posts() {
        let goal = format!("the core, of HMAC and skip: {body}");
        let ratio = measured.ratio(&body, "birdhook", "floor").unwrap_or_default();
        goals.judge(goal, Goal::AtMost(1.2), " x", &ratio);
    }
    for body in posts().filter(|body| !body.escaped) {
        let goal = format!("the core's allocations: {body}");
        match allocations.of(&body.name()) {
            Some(count) => goals.judge(goal, Goal::AtMost(4.0), "", &Sample::from_iter([count])),
            None => goals.skip(goal, "the test that counts them printed nothing"),
        }
    }
    for body in Body::all().filter(|body| body.is_post() || body.is_message()) {
        if let Some(ratio) = measured.ratio(&body, "activity", "derived") {
            goals.judge(format!("Activity, of derived: {body}"), Goal::AtMost(1.1), " x", &ratio);
        }
    }
    for (what, name) in [("challenge", "one app"), ("challenge_of_8_apps", "8 apps")] {
        let micros: Sample = measured.named(what).into_iter().flat_map(Sample::iter).map(|nanos| nanos / 1e3).collect();
        goals.judge(format!("answer to a challenge: {name}"), Goal::AtMost(1.0), " µs", &micros);
    }
    goals
}
