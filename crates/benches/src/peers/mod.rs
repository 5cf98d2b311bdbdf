//! birdhook compared with other receivers: one of a Rust crate, and those in other languages, which
//! are written as in X's documentation.

mod check;
mod install;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use install::Installed;

use crate::load::Requests;
use crate::report::{Goal, Goals, Table, number, prose};
use crate::server::{LOADS_PROCESSOR, Server};
use crate::servers::{App, CONNECTIONS, Candidate, Framework, PATH, SECRET};
use crate::throughput::{self, Loaded, Throughput, ratio};
use crate::{machine, process};

const BODIES: [(&str, &str); 2] = [
    ("post, 6 KB", include_str!("../../../core/benches/bodies/aaa_6k.json")),
    ("message, 2 KB", include_str!("../../../core/benches/bodies/aaa_2k.json")),
];
const BIRDHOOK: &str = "Rust, birdhook on axum";

struct Peer {
    name: &'static str,
    /// Its folder in `crates/benches/peers`.
    folder: &'static str,
    arguments: &'static [&'static str],
    /// The packages whose versions are printed.
    packages: &'static [&'static str],
}

const NODE: &[&str] = &["server.mjs"];
const PEERS: [Peer; 4] = [
    peer("Node, http", "node-http", NODE, &[]),
    peer("Node, express", "node-express", NODE, &["express"]),
    peer("Python, FastAPI", "fastapi", &["server.py"], &["fastapi", "uvicorn"]),
    peer("Python, Flask", "flask", &["-m", "gunicorn", "server:app"], &["flask", "gunicorn"]),
];

/// The receiver of the crate xdk-rs. It closes each connection after one request, so birdhook is
/// asked to close it too.
const XDK: Peer = peer("Rust, xdk-rs", "xdk-rs", &[], &["xdk-rs"]);
/// The goal: the requests that birdhook handles in the time of one of xdk-rs.
const VS_XDK: f64 = 1.0;

const fn peer(
    name: &'static str,
    folder: &'static str,
    arguments: &'static [&'static str],
    packages: &'static [&'static str],
) -> Peer {
    Peer { name, folder, arguments, packages }
}

impl Peer {
    fn is_rust(&self) -> bool {
        self.name.starts_with("Rust")
    }

    fn is_python(&self) -> bool {
        self.name.starts_with("Python")
    }

    /// Returns the started server, and its name with the versions of its parts. The error explains
    /// why it is not measured.
    fn start(&self) -> Result<(Server, String), String> {
        let installed = install::install(self)?;
        let program = match self {
            _ if self.is_rust() => "target/release/xdk-peer",
            _ if self.is_python() => "venv/bin/python",
            _ => "node",
        };
        // `setpriv` and `taskset` both replace themselves with the program they start, so the
        // child's process id is the server's. The server ends with this program, even if this
        // program is killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "taskset", "-c", "0"]).arg(Path::new(program)).args(self.arguments);
        command.current_dir(&installed.folder).env("NODE_ENV", "production");
        let server = Server::other(command, SECRET)?;
        check::check(&server, !self.is_rust())?;
        Ok((server, self.versions(&installed)))
    }

    fn versions(&self, installed: &Installed) -> String {
        let of = |package: &&str| format!("{package} {}", installed.version(package).unwrap_or_default());
        match self.packages {
            [] => format!("Node {}", machine::version("node")),
            packages => packages.iter().map(of).collect::<Vec<_>>().join(" under "),
        }
    }
}

pub(crate) fn run(quick: bool) {
    let (rounds, slice) = if quick { (3, 0.15) } else { (7, 0.5) };
    let (mut servers, mut missing) = (Vec::new(), BTreeMap::new());
    let mut closing = Vec::new();
    let mut versions = vec![format!("birdhook {}", env!("CARGO_PKG_VERSION"))];
    for servers in [&mut servers, &mut closing] {
        let birdhook = Server::own(&Candidate(Framework::Axum, App::Birdhook).argument());
        check::check(&birdhook, true).expect("birdhook does its work");
        servers.push(Loaded::new(BIRDHOOK, birdhook, CONNECTIONS));
    }
    for peer in PEERS.iter().chain([&XDK]) {
        match peer.start() {
            Ok((server, version)) => {
                versions.push(version);
                let servers = if peer.is_rust() { &mut closing } else { &mut servers };
                servers.push(Loaded::new(peer.name, server, CONNECTIONS));
            }
            Err(why) => {
                eprintln!("\n!!! {}: {why}\n!!! NOT MEASURED: the comparison with it is skipped\n", peer.name);
                missing.insert(peer.name, why.replace(['|', '\n'], " "));
            }
        }
    }
    let facts = machine::facts();
    process::pin(LOADS_PROCESSOR);
    let slice = Duration::from_secs_f64(slice);
    let mut requests = BODIES.map(|(_, body)| Requests::new(body, SECRET, PATH));
    let measured = throughput::measure(&mut servers, &mut requests, rounds, slice);
    drop(servers);
    let mut requests = BODIES.map(|(_, body)| Requests::new(body, SECRET, PATH).closing());
    let closed = throughput::measure(&mut closing, &mut requests, rounds, slice);
    drop(closing);
    println!("## Other receivers\n\n{}\n", prose(&facts));
    println!("{}.", prose(&versions.join(", ")));
    let intro = format!(
        "Each receiver reads the body, verifies it, parses it, puts it into a queue in memory and answers 200. The client \
         keeps {CONNECTIONS} connections alive. {rounds} rounds of {} s each. Node and Python have no goal: HMAC and JSON \
         are native code there too, and their ratio to birdhook is mostly that of the HTTP servers.",
        slice.as_secs_f64()
    );
    println!("\n{}", prose(&intro));
    let mut goals = Goals::new();
    let names: Vec<_> = PEERS.iter().map(|peer| peer.name).collect();
    print(&measured, &missing, &names);
    let text = "The receiver of the crate xdk-rs closes each connection after one request. In this comparison birdhook is \
                asked to do so too. xdk-rs passes the body on without parsing it, so its app parses it to a `Value` after \
                the answer; it has no duplicates removed.";
    println!("\n{}", prose(text));
    print(&closed, &missing, &[XDK.name]);
    for (body, (name, _)) in BODIES.iter().enumerate() {
        match closed.get(&(body, XDK.name)) {
            Some(xdk) => {
                let (times, how) = closed[&(body, BIRDHOOK)].compared_with(xdk);
                goals.judge(format!("birdhook vs. xdk-rs, {how}: {name}"), Goal::AtLeast(VS_XDK), "×", &times);
            }
            None => goals.skip(format!("birdhook vs. xdk-rs: {name}"), &missing[XDK.name]),
        }
    }
    println!("\n{goals}");
}

fn print(all: &Throughput<&str>, missing: &BTreeMap<&str, String>, peers: &[&str]) {
    for (body, (name, _)) in BODIES.iter().enumerate() {
        let head = ["receiver", "requests/s", "birdhook vs. it", "CPU µs/request", "it vs. birdhook", "busy"];
        let mut table = Table::new(head);
        let birdhook = &all[&(body, BIRDHOOK)];
        for receiver in std::iter::once(&BIRDHOOK).chain(peers) {
            let Some(measured) = all.get(&(body, *receiver)) else {
                table.row([(*receiver).to_owned(), format!("**skipped**: {}", missing[receiver])]);
                continue;
            };
            let [takes, costs] = match *receiver {
                BIRDHOOK => ["-", "-"].map(str::to_owned),
                _ => [birdhook.rate.of(&measured.rate), measured.micros.of(&birdhook.micros)].map(|of| ratio(&of, "×")),
            };
            let (rate, micros) = (number(measured.rate.median()), number(measured.micros.median()));
            table.row([(*receiver).to_owned(), rate, takes, micros, costs, measured.busy()]);
        }
        print!("\n**{name}**\n\n{table}");
    }
}
