//! Receivers, consumers and the server are killed at random, and nothing is lost or doubled.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use birdhook_core::Delivery;
use birdhook_postgres_proof::{database, posts};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::postgres::PostgresServer;
use birdhook_test_harness::seed;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// A process of the binary `worker`.
struct Worker {
    child: Child,
    input: ChildStdin,
}

impl Worker {
    /// Starts a process. `stored` collects the numbers of the deliveries that it has stored.
    fn start(role: &str, url: &str, fault: &str, stored: &Arc<Mutex<BTreeSet<usize>>>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
        command.args([role, url]).env("FAULT", fault).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let stored = Arc::clone(stored);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(number) = line.strip_prefix("stored ") {
                    stored.lock().unwrap().insert(number.parse().unwrap());
                }
            }
        });
        let input = child.stdin.take().unwrap();
        Self { child, input }
    }

    /// Sends a delivery. Fails if the process was killed.
    async fn send(&mut self, number: usize, delivery: &Delivery) {
        let _ = self.input.write_all(format!("{number} {}\n", delivery.body().as_str()).as_bytes()).await;
    }

    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// What a run shows in the end.
#[derive(Debug, PartialEq, Eq)]
struct Ledger {
    lost: usize,
    doubled: usize,
}

/// Two receivers get copies of all deliveries, two consumers process them, and one of the five
/// processes is killed each time. Repeats what was not stored, as X does.
async fn run(seed: u64, kills: usize, fault: &str) -> Ledger {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut server = PostgresServer::start();
    let url = server.url();
    database(&url).await;
    server.psql("CREATE TABLE effects (key text NOT NULL, process integer NOT NULL)");
    let (posts, stored) = (posts(seed, kills * 20), Arc::new(Mutex::new(BTreeSet::new())));
    let start = |role| Worker::start(role, &url, fault, &stored);
    let mut receivers = [start("receive"), start("receive")];
    let mut consumers = [start("consume"), start("consume")];
    for (round, part) in posts.chunks(20).enumerate() {
        for (number, post) in part.iter().enumerate() {
            for receiver in &mut receivers {
                receiver.send(round * 20 + number, post).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(random.u64(0..60))).await;
        match random.usize(0..10) {
            at @ 0..2 => std::mem::replace(&mut receivers[at], start("receive")).kill().await,
            0..8 => {
                let at = random.usize(0..2);
                std::mem::replace(&mut consumers[at], start("consume")).kill().await;
            }
            _ => server.restart(),
        }
    }
    let begun = Instant::now();
    loop {
        let missing: Vec<usize> = {
            let stored = stored.lock().unwrap();
            (0..posts.len()).filter(|number| !stored.contains(number)).collect()
        };
        if missing.is_empty() && server.psql("SELECT count(*) FROM birdhook.events") == "0" {
            break;
        }
        assert!(begun.elapsed() < TIMEOUT * 2, "{} not stored, log: {}", missing.len(), server.log());
        for number in missing {
            receivers[random.usize(0..2)].send(number, &posts[number]).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.dead_letters"), "0");
    let keys = server.psql("SELECT key FROM effects");
    let consumed: BTreeSet<&str> = keys.lines().collect();
    let lost =
        posts.iter().filter(|post| !consumed.contains(post.events()[0].dedupe_key().to_string().as_str())).count();
    Ledger { lost, doubled: keys.lines().count() - consumed.len() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_lose_and_double_nothing() {
    let ledger = run(seed::seed(), 100, "").await;
    assert_eq!(ledger, Ledger { lost: 0, doubled: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stored_before_its_event_is_noticed_as_lost() {
    assert!(run(3, 40, "key-before-event").await.lost > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_outside_the_transaction_is_noticed_as_doubled() {
    assert!(run(1, 40, "effect-before-transaction").await.doubled > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_before_the_effect_is_noticed_as_lost() {
    assert!(run(2, 40, "ack-before-commit").await.lost > 0);
}
