//! Requests per second, and the cost of each.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use crate::load::{Load, Outcome, Requests};
use crate::process::Spent;
use crate::report::{number, range};
use crate::server::Server;
use crate::statistics::Sample;

/// A server and its load. Fields drop in order: the load first.
pub(crate) struct Loaded<C> {
    pub(crate) candidate: C,
    load: Load,
    server: Server,
    answers: u64,
}

pub(crate) struct Slice {
    outcome: Outcome,
    spent: Spent,
}

impl Slice {
    /// Returns the share of the time in which the server was running.
    fn busy(&self) -> f64 {
        self.spent.running / self.outcome.seconds
    }

    /// Returns the server's CPU time per request, in microseconds.
    pub(crate) fn micros(&self) -> f64 {
        self.spent.running * 1e6 / self.outcome.answers as f64
    }
}

impl<C: Display> Loaded<C> {
    pub(crate) fn new(candidate: C, server: Server, connections: usize) -> Self {
        Self { candidate, load: Load::connect(server.address(), connections), server, answers: 0 }
    }

    pub(crate) fn run(&mut self, requests: &mut Requests, time: Duration) -> Slice {
        let before = self.server.spent();
        let outcome = self.load.run(requests, time);
        let spent = self.server.spent().since(before);
        assert_eq!(outcome.not_200, 0, "{}: answers other than 200", self.candidate);
        self.answers += outcome.answers;
        Slice { outcome, spent }
    }

    /// Checks that every event of a delivery answered 200 was consumed once.
    pub(crate) fn check_events(&mut self) {
        let (started, mut events) = (Instant::now(), self.server.events());
        while events < Some(self.answers) && started.elapsed() < Duration::from_secs(5) {
            events = self.server.events();
        }
        assert_eq!(events, Some(self.answers), "{}: events beside answers", self.candidate);
    }
}

/// The measurements of a server, by rounds.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) rate: Sample,
    /// The server's CPU time per request, in microseconds.
    pub(crate) micros: Sample,
    /// The share of the time in which the server was running.
    busy: Sample,
    /// The share of the time in which a thread of the server was ready but another program ran.
    pub(crate) kept_waiting: Sample,
}

impl Measured {
    /// Returns whether the server had a processor to itself and enough work to fill it.
    fn is_saturated(&self) -> bool {
        self.busy.median() >= 0.95
    }

    pub(crate) fn busy(&self) -> String {
        let limit = if self.is_saturated() { "" } else { ", **not saturated**" };
        format!("{:.0} %{limit}", self.busy.median() * 100.0)
    }

    /// Returns how many requests it handles in the time of one of another server's, and the unit of
    /// that.
    ///
    /// Below its limit, a server's rate says nothing, but its CPU time per request is still valid.
    pub(crate) fn compared_with(&self, other: &Self) -> (Sample, &'static str) {
        match self.is_saturated() && other.is_saturated() {
            true => (self.rate.of(&other.rate), "requests/s"),
            false => (other.micros.of(&self.micros), "requests per CPU second"),
        }
    }
}

/// Formats a ratio, with the range of the rounds.
pub(crate) fn ratio(of: &Sample, unit: &str) -> String {
    format!("{}{unit} ({})", number(of.median()), range(of))
}

/// Measurements by the number of the body and the server.
pub(crate) type Throughput<C> = BTreeMap<(usize, C), Measured>;

/// Measures every server in turn with one body, then with the next, for several rounds. Each round
/// starts with another server.
pub(crate) fn measure<C: Copy + Display + Ord>(
    servers: &mut [Loaded<C>],
    requests: &mut [Requests],
    rounds: usize,
    time: Duration,
) -> Throughput<C> {
    let mut all = Throughput::<C>::new();
    // Warms up servers with a just-in-time compiler.
    for server in &mut *servers {
        requests.iter_mut().for_each(|requests| _ = server.run(requests, time));
    }
    let count = servers.len();
    for round in 0..rounds {
        for (body, requests) in requests.iter_mut().enumerate() {
            servers.rotate_left(round % count);
            for server in &mut *servers {
                let slice = server.run(requests, time);
                let measured = all.entry((body, server.candidate)).or_default();
                measured.rate.push(slice.outcome.rate());
                measured.micros.push(slice.micros());
                measured.busy.push(slice.busy());
                measured.kept_waiting.push(slice.spent.waiting / slice.outcome.seconds);
            }
            servers.rotate_right(round % count);
        }
        eprintln!("round {round} is over");
    }
    all
}
