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
        "Each receiver reads the body, verifies it, parses it, puts it into a queue in memory and answers 200. The client \
         keeps {CONNECTIONS} connections alive. {rounds} rounds of {} s each.",
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
    let ratio = |of: &Sample| format!("{}× ({})", number(of.median()), range(of));
    for (body, (name, _)) in BODIES.iter().enumerate() {
        let head = ["receiver", "requests/s", "birdhook vs. it", "CPU µs/request", "it vs. birdhook", "busy"];
        let mut table = Table::new(head);
        let birdhook = &all[&(body, Candidate::Birdhook)];
        let mut row = |candidate: Candidate, measured: &Measured, takes: String, costs: String| {
            let (rate, micros) = (number(measured.rate.median()), number(measured.micros.median()));
            let limit = if measured.is_saturated() { "" } else { ", **not saturated**" };
            let busy = format!("{:.0} %{limit}", measured.busy.median() * 100.0);
            table.row([candidate.to_string(), rate, takes, micros, costs, busy]);
        };
        row(Candidate::Birdhook, birdhook, "-".into(), "-".into());
        for peer in Peer::ALL {
            let Some(measured) = all.get(&(body, Candidate::Peer(peer))) else {
                goals.skip(
                    format!("birdhook vs. {peer}, requests/s: {name}"),
                    missing.get(&peer).map_or("", String::as_str),
                );
                continue;
            };
            let (takes, costs) = (birdhook.rate.of(&measured.rate), measured.micros.of(&birdhook.micros));
            row(Candidate::Peer(peer), measured, ratio(&takes), ratio(&costs));
            // Below its limit, a server's rate says nothing, but its CPU time per request is still
            // valid.
            let (times, how) = match birdhook.is_saturated() && measured.is_saturated() {
                true => (takes, "requests/s"),
                false => (costs, "requests per CPU second"),
            };
            goals.judge(format!("birdhook vs. {peer}, {how}: {name}"), Goal::AtLeast(peer.wanted()), "×", &times);
        }
        missing.iter().for_each(|(peer, why)| table.row([peer.to_string(), format!("**skipped**: {why}")]));
        print!("\n**{name}**\n\n{table}");
    }
    println!("\n{goals}");
}
