//! The apps of the measured servers, written as a user would write them.

mod actix;
mod axum;
mod hyper;

use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use birdhook::{Deliveries, Secret, Webhook, sink::Events};
use birdhook_test_harness::proc::raise_file_limit;

use super::candidate::{App, Candidate, Framework};
use super::{PATH, SECRET};
use crate::process;
use crate::server::SERVERS_PROCESSOR;

static EVENTS: AtomicU64 = AtomicU64::new(0);

/// Serves until the standard input ends. Answers each line of it with the number of consumed
/// events.
pub(crate) fn serve(candidate: &str) {
    let Some(Candidate(framework, app)) = Candidate::parse(candidate) else { panic!("who is {candidate}?") };
    // Before any thread starts: a runtime starts as many threads as it has processors.
    if matches!(app, App::TwoWorkers | App::BareTwoWorkers) {
        process::unpin();
    } else {
        process::pin(SERVERS_PROCESSOR);
    }
    raise_file_limit();
    std::thread::spawn(|| {
        for _ in std::io::stdin().lock().lines() {
            println!("{}", EVENTS.load(Relaxed));
        }
        std::process::exit(0);
    });
    match framework {
        Framework::Axum => axum::serve(app),
        Framework::Hyper => hyper::serve(app),
        Framework::Actix => actix::serve(app),
    }
}

fn listening(address: SocketAddr) {
    println!("{address}");
}

fn webhook(app: App) -> Webhook {
    let webhook = Webhook::new(Secret::new(SECRET).expect("a secret"));
    if app == App::Patient { webhook.deadline(Duration::from_secs(60)) } else { webhook }
}

/// Serves while the events are consumed, in a task or by the caller, which is the future of `main`.
async fn consuming(app: App, deliveries: Deliveries, serving: impl Future<Output = ()> + Send + 'static) {
    let counting = count(deliveries.events());
    if app == App::MainConsumes {
        tokio::spawn(serving);
        counting.await;
    } else {
        tokio::spawn(counting);
        serving.await;
    }
}

async fn count(mut events: Events) {
    while events.recv().await.is_some() {
        EVENTS.fetch_add(1, Relaxed);
    }
}
