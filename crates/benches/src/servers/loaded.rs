//! A server and the load on it.

use std::time::{Duration, Instant};

use super::candidate::{App, Candidate};
use super::server::Server;
use crate::load::{Load, Outcome, Requests};
use crate::process::Spent;

pub(crate) struct Loaded {
    pub(crate) candidate: Candidate,
    server: Server,
    load: Load,
    answers: u64,
}

/// The measurements of a server over some time.
pub(crate) struct Slice {
    pub(crate) outcome: Outcome,
    pub(crate) spent: Spent,
}

impl Slice {
    /// Returns the share of the time in which the server was running.
    pub(crate) fn busy(&self) -> f64 {
        self.spent.running / self.outcome.seconds
    }

    /// Returns the share of the time in which a thread of the server was ready but another program
    /// ran.
    pub(crate) fn kept_waiting(&self) -> f64 {
        self.spent.waiting / self.outcome.seconds
    }

    /// Returns the server's CPU time per request, in microseconds.
    pub(crate) fn micros(&self) -> f64 {
        self.spent.running * 1e6 / self.outcome.answers as f64
    }
}

impl Loaded {
    pub(crate) fn start(candidate: Candidate, connections: usize) -> Self {
        let server = Server::start(candidate);
        let load = Load::connect(server.address(), connections);
        Self { candidate, server, load, answers: 0 }
    }

    pub(crate) fn run(&mut self, requests: &mut Requests, time: Duration) -> Slice {
        self.see(|load| load.run(requests, time))
    }

    pub(crate) fn run_at(&mut self, rate: f64, requests: &mut Requests, time: Duration) -> Slice {
        self.see(|load| load.run_at(rate, requests, time))
    }

    fn see(&mut self, run: impl FnOnce(&mut Load) -> Outcome) -> Slice {
        self.load.renew();
        let before = Spent::of(self.server.process());
        let outcome = run(&mut self.load);
        let spent = Spent::of(self.server.process()).since(before);
        assert_eq!(outcome.not_200, 0, "{}: answers other than 200", self.candidate);
        self.answers += outcome.answers;
        Slice { outcome, spent }
    }

    /// Checks that every event of a delivery answered 200 was consumed once.
    pub(crate) fn end(mut self) {
        if matches!(self.candidate.1, App::Bare | App::Floor) {
            return;
        }
        let started = Instant::now();
        let mut events = self.server.events();
        while events < self.answers && started.elapsed() < Duration::from_secs(5) {
            events = self.server.events();
        }
        assert_eq!(events, self.answers, "{}: events beside answers", self.candidate);
    }
}
