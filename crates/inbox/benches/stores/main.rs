//! Compares the inbox with redb and fjall, used as it uses redb or in the obvious way, and with a
//! plain log:
//!
//! ```text
//! cargo bench -p birdhook-inbox --bench stores -- --seconds 1 --rounds 9 --keys 10000000
//! ```
//!
//! Everything is measured in one run, in rounds. Each contestant alternates with a log in short
//! slices, because the speed of a machine changes from second to second. The report shows medians
//! over the rounds, of rates and of ratios. The default run takes 7 minutes.
//!
//! Then consumers of the inbox, compared with its stored events; alone with `--only consumers`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that cannot go on")]
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

mod clients;
mod consuming;
mod contestants;
mod fjall_store;
mod folder;
#[path = "../../../benches/src/machine.rs"]
mod machine;
mod records;
mod redb_store;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clients::{BODY, Bodies, Running, Seen};
use consuming::Consuming;
use contestants::Contestant;
use report::{CLIENTS, Measured, Results, Side};

/// The number of slices into which the time of a case is divided.
const SLICES: u32 = 6;

struct Arguments {
    seconds: f64,
    rounds: usize,
    keys: usize,
    folder: PathBuf,
    only: Option<String>,
}

impl Arguments {
    /// Reads the command line. Without `--bench`, as under `cargo test --all-targets`, it only
    /// checks that everything runs.
    fn read() -> Self {
        let given: Vec<String> = std::env::args().collect();
        let is_test = !given.iter().any(|argument| argument == "--bench");
        let value = |name: &str| given.iter().skip_while(|argument| *argument != name).nth(1);
        let number = |name: &str, usual: f64| value(name).map_or(usual, |value| value.parse().expect(name));
        let (seconds, rounds, keys) = if is_test { (0.02, 1.0, 10_000.0) } else { (0.6, 9.0, 1e7) };
        Self {
            seconds: number("--seconds", seconds),
            rounds: number("--rounds", rounds) as usize,
            keys: number("--keys", keys) as usize,
            folder: value("--folder").map_or_else(std::env::temp_dir, PathBuf::from),
            only: value("--only").cloned(),
        }
    }

    fn contestants(&self) -> Vec<Contestant> {
        let is_chosen = |contestant: &Contestant| {
            let name = format!("{contestant:?}").to_lowercase();
            *contestant != Contestant::Log
                && self.only.as_ref().is_none_or(|only| only.split(',').any(|part| name == part))
        };
        Contestant::ALL.into_iter().filter(is_chosen).collect()
    }

    fn measures_consumers(&self) -> bool {
        self.only.as_ref().is_none_or(|only| only.split(',').any(|part| part == "consumers"))
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    if folder::opened().await {
        return;
    }
    let arguments = Arguments::read();
    let folder = tempfile::tempdir_in(&arguments.folder).unwrap();
    let mut bench = Bench { bodies: Bodies::new(), results: Results::default(), arguments };
    let remembering = bench.remember(folder.path());
    let mut consuming = bench.arguments.measures_consumers().then(Consuming::default);
    for round in 0..bench.arguments.rounds {
        let mut contestants: Vec<_> = remembering.iter().collect();
        // Each round starts with another contestant.
        contestants.rotate_left(round % remembering.len().max(1));
        for (contestant, remembers) in contestants {
            bench.measure(*contestant, folder.path(), remembers).await;
        }
        if let Some(consuming) = &mut consuming {
            let time = Duration::from_secs_f64(bench.arguments.seconds);
            consuming.measure(folder.path(), time, &bench.bodies).await;
        }
        eprintln!("round {round} is over");
    }
    let Arguments { seconds, rounds, keys, .. } = bench.arguments;
    println!(
        "{}, {}\n\nBodies of {BODY} bytes of random text, {rounds} rounds of {seconds} s for each case.\n",
        machine::facts(),
        folder::file_system(folder.path())
    );
    bench.results.print(keys, consuming.as_mut());
}

struct Bench {
    arguments: Arguments,
    bodies: Bodies,
    results: Results,
}

impl Bench {
    /// Creates a folder with deduplication keys for each contestant, and opens it a few times.
    fn remember(&mut self, folder: &Path) -> BTreeMap<Contestant, PathBuf> {
        let keys = records::random_keys(self.arguments.keys);
        let mut folders = BTreeMap::new();
        for contestant in self.arguments.contestants() {
            let started = Instant::now();
            let place = made(folder.join(format!("{contestant:?}-remembers")));
            contestant.remember(&place, &keys);
            eprintln!("{}: remembers {} keys ({:.1?})", contestant.name(), keys.len(), started.elapsed());
            let opened = (0..3).map(|_| folder::open(contestant, &place)).collect();
            eprintln!("{}: {opened:?}", contestant.name());
            self.results.opened.insert(contestant, opened);
            folders.insert(contestant, place);
        }
        self.results.memory = folder::open(Contestant::Inbox, &made(folder.join("memory"))).memory;
        folders
    }

    /// Alternates slices of the log, of an empty store, and of one that holds keys.
    async fn measure(&mut self, contestant: Contestant, folder: &Path, remembers: &Path) {
        let (log, empty) = (made(folder.join("log")), made(folder.join("empty")));
        let sides = [
            (Side::Log, Running::open(Contestant::Log, &log).await),
            (Side::Empty, Running::open(contestant, &empty).await),
            (Side::Remembers, Running::open(contestant, remembers).await),
        ];
        let time = Duration::from_secs_f64(self.arguments.seconds / f64::from(SLICES));
        let mut events = BTreeMap::new();
        for clients in CLIENTS {
            let mut seen = BTreeMap::<_, Seen>::new();
            for _ in 0..SLICES {
                for (side, running) in &sides {
                    seen.entry(*side).or_default().go_on(running, clients, time, &self.bodies).await;
                }
            }
            for (side, mut seen) in seen {
                *events.entry(side).or_insert(0) += seen.took.len();
                let measured = Measured { rate: seen.rate(), p50: seen.within(0.5), p99: seen.within(0.99) };
                self.results.measured.entry((contestant, side, clients)).or_default().push(measured);
            }
        }
        for (_, running) in sides {
            running.close().await;
        }
        for (contestant, side, folder) in [(Contestant::Log, Side::Log, log), (contestant, Side::Empty, empty)] {
            let disk = folder::disk(&folder) as f64 / (events[&side] * BODY) as f64;
            self.results.disk.entry(contestant).or_default().push(disk);
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}

fn made(folder: PathBuf) -> PathBuf {
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
