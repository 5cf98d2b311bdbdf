//! Memory of connections: idle ones, and those with an unfinished request.

use std::time::Duration;

use birdhook_test_harness::proc::raise_file_limit;

use super::{App, Candidate, Framework, LONG, Length, PATH, SECRET, posts};
use crate::load::{Load, Requests};
use crate::report::{Goal, Goals, Table, prose};
use crate::server::Server;
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

pub(crate) fn measure(length: &Length, goals: &mut Goals) {
    // The server inherits this limit and needs some files itself.
    let enough = raise_file_limit() > UNDER_WAY as u64 + 200;
    let candidates = [App::Bare, App::Patient].map(|app| Candidate(Framework::Axum, app));
    let mut measured = [Measured::default(), Measured::default()];
    for _ in 0..length.processes {
        for (candidate, measured) in candidates.into_iter().zip(&mut measured) {
            measured.take(candidate, enough);
        }
    }
    let head = ["server", "RSS per idle connection", "PSS", "6 KB unfinished", "64 KB unfinished", "64 KB refused"];
    let mut table = Table::new(head);
    for (candidate, measured) in candidates.into_iter().zip(&measured) {
        let cell = |sample: &Sample, of: f64, unit: &str| format!("{:.0}{unit}", sample.median() / of);
        let Measured { resident, proportional, short, long, refused } = measured;
        let idle = [resident, proportional].map(|sample| cell(sample, 1.0, " bytes"));
        let unfinished = [short, long].map(|sample| cell(sample, MEBIBYTE, " MiB"));
        let cells = std::iter::once(candidate.to_string()).chain(idle).chain(unfinished);
        table.row(cells.chain([cell(refused, 1.0, "")]));
    }
    let intro = format!(
        "Memory of {IDLE} idle connections after one request each. *Unfinished* is the increase when the last byte is \
         missing from {UNDER_WAY} requests of 6 KB, or from {IDLE} of 64 KB. *Refused* counts the requests of 64 KB \
         without a 200; birdhook limits the memory for all bodies:"
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
        let server = Server::own(&candidate.argument());
        let mut requests = posts();
        // Memory that the server allocates once.
        Load::connect(server.address(), 4).run(&mut requests, Duration::from_millis(200));
        let none = server.at_rest();

        let mut some = Load::connect(server.address(), IDLE);
        some.ask_once(&mut requests);
        let idle = server.at_rest();
        self.resident.push((idle.resident - none.resident) / IDLE as f64);
        self.proportional.push((idle.proportional - none.proportional) / IDLE as f64);

        if !enough {
            return;
        }
        let mut more = Load::connect(server.address(), UNDER_WAY - IDLE);
        more.ask_once(&mut requests);
        let idle = server.at_rest();
        let grown = |loads: &mut [Load], requests: &mut Requests| {
            loads.iter_mut().for_each(|load| load.begin(requests));
            let grown = server.at_rest().resident - idle.resident;
            let refused = loads.iter_mut().map(Load::finish).map(|outcome| outcome.not_200 + outcome.closed);
            (grown, refused.sum::<u64>() as f64)
        };
        let mut loads = [some, more];
        let (short, refused) = grown(&mut loads, &mut requests);
        assert_eq!(refused, 0.0, "{candidate}: refused requests of 6 KB");
        self.short.push(short);
        let (long, refused) = grown(&mut loads[..1], &mut Requests::new(LONG, SECRET, PATH));
        self.long.push(long);
        self.refused.push(refused);
    }
}
