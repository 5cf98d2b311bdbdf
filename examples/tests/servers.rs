//! Tests that start the example servers as their users do, examine them, and stop them.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook::{Secret, app::SecretKind, event::Timestamp};
use birdhook_doctor::{CheckStatus, Doctor};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::server_process::ServerProcess;
use birdhook_testkit::{MockEventKind, PayloadGenerator, Sender, WebhookPost};
use serde_json::Value;

const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";

/// A running example.
struct Server {
    process: ServerProcess,
    printed: Arc<Mutex<String>>,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(example: &str, secret: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(program(example));
        command.envs([(secret, SECRET), ("PORT", "0")]).env("BIRDHOOK_INBOX", folder.path());
        let printed = Arc::<Mutex<String>>::default();
        let text = Arc::clone(&printed);
        let process = ServerProcess::start(&mut command, move |line| *text.lock().unwrap() += &format!("{line}\n"));
        let process = process.unwrap_or_else(|error| panic!("{example}: {error}"));
        Self { process, printed, _folder: folder }
    }

    async fn answer(&self, post: &WebhookPost) -> u16 {
        let request = post.request(self.process.url()).unwrap();
        Sender::new(Duration::from_secs(10)).unwrap().send(request).await.unwrap().status.as_u16()
    }

    /// Waits until the server has printed this.
    async fn wait_for(&self, text: &str) {
        let is_printed = async {
            while !self.printed.lock().unwrap().contains(text) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(TIMEOUT, is_printed).await.unwrap_or_else(|_| panic!("no {text} in {TIMEOUT:?}"));
    }

    /// Stops the server as a service manager does. Returns what it printed.
    fn stop(mut self) -> String {
        assert!(self.process.terminate(TIMEOUT).unwrap().success());
        self.process.output_read();
        self.printed.lock().unwrap().clone()
    }
}

/// Returns the path of an example. Cargo builds the examples beside the tests.
pub(crate) fn program(example: &str) -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    deps.parent().unwrap().parent().unwrap().join("examples").join(example)
}

async fn is_well(example: &str) {
    let server = Server::start(example, "BIRDHOOK_CONSUMER_SECRET");
    let diagnosis = Doctor::new(server.process.url(), SECRET).unwrap().local(true).examine().await;
    let wrong = diagnosis.results().iter().filter(|finding| {
        // A machine under load may be slow.
        let slow = finding.status() == CheckStatus::Warned && finding.check().ends_with("_time");
        !slow && !matches!(finding.status(), CheckStatus::Passed | CheckStatus::Skipped)
    });
    let wrong: Vec<_> = wrong.map(ToString::to_string).collect();
    assert!(diagnosis.is_healthy() && wrong.is_empty(), "{example}:\n{}", wrong.join("\n"));

    let like =
        PayloadGenerator::new(7).at(Timestamp::from_millis(1_795_426_200_000)).event(MockEventKind::Like, "2001");
    let body = like.reported_by(birdhook::event::ApiSource::XActivity).unwrap();
    let post = WebhookPost::signed(&Secret::new(SECRET).unwrap(), body);
    assert_eq!(server.answer(&post).await, 200, "{example}");
    if example == "inbox" {
        // An event that no consumer has received stays in the inbox when it is closed.
        server.wait_for("\"liked\"").await;
    }
    let printed = server.stop();
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let liked: Vec<_> = lines.iter().filter(|line| line["kind"] == "liked").collect();
    let [line] = liked.as_slice() else { panic!("{example}: {printed}") };
    assert_eq!((line["subscriber"].as_str(), line["ids"]["like"].as_str()), (Some("2001"), like.id().as_deref()));
    assert_eq!(line["text"].as_str(), like.text().as_deref(), "{example}");
}

macro_rules! are_well {
    ($($name:ident = $example:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            is_well($example).await;
        }
    )*};
}

are_well! {
    the_axum_server_is_well = "axum";
    the_hyper_server_is_well = "hyper";
    the_actix_server_is_well = "actix";
    the_tower_server_is_well = "tower-layer";
    the_server_with_an_inbox_is_well = "inbox";
}

/// X signs the deliveries of new apps with this secret only.
#[tokio::test]
async fn a_server_that_has_the_client_secret_alone_is_well() {
    let server = Server::start("axum", "BIRDHOOK_CLIENT_SECRET");
    let diagnosis = Doctor::with_client_secret(server.process.url(), SECRET).unwrap().local(true).examine().await;
    assert!(diagnosis.is_healthy(), "{diagnosis}");
    let body = r#"{"for_user_id":"2001","tweet_delete_events":[{"status":{"id":"20","user_id":"2001"}}]}"#;
    let post = WebhookPost::unsigned(body).signed_as(SecretKind::Client, &Secret::new(SECRET).unwrap());
    assert_eq!(server.answer(&post).await, 200);
    assert!(server.stop().contains("post_deleted"));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for example in ["axum", "hyper", "actix", "tower-layer", "inbox"] {
        let folder = tempfile::tempdir().unwrap();
        let ended = Command::new(program(example))
            .envs([("BIRDHOOK_CONSUMER_SECRET", SECRET), ("PORT", &address.port().to_string())])
            .env("BIRDHOOK_INBOX", folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success() && said.contains(&format!("cannot listen on {address}")), "{example}: {said}");
    }
}
