//! Requests per second, and the cost of each.

use std::collections::BTreeMap;
use std::time::Duration;

use super::candidate::{App, Candidate, Framework};
use super::loaded::Loaded;
use super::{Body, CONNECTIONS, Length};
use crate::load::Requests;
use crate::report::{Goal, Goals, Table, number, range};
use crate::statistics::Sample;

/// The measurements of a server, by rounds.
#[derive(Default)]
struct Measured {
    /// Responses per second.
    rate: Sample,
    /// The server's CPU time per request, in microseconds.
    micros: Sample,
    /// Shares of the time, as in [`Slice`](super::loaded::Slice).
    busy: Sample,
    kept_waiting: Sample,
}

pub(crate) struct Throughput(BTreeMap<(Body, Candidate), Measured>);

/// Measures every server in turn with one body, then with the next, for several rounds. Each round
/// starts with another server.
pub(crate) fn measure(length: &Length) -> Throughput {
    let mut servers: Vec<Loaded> =
        Candidate::FAST.into_iter().map(|candidate| Loaded::start(candidate, CONNECTIONS)).collect();
    let mut measured = BTreeMap::<_, Measured>::new();
    let mut requests = Body::FAST.map(|body| (body, body.requests()));
    let count = servers.len();
    for round in 0..length.rounds {
        for (body, requests) in &mut requests {
            servers.rotate_left(round % count);
            for server in &mut servers {
                measured.entry((*body, server.candidate)).or_default().take(server, requests, length.slice);
            }
            servers.rotate_right(round % count);
        }
        eprintln!("round {round} is over");
    }
    servers.into_iter().for_each(Loaded::end);
    Throughput(measured)
}

impl Measured {
    fn take(&mut self, server: &mut Loaded, requests: &mut Requests, time: Duration) {
        let slice = server.run(requests, time);
        self.rate.push(slice.outcome.rate());
        self.micros.push(slice.micros());
        self.busy.push(slice.busy());
        self.kept_waiting.push(slice.kept_waiting());
    }

    fn is_saturated(&self) -> bool {
        self.busy.median() >= 0.95
    }
}

impl Throughput {
    fn of(&self, body: Body, framework: Framework, app: App) -> &Measured {
        &self.0[&(body, Candidate(framework, app))]
    }

    /// Returns the requests per second that birdhook can handle with a processor to itself.
    pub(crate) fn most(&self, body: Body, framework: Framework) -> f64 {
        1e6 / self.of(body, framework, App::Birdhook).micros.median()
    }

    pub(crate) fn print(&self, goals: &mut Goals) {
        let heads = Body::FAST.iter().flat_map(|body| [format!("{body}: requests/s"), "vs. bare".into()]);
        let mut table = Table::new([String::from("server")].into_iter().chain(heads));
        for candidate in Candidate::FAST {
            let mut cells = vec![candidate.to_string()];
            for body in Body::FAST {
                let (measured, bare) = (&self.0[&(body, candidate)], self.of(body, candidate.0, App::Bare));
                let mark = if measured.is_saturated() { "" } else { "*" };
                // Below its limit, a server's rate says nothing, but its CPU time per request is
                // still valid.
                let ratio = match measured.is_saturated() && bare.is_saturated() {
                    true => measured.rate.of(&bare.rate),
                    false => bare.micros.of(&measured.micros),
                };
                let versus = match candidate.1 {
                    App::Bare => "-".to_owned(),
                    App::Birdhook => {
                        let target = goals.count(Goal::AtLeast(body.wanted(candidate.0)), "", &ratio);
                        format!("{} ({}; {target})", number(ratio.median()), range(&ratio))
                    }
                    _ => format!("{} ({})", number(ratio.median()), range(&ratio)),
                };
                cells.extend([format!("{:.0}{mark}", measured.rate.median()), versus]);
            }
            table.row(cells);
        }
        print!("\n{table}");
        // A bare server works on one thread, so it waits only for other programs.
        let waited: Sample =
            Body::FAST.iter().map(|body| self.of(*body, Framework::Axum, App::Bare).kept_waiting.median()).collect();
        println!("\nOther programs used the servers' core for {:.1} % of the time.", waited.median() * 100.0);
    }
}
