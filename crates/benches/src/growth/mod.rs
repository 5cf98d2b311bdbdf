//! The cost of a request by number of remembered keys, apps, events, bytes and concurrent requests.

mod axis;
mod bodies;
mod receiver;

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use birdhook::{dedupe::DedupeWindow, event::EventKey};
use birdhook_test_harness::proc::{Memory, raise_file_limit};
use sha2::{Digest, Sha256};

use axis::{Axis, Growth, Series};
use receiver::Receiver;

use crate::report::{Goal, Goals, Table, number, prose, range};
use crate::rounds::{self, Clock, Work};
use crate::server::LOADS_PROCESSOR;
use crate::servers::{self, App, Candidate, Framework};
use crate::statistics::Sample;
use crate::{machine, process};

const APPS: [usize; 6] = [1, 2, 4, 8, 16, 32];
const EVENTS: [usize; 7] = [1, 2, 5, 10, 50, 100, 500];
const BYTES: [(usize, &str); 7] = [
    (300, "300 B"),
    (1 << 10, "1 KiB"),
    (1 << 12, "4 KiB"),
    (1 << 14, "16 KiB"),
    (1 << 16, "64 KiB"),
    (1 << 18, "256 KiB"),
    (1 << 20, "1 MiB"),
];
const CONNECTIONS: [usize; 7] = [1, 4, 16, 64, 256, 1024, 4096];
/// The default capacity of the window.
const KEYS: usize = 100_000;
const HORIZON: Duration = Duration::from_secs(86_400);

struct Length {
    rounds: usize,
    slice: Duration,
    /// The number of new processes whose memory is measured.
    processes: usize,
    keys: usize,
    /// The rounds of concurrent requests. Each measures every number of them.
    of_servers: usize,
}

pub(crate) fn run(quick: bool) {
    let (facts, slice) = (machine::facts(), Duration::from_millis(if quick { 1 } else { 6 }));
    let length = match quick {
        true => Length { rounds: 3, slice, processes: 1, keys: 1_000_000, of_servers: 1 },
        false => Length { rounds: 31, slice, processes: 3, keys: 10_000_000, of_servers: 9 },
    };
    println!("## How the cost of a request grows\n\n{}\n", prose(&facts));
    let intro = format!(
        "Costs are CPU time, from the head of a request until the app receives the delivery: {} rounds of {} ms for each \
         size. *step* compares a row with the row above. For apps, events and bytes it is the growth of the cost divided by \
         the growth of the size: 1 is linear. For keys and concurrent requests it is the growth of the cost of one request: \
         1 is constant.",
        length.rounds,
        length.slice.as_millis()
    );
    println!("{}", prose(&intro));
    let mut goals = Goals::new();
    process::pin(LOADS_PROCESSOR);
    windows(&length, &mut goals);
    requests(&length, &mut goals);
    concurrency(&length, &mut goals);
    memory(&length, &mut goals);
    println!("{goals}");
}

/// Measures the cost by number of remembered keys.
fn windows(length: &Length, goals: &mut Goals) {
    let sizes: Vec<usize> = (3..=7).map(|power| 10_usize.pow(power)).filter(|keys| *keys <= length.keys).collect();
    let request = |keys: &usize| {
        let mut receiver = Receiver::new(1, *keys);
        receiver.remember(keys + keys / 10);
        receiver.work(&bodies::message())
    };
    let mut works: Vec<Work> = sizes.iter().map(|keys| operation(*keys)).chain(sizes.iter().map(request)).collect();
    let mut samples = rounds::measure(&mut works, length.rounds, length.slice);
    let requests = Series { head: "request", samples: samples.split_off(sizes.len()) };
    let axis = Axis {
        sizes: "keys remembered",
        marks: sizes.iter().map(|keys| (*keys as f64, power(*keys))).collect(),
        growth: Growth::OfEach,
        series: vec![requests, Series { head: "window alone", samples }],
    };
    axis.print(
        "Cost per request by remembered keys",
        "The window does the same work at every size. With 10⁷ keys, a key is in none of the processor's caches.",
    );
    let (least, most) = (power(sizes[0]), power(sizes[sizes.len() - 1]));
    let what = |of: &str| format!("{of}, slowest vs. fastest, {least} to {most} keys");
    goals.judge(what("request"), Goal::AtMost(1.15), "", &axis.series[0].spread());
    goals.judge(what("look-up and insertion"), Goal::AtMost(2.0), "", &axis.series[1].spread());
}

fn power(keys: usize) -> String {
    let digits = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];
    format!("10{}", digits[keys.ilog10() as usize])
}

/// Returns the keys of `count` events, starting at this number.
fn keys(first: u64, count: usize) -> impl Iterator<Item = EventKey> {
    (first..first + count as u64).map(|number| EventKey::from(<[u8; 32]>::from(Sha256::digest(number.to_be_bytes()))))
}

/// Returns a full window that has already evicted keys, and the number of the next key.
fn full(capacity: usize) -> (DedupeWindow, u64) {
    let mut window = DedupeWindow::new(capacity, HORIZON);
    let count = capacity + capacity / 10;
    keys(0, count).for_each(|key| window.insert(&key, Duration::ZERO));
    (window, count as u64)
}

/// Returns the window's work for a new event: look up, insert, and evict the oldest key.
fn operation(capacity: usize) -> Work {
    let (mut window, mut next) = full(capacity);
    Box::new(move |times| {
        let keys: Vec<EventKey> = keys(next, times).collect();
        next += times as u64;
        let started = Clock::start();
        for key in &keys {
            if !black_box(window.contains(key, Duration::from_secs(1))) {
                window.insert(key, Duration::from_secs(1));
            }
        }
        started.elapsed()
    })
}

/// Measures the cost by number of apps and events, and by size of the body.
fn requests(length: &Length, goals: &mut Goals) {
    let named = |sizes: &[usize]| sizes.iter().map(|size| (*size as f64, size.to_string())).collect();
    let message = bodies::message();
    let work = |apps, body: &str| Receiver::new(apps, KEYS).work(body);
    let mut of = |title, what, sizes, marks: Vec<(f64, String)>, mut works: Vec<Work>, note| {
        let samples = rounds::measure(&mut works, length.rounds, length.slice);
        let axis = Axis { sizes, marks, growth: Growth::OfAll, series: vec![Series { head: "request", samples }] };
        axis.print(title, note);
        axis.judge(0, what, goals);
    };
    of(
        "Cost per request by apps on one URL",
        "apps on one URL",
        "apps on the URL (the last one signs)",
        named(&APPS),
        APPS.map(|apps| work(apps, &message)).into(),
        "Each app adds one HMAC over the body, whichever app signed it.",
    );
    of(
        "Cost per request by events in the body",
        "events in a body",
        "events in the body (100 bytes each)",
        named(&EVENTS),
        EVENTS.map(|events| work(1, &bodies::deletions(events))).into(),
        "",
    );
    of(
        "Cost per request by size of the body",
        "bytes of a body",
        "size of the body (one post with many links)",
        BYTES.map(|(bytes, name)| (bytes as f64, name.to_owned())).into(),
        BYTES.map(|(bytes, _)| work(1, &bodies::post(bytes))).into(),
        "",
    );
}

/// Measures the server's CPU time of a request by number of concurrent requests.
fn concurrency(length: &Length, goals: &mut Goals) {
    raise_file_limit();
    let [mut birdhook, mut bare, mut added] = [0; 3].map(|_| vec![Sample::default(); CONNECTIONS.len()]);
    let requests = &mut servers::posts();
    for _ in 0..length.of_servers {
        for (at, connections) in CONNECTIONS.into_iter().enumerate() {
            let mut pair =
                [App::Bare, App::Birdhook].map(|app| servers::started(Candidate(Framework::Axum, app), connections));
            let mut micros = [Sample::default(), Sample::default()];
            for _ in 0..2 {
                for (server, micros) in pair.iter_mut().zip(&mut micros) {
                    micros.push(server.run(requests, Duration::from_millis(80)).micros());
                }
            }
            pair[1].check_events();
            let [of_bare, of_birdhook] = micros.map(|micros| micros.median());
            bare[at].push(of_bare);
            birdhook[at].push(of_birdhook);
            added[at].push(of_birdhook - of_bare);
        }
    }
    let series = [("birdhook", birdhook), ("empty handler", bare), ("added", added)];
    let axis = Axis {
        sizes: "concurrent requests (post, 6 KB)",
        marks: CONNECTIONS.map(|count| (count as f64, count.to_string())).into(),
        growth: Growth::OfEach,
        series: series.map(|(head, samples)| Series { head, samples }).into(),
    };
    axis.print(
        "Cost per request by concurrent requests",
        "More connections are more work for the operating system, as the empty handler shows. The goal covers only what \
         birdhook adds.",
    );
    axis.judge(2, "concurrent requests, added by birdhook", goals);
}

/// Measures the memory per remembered key in new processes, whose memory nothing else has used.
fn memory(length: &Length, goals: &mut Goals) {
    let mut table = Table::new(["keys remembered", "bytes per key", "range"]);
    for keys in [1_000_000, 10_000_000].into_iter().filter(|keys| *keys <= length.keys) {
        let held = |_| {
            let program = std::env::current_exe().expect("this program");
            let output =
                Command::new(program).args(["hold", &keys.to_string()]).output().expect("this program once more");
            let text = String::from_utf8_lossy(&output.stdout);
            text.trim().parse().unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
        };
        let bytes: Sample = (0..length.processes).map(held).collect();
        table.row([power(keys), number(bytes.median()), range(&bytes)]);
        goals.judge(format!("memory per key, {} keys", power(keys)), Goal::AtMost(64.0), " bytes", &bytes);
    }
    println!(
        "\n### Memory per remembered key\n\nMeasured as the growth of the resident memory of a process:\n\n{table}"
    );
}

/// The work of a process whose memory is measured: fills a window with keys, and prints the bytes
/// per key.
pub(crate) fn hold(keys: usize) {
    let resident = || Memory::of(std::process::id()).resident;
    let before = resident();
    let full = black_box(full(keys));
    println!("{}", (resident() - before) / keys as f64);
    drop(full);
}
