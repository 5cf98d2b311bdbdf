//! Latency of requests at half load.

use std::time::Duration;

use super::candidate::{App, Candidate, Framework};
use super::loaded::{Loaded, Slice};
use super::throughput::Throughput;
use super::{Body, CONNECTIONS, Length};
use crate::load::Requests;
use crate::report::{Goal, Goals, Table, number, range};
use crate::statistics::Sample;

/// The goal: the 99th percentile of birdhook as a multiple of the bare server's.
const WANTED: f64 = 1.5;

/// Short slices and many rounds: when another program takes the processor for some milliseconds,
/// the 99th percentile of that slice measures that program. Most slices are not affected, so the
/// median is not.
const SHORTER: u32 = 3;
const MORE: usize = 4;

/// The time to warm up a server whose caches another server has used.
const WARM_UP: Duration = Duration::from_millis(30);

/// Latencies by rounds, in microseconds.
#[derive(Default)]
struct Measured {
    median: Sample,
    p99: Sample,
}

/// The bare server and birdhook, measured alternately.
struct Pair {
    framework: Framework,
    /// Half of the rate that birdhook can reach.
    rate: f64,
    servers: [Loaded; 2],
    measured: [Measured; 2],
}

pub(crate) fn measure(length: &Length, throughput: &Throughput, goals: &mut Goals) {
    let mut pairs = Framework::ALL.map(|framework| Pair::start(framework, throughput));
    let mut requests = Body::Post.requests();
    for _ in 0..length.rounds * MORE {
        for pair in &mut pairs {
            pair.round(length, &mut requests);
        }
    }
    let mut table = Table::new(["bare, birdhook", "p50 µs", "p99 µs", "p99 vs. bare"]);
    for pair in pairs {
        pair.print(&mut table, goals);
    }
    println!("\nLatency at half of birdhook's maximum rate, {}:\n\n{table}", Body::Post);
}

impl Pair {
    fn start(framework: Framework, throughput: &Throughput) -> Self {
        let servers = [App::Bare, App::Birdhook].map(|app| Loaded::start(Candidate(framework, app), CONNECTIONS));
        let rate = throughput.most(Body::Post, framework) / 2.0;
        Self { framework, rate, servers, measured: Default::default() }
    }

    fn round(&mut self, length: &Length, requests: &mut Requests) {
        for (server, measured) in self.servers.iter_mut().zip(&mut self.measured) {
            server.run_at(self.rate, requests, WARM_UP);
            measured.take(&server.run_at(self.rate, requests, length.slice / SHORTER));
        }
    }

    fn print(self, table: &mut Table, goals: &mut Goals) {
        let what = format!("{} vs. bare, p99 at half load", self.framework);
        let [bare, birdhook] = &self.measured;
        let both =
            |of: fn(&Measured) -> &Sample| format!("{}, {}", number(of(bare).median()), number(of(birdhook).median()));
        let ratio = birdhook.p99.of(&bare.p99);
        table.row([
            self.framework.to_string(),
            both(|measured| &measured.median),
            both(|measured| &measured.p99),
            format!("{} ({})", number(ratio.median()), range(&ratio)),
        ]);
        goals.judge(what, Goal::AtMost(WANTED), "", &ratio);
        self.servers.into_iter().for_each(Loaded::end);
    }
}

impl Measured {
    fn take(&mut self, slice: &Slice) {
        self.median.push(slice.outcome.within(0.5) * 1e6);
        self.p99.push(slice.outcome.within(0.99) * 1e6);
    }
}
