//! The cost of a receiver compared with an empty handler.

mod apps;
mod candidate;
mod growth;
mod latency;
mod loaded;
mod memory;
mod server;
mod throughput;

use std::fmt;
use std::time::Duration;

pub(crate) use apps::serve;
use candidate::Framework;
pub(crate) use growth::growth;

use crate::load::Requests;
use crate::report::{Goals, prose};
use crate::{machine, process};

const PATH: &str = "/webhooks/twitter";
const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";

/// Servers and load generator use separate processors.
const SERVERS_PROCESSOR: usize = 0;
const LOADS_PROCESSOR: usize = 1;

const CONNECTIONS: usize = 64;

/// The extent of the measurement.
struct Length {
    rounds: usize,
    slice: Duration,
    /// The number of new processes whose memory is measured.
    processes: usize,
}

impl Length {
    fn new(quick: bool) -> Self {
        match quick {
            true => Self { rounds: 2, slice: Duration::from_millis(80), processes: 1 },
            false => Self { rounds: 9, slice: Duration::from_millis(250), processes: 3 },
        }
    }
}

/// A request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Body {
    Post,
    Activity,
    Message,
    Long,
}

impl Body {
    /// The bodies for throughput.
    const FAST: [Self; 3] = [Self::Post, Self::Activity, Self::Message];

    fn text(self) -> &'static str {
        match self {
            Self::Post => include_str!("../../../core/benches/bodies/aaa_6k.json"),
            Self::Activity => include_str!("../../../core/benches/bodies/xaa_6k.json"),
            Self::Message => include_str!("../../../core/benches/bodies/aaa_2k.json"),
            Self::Long => include_str!("../../../core/benches/bodies/xaa_64k.json"),
        }
    }

    fn requests(self) -> Requests {
        Requests::new(self.text(), SECRET, PATH)
    }

    /// Returns the goal: birdhook's requests as a share of an empty handler's.
    fn wanted(self, framework: Framework) -> f64 {
        match (self, framework) {
            (Self::Message, _) => 0.70,
            (_, Framework::Axum | Framework::Hyper) => 0.54,
            (_, Framework::Actix) => 0.50,
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Post => "post, 6 KB (AAA)",
            Self::Activity => "post, 6 KB (XAA)",
            Self::Message => "message, 2 KB (AAA)",
            Self::Long => "post, 64 KB (XAA)",
        })
    }
}

/// Runs the section `servers`.
pub(crate) fn run(quick: bool) {
    let facts = machine::facts();
    process::pin(LOADS_PROCESSOR);
    process::open_files();
    let length = Length::new(quick);
    println!("## Servers compared with an empty handler\n\n{}\n", prose(&facts));
    let intro = format!(
        "*bare* reads the body and answers 200. *HMAC and JSON* also verifies the \
         signature and checks the JSON. With *birdhook*, a spawned task consumes the events; with *`main` consumes*, the \
         future of `main` does. {CONNECTIONS} connections, {} rounds of {} ms. *vs. bare* compares requests \
         per second (range; goal). `*`: not saturated.",
        length.rounds,
        length.slice.as_millis()
    );
    println!("{}", prose(&intro));
    let mut goals = Goals::new();
    let throughput = throughput::measure(&length);
    throughput.print(&mut goals);
    latency::measure(&length, &throughput, &mut goals);
    memory::measure(&length, &mut goals);
    println!("{goals}");
}
