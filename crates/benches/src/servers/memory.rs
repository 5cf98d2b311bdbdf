//! Memory of connections: idle ones, and those with an unfinished request.

use std::thread::sleep;
use std::time::Duration;

use super::candidate::{App, Candidate, Framework};
use super::server::Server;
use super::{Body, Length};
use crate::load::{Load, Outcome};
use crate::process::{self, Memory, Spent};
use crate::report::{Goal, Goals, Table, prose};
use crate::statistics::Sample;

const IDLE: usize = 2_000;
const UNDER_WAY: usize = 10_000;
const MEBIBYTE: f64 = (1 << 20) as f64;
/// The limit for birdhook's memory for bodies in flight, in MiB. Excludes the framework's buffers,
/// which a bare server needs too.
const MOST: f64 = 64.0;

/// Bytes, by rounds.
#[derive(Default)]
struct Measured {
    resident: Sample,
    proportional: Sample,
    /// The increase over idle connections: many unfinished requests of 6 KB, and fewer of 64 KB.
    short: Sample,
    long: Sample,
    /// The number of 64 KB requests that were rejected to limit memory.
    refused: Sample,
}

/// Measures new processes in each round.
pub(crate) fn measure(length: &Length, goals: &mut Goals) {
    // The server inherits this limit and needs some files itself.
    let enough = process::open_files() > UNDER_WAY as u64 + 200;
    let candidates = [App::Bare, App::Patient].map(|app| Candidate(Framework::Axum, app));
    let mut measured = [Measured::default(), Measured::default()];
    for _ in 0..length.processes {
        for (candidate, measured) in candidates.into_iter().zip(&mut measured) {
            measured.take(candidate, enough);
        }
    }
    let head = ["server", "idle connection", "6 KB unfinished", "64 KB unfinished", "64 KB refused"];
    let mut table = Table::new(head);
    for (candidate, measured) in candidates.into_iter().zip(&measured) {
        let bytes = |sample: &Sample| format!("{:.0} bytes", sample.median());
        let mebibytes = |sample: &Sample| format!("{:.0} MiB", sample.median() / MEBIBYTE);
        let Measured { resident, short, long, refused, .. } = measured;
        let refused = format!("{:.0}", refused.median());
        table.row([candidate.to_string(), bytes(resident), mebibytes(short), mebibytes(long), refused]);
    }
    let intro = format!(
        "Memory (RSS) of each of {IDLE} idle connections, and its increase by {UNDER_WAY} unfinished requests of 6 KB or \
         {IDLE} of 64 KB. The memory budget refuses some of the latter:"
    );
    println!("{}\n\n{table}", prose(&intro));
    let [bare, birdhook] = &measured;
    for (what, of, bare) in [
        ("memory per idle connection vs. bare, RSS", &birdhook.resident, &bare.resident),
        ("memory per idle connection vs. bare, PSS", &birdhook.proportional, &bare.proportional),
    ] {
        goals.judge(what, Goal::AtMost(1.02), "", &of.of(bare));
    }
    let what = format!("memory of {UNDER_WAY} unfinished requests of 6 KB, above bare");
    if enough {
        let growth = birdhook.short.iter().zip(bare.short.iter()).map(|(of, bare)| (of - bare) / MEBIBYTE).collect();
        goals.judge(what, Goal::AtMost(MOST), " MiB", &growth);
    } else {
        goals.skip(what, "too few open files are allowed");
    }
}

impl Measured {
    fn take(&mut self, candidate: Candidate, enough: bool) {
        let server = Server::start(candidate);
        let mut requests = Body::Post.requests();
        // Memory that the server allocates once.
        Load::connect(server.address(), 4).run(&mut requests, Duration::from_millis(200));
        let none = at_rest(&server);

        let mut some = Load::connect(server.address(), IDLE);
        some.ask_once(&mut requests);
        let idle = at_rest(&server);
        self.resident.push((idle.resident - none.resident) / IDLE as f64);
        self.proportional.push((idle.proportional - none.proportional) / IDLE as f64);

        if !enough {
            return;
        }
        let mut more = Load::connect(server.address(), UNDER_WAY - IDLE);
        more.ask_once(&mut requests);
        let idle = at_rest(&server);
        let grown = |loads: &mut [Load], body: Body| {
            let mut requests = body.requests();
            let mut outcomes: Vec<Outcome> = loads.iter_mut().map(|load| load.begin(&mut requests)).collect();
            let grown = at_rest(&server).resident - idle.resident;
            outcomes.extend(loads.iter_mut().map(Load::finish));
            (grown, outcomes.iter().map(|outcome| outcome.not_200 + outcome.closed).sum::<u64>() as f64)
        };
        let mut loads = [some, more];
        let (short, refused) = grown(&mut loads, Body::Post);
        assert_eq!(refused, 0.0, "{candidate}: refused requests of 6 KB");
        self.short.push(short);
        let (long, refused) = grown(&mut loads[..1], Body::Long);
        self.long.push(long);
        self.refused.push(refused);
    }
}

/// Waits until the server is idle. Returns its memory.
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
