//! A receiver with an inbox and a consumer that tests can kill at any moment.
//!
//! Usage: `receiver INBOX CONSUMED [NAME=VALUE]...`. It accepts connections on the socket passed as
//! standard input, prints its port, and shuts down on SIGTERM.
//!
//! The consumer writes each event to the journal. It waits for the disk at half of the
//! acknowledgements, and writes only those to the journal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test's program")]

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;

use axum::Router;
use birdhook_inbox::{Inbox, Lease};
use birdhook_inbox_proof::fixture::{line, options};
use birdhook_inbox_proof::webhook;
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::consumption::Line;
use birdhook_tower::Receiver;
use tokio::signal::unix::{SignalKind, signal};

/// The consumer and its failure rate.
#[derive(Clone)]
struct Consumer {
    inbox: Inbox,
    consumed: Arc<File>,
    /// The percentage of events that fail.
    fails: u8,
    acks: Acks,
    /// Whether events are held until the process ends.
    holds: bool,
    /// The id of an event that ends the process.
    poison: Option<String>,
}

#[derive(Clone, Copy)]
enum Acks {
    Mixed,
    /// Ends the process after the first one.
    OneDurable,
    Queued,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut words = std::env::args().skip(1);
    let (folder, consumed) = (words.next().expect("a folder"), words.next().expect("a file"));
    let mut options = options();
    let (mut consumers, mut fails, mut points) = (4, 0, None);
    let (mut acks, mut holds, mut poison) = (Acks::Mixed, false, None);
    for word in words {
        match word.split_once('=').expect("NAME=VALUE") {
            ("consumers", number) => consumers = number.parse().unwrap(),
            ("fails", percent) => fails = percent.parse().unwrap(),
            ("free_space", bytes) => options = options.free_space(bytes.parse().unwrap()),
            ("max_attempts", attempts) => options = options.max_attempts(attempts.parse().unwrap()),
            ("acks", "one-durable") => acks = Acks::OneDurable,
            ("acks", "queued") => acks = Acks::Queued,
            ("consume", "hold") => holds = true,
            ("poison", id) => poison = Some(id.to_owned()),
            ("points", file) => points = Some(file.to_owned()),
            (other, _) => panic!("no option {other}"),
        }
    }
    let listener = std::io::stdin().as_fd().try_clone_to_owned().map(std::net::TcpListener::from).unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let mut term = signal(SignalKind::terminate()).unwrap();

    #[cfg(birdhook_faults)]
    {
        birdhook_inbox_proof::faults::install();
        options = options.database(birdhook_inbox_proof::faults::open_watched);
    }
    let inbox = options.open(folder).await.unwrap();
    let file = File::options().create(true).append(true).open(consumed).unwrap();
    let consumer = Consumer { inbox: inbox.clone(), consumed: Arc::new(file), fails, acks, holds, poison };
    let consuming: Vec<_> = (0..consumers).map(|_| tokio::spawn(consumer.clone().run())).collect();
    let pipeline = webhook().sink(inbox.clone());
    println!("{}", listener.local_addr().unwrap().port());
    let app = Router::new().fallback_service(Receiver::new(pipeline.clone()));
    let stop = async move {
        term.recv().await;
        pipeline.shutdown(TIMEOUT).await;
        inbox.close(TIMEOUT).await;
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await.unwrap();
    for task in consuming {
        task.await.unwrap();
    }
    if let Some(file) = points {
        std::fs::write(file, passed()).unwrap();
    }
}

impl Consumer {
    async fn run(self) {
        while let Some(lease) = self.inbox.recv().await {
            self.consume(lease).await;
        }
    }

    /// Writes the event to the journal, in one write, before it acknowledges it.
    async fn consume(&self, lease: Lease) {
        self.write(&line(&lease));
        let id = lease.id().to_string();
        if self.poison.as_ref() == Some(&id) {
            std::process::abort();
        }
        if self.holds {
            std::future::pending::<()>().await;
        }
        if fastrand::u8(..100) < self.fails {
            let _ = lease.nack(None).await;
            return;
        }
        let is_durable = match self.acks {
            Acks::Mixed => fastrand::bool(),
            Acks::OneDurable => true,
            Acks::Queued => false,
        };
        if !is_durable {
            let _ = lease.ack().await;
        } else if lease.ack_durable().await.is_ok() {
            self.write(&Line::Acknowledged { id });
            if matches!(self.acks, Acks::OneDurable) {
                std::process::abort();
            }
        }
    }

    fn write(&self, line: &Line) {
        (&*self.consumed).write_all(line.to_string().as_bytes()).unwrap();
    }
}

/// Returns how often the process has passed each abort point.
fn passed() -> String {
    #[cfg(birdhook_faults)]
    return birdhook_inbox_proof::faults::points().iter().map(|(name, count)| format!("{name} {count}\n")).collect();
    #[cfg(not(birdhook_faults))]
    String::new()
}
