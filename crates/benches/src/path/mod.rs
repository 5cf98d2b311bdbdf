//! The path of a request through the core, compared with HMAC and JSON alone.

mod allocations;
mod bench;
mod body;
mod rounds;

use allocations::Allocations;
use bench::Bench;
use body::Body;
use rounds::Rounds;

use crate::machine;
use crate::report::{Goal, Goals, Table, number, prose, range};
use crate::statistics::Sample;

/// Runs the section `core`.
pub(crate) fn run(quick: bool) {
    let facts = machine::facts();
    let (rounds, bodies) = match quick {
        true => (1, Body::all().filter(Body::is_post).collect::<Vec<_>>()),
        false => (9, Body::all().collect()),
    };
    let allocations = Allocations::count();
    let measured = Rounds::measure(&Bench::build(), rounds, if quick { "6k|challenge" } else { "" });
    println!("## The core compared with HMAC and JSON alone\n\n{}\n", prose(&facts));
    let intro = format!(
        "Every receiver needs an HMAC over the body and a pass over its JSON: *both*, with `hmac` and `serde_json`. \
         *birdhook* is the whole path of the core, from a request's bytes to verified events with their keys. *Activity* is \
         `Event::activity` of every event; *derived* reads the same fields unconverted, with `#[derive(Deserialize)]`. \
         Times are in µs, over {rounds} rounds."
    );
    println!("{}\n\n{}", prose(&intro), path(&bodies, &measured, &allocations));
    println!("{}\n", prose(&skipped(&measured, &allocations)));
    println!("{}", goals(&measured, &allocations));
}

fn path(bodies: &[Body], measured: &Rounds, allocations: &Allocations) -> Table {
    let head = ["body", "both", "birdhook", "vs. both", "allocations", "Activity", "vs. derived"];
    let mut table = Table::new(head);
    for body in bodies.iter().filter(|body| !body.escaped) {
        let micros = |what: &str| measured.of(body, what).map(|sample| number(sample.median() / 1e3));
        let ratio = |of: &str, to: &str| {
            let ratio = measured.ratio(body, of, to)?;
            Some(format!("{} ({})", number(ratio.median()), range(&ratio)))
        };
        let path =
            [micros("floor"), micros("birdhook"), ratio("birdhook", "floor"), Some(allocations.text(&body.name()))];
        let activity = [micros("activity"), ratio("activity", "derived")];
        let cells = [Some(body.to_string())].into_iter().chain(path).chain(activity);
        table.row(cells.map(|cell| cell.unwrap_or_else(|| "-".to_owned())));
    }
    table
}

/// Describes the share of the path that a faster JSON reader could save at most.
fn skipped(measured: &Rounds, allocations: &Allocations) -> String {
    let shares = Body::all().filter(Body::is_post).filter_map(|body| measured.ratio(&body, "skip", "birdhook"));
    let shares: Sample = shares.map(|share| share.median() * 100.0).collect();
    format!(
        "On a post of 6 KB, the pass over the JSON takes as long as {} % of birdhook's path. An answer to a challenge takes {} \
         allocations.",
        range(&shares),
        allocations.text("challenge")
    )
}

fn goals(measured: &Rounds, allocations: &Allocations) -> Goals {
    let mut goals = Goals::new();
    let posts = || Body::all().filter(Body::is_post);
    for body in posts() {
        let goal = format!("core vs. HMAC and skip: {body}");
        let ratio = measured.ratio(&body, "birdhook", "floor").unwrap_or_default();
        goals.judge(goal, Goal::AtMost(1.2), "×", &ratio);
    }
    for body in posts().filter(|body| !body.escaped) {
        let goal = format!("core allocations: {body}");
        match allocations.of(&body.name()) {
            Some(count) => goals.judge(goal, Goal::AtMost(4.0), "", &Sample::from_iter([count])),
            None => goals.skip(goal, "the test that counts them printed nothing"),
        }
    }
    for body in Body::all().filter(|body| body.is_post() || body.is_message()) {
        if let Some(ratio) = measured.ratio(&body, "activity", "derived") {
            goals.judge(format!("Activity vs. derived: {body}"), Goal::AtMost(1.1), "×", &ratio);
        }
    }
    for (what, name) in [("challenge", "one app"), ("challenge_of_8_apps", "8 apps")] {
        let micros: Sample = measured.named(what).into_iter().flat_map(Sample::iter).map(|nanos| nanos / 1e3).collect();
        goals.judge(format!("answer to a challenge: {name}"), Goal::AtMost(1.0), " µs", &micros);
    }
    goals
}
