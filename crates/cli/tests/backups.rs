//! Tests of `birdhook inbox backup` and `restore`, against a mock X that replays.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use birdhook::inbox::Inbox;
use birdhook::{Delivery, sink::EventSink};
use birdhook_testkit::mock::{Clock, Entry, MockApi};
use birdhook_testkit::{MockEventKind, MockX};
use serde_json::Value;

use crate::catching_up::{USER, ago, heartbeat, keys, listen, mock_x, was_alive};
use crate::support::{Folder, Serving, birdhook, like, run};

/// The number of events of a part of the test, and of those that arrive during the backup.
const PART: usize = 20;
const LOAD: usize = 300;

pub(crate) type Keys = BTreeSet<String>;

pub(crate) fn key(event: &Value) -> String {
    event["delivery_key"].as_str().unwrap().to_owned()
}

/// Returns the keys of this many printed events, each printed once.
fn printed(serving: &Serving, count: usize) -> Keys {
    let keys: Keys = (0..count).map(|_| key(&serving.json())).collect();
    assert_eq!(keys.len(), count, "an event was printed twice");
    keys
}

pub(crate) async fn emit(x: &MockX, count: usize) {
    (0..count).for_each(|_| _ = x.emit(MockEventKind::Like, USER));
    x.settle().await;
}

/// Returns the keys of all events that were answered 200.
pub(crate) fn answered(x: &MockX) -> Keys {
    let accepted = |entry: Entry| match entry {
        Entry::Sent(sent) if sent.outcome.is_ok() => Some(sent.body),
        _ => None,
    };
    let events = x.ledger().entries().into_iter().filter_map(accepted).flat_map(|body| {
        let body = String::from_utf8(body.to_vec()).unwrap();
        Delivery::restore("default", body, 1000).unwrap().into_events()
    });
    events.filter(|event| event.kind().as_str() == "liked").map(|event| event.delivery_key().to_string()).collect()
}

fn depth(inbox: &str) -> u64 {
    run(&["inbox", "stats", inbox, "--json"]).exits(0).json()[0]["depth"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restored_backup_and_a_replay_lose_nothing_and_repeat_only_what_was_acknowledged_later() {
    let folder = Folder::new("backup-replay");
    let (inbox, backup) = (folder.path("inbox"), folder.path("events.backup"));
    // Three hours behind, so that it can advance to the present.
    let x = mock_x(Clock::manual(ago(180))).await;
    let keys = keys(&folder, &x);
    let first = Serving::start(&listen(&inbox, &[]));
    let address = first.address().to_owned();
    let webhook = x.register_for(x.app(), &first.url, MockApi::V2).await.unwrap();
    x.subscribe(&webhook, USER).unwrap();
    emit(&x, PART).await;
    let before = printed(&first, PART);
    first.stop();

    // Nothing is acknowledged, because the target never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}/", silent.local_addr().unwrap());
    let stuck = listen(&inbox, &["--forward", &nowhere]);
    let second = Serving::start_at(&address, &mut birdhook(&stuck));
    emit(&x, PART).await;
    (0..LOAD).for_each(|_| _ = x.emit(MockEventKind::Like, USER));
    let args = ["inbox", "backup", &inbox, "--to", &backup, "--json"].map(str::to_owned);
    let written = tokio::task::spawn_blocking(move || run(&args.each_ref().map(String::as_str)).exits(0));
    x.settle().await;
    let written = written.await.unwrap().json().remove(0);
    let events = written["events"].as_u64().unwrap() as usize;
    assert!((PART..=2 * PART + LOAD).contains(&events), "{written}");
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    emit(&x, PART).await;
    second.kill();

    // Everything is consumed after the backup. What arrives later is lost with the disk.
    let third = Serving::start_at(&address, &mut birdhook(&listen(&inbox, &[])));
    let later = printed(&third, 2 * PART + LOAD);
    third.stop();
    let fourth = Serving::start_at(&address, &mut birdhook(&stuck));
    emit(&x, PART).await;
    fourth.kill();
    fs::remove_dir_all(&inbox).unwrap();
    let answered = answered(&x);
    assert_eq!(answered.len(), 4 * PART + LOAD);

    run(&["inbox", "restore", &inbox, "--from", &backup]).exits(0).prints(&["restored "]).says(&["--catch-up"]);
    assert_eq!(heartbeat(&inbox)["alive_at"], written["taken_at"], "a replay begins with the backup");
    x.clock().advance(Duration::from_secs(180 * 60)).await;
    was_alive(&inbox, 185);
    let args = listen(&inbox, &["--catch-up", "--poll-interval", "1", &keys[0], &keys[1]]);
    let fifth = Serving::start_at(&address, &mut birdhook(&args));
    let mut again = Vec::new();
    loop {
        let event = fifth.json();
        if event["kind"] == "replay_finished" {
            break;
        }
        again.push(key(&event));
    }
    let started = Instant::now();
    while depth(&inbox) > 0 {
        assert!(started.elapsed() < Duration::from_secs(20));
    }
    let (rest, _) = fifth.stop();
    again.extend(rest.iter().map(|line| key(&serde_json::from_str(line).unwrap())));
    let unique: Keys = again.iter().cloned().collect();
    assert_eq!(unique.len(), again.len(), "no event is repeated twice");
    assert!(unique.is_disjoint(&before), "acknowledged before the backup");
    let consumed: Keys = [&before, &later, &unique].into_iter().flatten().cloned().collect();
    assert_eq!(consumed, answered, "nothing that was answered 200 is lost");
    assert!(unique.is_superset(&later), "acknowledged after the backup");
}

#[test]
fn a_backup_of_an_inbox_that_no_process_has_open_is_restored() {
    let folder = Folder::new("backup-offline");
    let (inbox, backup, restored) = (folder.path("inbox"), folder.path("events.backup"), folder.path("restored"));
    let serving = Serving::start(&listen(&inbox, &[]));
    like(&serving.url, &["--count", "3"]).exits(0);
    (0..3).for_each(|_| _ = serving.json());
    serving.stop();
    let command = ["inbox", "backup", &inbox, "--to", &backup];
    run(&command).exits(0).prints(&["backed up 0 events (0 dead letters), ", ", as of 20"]);
    run(&command).refused(&format!("cannot back up to {backup}: {backup} exists: name a new file"));
    let restore = ["inbox", "restore", &restored, "--from", &backup];
    run(&restore).exits(0).prints(&["restored 0 events"]);
    run(&restore).refused("is not empty: name a new folder");
    let serving = Serving::start(&listen(&restored, &[]));
    run(&restore).refused("is in use by process ");
    run(&["inbox", "restore", &folder.path("new"), "--from", &format!("{inbox}/inbox.redb")])
        .refused("is not a complete backup");
    assert!(!fs::exists(folder.path("new")).unwrap());
    drop(serving);
    let error = run(&["inbox", "backup", &folder.path("none"), "--to", &backup, "--json"]).exits(2);
    assert!(error.stderr.contains("no_inbox") && !error.stdout.contains("events"), "{error}");
}

/// The number of deliveries of an inbox whose backup takes a while.
const MANY: usize = 40;

#[tokio::main(flavor = "current_thread")]
async fn fill(inbox: &str) {
    let opened = Inbox::open(inbox).await.unwrap();
    let filler = "x".repeat(900_000);
    for post in 0..MANY {
        let body = format!(
            r#"{{"for_user_id":"1","filler":"{filler}","tweet_delete_events":[{{"status":{{"id":"{post}"}}}}]}}"#
        );
        opened.deliver(Delivery::restore("default", body, 1).unwrap()).await.unwrap();
    }
    Inbox::close(&opened, Duration::from_secs(10)).await;
}

#[test]
fn a_killed_backup_leaves_nothing_that_is_taken_for_a_whole_one() {
    let folder = Folder::new("backup-killed");
    let (inbox, backup, restored) = (folder.path("inbox"), folder.path("events.backup"), folder.path("restored"));
    let partial = format!("{backup}.partial");
    fill(&inbox);
    let command = ["inbox", "backup", &inbox, "--to", &backup];
    let mut has_interrupted = false;
    for millis in [0, 5, 20, 40, 80, 160] {
        let mut running = birdhook(&command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !fs::exists(&partial).unwrap() && running.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(millis));
        let _ = running.kill();
        running.wait().unwrap();
        for file in [&partial, &backup] {
            if !fs::exists(file).unwrap() {
                continue;
            }
            has_interrupted |= file == &partial;
            let result = run(&["inbox", "restore", &restored, "--from", file]);
            if result.code == 0 {
                result.prints(&[&format!("restored {MANY} events")]);
                fs::remove_dir_all(&restored).unwrap();
            } else {
                assert_eq!(file, &partial, "{result}");
                assert!(!fs::exists(&restored).unwrap());
            }
        }
        let _ = fs::remove_file(&backup);
        // The inbox is as it was, and the next backup succeeds.
        run(&command).exits(0).prints(&[&format!("backed up {MANY} events")]);
        assert!(!fs::exists(&partial).unwrap());
        fs::remove_file(&backup).unwrap();
    }
    assert!(has_interrupted, "no backup was interrupted");
}
