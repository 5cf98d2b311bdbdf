//! birdhook compared with handlers written by hand and with the work that no receiver can avoid, in
//! one process and without sockets.

mod candidates;
mod layers;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::runtime::Builder;

use self::candidates::{BODIES, Candidate, Kind};
use crate::report::{Goal, Goals, Table, number, prose, range};
use crate::rounds::{self, Clock, Work};
use crate::server::LOADS_PROCESSOR;
use crate::statistics::Sample;
use crate::{machine, process};

/// The number of requests that are made before they are timed. Few, so that their bodies are still
/// in the processor's caches, as those that a server has just read.
const AT_ONCE: usize = 16;

/// The goals of birdhook's CPU time: as a share of a handler with `Value`, and of a typed one.
const VS_VALUE: f64 = 0.35;
const VS_TYPED: f64 = 0.80;
/// The goals of birdhook's added cost, by body: as a multiple of HMAC and pass together.
const ADDED: [f64; 2] = [1.5, 1.25];

pub(crate) fn run(quick: bool) {
    let (rounds, slice) = if quick { (5, Duration::from_millis(4)) } else { (61, Duration::from_millis(10)) };
    println!("## Handlers written by hand\n\n{}\n", prose(&machine::facts()));
    let intro = format!(
        "An axum router receives requests without sockets, in one process and on one thread. *By hand* is a handler that \
         verifies the signature with `hmac`, parses the body with `serde_json` and sends the result to a channel; *typed* \
         parses only the fields that a small app uses. *HMAC* and *scan* are the work that no receiver can avoid: the \
         HMAC over the body, and a pass over its JSON with `IgnoredAny`. birdhook also finds the events and removes \
         duplicates. CPU time in microseconds until the app has the delivery; {rounds} rounds of {} ms, all in turn.",
        slice.as_millis()
    );
    println!("{}\n", prose(&intro));
    let allocations = allocations();
    process::pin(LOADS_PROCESSOR);
    let mut goals = Goals::new();
    let head = ["receiver", "CPU µs", "birdhook vs. it", "range", "allocations"];
    for ((name, text), most) in BODIES.into_iter().zip(ADDED) {
        let mut works: Vec<Work> = Kind::ALL.map(|kind| receiving(kind, text)).into();
        let keyed = candidates::keyed();
        works.push(alone(text, {
            let keyed = keyed.clone();
            move |body| _ = black_box(candidates::hmac(&keyed, body))
        }));
        works.push(alone(text, move |body| _ = black_box((candidates::hmac(&keyed, body), candidates::scan(body)))));
        works.extend(layers::works(text));
        let mut samples = rounds::measure(&mut works, rounds, slice);
        let by_layer = samples.split_off(samples.len() - layers::NAMES.len());
        let both = samples.pop().expect("HMAC and scan");
        let hmac = samples.pop().expect("HMAC");
        let by_kind: BTreeMap<Kind, Sample> = Kind::ALL.into_iter().zip(samples).collect();
        let birdhook = &by_kind[&Kind::Birdhook];

        let mut table = Table::new(head);
        for (kind, sample) in &by_kind {
            let ratio = birdhook.of(sample);
            let versus = match kind {
                Kind::Birdhook => ["-".to_owned(), "-".to_owned()],
                _ => [number(ratio.median()), range(&ratio)],
            };
            let count = allocations.get(&(name.to_owned(), *kind)).map_or("-".to_owned(), |count| number(*count));
            table.row([kind.name().to_owned(), number(sample.median())].into_iter().chain(versus).chain([count]));
        }
        for (what, sample) in [("HMAC", &hmac), ("HMAC and scan", &both)] {
            table.row([what.to_owned(), number(sample.median()), "-".into(), "-".into(), "-".into()]);
        }
        let added: Sample = birdhook.iter().zip(by_kind[&Kind::Bare].iter()).map(|(of, bare)| of - bare).collect();
        let vs_both = added.of(&both);
        println!("### {name}\n\n{table}");
        let text = format!(
            "birdhook adds {} µs to the empty handler, {} times HMAC and scan.",
            number(added.median()),
            number(vs_both.median())
        );
        println!("{}\n\n{}", prose(&text), of_layers(&both, &by_layer, birdhook));
        for (kind, most) in [(Kind::Value, VS_VALUE), (Kind::Typed, VS_TYPED)] {
            let what = format!("birdhook vs. {}: {name}", kind.name());
            goals.judge(what, Goal::AtMost(most), "×", &birdhook.of(&by_kind[&kind]));
        }
        goals.judge(format!("birdhook, added vs. HMAC and scan: {name}"), Goal::AtMost(most), "×", &vs_both);
    }
    println!("{goals}");
}

/// Returns a table of the layers, and of what each adds to the one before it.
fn of_layers(both: &Sample, by_layer: &[Sample], birdhook: &Sample) -> Table {
    let mut table = Table::new(["from the inside", "CPU µs", "added"]);
    let rows = layers::NAMES.iter().zip(by_layer).chain([(&"axum router", birdhook)]);
    let mut inner: Option<&Sample> = None;
    table.row(["HMAC and scan".to_owned(), number(both.median()), "-".to_owned()]);
    for (name, sample) in rows {
        let added = inner.map(|inner| sample.iter().zip(inner.iter()).map(|(outer, inner)| outer - inner).collect());
        let added = added.map_or("-".to_owned(), |added: Sample| number(added.median()));
        table.row([(*name).to_owned(), number(sample.median()), added]);
        inner = Some(sample);
    }
    table
}

/// Returns the work of receiving deliveries of this body, each with its own event.
fn receiving(kind: Kind, text: &'static str) -> Work {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut candidate = runtime.block_on(async { Candidate::new(kind) });
    in_batches(
        move || candidates::request(text),
        move |requests| {
            runtime.block_on(async {
                let started = Clock::start();
                for request in requests {
                    candidate.receive(request).await;
                }
                started.elapsed()
            })
        },
    )
}

/// Returns a work on bodies alone.
fn alone(text: &'static str, mut once: impl FnMut(&[u8]) + 'static) -> Work {
    in_batches(
        move || candidates::body(text),
        move |bodies| {
            let started = Clock::start();
            bodies.iter().for_each(|body| once(body));
            started.elapsed()
        },
    )
}

fn in_batches<T>(make: impl Fn() -> T + 'static, mut take: impl FnMut(Vec<T>) -> Duration + 'static) -> Work {
    Box::new(move |times| {
        let batches = (0..times).step_by(AT_ONCE);
        batches.map(|done| take((done..times.min(done + AT_ONCE)).map(|_| make()).collect())).sum()
    })
}

/// Returns the allocations of one delivery, which another program counts: counting takes time.
fn allocations() -> BTreeMap<(String, Kind), f64> {
    let program = std::env::current_exe().expect("this program").with_file_name("allocations");
    let Ok(output) = Command::new(program).stderr(Stdio::inherit()).output() else { return BTreeMap::new() };
    let printed = String::from_utf8_lossy(&output.stdout);
    let count = |line: &str| {
        let mut cells = line.split('\t');
        let (body, kind, count) = (cells.next()?, cells.next()?, cells.next()?);
        let kind = Kind::ALL.into_iter().find(|one| format!("{one:?}") == kind)?;
        Some(((body.to_owned(), kind), count.parse().ok()?))
    };
    printed.lines().filter_map(count).collect()
}
