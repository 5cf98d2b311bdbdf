//! The scenarios on the example servers of other frameworks, which run as processes.
//!
//! The servers are a workspace of their own, because they need a newer Rust. `cargo xtask ci
//! frameworks` builds them, and names their folder in `BIRDHOOK_FRAMEWORKS`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use birdhook::EventKind;
use birdhook_doctor::{CheckStatus, Doctor};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::server_process::ServerProcess;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::scenarios::row::{OTHER, Row, SECRET, signed};
use crate::scenarios::{body_after_refusal, pipelined, table};

/// A delivery whose event no row delivers. It comes last, so that the events before it are known to
/// be all. Both headers are set: each server checks the one that it has a secret for.
const LAST: &str = r#"{"for_user_id":"1","mute_events":[{"type":"mute","created_timestamp":"1677000005666","target":{"id":"2"},"source":{"id":"1"}}]}"#;
const LAST_KIND: &str = "muted";

/// Rows that fail on a framework: the framework, the row, and the beginning of the failure. A
/// deviation that ends fails the test. `docs/guide/getting-started.md` describes them.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    // Rocket waits for 14 bytes of a body before it calls a handler.
    ("rocket", "a length over the limit, and no body yet", UNANSWERED),
    ("rocket", "a body that stops coming", UNANSWERED),
    ("rocket", "a chunked body that stops coming", UNANSWERED),
    ("rocket", "a body without a signature is not waited for", UNANSWERED),
];
const UNANSWERED: &str = "step 1: no answer: timed out";

const FRAMEWORKS: [&str; 4] = ["poem", "rocket", "salvo", "warp"];

/// An example server, and the kinds of the events that it prints.
struct Server {
    process: ServerProcess,
    address: SocketAddr,
    printed: mpsc::UnboundedReceiver<String>,
}

impl Server {
    fn start(framework: &str, environment: &[(&str, String)]) -> Self {
        let Some(folder) = std::env::var_os("BIRDHOOK_FRAMEWORKS") else { panic!("run `cargo xtask ci frameworks`") };
        let mut command = Command::new(PathBuf::from(folder).join(format!("example-{framework}")));
        command.envs(environment.iter().cloned()).env("PORT", "0");
        let (sender, printed) = mpsc::unbounded_channel();
        // Rocket also prints its log.
        let on_line = move |line: &str| {
            let kind = line.split(':').next().unwrap_or_default();
            if kind.parse::<EventKind>().is_ok() {
                let _ = sender.send(kind.to_owned());
            }
        };
        let process =
            ServerProcess::start(&mut command, on_line).unwrap_or_else(|error| panic!("{framework}: {error}"));
        Self { address: process.address().parse().unwrap(), process, printed }
    }

    /// Returns the kinds of all events that were delivered so far.
    async fn kinds(&mut self) -> Result<Vec<String>, String> {
        let last = signed(LAST).signed_oauth2(OTHER).try_send(self.address).await;
        if !last.as_ref().is_ok_and(|answer| answer.status == 200) {
            return Err(format!("the last delivery: {last:?}"));
        }
        let mut kinds = Vec::new();
        while let Ok(Some(kind)) = timeout(TIMEOUT, self.printed.recv()).await {
            if kind == LAST_KIND {
                return Ok(kinds);
            }
            kinds.push(kind);
        }
        Err(format!("printed only {kinds:?}"))
    }
}

fn consumer_secret() -> [(&'static str, String); 1] {
    [("BIRDHOOK_CONSUMER_SECRET", SECRET.to_owned())]
}

async fn run_row(framework: &str, row: &Row, environment: &[(&str, String)]) -> Result<(), String> {
    let mut server = Server::start(framework, environment);
    row.send_to(server.address).await?;
    row.check_delivered(&server.kinds().await?)
}

async fn run(framework: &'static str) {
    let (mut running, mut results) = (JoinSet::new(), Vec::new());
    for row in table() {
        let Some(environment) = row.environment() else { continue };
        // Some rows wait for a deadline.
        if running.len() == 8 {
            results.extend(running.join_next().await.map(Result::unwrap));
        }
        running.spawn(async move { (row.name, run_row(framework, &row, &environment).await) });
    }
    results.extend(running.join_all().await);
    let mut failures = Vec::new();
    for (name, result) in &results {
        let deviation = DEVIATIONS.iter().find(|(of, row, _)| of == &framework && row == name);
        match (result, deviation) {
            (Ok(()), None) => {}
            (Err(why), Some((.., expected))) if why.starts_with(expected) => {}
            (Ok(()), Some(_)) => failures.push(format!("{name}: does not deviate any more")),
            (Err(why), _) => failures.push(format!("{name}: {why}")),
        }
    }
    let rows = results.len();
    assert!(rows >= 70, "only {rows} rows");
    assert!(failures.is_empty(), "{} of {rows} rows failed on {framework}:\n{}", failures.len(), failures.join("\n"));
}

macro_rules! on_frameworks {
    ($($name:ident),*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs the servers of another workspace: run by `cargo xtask ci frameworks`"]
        async fn $name() {
            run(stringify!($name)).await;
        }
    )*};
}

on_frameworks!(poem, rocket, salvo, warp);

#[test]
fn each_deviation_names_a_row() {
    let table = table();
    for (framework, name, _) in DEVIATIONS {
        assert!(table.iter().any(|row| row.name == *name && row.environment().is_some()), "{framework}: {name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the servers of another workspace: run by `cargo xtask ci frameworks`"]
async fn connections_stay_open() {
    for framework in FRAMEWORKS {
        let server = Server::start(framework, &consumer_secret());
        assert_eq!(pipelined(server.address).await, [200, 200, 200, 400, 401, 200], "{framework}");
    }
}

/// Not on Rocket, which does not refuse a body before it arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the servers of another workspace: run by `cargo xtask ci frameworks`"]
async fn a_body_that_comes_after_its_refusal_does_not_end_the_connection() {
    for framework in ["poem", "salvo", "warp"] {
        let server = Server::start(framework, &consumer_secret());
        let (refusal, next) = body_after_refusal(server.address).await;
        assert_eq!((refusal.status, next), (401, Some(200)), "{framework}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the servers of another workspace: run by `cargo xtask ci frameworks`"]
async fn the_doctor_finds_no_problem() {
    for framework in FRAMEWORKS {
        let server = Server::start(framework, &consumer_secret());
        let diagnosis = Doctor::new(server.process.url(), SECRET).unwrap().local(true).examine().await;
        let wrong = diagnosis.results().iter().filter(|finding| match finding.status() {
            CheckStatus::Passed | CheckStatus::Skipped => false,
            // A machine under load may be slow, or late to read an early answer.
            CheckStatus::Warned => !finding.check().ends_with("_time") && finding.check() != "body_huge_unsigned",
            _ => true,
        });
        let wrong: Vec<_> = wrong.map(ToString::to_string).collect();
        assert!(diagnosis.is_healthy() && wrong.is_empty(), "{framework}:\n{}", wrong.join("\n"));
    }
}
