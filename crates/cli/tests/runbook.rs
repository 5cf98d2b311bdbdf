//! The runbook: it has each alarm, and its first commands work against a mock X.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{Clock, MockApi};

use crate::catching_up::{USER, keys, mock_x};
use crate::support::{Folder, Serving};

const RUNBOOK: &str = include_str!("../../../docs/guide/runbook.md");
const RULES: &str = include_str!("../../../deploy/prometheus/birdhook.rules.yml");
const GATEWAY: &str = include_str!("../../../docs/guide/gateway.md");

/// What each first command prints while a receiver with one dead letter runs. All exit with 0.
const EXPECTED: [(&str, &str); 14] = [
    ("curl -fsS $ADMIN/readyz", "ready"),
    ("birdhook webhooks list", "valid"),
    ("birdhook rotate --check --admin $ADMIN", "consumer secret 1: signed"),
    ("birdhook activity list", "like.create"),
    ("birdhook inbox stats $INBOX", "dead letters  1"),
    ("birdhook inbox dead-letters $INBOX", "liked"),
    ("df -h $INBOX", "/"),
    ("metric challenges", "birdhook_challenges_total{outcome=\"challenge_answered\"} 1"),
    ("metric deliveries_total", "birdhook_deliveries_total{outcome=\"accepted\"} 1"),
    ("metric events_total", "birdhook_events_total 1"),
    ("metric answer_seconds", "birdhook_answer_seconds_bucket{request=\"delivery\""),
    ("metric body_bytes", "birdhook_body_bytes 0"),
    ("metric in_flight", "birdhook_in_flight 0"),
    ("metric inbox_commit_seconds", "birdhook_inbox_commit_seconds_bucket"),
];

/// Returns the cells of each row whose first cell is a name.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let rows = page.lines().filter(|line| line.starts_with("| `") && !line.starts_with("| `alarm`"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect()).collect()
}

#[test]
fn each_alarm_of_prometheus_and_each_state_of_notify_has_one_row() {
    let (_, states) = GATEWAY.split_once("\n## Alarms\n").unwrap();
    let (states, _) = states.split_once("\n## ").unwrap();
    let rules = RULES.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let expected: Vec<_> = rules.chain(rows(states).into_iter().map(|cells| cells[0])).collect();
    let found: Vec<_> = rows(RUNBOOK).into_iter().map(|cells| cells[0]).collect();
    let sorted = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&found), sorted(&expected));
    assert_eq!(found.len(), expected.len(), "no alarm has two rows: {found:?}");
    assert!(expected.len() > 25, "{expected:?}");
}

#[test]
fn the_runbook_is_at_most_two_pages_long() {
    let words = RUNBOOK.split_whitespace().count();
    assert!(words <= 900, "{words}");
    assert!(
        rows(RUNBOOK).iter().all(|cells| cells.len() == 4),
        "each row has a meaning, a first command and a next step"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_first_command_works_against_the_mock() {
    let folder = Folder::new("runbook");
    let inbox = folder.path("inbox");
    let x = mock_x(Clock::real()).await;
    let keys = keys(&folder, &x);
    let args = ["listen", "--quiet", "--json", "--admin", "127.0.0.1:0", "--inbox", &inbox, "--max-attempts", "1"];
    let serving = Serving::start(&[&args[..], &["--exec", "false"]].concat());
    let note = serving.note_of("health, metrics and console at ");
    let admin = note.rsplit(' ').next().unwrap().trim_end_matches('/').to_owned();
    let webhook = x.register_for(x.app(), &serving.url, MockApi::V2).await.unwrap();
    x.subscribe_to(&webhook, USER, MockEventKind::Like).unwrap();
    x.emit(MockEventKind::Like, USER);
    x.settle().await;

    let (_, setup) = RUNBOOK.split_once("```sh\n").unwrap();
    let (setup, _) = setup.split_once("```").unwrap();
    let function = setup.lines().find(|line| line.starts_with("metric()")).unwrap();
    let run = |command: &str| {
        let tool = Path::new(env!("CARGO_BIN_EXE_birdhook")).parent().unwrap();
        let path = format!("{}:{}", tool.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{function}\n{command}")]).env("PATH", path).env_remove("BIRDHOOK_CONSUMER_SECRET");
        shell.env("URL", &serving.url).env("ADMIN", &admin).env("INBOX", &inbox).env("BIRDHOOK_CREDENTIALS", &keys[1]);
        let output = shell.output().unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    for cells in rows(RUNBOOK) {
        let expected = EXPECTED.iter().find(|(command, _)| *command == cells[2]);
        let (command, phrase) = expected.unwrap_or_else(|| panic!("EXPECTED has no line for {:?}", cells[2]));
        // The metrics of the inbox and the dead letter appear a moment after the delivery.
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let (code, stdout, stderr) = run(command);
            if code == Some(0) && stdout.contains(phrase) {
                break;
            }
            assert!(Instant::now() < end, "{}: {command}: {code:?}, not {phrase:?}:\n{stdout}{stderr}", cells[0]);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let commands: BTreeSet<_> = rows(RUNBOOK).into_iter().map(|cells| cells[2]).collect();
    assert_eq!(commands.len(), EXPECTED.len(), "each line of EXPECTED is a command of the runbook");
}
