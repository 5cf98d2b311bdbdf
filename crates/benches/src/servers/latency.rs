//! How long requests take when a server is not at its limit.

use std::time::Duration;

use super::candidate::{App, Candidate, Framework};
use super::loaded::Loaded;
use super::throughput::Throughput;
use super::{Body, CONNECTIONS, Length};
use crate::report::{Goal, Goals, Table, number};
use crate::statistics::Sample;

/// The 99th of a hundred should not take longer than this many times the bare server's.
const WANTED: f64 = 1.5;

/// In microseconds, by rounds.
#[derive(Default)]
struct Measured {
    median: Sample,
    p99: Sample,
    busy: Sample,
}

/// Bare and birdhook in turn, each asked half as often as birdhook can answer.
pub(crate) fn measure(length: &Length, throughput: &Throughput, goals: &mut Goals) {
    let head = ["server", "requests/s", "p50 µs", "p99 µs", "p99 of the bare", "busy"];
    let mut table = Table::new(head);
    let mut pairs = Framework::ALL.map(|framework| {
        let rate = throughput.most(Body::Post, framework) / 2.0;
        let start = |app| (Loaded::start(Candidate(framework, app), CONNECTIONS), Measured::default());
        (framework, rate, [start(App::Bare), start(App::Birdhook)])
    });
    let mut requests = Body::Post.requests();
    for _ in 0..length.rounds {
        for (_, rate, pair) in &mut pairs {
            pair.rotate_left(1);
            for (server, measured) in pair {
                measured.take(server, *rate, length.slice * 2, &mut requests);
            }
        }
    }
    for (framework, rate, mut pair) in pairs {
        pair.sort_by_key(|(server, _)| server.candidate);
        let [(_, bare), (_, birdhook)] = &pair;
        let ratio = birdhook.p99.of(&bare.p99);
        for (server, measured) in &pair {
            let of = measured.p99.of(&bare.p99);
            table.row([
                server.candidate.to_string(),
                format!("{rate:.0}"),
                number(measured.median.median()),
                number(measured.p99.median()),
                format!("{} ({} to {})", number(of.median()), number(of.least()), number(of.most())),
                format!("{:.0} %", measured.busy.median() * 100.0),
            ]);
        }
        goals.judge(format!("{framework}, p99 at half load of the bare"), Goal::AtMost(WANTED), "", &ratio);
        pair.into_iter().for_each(|(server, _)| server.end());
    }
    println!("\nEvenly asked, half as often as birdhook can answer; {}:\n\n{table}", Body::Post);
}

impl Measured {
    fn take(&mut self, server: &mut Loaded, rate: f64, time: Duration, requests: &mut crate::load::Requests) {
        let slice = server.run_at(rate, requests, time);
        self.median.push(slice.outcome.within(0.5) * 1e6);
        self.p99.push(slice.outcome.within(0.99) * 1e6);
        self.busy.push(slice.spent.running / slice.outcome.seconds);
    }
}
