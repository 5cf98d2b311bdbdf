//! birdhook compared with receivers in other languages, written as in X's documentation.

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
use crate::report::{Goal, Goals, Table, number, prose, range};
use crate::statistics::Sample;
use crate::{machine, process};

const PATH: &str = "/webhooks/twitter";
const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";
const CONNECTIONS: usize = 64;

const BODIES: [(&str, &str); 2] = [
    ("post, 6 KB", include_str!("../../../core/benches/bodies/aaa_6k.json")),
    ("message, 2 KB", include_str!("../../../core/benches/bodies/aaa_2k.json")),
];

/// A measured receiver.
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

/// A server and its load. Fields drop in order: the load first.
struct Loaded {
    candidate: Candidate,
    load: Load,
    server: Server,
}

impl Loaded {
    fn new(candidate: Candidate, server: Server) -> Self {
        Self { candidate, load: Load::connect(server.address(), CONNECTIONS), server }
    }

    fn run(&mut self, requests: &mut Requests, time: Duration, measured: &mut Measured) {
        let before = self.server.spent();
        let outcome = self.load.run(requests, time);
        let spent = self.server.spent().since(before);
        assert_eq!(outcome.not_200, 0, "{}: answers other than 200", self.candidate);
        measured.rate.push(outcome.rate());
        measured.micros.push(spent.running * 1e6 / outcome.answers as f64);
        measured.busy.push(spent.running / outcome.seconds);
    }
}

/// Runs the section `peers`.
pub(crate) fn run(quick: bool) {
    let (rounds, slice) = if quick { (3, 0.15) } else { (9, 0.7) };
    let slice = Duration::from_secs_f64(slice);
    let (mut servers, mut missing) = (Vec::new(), BTreeMap::new());
    let mut versions = vec![format!("birdhook {}", env!("CARGO_PKG_VERSION"))];
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
                eprintln!("\n!!! {peer}: {why}\n!!! NOT MEASURED: the comparison with it is skipped\n");
                missing.insert(peer, why.replace(['|', '\n'], " "));
            }
        }
    }
    let facts = machine::facts();
    // The servers use the first processor.
    process::pin(1);
    let measured = measure(&mut servers, rounds, slice);
    drop(servers);
    println!("## Receivers in other languages\n\n{}\n", prose(&facts));
    println!("{}.", prose(&versions.join(", ")));
    let intro = format!(
        "Each receiver reads, verifies and parses the body, puts it into a queue in memory and answers 200. {CONNECTIONS} \
         connections, {rounds} rounds of {} s. *birdhook vs. it* compares requests per second (range; goal). `*`: not saturated.",
        slice.as_secs_f64()
    );
    println!("\n{}", prose(&intro));
    print(&measured, &missing);
}

fn start(peer: Peer) -> Result<(Server, String), String> {
    let installed = install::install(peer)?;
    let server = Server::start(peer.command(&installed))?;
    check::check(&server)?;
    Ok((server, peer.versions(&installed)))
}

/// The measurements of a receiver, by rounds.
#[derive(Default)]
struct Measured {
    /// Responses per second.
    rate: Sample,
    /// The server's CPU time per request, in microseconds.
    micros: Sample,
    /// The share of the time in which the server was running.
    busy: Sample,
}

impl Measured {
    /// Returns whether the server had a processor to itself and enough work to fill it.
    fn is_saturated(&self) -> bool {
        self.busy.median() >= 0.95
    }
}

/// Measurements by body and receiver.
type Measurements = BTreeMap<(usize, Candidate), Measured>;

/// Measures every receiver in turn with one body, then with the other, for several rounds. Each
/// round starts with another receiver.
fn measure(servers: &mut [Loaded], rounds: usize, slice: Duration) -> Measurements {
    let mut all = Measurements::new();
    let mut requests = BODIES.map(|(_, body)| Requests::new(body, SECRET, PATH));
    // Warms up servers with a just-in-time compiler.
    for server in &mut *servers {
        requests.iter_mut().for_each(|requests| server.run(requests, slice, &mut Measured::default()));
    }
    let count = servers.len();
    for round in 0..rounds {
        for (body, requests) in requests.iter_mut().enumerate() {
            servers.rotate_left(round % count);
            for server in &mut *servers {
                server.run(requests, slice, all.entry((body, server.candidate)).or_default());
            }
            servers.rotate_right(round % count);
        }
        eprintln!("round {round} is over");
    }
    all
}

fn print(all: &Measurements, missing: &BTreeMap<Peer, String>) {
    let mut goals = Goals::new();
    let heads = BODIES.iter().flat_map(|(name, _)| [format!("{name}: requests/s"), "birdhook vs. it".to_owned()]);
    let mut table = Table::new(std::iter::once("receiver".to_owned()).chain(heads));
    for candidate in std::iter::once(Candidate::Birdhook).chain(Peer::ALL.map(Candidate::Peer)) {
        let mut cells = vec![candidate.to_string()];
        for (body, (name, _)) in BODIES.iter().enumerate() {
            let birdhook = &all[&(body, Candidate::Birdhook)];
            let Some(measured) = all.get(&(body, candidate)) else {
                cells.extend(["-".to_owned(), "-".to_owned()]);
                if let Candidate::Peer(peer) = candidate {
                    goals.skip(format!("{peer}: {name}"), missing.get(&peer).map_or("", String::as_str));
                }
                continue;
            };
            let mark = if measured.is_saturated() { "" } else { "*" };
            cells.push(format!("{}{mark}", number(measured.rate.median())));
            let Candidate::Peer(peer) = candidate else {
                cells.push("-".to_owned());
                continue;
            };
            // Below its limit, a server's rate says nothing, but its CPU time per request is still
            // valid.
            let times = match birdhook.is_saturated() && measured.is_saturated() {
                true => birdhook.rate.of(&measured.rate),
                false => measured.micros.of(&birdhook.micros),
            };
            let target = goals.count(Goal::AtLeast(peer.wanted()), "×", &times);
            cells.push(format!("{}× ({}; {target})", number(times.median()), range(&times)));
        }
        table.row(cells);
    }
    println!("\n{table}\n{goals}");
}
