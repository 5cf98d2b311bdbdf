//! Runs a soak from the first request to the report.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use birdhook_test_harness::TIMEOUT;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::event::read;
use crate::gauge;
use crate::phase::Phase;
use crate::process::{Process, State};
use crate::report::{Outcome, Report};
use crate::sender::Sender;
use crate::settings::Settings;
use crate::traffic::{Body, Traffic};

/// Bodies, and events per body, that overfill the receiver's deduplication window.
const CROWD: (u64, u64) = (110, 1000);

/// Runs a soak. `program`, this program, is started as the receiver too.
pub async fn run(program: &Path, settings: &Settings) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let process = Arc::new(Process::start(program, settings, folder.path()).await);
    let files_before = process.files();
    let traffic = Arc::new(Traffic::new(settings, process.address));
    let mut random = fastrand::Rng::with_seed(settings.seed ^ 2);

    // Fills the deduplication window first, because its memory grows until it is full.
    send(&traffic, &traffic.crowds(CROWD.0, CROWD.1)).await;
    send_rest(&traffic).await;
    at_rest(&process, traffic.count_sent(), files_before).await;

    let apart = Duration::from_secs_f64(settings.senders as f64 / f64::from(settings.rate));
    let senders = (0..settings.senders).map(|_| Sender::new(Arc::clone(&traffic), random.u64(..)).send(apart));
    let senders: Vec<_> = senders.map(tokio::spawn).collect();
    let round = Arc::new(AtomicUsize::new(0));
    let looking = {
        let (process, traffic, round) = (Arc::clone(&process), Arc::clone(&traffic), Arc::clone(&round));
        let every = Duration::from_secs(1).min(settings.phase / 5);
        tokio::spawn(gauge::look(process, traffic, every, move || round.load(SeqCst)))
    };
    let mut counted = Vec::new();
    for number in 0..=settings.rounds {
        round.store(number, SeqCst);
        counted.push(traffic.count_sent());
        let mut phases = Phase::ALL;
        random.shuffle(&mut phases);
        for phase in phases {
            traffic.enter(phase, number > 0);
            phase.last(settings.phase, &process, &traffic, &mut random).await;
        }
    }
    counted.push(traffic.count_sent());
    traffic.end();
    for sender in senders {
        sender.await.unwrap();
    }
    let samples = looking.await.unwrap();

    // No faults: sends the deliveries that were not accepted until they are.
    traffic.enter(Phase::Calm, false);
    send_rest(&traffic).await;
    let sent = traffic.count_sent();
    let (state, files) = at_rest(&process, sent, files_before).await;
    let held = process.held();
    let consumed = std::fs::read(folder.path().join("consumed")).unwrap();
    let ended = Arc::into_inner(process).expect("nobody else").end().await;
    let (mut journal, tallies, mut violations) = Arc::into_inner(traffic).expect("nobody else").into_parts();
    if !ended.success() {
        violations.push(format!("the receiver ended with {ended}"));
    }
    read(&consumed).for_each(|(key, content)| journal.consumed(key, content));
    let balance = journal.balance();
    let outcome = Outcome { tallies, samples, counted, balance, violations, state, held, files_before, files };
    Report::new(settings, &outcome)
}

/// Sends each body once, several concurrently.
async fn send(traffic: &Arc<Traffic>, bodies: &[Arc<Body>]) {
    const AT_ONCE: usize = 8;
    let share = bodies.len().div_ceil(AT_ONCE).max(1);
    let senders = bodies.chunks(share).map(|share| {
        let mut sender = Sender::new(Arc::clone(traffic), 0);
        async move {
            for body in share {
                sender.deliver(body, 1).await;
            }
        }
    });
    join_all(senders).await;
}

/// Sends all deliveries that were not answered 200 until they are, including copies of accepted
/// ones.
async fn send_rest(traffic: &Arc<Traffic>) {
    let begun = Instant::now();
    loop {
        let rest = traffic.rest();
        if rest.is_empty() {
            return;
        }
        if begun.elapsed() > TIMEOUT {
            return traffic.violation(format!("{} deliveries get no 200, however often they come", rest.len()));
        }
        send(traffic, &rest).await;
        sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the receiver is idle and without clients, or makes no progress.
async fn at_rest(process: &Process, sent: usize, files_before: usize) -> (State, usize) {
    let (mut seen, mut since) = ((State::default(), 0), Instant::now());
    loop {
        let (state, files) = (process.command("state").await, process.files());
        if (state, files) != seen {
            (seen, since) = ((state, files), Instant::now());
        }
        let is_idle = (state.in_flight, state.body_bytes, state.queue) == (0, 0, 0) && state.consumed >= sent;
        if is_idle && files <= files_before || since.elapsed() > TIMEOUT / 12 {
            return seen;
        }
        sleep(Duration::from_millis(50)).await;
    }
}
