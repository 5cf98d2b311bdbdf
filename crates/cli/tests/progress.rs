//! Tests of what `trigger`, `replay`, `watch` and `migrate` report while they work and at their end.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use crate::account::before_the_migration;
use crate::support::fake_x::{FakeX, rule};
#[cfg(unix)]
use crate::support::terminal::{on_terminal, on_terminal_until};
#[cfg(unix)]
use crate::support::with_keys;
use crate::support::{Folder, Serving, birdhook, recorded, run};

/// The start of a line that a terminal redraws.
#[cfg(unix)]
const REDRAWN: &str = "\r";

#[test]
fn a_kind_is_sent_once_unless_both_apis_are_asked_for() {
    let listening = Serving::start(&["listen", "--quiet", "--json"]);
    let generation = |args: &[&str]| {
        run(&[&["trigger", &listening.url, "--json"], args].concat()).exits(0).answered("200", 1);
        listening.json()["generation"].as_str().unwrap().to_owned()
    };
    assert_eq!(generation(&["like.create"]), "x_activity");
    assert_eq!(generation(&["like.create", "--api", "aaa"]), "account_activity");
    assert_eq!(generation(&["chat.received", "--api", "both"]), "x_activity");
    run(&["trigger", &listening.url, "like.create", "--api", "both", "--json"]).exits(0).answered("200", 2);
    let every = run(&["trigger", &listening.url, "--json"]).exits(0);
    every.answered("200", birdhook_testkit::MockEventKind::ALL.len());
}

#[test]
fn trigger_prints_what_it_sends_before_the_first_answer() {
    // Nothing accepts the connections, so no answer comes.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://me:hunter2@{}/hook", silent.local_addr().unwrap());
    let kinds = ["like.create", "dm.sent", "chat.received"];
    let args = [&["trigger", &url, "--api", "both", "--count", "5", "--duplicates"], &kinds[..]].concat();
    let mut child = birdhook(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let lines: Vec<_> = lines.take(3).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(lines[0], format!("sending 50 deliveries to http://***@{}/hook", silent.local_addr().unwrap()));
    assert_eq!(lines[1], "  Account Activity API: 2 kinds x 5 events x 2 copies: like.create, dm.sent");
    assert_eq!(lines[2], "  X Activity API: 3 kinds x 5 events x 2 copies: like.create, dm.sent, chat.received");
}

#[test]
fn a_failure_has_its_kind_status_body_likely_cause_and_the_command_of_the_doctor() {
    let broken = FakeX::start([rule("POST", 500, "\n  no database\nat main.js:7")]);
    let doctor = format!("run `birdhook doctor --local {}/` to examine the receiver\n", broken.url);
    let failure = [
        " status  meaning                count\n 500     internal server error  1\n",
        "1 delivery answered 500\n  kind: like.create\n  body: no database\n  likely cause: an error in the receiver: see its log\n",
        &doctor,
        "1 unexpected response\n",
    ];
    run(&["trigger", &broken.url, "like.create"]).exits(1).prints(&failure).hides(&["main.js"]).says_only("");

    // A replay does not know the kind that was generated: it reads the delivery.
    let folder = Folder::new("failed-replay");
    let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"9","user_id":"1"}}]}"#;
    let file = folder.file("recording", &recorded("2026-11-23T09:00:00Z", body));
    let kind = "1 delivery answered 500\n  kind: post_deleted\n";
    run(&["replay", &file, &broken.url]).exits(1).prints(&[kind, failure[0], &doctor]);

    let accepting = FakeX::start([rule("POST", 200, "")]);
    let forged = run(&["trigger", &accepting.url, "like.create", "--forged"]).exits(1);
    forged.prints(&["likely cause: the receiver does not verify signatures"]);
    let other = FakeX::start([rule("POST", 204, "")]);
    run(&["trigger", &other.url, "like.create"]).exits(1).prints(&["200, the only status that X counts as received"]);
}

#[test]
fn a_delivery_without_an_answer_is_an_error_and_not_in_the_table() {
    let refused = run(&["trigger", "http://127.0.0.1:1/", "like.create"]).exits(1);
    assert!(!refused.stdout.contains("connection") && !refused.stdout.contains("status"), "{refused}");
    refused.prints(&["0 of 1 delivery answered in ", "\n1 delivery without a response\n"]).says(&[
        "birdhook: http://127.0.0.1:1/: no connection: ",
        "; 1 delivery failed\n",
        "birdhook doctor --local http://127.0.0.1:1/`\n",
    ]);
}

#[test]
fn numbers_in_json_have_at_most_three_decimals() {
    let listening = Serving::start(&["listen"]);
    let sent = run(&["trigger", &listening.url, "like.create", "--count", "20", "--json"]).exits(0);
    let summary = &sent.json()[0];
    let numbers = ["min", "median", "p99", "max"].map(|name| &summary["latency_ms"][name]);
    for number in numbers.into_iter().chain([&summary["seconds"]]) {
        let text = number.to_string();
        let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        assert!(number.is_f64() && decimals <= 3, "{sent}");
    }
}

/// Arguments that take 1.5 s.
fn slow<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["trigger", url, "like.create", "--count", "16", "--rate", "10"], more].concat()
}

#[test]
fn piped_output_has_no_progress() {
    let listening = Serving::start(&["listen"]);
    let sent = run(&slow(&listening.url, &[])).exits(0).says_only("");
    assert!(!sent.stdout.contains(['\r', '\u{1b}']), "{sent}");
    run(&slow(&listening.url, &["--json"])).says_only("");
}

#[cfg(unix)]
#[test]
fn a_terminal_shows_a_bar_after_a_second_with_whole_numbers() {
    let listening = Serving::start(&["listen"]);
    let (stdout, bar) = on_terminal(birdhook(&slow(&listening.url, &[])));
    assert!(stdout.contains("16 deliveries sent") && !stdout.contains(REDRAWN), "{stdout}");
    assert!(bar.contains("/16 deliveries, ") && bar.contains("/s, ") && !bar.contains('.'), "{bar:?}");
    assert!(!bar.contains(" 1/16 "), "the bar appears after a second: {bar:?}");
    let (_, short) = on_terminal(birdhook(&["trigger", &listening.url, "like.create"]));
    assert_eq!(short, "");
    let mut dumb = birdhook(&slow(&listening.url, &[]));
    dumb.env("TERM", "dumb");
    assert_eq!(on_terminal(dumb).1, "");
    let mut colourless = birdhook(&slow(&listening.url, &["--color", "never"]));
    colourless.env("CLICOLOR_FORCE", "1");
    let (_, bar) = on_terminal(colourless);
    assert!(bar.contains("/16 deliveries, ") && !bar.contains("\u{1b}[3"), "{bar:?}");
}

#[cfg(unix)]
#[test]
fn a_replay_shows_a_bar() {
    let (folder, listening) = (Folder::new("replay-bar"), Serving::start(&["listen"]));
    let line = |second: u32| {
        let body =
            format!(r#"{{"for_user_id":"1","tweet_delete_events":[{{"status":{{"id":"{second}","user_id":"1"}}}}]}}"#);
        recorded(&format!("2026-11-23T09:00:{second:02}Z"), &body)
    };
    let file = folder.file("r.jsonl", &[line(0), line(1), line(2)].join("\n"));
    let (stdout, bar) = on_terminal(birdhook(&["replay", &file, &listening.url]));
    assert!(stdout.contains("3 deliveries sent"), "{stdout}");
    assert!(bar.contains(" 1/3 deliveries, ") || bar.contains(" 2/3 deliveries, "), "{bar:?}");
}

#[cfg(unix)]
#[test]
fn watch_prints_what_it_watches_and_on_a_terminal_a_heartbeat() {
    let account = before_the_migration("heartbeat");
    let (url, keys) = (account.listening.url.clone(), account.folder.path("keys.toml"));
    let watch = ["watch", &url, "--interval", "77", "--heartbeat", "0.1"];
    let beats = |shown: &str| shown.matches(" still watching: no change since the start at 20").count();
    let (stdout, shown) = on_terminal_until(with_keys(&watch, &keys), |shown| beats(shown) >= 2);
    assert_eq!(stdout, "");
    let shown = shown.replace('\r', "");
    let start = format!(
        "watching {url} through v2\n  webhook: checked every 77 s\n  subscriptions to the X Activity API: reported when they expire within 3 days\n  gaps: reported, and replayed by X\n"
    );
    assert!(shown.starts_with(&start) && beats(&shown) >= 2, "{shown}");

    // The checks print lines more rarely than heartbeats would be printed.
    let missing = ["watch", "http://127.0.0.1:1/other", "--interval", "0.5", "--heartbeat", "0.1"];
    let ends = |json: &[&str]| {
        let mut command = with_keys(&[&missing[..], json].concat(), &keys);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let reader: Box<dyn BufRead> = match json {
            [] => Box::new(BufReader::new(child.stderr.take().unwrap())),
            _ => Box::new(BufReader::new(child.stdout.take().unwrap())),
        };
        let lines: Vec<_> = reader.lines().map(Result::unwrap).take(if json.is_empty() { 6 } else { 2 }).collect();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        (lines, String::from_utf8(output.stderr).unwrap())
    };
    let (lines, _) = ends(&[]);
    assert!(lines[0].starts_with("watching ") && !lines.concat().contains("still watching"), "{lines:?}");
    let (time, change) = lines[4].split_once(" the app has no webhook at ").unwrap();
    assert!(birdhook::event::Timestamp::parse(time.trim()).is_some() && change.ends_with("/other"), "{lines:?}");
    let (lines, notes) = ends(&["--json"]);
    assert!(lines.iter().all(|line| line.contains("\"notice\":\"missing\"")), "{lines:?}");
    assert_eq!(notes, "");
}

#[test]
fn migrate_prints_its_arithmetic_before_it_begins_and_the_subscriptions_of_both_sides() {
    let account = before_the_migration("migrate-overlap");
    let migrate = ["migrate", &account.listening.url, "--yes", "--overlap", "0.1"];
    let done = account.run(&migrate).exits(0);
    let at = |text: &str| done.stdout.find(text).unwrap_or_else(|| panic!("{text}: {done}"));
    assert!(at("subscriptions: 17 types x 2 users = 34; the app has 1 now + 33 new = 34 afterwards\n") < at("ok "));
    assert!(at("4 x 0.001 + 1 x 0.005 + 3 x 0.01 = 0.039; x 2 users = 0.078 US dollars") < at("ok "));
    assert_eq!(done.stderr, "both APIs deliver: 34 new subscriptions, 2 old; removing the old ones in 1 s\n");
    // Nothing is left to do, so nothing costs more than before.
    account.run(&migrate).hides(&["US dollars", "both APIs deliver"]);
}

#[cfg(unix)]
#[test]
fn migrate_counts_down_the_overlap_on_a_terminal() {
    let account = before_the_migration("migrate-countdown");
    let migrate = ["migrate", &account.listening.url, "--yes", "--overlap", "2.5", "--json"];
    let (stdout, bar) = on_terminal(with_keys(&migrate, &account.folder.path("keys.toml")));
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    let left: Vec<_> = ["0:03 left: ", "0:02 left: ", "0:01 left: "].map(|left| bar.find(left)).into();
    assert!(left.iter().all(Option::is_some) && left.is_sorted(), "{bar:?}");
    assert!(bar.contains("left: both APIs deliver: 34 new subscriptions, 2 old"), "{bar:?}");
}
