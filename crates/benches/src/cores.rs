//! birdhook on one and on two cores.

use std::future::{Ready, ready};
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use birdhook::{
    Delivery, Receiver, Secret, Webhook, signature,
    sink::{EventSink, SinkError},
};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio::runtime::Builder;
use tower::Service;

use crate::load::Requests;
use crate::report::{Goal, Goals, Table, number, prose, range};
use crate::rounds::Clock;
use crate::server::LOADS_PROCESSOR;
use crate::servers::{App, CONNECTIONS, Candidate, Framework, PATH, SECRET, started};
use crate::statistics::Sample;
use crate::throughput::Loaded;
use crate::{machine, process};

/// The goal of the receiver alone: what two cores handle in the time of one.
const DIRECT: f64 = 1.8;

/// The goal of the server: its scaling as a share of the empty handler's. The empty handler does
/// not reach 1.8 here, because its connections move between the threads and the client runs beside
/// them.
const SERVED: f64 = 0.95;

/// The number of requests of one thread in a round.
const REQUESTS: usize = 1500;

const BODY: &str = include_str!("../../core/benches/bodies/aaa_2k.json");

/// The measurements of one number of threads, by rounds.
#[derive(Default)]
struct Measured {
    /// Requests per second of all threads.
    rate: Sample,
    /// CPU time per request, in microseconds.
    micros: Sample,
}

pub(crate) fn run(quick: bool) {
    let rounds = if quick { 3 } else { 31 };
    println!("## Two cores\n\n{}\n", prose(&machine::facts()));
    let intro = format!(
        "*Direct*: threads call clones of one `Receiver`, each with its own deliveries of 2 KB and without sockets; the \
         sink drops them. *axum*: the server of the README with one and with two worker threads; the client shares the \
         second core, so only the server's CPU time counts, and an empty handler shows what that costs. *scaling* is what two cores handle in the time of one: of \
         requests per second, and of requests per CPU second, where waiting for a lock does not show. {rounds} rounds, \
         in turn."
    );
    println!("{}\n", prose(&intro));
    let (mut table, mut goals) = (Table::new(["case", "1 core", "2 cores", "scaling", "range"]), Goals::new());
    let [one, two] = direct(rounds);
    let of_rate = two.rate.of(&one.rate);
    let of_micros = scaling(&one.micros, &two.micros);
    for (what, [a, b], scaling) in [
        ("direct, requests/s", [&one.rate, &two.rate], &of_rate),
        ("direct, CPU µs/request", [&one.micros, &two.micros], &of_micros),
    ] {
        row(&mut table, what, [a, b], scaling);
    }
    let [one, two, bare, bare_two] = served(if quick { 3 } else { 15 });
    let (of_server, of_bare) = (scaling(&one, &two), scaling(&bare, &bare_two));
    row(&mut table, "axum, birdhook, CPU µs/request", [&one, &two], &of_server);
    row(&mut table, "axum, empty handler, CPU µs/request", [&bare, &bare_two], &of_bare);
    println!("{table}");
    goals.judge("direct, requests/s, 2 cores vs. 1", Goal::AtLeast(DIRECT), "×", &of_rate);
    goals.judge("axum, scaling vs. an empty handler's", Goal::AtLeast(SERVED), "×", &of_server.of(&of_bare));
    println!("{goals}");
}

fn row(table: &mut Table, what: &str, of: [&Sample; 2], scaling: &Sample) {
    let [one, two] = of.map(|sample| number(sample.median()));
    table.row([what.to_owned(), one, two, number(scaling.median()), range(scaling)]);
}

/// Returns what two cores handle in the time of one, from the CPU time per request.
fn scaling(one: &Sample, two: &Sample) -> Sample {
    one.of(two).iter().map(|ratio| ratio * 2.0).collect()
}

/// A sink that drops deliveries, so that only the receiver is shared.
struct Dropped;

impl EventSink for Dropped {
    type Future = Ready<Result<(), SinkError>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        drop(black_box(delivery));
        ready(Ok(()))
    }
}

/// Measures one and two threads that share a receiver.
fn direct(rounds: usize) -> [Measured; 2] {
    let receiver = Receiver::new(Webhook::new(Secret::new(SECRET).expect("a secret")).sink(Dropped));
    let mut measured = [Measured::default(), Measured::default()];
    // The first round fills the dedupe window a little and warms up.
    for round in 0..=rounds {
        let order = if round % 2 == 0 { [1, 2] } else { [2, 1] };
        for threads in order {
            let (seconds, spent) = together(&receiver, threads);
            if round > 0 {
                let requests = (threads * REQUESTS) as f64;
                measured[threads - 1].rate.push(requests / seconds);
                measured[threads - 1].micros.push(spent * 1e6 / requests);
            }
        }
    }
    measured
}

/// Returns the time until the last thread has finished, and the CPU time of all, in seconds.
fn together(receiver: &Receiver<Dropped>, threads: usize) -> (f64, f64) {
    let ready = Arc::new(Barrier::new(threads));
    let running: Vec<_> = (0..threads)
        .map(|number| {
            let (mut receiver, ready) = (receiver.clone(), Arc::clone(&ready));
            thread::spawn(move || {
                process::pin(number);
                let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
                let requests: Vec<_> = (0..REQUESTS).map(|_| request()).collect();
                runtime.block_on(async {
                    ready.wait();
                    let (started, clock) = (Instant::now(), Clock::start());
                    for request in requests {
                        let response = receiver.call(request).await.expect("a receiver does not fail");
                        assert_eq!(response.status(), StatusCode::OK);
                    }
                    (started, Instant::now(), clock.elapsed())
                })
            })
        })
        .collect();
    let all: Vec<_> = running.into_iter().map(|thread| thread.join().expect("a thread that ends")).collect();
    let begun = all.iter().map(|(started, ..)| *started).min().expect("a thread");
    let ended = all.iter().map(|(_, ended, _)| *ended).max().expect("a thread");
    let spent: Duration = all.iter().map(|(.., spent)| *spent).sum();
    (ended.duration_since(begun).as_secs_f64(), spent.as_secs_f64())
}

fn request() -> Request<Full<Bytes>> {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    static NEXT: AtomicU64 = AtomicU64::new(1_000_000_000_000_000_001);
    let body = BODY.replace("2124797602821046272", &NEXT.fetch_add(1, Relaxed).to_string());
    let secret = Secret::new(SECRET).expect("a secret");
    let signed = signature::sign(&secret, body.as_bytes());
    let request = Request::post(PATH).header("content-type", "application/json").header(signature::HEADER, signed);
    request.body(Full::from(body)).expect("a request")
}

/// Returns the CPU microseconds per request of birdhook with one and with two worker threads, and
/// of an empty handler with one and with two.
fn served(rounds: usize) -> [Sample; 4] {
    let apps = [App::Birdhook, App::TwoWorkers, App::Bare, App::BareTwoWorkers];
    let mut servers = apps.map(|app| started(Candidate(Framework::Axum, app), CONNECTIONS));
    process::pin(LOADS_PROCESSOR);
    let mut requests = Requests::new(BODY, SECRET, PATH);
    let mut micros = std::array::from_fn(|_| Sample::default());
    for round in 0..=rounds {
        for (server, micros) in servers.iter_mut().zip(&mut micros) {
            let spent = server.run(&mut requests, Duration::from_millis(200)).micros();
            if round > 0 {
                micros.push(spent);
            }
        }
    }
    let with_events = servers.iter_mut().filter(|server| server.candidate.has_events());
    with_events.for_each(Loaded::check_events);
    micros
}
