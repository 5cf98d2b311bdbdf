//! birdhook compared with receivers in other languages, written as in X's documentation.

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
    /// The goal: the requests that birdhook should handle in the time of one of the peer's.
    wanted: f64,
    /// The packages whose versions are printed.
    packages: &'static [&'static str],
}

const NODE: &[&str] = &["server.mjs"];
const PEERS: [Peer; 4] = [
    peer("Node, http", "node-http", NODE, 4.0, &[]),
    peer("Node, express", "node-express", NODE, 9.0, &["express"]),
    peer("Python, FastAPI", "fastapi", &["server.py"], 11.0, &["fastapi", "uvicorn"]),
    peer("Python, Flask", "flask", &["-m", "gunicorn", "server:app"], 19.0, &["flask", "gunicorn"]),
];

const fn peer(
    name: &'static str,
    folder: &'static str,
    arguments: &'static [&'static str],
    wanted: f64,
    packages: &'static [&'static str],
) -> Peer {
    Peer { name, folder, arguments, wanted, packages }
}

impl Peer {
    fn is_python(&self) -> bool {
        self.name.starts_with("Python")
    }

    /// Returns the started server, and its name with the versions of its parts. The error explains
    /// why it is not measured.
    fn start(&self) -> Result<(Server, String), String> {
        let installed = install::install(self)?;
        let program = Path::new(if self.is_python() { "venv/bin/python" } else { "node" });
        // `setpriv` and `taskset` both replace themselves with the program they start, so the
        // child's process id is the server's. The server ends with this program, even if this
        // program is killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "taskset", "-c", "0"]).arg(program).args(self.arguments);
        command.current_dir(&installed.folder).env("NODE_ENV", "production");
        let server = Server::other(command, SECRET)?;
        check::check(&server)?;
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
    let (rounds, slice) = if quick { (3, 0.15) } else { (9, 0.7) };
    let (mut servers, mut missing) = (Vec::new(), BTreeMap::new());
    let mut versions = vec![format!("birdhook {}", env!("CARGO_PKG_VERSION"))];
    let birdhook = Server::own(&Candidate(Framework::Axum, App::Birdhook).argument());
    check::check(&birdhook).expect("birdhook does its work");
    servers.push(Loaded::new(BIRDHOOK, birdhook, CONNECTIONS));
    for peer in &PEERS {
        match peer.start() {
            Ok((server, version)) => {
                versions.push(version);
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
    let mut requests = BODIES.map(|(_, body)| Requests::new(body, SECRET, PATH));
    let measured = throughput::measure(&mut servers, &mut requests, rounds, Duration::from_secs_f64(slice));
    drop(servers);
    println!("## Receivers in other languages\n\n{}\n", prose(&facts));
    println!("{}.", prose(&versions.join(", ")));
    let intro = format!(
        "Each receiver reads the body, verifies it, parses it, puts it into a queue in memory and answers 200. The client \
         keeps {CONNECTIONS} connections alive. {rounds} rounds of {slice} s each."
    );
    println!("\n{}", prose(&intro));
    print(&measured, &missing);
}

fn print(all: &Throughput<&str>, missing: &BTreeMap<&str, String>) {
    let mut goals = Goals::new();
    for (body, (name, _)) in BODIES.iter().enumerate() {
        let head = ["receiver", "requests/s", "birdhook vs. it", "CPU µs/request", "it vs. birdhook", "busy"];
        let mut table = Table::new(head);
        let birdhook = &all[&(body, BIRDHOOK)];
        for receiver in std::iter::once(BIRDHOOK).chain(PEERS.iter().map(|peer| peer.name)) {
            let Some(measured) = all.get(&(body, receiver)) else {
                table.row([receiver.to_owned(), format!("**skipped**: {}", missing[receiver])]);
                continue;
            };
            let [takes, costs] = match receiver {
                BIRDHOOK => ["-", "-"].map(str::to_owned),
                _ => [birdhook.rate.of(&measured.rate), measured.micros.of(&birdhook.micros)].map(|of| ratio(&of, "×")),
            };
            let (rate, micros) = (number(measured.rate.median()), number(measured.micros.median()));
            table.row([receiver.to_owned(), rate, takes, micros, costs, measured.busy()]);
        }
        print!("\n**{name}**\n\n{table}");
        for Peer { name: peer, wanted, .. } in &PEERS {
            match all.get(&(body, *peer)) {
                Some(measured) => {
                    let (times, how) = birdhook.compared_with(measured);
                    goals.judge(format!("birdhook vs. {peer}, {how}: {name}"), Goal::AtLeast(*wanted), "×", &times);
                }
                None => goals.skip(format!("birdhook vs. {peer}, requests/s: {name}"), &missing[peer]),
            }
        }
    }
    println!("\n{goals}");
}
