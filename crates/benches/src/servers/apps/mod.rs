//! What runs in a server's process, written as an app would.

mod actix;
mod axum;
mod hyper;

use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use birdhook::{Events, Secret, Webhook};

use super::candidate::{App, Candidate, Framework};
use super::{PATH, SECRET};
use crate::process;

static EVENTS: AtomicU64 = AtomicU64::new(0);

/// Serves until the standard input ends. Each line of it is answered by how many events were consumed.
pub(crate) fn serve(candidate: &str, processor: usize) {
    // Before there are threads: a runtime has as many as there are processors for them.
    process::pin(processor);
    process::open_files();
    std::thread::spawn(|| {
        for _ in std::io::stdin().lock().lines() {
            println!("{}", EVENTS.load(Relaxed));
        }
        std::process::exit(0);
    });
    let Some(Candidate(framework, app)) = Candidate::parse(candidate) else { panic!("who is {candidate}?") };
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

async fn count(mut events: Events) {
    while events.recv().await.is_some() {
        EVENTS.fetch_add(1, Relaxed);
    }
}
