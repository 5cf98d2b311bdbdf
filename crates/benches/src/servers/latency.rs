//! Latency of requests at half load.

use std::time::Duration;

use super::{App, BODIES, CONNECTIONS, Candidate, Framework, Length, posts, started};
use crate::load::Requests;
use crate::report::{Goal, Goals, Table, number};
use crate::statistics::Sample;
use crate::throughput::{Loaded, Throughput, ratio};

/// The goal: the 99th percentile of birdhook as a multiple of the bare server's.
const WANTED: f64 = 1.5;

/// Short slices and many rounds: when another program takes the processor for some milliseconds,
/// the 99th percentile of that slice measures that program. Most slices are not affected, so the
/// median is not.
const SHORTER: u32 = 3;
const MORE: usize = 4;

/// The time to warm up a server whose caches another server has used.
const WARM_UP: Duration = Duration::from_millis(30);

/// Latencies by rounds in microseconds, and the share of the time in which the server was running.
#[derive(Default)]
struct Measured {
    median: Sample,
    p99: Sample,
    busy: Sample,
}

pub(crate) fn measure(length: &Length, throughput: &Throughput<Candidate>, goals: &mut Goals) {
    // The bare server and birdhook, measured alternately at half of the rate that birdhook can
    // reach with a processor to itself.
    let mut pairs = Framework::ALL.map(|framework| {
        let servers = [App::Bare, App::Birdhook].map(|app| started(Candidate(framework, app), CONNECTIONS));
        let rate = 0.5e6 / throughput[&(0, Candidate(framework, App::Birdhook))].micros.median();
        (rate, servers.map(|server| (server, Measured::default())))
    });
    let mut requests = posts();
    for _ in 0..length.rounds * MORE {
        for (rate, servers) in &mut pairs {
            servers.iter_mut().for_each(|(server, measured)| measured.take(server, *rate, length, &mut requests));
        }
    }
    let mut table = Table::new(["server", "requests/s", "p50 µs", "p99 µs", "p99 vs. bare", "busy"]);
    for (rate, mut servers) in pairs {
        let [bare, birdhook] = servers.each_ref().map(|(_, measured)| measured);
        let vs_bare = birdhook.p99.of(&bare.p99);
        let cells = [(bare, "-".to_owned()), (birdhook, ratio(&vs_bare, ""))];
        for ((server, _), (measured, vs_bare)) in servers.iter().zip(cells) {
            table.row([
                server.candidate.to_string(),
                format!("{rate:.0}"),
                number(measured.median.median()),
                number(measured.p99.median()),
                vs_bare,
                format!("{:.0} %", measured.busy.median() * 100.0),
            ]);
        }
        let [_, (birdhook, _)] = &mut servers;
        birdhook.check_events();
        goals.judge(format!("{} vs. bare, p99 at half load", birdhook.candidate.0), Goal::AtMost(WANTED), "", &vs_bare);
    }
    println!("\nLatency at a constant rate, half of birdhook's maximum; {}:\n\n{table}", BODIES[0].0);
}

impl Measured {
    fn take(&mut self, server: &mut Loaded<Candidate>, rate: f64, length: &Length, requests: &mut Requests) {
        server.run_at(rate, requests, WARM_UP);
        let slice = server.run_at(rate, requests, length.slice / SHORTER);
        self.median.push(slice.outcome.latencies.quantile(0.5) * 1e6);
        self.p99.push(slice.outcome.latencies.quantile(0.99) * 1e6);
        self.busy.push(slice.busy());
    }
}
