//! The cost of a receiver compared with an empty handler.

mod apps;
mod candidate;
mod memory;

use std::time::Duration;

pub(crate) use apps::serve;
pub(crate) use candidate::{App, Candidate, Framework};

use birdhook_test_harness::proc::raise_file_limit;

use crate::load::Requests;
use crate::report::{Goals, Table, number, prose};
use crate::server::{LOADS_PROCESSOR, Server};
use crate::statistics::Sample;
use crate::throughput::{self, Loaded, Measured, Throughput, ratio};
use crate::{machine, process};

pub(crate) const PATH: &str = "/webhooks/twitter";
pub(crate) const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";

pub(crate) const CONNECTIONS: usize = 64;

struct Length {
    rounds: usize,
    slice: Duration,
    /// The number of new processes whose memory is measured.
    processes: usize,
}

/// The bodies for throughput.
const BODIES: [(&str, &str); 3] = [
    ("post, 6 KB (AAA)", include_str!("../../../core/benches/bodies/aaa_6k.json")),
    ("post, 6 KB (XAA)", include_str!("../../../core/benches/bodies/xaa_6k.json")),
    ("message, 2 KB (AAA)", include_str!("../../../core/benches/bodies/aaa_2k.json")),
];
const LONG: &str = include_str!("../../../core/benches/bodies/xaa_64k.json");

pub(crate) fn posts() -> Requests {
    Requests::new(BODIES[0].1, SECRET, PATH)
}

pub(crate) fn started(candidate: Candidate, connections: usize) -> Loaded<Candidate> {
    Loaded::new(candidate, Server::own(&candidate.argument()), connections)
}

pub(crate) fn run(quick: bool) {
    let facts = machine::facts();
    process::pin(LOADS_PROCESSOR);
    raise_file_limit();
    let length = match quick {
        true => Length { rounds: 2, slice: Duration::from_millis(80), processes: 1 },
        false => Length { rounds: 9, slice: Duration::from_millis(250), processes: 3 },
    };
    println!("## Servers compared with an empty handler\n\n{}\n", prose(&facts));
    let intro = format!(
        "*bare* is the empty handler of a framework: it reads the body and answers 200. *HMAC and JSON alone* also verifies \
         the signature and checks that the body is JSON. *birdhook* is mounted as in the README, and a spawned task consumes \
         the events; with *`main` consumes*, the future of `main` does. Throughput: {CONNECTIONS} connections, {} rounds of {} ms each. The ratio to an empty handler has no goal, because HMAC and JSON alone are most of the \
         difference: see the handlers written by hand.",
        length.rounds,
        length.slice.as_millis()
    );
    println!("{}", prose(&intro));
    let mut goals = Goals::new();
    let mut servers = Candidate::FAST.map(|candidate| started(candidate, CONNECTIONS));
    let mut requests = BODIES.map(|(_, body)| Requests::new(body, SECRET, PATH));
    let all = throughput::measure(&mut servers, &mut requests, length.rounds, length.slice);
    for server in servers.iter_mut().filter(|server| server.candidate.has_events()) {
        server.check_events();
    }
    drop(servers);
    print(&all);
    memory::measure(&length, &mut goals);
    println!("{goals}");
}

fn print(all: &Throughput<Candidate>) {
    let of = |body, framework, app| -> &Measured { &all[&(body, Candidate(framework, app))] };
    for (body, (name, _)) in BODIES.iter().enumerate() {
        let mut table = Table::new(["server", "requests/s", "vs. bare", "CPU µs/request", "vs. bare", "busy"]);
        for candidate in Candidate::FAST {
            let (measured, bare) = (&all[&(body, candidate)], of(body, candidate.0, App::Bare));
            let vs_bare = |of: Sample| if candidate.1 == App::Bare { "-".to_owned() } else { ratio(&of, "") };
            table.row([
                candidate.to_string(),
                format!("{:.0}", measured.rate.median()),
                vs_bare(measured.rate.of(&bare.rate)),
                number(measured.micros.median()),
                vs_bare(measured.micros.of(&bare.micros)),
                measured.busy(),
            ]);
        }
        print!("\n**{name}**\n\n{table}");
    }
    // A bare server works on one thread, so it waits only for other programs.
    let waited = (0..BODIES.len()).map(|body| of(body, Framework::Axum, App::Bare).kept_waiting.median());
    let waited = waited.collect::<Sample>().median() * 100.0;
    println!("\nOther programs used the servers' core for {waited:.1} % of the time.");
}
