//! What connections hold in memory: idle ones, and those whose request is under way.

use std::thread::sleep;
use std::time::Duration;

use super::candidate::{App, Candidate, Framework};
use super::server::Server;
use super::{Body, Length};
use crate::load::Load;
use crate::process::{self, Memory, Spent};
use crate::report::{Goal, Goals, Table, number};
use crate::statistics::Sample;

const IDLE: usize = 2_000;
const UNDER_WAY: usize = 10_000;
/// As many bytes of bodies as birdhook holds of requests under way.
const BODIES: f64 = (64 << 20) as f64;

/// Bytes, by rounds.
#[derive(Default)]
struct Measured {
    resident: Sample,
    proportional: Sample,
    growth: Sample,
}

/// In new processes each round.
pub(crate) fn measure(length: &Length, goals: &mut Goals) {
    // The server needs some too, and has the same limit.
    let enough = process::open_files() > UNDER_WAY as u64 + 200;
    let candidates = [App::Bare, App::Patient].map(|app| Candidate(Framework::Axum, app));
    let mut measured = [Measured::default(), Measured::default()];
    for _ in 0..length.processes {
        for (candidate, measured) in candidates.into_iter().zip(&mut measured) {
            measured.take(candidate, if enough { UNDER_WAY } else { IDLE });
        }
    }
    let [bare, birdhook] = &measured;
    let mut table =
        Table::new(["server", "RSS of an idle connection", "PSS", "growth by requests under way", "of each"]);
    for (candidate, measured) in candidates.into_iter().zip(&measured) {
        table.row([
            candidate.to_string(),
            format!("{:.0} bytes", measured.resident.median()),
            format!("{:.0} bytes", measured.proportional.median()),
            format!("{} MiB", number(measured.growth.median() / f64::from(1 << 20))),
            format!("{:.0} bytes", measured.growth.median() / UNDER_WAY as f64),
        ]);
    }
    println!(
        "\n{IDLE} idle connections after a request each; {UNDER_WAY} requests that lack their last byte, {}:\n\n{table}",
        Body::Post
    );
    goals.judge(
        "memory of an idle connection, of the bare (RSS)",
        Goal::AtMost(1.02),
        "",
        &birdhook.resident.of(&bare.resident),
    );
    goals.judge("the same, PSS", Goal::AtMost(1.02), "", &birdhook.proportional.of(&bare.proportional));
    let what = format!("growth by {UNDER_WAY} requests under way, of the 64 MiB for bodies");
    if enough {
        goals.judge(what, Goal::AtMost(1.0), "", &birdhook.growth.iter().map(|bytes| bytes / BODIES).collect());
    } else {
        goals.skip(what, "too few open files are allowed");
    }
}

impl Measured {
    fn take(&mut self, candidate: Candidate, under_way: usize) {
        let server = Server::start(candidate);
        let mut requests = Body::Post.requests();
        // What is there once and for all.
        Load::connect(server.address(), 4).run(&mut requests, Duration::from_millis(200));
        let none = at_rest(&server);

        let mut idle = Load::connect(server.address(), IDLE);
        idle.ask_once(&mut requests);
        let some = at_rest(&server);
        self.resident.push((some.resident - none.resident) / IDLE as f64);
        self.proportional.push((some.proportional - none.proportional) / IDLE as f64);

        let mut more = Load::connect(server.address(), under_way - IDLE);
        more.ask_once(&mut requests);
        let before = at_rest(&server);
        idle.begin(&mut requests);
        more.begin(&mut requests);
        self.growth.push(at_rest(&server).resident - before.resident);
        for outcome in [idle.finish(), more.finish()] {
            assert_eq!(outcome.not_200, 0, "{candidate}: answers other than 200");
        }
    }
}

/// Once the server has nothing to do.
fn at_rest(server: &Server) -> Memory {
    let mut spent = Spent::of(server.process());
    loop {
        sleep(Duration::from_millis(50));
        let now = Spent::of(server.process());
        if now.since(spent).running < 0.001 {
            return Memory::of(server.process());
        }
        spent = now;
    }
}
