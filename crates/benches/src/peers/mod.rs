//! birdhook beside receivers in other languages, written as X's documentation shows them.

mod check;
mod install;
mod peer;
mod server;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use peer::Peer;
use server::Server;

use crate::load::{Load, Requests};
use crate::report::{Goal, Goals, Table, number};
use crate::statistics::Sample;
use crate::{machine, process};

const PATH: &str = "/webhooks/twitter";
const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";
const CONNECTIONS: usize = 64;

const BODIES: [(&str, &str); 2] = [
    ("a post of 6 KB", include_str!("../../../core/benches/bodies/aaa_6k.json")),
    ("a message of 2 KB", include_str!("../../../core/benches/bodies/aaa_2k.json")),
];

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Candidate {
    Birdhook,
    Peer(Peer),
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Birdhook => f.write_str("Rust, birdhook on axum"),
            Self::Peer(peer) => peer.fmt(f),
        }
    }
}

/// Its load goes before its server.
struct Loaded {
    candidate: Candidate,
    load: Load,
    server: Server,
}

impl Loaded {
    fn new(candidate: Candidate, server: Server) -> Self {
        Self { candidate, load: Load::connect(server.address(), CONNECTIONS), server }
    }

    /// Answers of a second, and what each has cost in microseconds of the processor.
    fn run(&mut self, requests: &mut Requests, time: Duration) -> (f64, f64) {
        let before = self.server.spent();
        let outcome = self.load.run(requests, time);
        assert_eq!(outcome.not_200, 0, "{}: answers other than 200", self.candidate);
        (outcome.rate(), (self.server.spent() - before) * 1e6 / outcome.answers as f64)
    }
}

/// The section of this name.
pub(crate) fn run(quick: bool) {
    let (rounds, slice) = if quick { (3, 0.15) } else { (9, 0.7) };
    let slice = Duration::from_secs_f64(slice);
    let (mut servers, mut versions, mut missing) = (Vec::new(), Vec::new(), BTreeMap::new());
    let birdhook = Server::birdhook();
    check::check(&birdhook).expect("birdhook does its work");
    servers.push(Loaded::new(Candidate::Birdhook, birdhook));
    for peer in Peer::ALL {
        match start(peer) {
            Ok((server, version)) => {
                versions.push(version);
                servers.push(Loaded::new(Candidate::Peer(peer), server));
            }
            Err(why) => {
                eprintln!("\n!!! {peer}: {why}\n!!! NOT MEASURED: nothing is known of birdhook beside it\n");
                missing.insert(peer, why.replace(['|', '\n'], " "));
            }
        }
    }
    let facts = machine::facts();
    // The servers have the first.
    process::pin(1);
    let measured = measure(&mut servers, rounds, slice);
    drop(servers);
    println!("## Beside receivers in other languages\n\n{facts}");
    println!(
        "\nEach does the same: it reads the body, verifies it, parses it, puts it into a queue in memory and answers 200. Each \
         has one processor, and the client another; {CONNECTIONS} connections are kept alive. {rounds} rounds of {} s for each. \
         {}.",
        slice.as_secs_f64(),
        versions.join(", ")
    );
    print(&measured, &missing);
}

fn start(peer: Peer) -> Result<(Server, String), String> {
    let installed = install::install(peer)?;
    let server = Server::start(peer.command(&installed))?;
    check::check(&server)?;
    Ok((server, peer.versions(&installed)))
}

/// By rounds.
#[derive(Default)]
struct Measured {
    rate: Sample,
    micros: Sample,
}

/// By bodies and candidates.
type Measurements = BTreeMap<(usize, Candidate), Measured>;

/// Everybody in turn with one body, then with the other, round by round, and each round somebody else first.
fn measure(servers: &mut [Loaded], rounds: usize, slice: Duration) -> Measurements {
    let mut all = Measurements::new();
    let mut requests = BODIES.map(|(_, body)| Requests::new(body, SECRET, PATH));
    // What compiles as it runs has done so afterwards.
    for server in &mut *servers {
        requests.iter_mut().for_each(|requests| _ = server.run(requests, slice));
    }
    let count = servers.len();
    for round in 0..rounds {
        for (body, requests) in requests.iter_mut().enumerate() {
            servers.rotate_left(round % count);
            for server in &mut *servers {
                let (rate, micros) = server.run(requests, slice);
                let measured = all.entry((body, server.candidate)).or_default();
                measured.rate.push(rate);
                measured.micros.push(micros);
            }
            servers.rotate_right(round % count);
        }
        eprintln!("round {round} is over");
    }
    all
}

fn print(all: &Measurements, missing: &BTreeMap<Peer, String>) {
    let mut goals = Goals::new();
    let range = |of: &Sample| format!("{} to {}", number(of.least()), number(of.most()));
    for (body, (name, _)) in BODIES.iter().enumerate() {
        let head = ["receiver", "requests/s", "least to most", "CPU µs a request", "birdhook takes", "least to most"];
        let mut table = Table::new(head);
        let mut row = |candidate: Candidate, measured: &Measured, times: [String; 2]| {
            let Measured { rate, micros } = measured;
            let figures = [candidate.to_string(), number(rate.median()), range(rate), number(micros.median())];
            table.row(figures.into_iter().chain(times));
        };
        let birdhook = &all[&(body, Candidate::Birdhook)];
        row(Candidate::Birdhook, birdhook, ["-".into(), "-".into()]);
        for peer in Peer::ALL {
            let goal = format!("requests/s of {peer}: {name}");
            let Some(measured) = all.get(&(body, Candidate::Peer(peer))) else {
                goals.skip(goal, missing.get(&peer).map_or("", String::as_str));
                continue;
            };
            let times = birdhook.rate.of(&measured.rate);
            row(Candidate::Peer(peer), measured, [format!("{} x", number(times.median())), range(&times)]);
            goals.judge(goal, Goal::AtLeast(peer.wanted()), " x", &times);
        }
        missing.iter().for_each(|(peer, why)| table.row([peer.to_string(), format!("**skipped**: {why}")]));
        print!("\n{name}\n\n{table}");
    }
    print!("\n{goals}");
}
