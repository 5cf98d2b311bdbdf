//! Tests of `birdhook listen --catch-up`, against a mock X whose clock has advanced.

use std::fs;
use std::time::{Duration, Instant};

use birdhook::event::Timestamp;
use birdhook_testkit::mock::{Clock, MockApi, MockSettings, MockToken};
use birdhook_testkit::{MockEventKind, MockX, now};
use serde_json::{Value, json};

use crate::support::{Folder, SECRET, Serving, birdhook, run};

pub(crate) const USER: &str = "2001";
const MINUTE: i64 = 60_000;

/// Starts a mock X with the secret of the tests and this clock.
pub(crate) async fn mock_x(clock: Clock) -> MockX {
    let mut settings = MockSettings::manual();
    (settings.clock, settings.consumer_secret) = (clock, Some(MockToken::new(SECRET)));
    MockX::start(settings).await.unwrap()
}

/// Writes the keys of the mock's app, and returns the arguments that name them.
pub(crate) fn keys(folder: &Folder, x: &MockX) -> [String; 2] {
    let app = x.app();
    let keys = format!(
        "api_url = \"{}\"\nconsumer_key = \"{}\"\nconsumer_secret = \"{SECRET}\"\nbearer_token = \"{}\"\n",
        x.url(),
        app.consumer_key,
        app.bearer.as_str()
    );
    ["--credentials".to_owned(), folder.file("keys.toml", &keys)]
}

pub(crate) fn ago(minutes: i64) -> Timestamp {
    Timestamp::from_millis(now().as_millis() - minutes * MINUTE)
}

pub(crate) fn listen<'a>(inbox: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["listen", "--quiet", "--json", "--inbox", inbox], more].concat()
}

pub(crate) fn heartbeat(inbox: &str) -> Value {
    serde_json::from_slice(&fs::read(format!("{inbox}/heartbeat.json")).unwrap()).unwrap()
}

/// Changes the last sign of life.
pub(crate) fn was_alive(inbox: &str, minutes_ago: i64) {
    let mut value = heartbeat(inbox);
    value["alive_at"] = ago(minutes_ago).to_string().into();
    fs::write(format!("{inbox}/heartbeat.json"), value.to_string()).unwrap();
}

fn minutes_ago(value: &Value) -> i64 {
    let time = Timestamp::parse(value.as_str().unwrap()).unwrap();
    (now().as_millis() - time.as_millis()) / MINUTE
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn x_replays_what_was_missed_and_known_events_are_removed() {
    let folder = Folder::new("catching-up");
    let inbox = folder.path("inbox");
    // Three hours behind, so that it can advance to the present.
    let x = mock_x(Clock::manual(ago(180))).await;
    let keys = keys(&folder, &x);
    let first = Serving::start(&listen(&inbox, &[]));
    let (url, address) = (first.url.clone(), first.address().to_owned());
    let webhook = x.register_for(x.app(), &url, MockApi::V2).await.unwrap();
    x.subscribe(&webhook, USER).unwrap();
    x.emit(MockEventKind::Like, USER);
    x.settle().await;
    assert_eq!(first.json()["kind"], "liked");
    first.stop();

    x.emit(MockEventKind::Follow, USER);
    x.settle().await;
    x.clock().advance(Duration::from_secs(180 * 60)).await;
    was_alive(&inbox, 185);
    let args = listen(&inbox, &["--catch-up", "--poll-interval", "1", &keys[0], &keys[1]]);
    let second = Serving::start_at(&address, &mut birdhook(&args));
    assert!(second.note_of("catching up").contains("the last sign of life"));
    second.note_of("X is replaying");
    second.note_of("X does not replay it yet");
    assert_eq!(second.json()["kind"], "followed", "the liked one is known");
    assert_eq!(second.json()["kind"], "replay_finished");
    let started = Instant::now();
    let waiting = loop {
        let waiting = heartbeat(&inbox)["waiting"].as_array().unwrap().clone();
        // The end of the replay is recorded shortly after it is printed.
        if waiting.len() == 1 && minutes_ago(&waiting[0]["from"]) < 70 {
            break waiting;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{waiting:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let (lines, _) = second.stop();
    assert!(lines.is_empty(), "{lines:?}");

    // The newest part still waits after another restart.
    let plan = run(&listen(&inbox, &["--catch-up", "--dry-run"])).exits(0).json();
    let jobs = plan[0]["jobs"].as_array().unwrap();
    assert_eq!(jobs[0]["span"], waiting[0], "{plan:?}");
    assert!(minutes_ago(&jobs[0]["at"]) <= 0);
}

#[test]
fn a_dry_run_prints_what_x_would_be_asked_for_and_what_is_lost() {
    let folder = Folder::new("catching-up-plan");
    let inbox = folder.path("inbox");
    let unknown = "no sign of life is recorded in this inbox, so no gap is known\n";
    run(&["listen", "--inbox", &inbox, "--catch-up", "--dry-run"]).exits(0).prints_only(unknown);
    fs::create_dir_all(&inbox).unwrap();
    let stored =
        json!({"version": 1, "since": ago(9000).to_string(), "alive_at": ago(25 * 60).to_string(), "waiting": []});
    fs::write(format!("{inbox}/heartbeat.json"), stored.to_string()).unwrap();
    let dry = run(&["listen", "--inbox", &inbox, "--catch-up", "--dry-run"]).exits(0);
    let lines: Vec<_> = dry.stdout.lines().collect();
    assert!(lines[0].starts_with("last sign of life: ") && lines[1].starts_with("now:               "), "{dry}");
    assert!(lines[2].starts_with("  ask at now ") && lines[2].contains(" for "), "{dry}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("  ask at ")).count(), 12, "{dry}");
    assert!(lines.last().unwrap().ends_with(", which X no longer replays"), "{dry}");
    run(&["listen", "--catch-up"]).exits(2).says(&["--inbox"]);
}

#[test]
fn catching_up_needs_keys() {
    let folder = Folder::new("catching-up-keys");
    let missing = folder.path("none.toml");
    let mut command = birdhook(&listen(&folder.path("inbox"), &["--catch-up"]));
    crate::support::end(command.env("BIRDHOOK_CREDENTIALS", missing)).refused("no keys");
}
