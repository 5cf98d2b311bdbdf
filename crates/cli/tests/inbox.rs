//! Tests of `birdhook listen --inbox` and `birdhook inbox`, with real sockets and killed processes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use crate::support::target_app::{TargetApp, answer};
use crate::support::{Ended, Folder, SECRET, Serving, birdhook, call, like, recorded, run, texts};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook::inbox::{Inbox, InboxSettings};
use birdhook::{Delivery, sink::EventSink};
use redb::{Database, ReadableTable, TableDefinition};
use serde_json::Value;

const READ_ONLY: [&[&str]; 6] =
    [&["stats"], &["list"], &["dead-letters"], &["export"], &["verify"], &["list", "--status", "acknowledged"]];
const CHANGING: [&[&str]; 2] = [&["requeue", "--all"], &["discard", "--all-dead", "--yes"]];

fn new_inbox(name: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    let inbox = folder.path("inbox");
    (folder, inbox)
}

/// Runs `birdhook inbox COMMAND DIR ...`.
fn inbox(command: &[&str], folder: &str) -> Ended {
    run(&[&["inbox", command[0], folder], &command[1..]].concat())
}

fn listen(folder: &str, more: &[&str]) -> Serving {
    Serving::start(&[&["listen", "--quiet", "--json", "--inbox", folder], more].concat())
}

/// Sends this many likes, and expects 200 for each.
fn send(url: &str, count: &str) {
    like(url, &["--count", count, "--seed", "5"]).exits(0);
}

/// Starts a receiver that answers 401 to events and 503 to every delivery.
fn failing() -> Serving {
    Serving::start(&["listen", "--record", "/dev/full"])
}

fn keys(lines: impl IntoIterator<Item = Value>) -> Vec<String> {
    let mut keys = texts(&Vec::from_iter(lines), "delivery_key");
    keys.sort();
    keys
}

/// Changes the stored record of a delivery, and makes its checksum correct again.
pub(crate) fn change_record(folder: &str, delivery: u64, change: impl FnOnce(&mut Vec<u8>)) {
    let database = Database::open(format!("{folder}/inbox.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction.open_table(TableDefinition::<u64, &[u8]>::new("deliveries")).unwrap();
        let mut record = table.get(delivery).unwrap().unwrap().value().to_vec();
        record.truncate(record.len() - 4);
        change(&mut record);
        record.extend(crc32fast::hash(&record).to_be_bytes());
        table.insert(delivery, record.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
}

/// Returns a body with this many deleted posts, with ids from `first` on.
fn deletions(first: usize, count: usize) -> String {
    let events: Vec<_> =
        (first..first + count).map(|id| format!(r#"{{"status":{{"id":"{id}","user_id":"1"}}}}"#)).collect();
    format!(r#"{{"for_user_id":"1","tweet_delete_events":[{}]}}"#, events.join(","))
}

/// Delivers these bodies to an inbox that keeps acknowledged events, and acknowledges the first
/// ones.
#[tokio::main(flavor = "current_thread")]
async fn fill(folder: &str, bodies: &[String], acknowledged: usize) {
    let options = InboxSettings::new().keep_acknowledged(Duration::from_secs(3600));
    let inbox = options.open(folder).await.unwrap();
    for body in bodies {
        inbox.deliver(Delivery::restore("default", body.clone(), 1000).unwrap()).await.unwrap();
    }
    for _ in 0..acknowledged {
        inbox.recv().await.unwrap().ack().await.unwrap();
    }
    Inbox::close(&inbox, Duration::from_secs(10)).await;
}

#[test]
fn events_answered_200_are_forwarded_after_a_kill_and_a_restart() {
    let (_folder, dir) = new_inbox("inbox-killed");
    // Accepts connections but never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}/", silent.local_addr().unwrap());
    let first = listen(&dir, &["--forward", &nowhere]);
    send(&first.url, "3");
    first.kill();

    let kept = inbox(&["export", "--json"], &dir).exits(0);
    assert_eq!(kept.json().len(), 3, "{kept}");
    let behind = Serving::start(&["listen", "--quiet", "--json"]);
    let second = listen(&dir, &["--forward", &behind.url, "--forward-as", "raw"]);
    assert!(second.note().contains("the inbox contains 3 pending events, 0 dead letters"));
    let printed = keys(std::iter::repeat_with(|| second.json()).take(3));
    assert_eq!(printed, keys(kept.json()));
    assert_eq!(keys(std::iter::repeat_with(|| behind.json()).take(3)), printed);
    send(&second.url, "3");
    let (lines, notes) = second.stop();
    assert!(lines.is_empty(), "duplicates are recognised after a restart: {lines:?}");
    assert!(notes.iter().any(|note| note.contains("0 events, 3 duplicates")), "{notes:?}");
    assert_eq!(notes.last().unwrap(), "left in the inbox: 0 pending events, 0 dead letters");
    assert!(inbox(&["export"], &dir).stdout.is_empty(), "printed events are acknowledged");
}

#[test]
fn an_event_without_a_time_is_printed_with_the_time_at_which_it_was_stored() {
    let (_folder, dir) = new_inbox("inbox-arrival");
    let behind = failing();
    let first = listen(&dir, &["--forward", &behind.url]);
    let body = r#"{"for_user_id":"1","favorite_events":[{"id":"a","user":{"id_str":"3","screen_name":"x"}}]}"#;
    let signature = birdhook::signature::sign(&birdhook::Secret::new(SECRET).unwrap(), body.as_bytes());
    let headers = [(birdhook::signature::HEADER, &*signature)];
    let (head, _) = call(first.address(), "POST", "/webhooks/twitter", &headers, body);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    first.note_of("not forwarded");
    first.kill();
    let stored_at = texts(&inbox(&["list", "--json"], &dir).json(), "stored_at").remove(0);
    let second = Serving::start(&["listen", "--quiet", "--inbox", &dir]);
    let line = second.line();
    assert!(line.starts_with(&format!("{stored_at:24} liked ")) && line.contains("time of arrival"), "{line}");
}

#[test]
fn a_failed_event_is_retried_until_it_succeeds() {
    let (_folder, dir) = new_inbox("inbox-again");
    let behind = failing();
    let address = behind.address().to_owned();
    let front = listen(&dir, &["--forward", &behind.url, "--forward-as", "raw"]);
    send(&front.url, "1");
    front.note_of("attempt 1 of 10, will be retried: not forwarded");
    drop(behind);
    let working = Serving::start_at(&address, &mut birdhook(&["listen", "--quiet", "--json"]));
    assert_eq!(working.json()["kind"], "liked");
    assert_eq!(front.json()["kind"], "liked");
    let (lines, notes) = front.stop();
    assert!(lines.is_empty(), "the event is printed once: {lines:?}");
    assert!(!notes.iter().any(|note| note.contains("waiting for the target")), "{notes:?}");
    assert_eq!(notes.last().unwrap(), "left in the inbox: 0 pending events, 0 dead letters");
}

#[test]
fn an_event_becomes_a_dead_letter_after_the_last_attempt_and_can_be_requeued() {
    let (_folder, dir) = new_inbox("inbox-dead");
    let behind = failing();
    let front = listen(&dir, &["--forward", &behind.url, "--max-attempts", "1"]);
    send(&front.url, "2");
    for _ in 0..2 {
        front.note_of("attempt 1 of 1, now a dead letter: not forwarded: ");
    }
    let (lines, notes) = front.stop();
    assert!(lines.is_empty(), "{lines:?}");
    assert_eq!(notes.last().unwrap(), "left in the inbox: 0 pending events, 2 dead letters");

    let listed = inbox(&["dead-letters", "--json"], &dir).json();
    let ids: Vec<_> = listed.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!((&listed[0]["standing"], &listed[0]["tries"]), (&Value::from("dead"), &Value::from(1)));
    let shown = inbox(&["dead-letters", "--show", ids[1], "--json"], &dir).json().remove(0);
    assert_eq!((shown["id"].as_str(), &shown["raw"]["event_type"]), (Some(ids[1]), &Value::from("like.create")));
    let pretty = inbox(&["dead-letters", "--show", ids[1]], &dir).stdout;
    let pretty: Value = serde_json::from_str(pretty.split_once('\n').unwrap().1).unwrap();
    assert_eq!(pretty, shown);

    let requeued = inbox(&["requeue", ids[1], "7777.0", "--json"], &dir).exits(1);
    assert_eq!(requeued.json(), [serde_json::json!({"requeued": 1, "refused": ["7777.0"]})]);
    let again = inbox(&["requeue", ids[1]], &dir).exits(1).prints_only("requeued 0 events\n");
    again.says_only(&format!("{} is not a dead letter\n", ids[1]));
    let front = listen(&dir, &[]);
    assert_eq!(front.json()["delivery_key"], shown["delivery_key"]);
    drop(front.stop());

    inbox(&["discard", "--all-dead"], &dir).refused("Discard 1 event permanently?");
    assert_eq!(inbox(&["stats", "--json"], &dir).json()[0]["dead"], 1);
    assert_eq!(inbox(&["requeue", "--all"], &dir).stdout, "requeued 1 event\n");
    assert_eq!(inbox(&["stats", "--json"], &dir).json()[0]["ready"], 1);
    inbox(&["discard", ids[0], "--yes"], &dir).exits(0).prints_only("discarded 1 event\n");
    let (lines, _) = listen(&dir, &[]).stop();
    assert!(lines.is_empty(), "{lines:?}");
    assert!(inbox(&["export"], &dir).stdout.is_empty(), "the next receiver deleted the event");
}

#[test]
fn export_prints_all_events_and_read_only_commands_change_nothing() {
    let (folder, dir) = new_inbox("inbox-export");
    let bodies: Vec<_> = (0..25).map(|delivery| deletions(100 + 10 * delivery, 10)).collect();
    fill(&dir, &bodies, 15);
    let exported = inbox(&["export"], &dir).exits(0);
    let mut lines = exported.json();
    assert_eq!(lines.len(), 250);
    let standings = |standing: &str| lines.iter().filter(|line| line["standing"] == standing).count();
    assert_eq!((standings("acknowledged"), standings("ready")), (15, 235));
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        for member in ["id", "standing", "tries", "stored_at"] {
            line.remove(member).unwrap_or_else(|| panic!("{member}"));
        }
    }
    let printed = run(&["inspect", "--json", "--raw", &folder.file("bodies", &bodies.join("\n"))]);
    assert!(lines == printed.json(), "in their order, and nothing else");

    for command in READ_ONLY {
        inbox(command, &dir).exits(0);
    }
    assert!(inbox(&["export"], &dir).stdout == exported.stdout);
    assert_eq!(inbox(&["stats", "--json"], &dir).json()[0]["remembered"], 250);
    let acknowledged = inbox(&["list", "--status", "acknowledged", "--limit", "10", "--json"], &dir);
    assert_eq!(acknowledged.says(&["only the first 10 events"]).json().len(), 10);
}

#[test]
fn verify_reports_a_damaged_inbox_with_exit_code_one() {
    let (folder, dir) = new_inbox("inbox-damaged");
    fill(&dir, &[deletions(424_242, 1)], 0);
    inbox(&["verify"], &dir).exits(0).prints_only("sound: 1 event, all checksums match\n");
    let file = folder.path("inbox/inbox.redb");
    let mut bytes = fs::read(&file).unwrap();
    let places: Vec<_> =
        bytes.windows(6).enumerate().filter(|(_, part)| *part == b"424242").map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at] ^= 1);
    fs::write(&file, bytes).unwrap();
    let damaged = inbox(&["verify"], &dir).exits(1).says_only("");
    assert!(damaged.stdout.starts_with("damaged: "), "{}", damaged.stdout);
    let report = inbox(&["verify", "--json"], &dir).json().remove(0);
    assert_eq!((&report["sound"], report["damage"].is_string()), (&Value::from(false), true));
    inbox(&["export"], &dir).refused("damaged");
    run(&["listen", "--addr", "127.0.0.1:0", "--inbox", &dir]).refused("damaged");
}

/// The store holds a body that is not a delivery, with a correct checksum.
#[test]
fn an_unreadable_event_is_listed_and_can_be_discarded() {
    let (_folder, dir) = new_inbox("inbox-unreadable");
    let body = deletions(5, 1).replacen('{', "[\u{1b}", 1).replacen("for", "fo", 1);
    fill(&dir, &[deletions(5, 1), deletions(6, 1)], 0);
    change_record(&dir, 0, |record| {
        let at = record.len() - body.len();
        record[at..].copy_from_slice(body.as_bytes());
    });

    let why = format!("its delivery's body of {} bytes is not a JSON object", body.len());
    let listed = inbox(&["list", "--json"], &dir).json();
    assert_eq!((&listed[0]["unreadable"], &listed[0]["kind"]), (&Value::from(why.as_str()), &Value::Null));
    assert_eq!((&listed[0]["app"], &listed[1]["kind"]), (&Value::from("default"), &Value::from("post_deleted")));
    inbox(&["list"], &dir).prints(&["unreadable"]);
    let exported = inbox(&["export"], &dir).json();
    let bytes = STANDARD.decode(exported[0]["body_base64"].as_str().unwrap()).unwrap();
    assert_eq!((exported.len(), bytes.as_slice(), &exported[0]["position"]), (2, body.as_bytes(), &Value::from(0)));

    let front = listen(&dir, &[]);
    assert_eq!(front.json()["raw"], Value::Null);
    assert_eq!(front.stop().1.last().unwrap(), "left in the inbox: 0 pending events, 1 dead letter");
    let id = listed[0]["id"].as_str().unwrap();
    inbox(&["dead-letters", "--show", id], &dir).prints(&[&why, &body.replace('\u{1b}', "\\u{1b}")]);
    inbox(&["discard", id, "--yes"], &dir).prints_only("discarded 1 event\n");
    drop(listen(&dir, &[]).stop());
    assert!(inbox(&["export"], &dir).stdout.is_empty());
}

#[test]
fn only_one_process_can_open_an_inbox() {
    let (_folder, dir) = new_inbox("inbox-used");
    let listening = listen(&dir, &[]);
    // As with an app that serves no control socket.
    let _ = fs::remove_file(format!("{dir}/control.sock"));
    let said = format!("the inbox in {dir} is in use by process {} on ", listening.id());
    let refused = |other: Ended| drop(other.refused(&said).prints_only(""));
    // In parallel, because each waits a second for the receiver to end.
    let dir = &dir;
    std::thread::scope(|scope| {
        for command in READ_ONLY.into_iter().chain(CHANGING) {
            scope.spawn(move || refused(inbox(command, dir)));
        }
        scope.spawn(move || refused(run(&["listen", "--addr", "127.0.0.1:0", "--inbox", dir])));
    });
    send(&listening.url, "1");
    assert_eq!(listening.json()["kind"], "liked");
}

#[test]
fn a_receiver_whose_inbox_file_was_deleted_answers_503() {
    let (_folder, dir) = new_inbox("inbox-gone");
    let listening = listen(&dir, &[]);
    let file = format!("{dir}/inbox.redb");
    fs::remove_file(&file).unwrap();
    like(&listening.url, &["--seed", "5"]).exits(1).answered("503", 1);
    let note = listening.note_of("the inbox refuses deliveries");
    assert!(note.contains(&format!("{file} was deleted, moved or replaced while it was in use")), "{note}");
}

#[test]
fn inbox_commands_create_no_inbox() {
    let folder = Folder::new("inbox-none");
    let empty = folder.path("empty");
    fs::create_dir(&empty).unwrap();
    for dir in [&empty, &folder.path("missing")] {
        for command in READ_ONLY.into_iter().chain(CHANGING) {
            inbox(command, dir).exits(2).prints_only("").says(&[&format!("error: no inbox in {dir}\n")]);
        }
    }
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn events_are_printed_after_a_restart_if_the_output_was_closed() {
    let (_folder, dir) = new_inbox("inbox-head");
    let mut child =
        birdhook(&["listen", "--quiet", "--json", "--inbox", &dir, "--max-attempts", "1", "--addr", "127.0.0.1:0"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut notes = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let first = notes.next().unwrap();
    let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    send(url, "1");
    assert!(child.wait().unwrap().success());
    assert_eq!(notes.last().unwrap(), "left in the inbox: 1 pending event, 0 dead letters");
    let second = listen(&dir, &[]);
    assert_eq!(second.json()["kind"], "liked");
    drop(second.stop());
}

#[test]
fn a_delivery_of_several_events_is_forwarded_once() {
    let folder = Folder::new("inbox-several");
    let behind = Serving::start(&["listen", "--quiet", "--json"]);
    let front = listen(&folder.path("inbox"), &["--forward", &behind.url, "--forward-as", "raw"]);
    let recording = folder.file("three.jsonl", &recorded("2026-11-23T09:00:00Z", &deletions(1, 3)));
    run(&["replay", &recording, &front.url]).exits(0);
    let printed = keys(std::iter::repeat_with(|| front.json()).take(3));
    assert_eq!(keys(std::iter::repeat_with(|| behind.json()).take(3)), printed);
    drop(front.stop());
    let (lines, notes) = behind.stop();
    assert!(lines.is_empty(), "{lines:?}");
    assert!(notes.iter().any(|note| note.contains("3 events, 0 duplicates")), "{notes:?}");
}

#[test]
fn invalid_combinations_of_inbox_options_are_wrong_usage() {
    let folder = Folder::new("inbox-usage");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = folder.path("inbox");
    for args in [
        &["--inbox", &dir, "--record", "file"] as &[&str],
        &["--max-attempts", "3"],
        &["--inbox", &dir, "--max-attempts", "0"],
    ] {
        // The address is in use, so arguments that pass the usage check fail to listen.
        run(&[&["listen", "--addr", &address], args].concat()).exits(2).hides(&["cannot listen"]);
    }
    assert!(!fs::exists(&dir).unwrap());
}

/// Dead letters are the work of a receiver that answers 503 and of one attempt.
#[cfg(unix)]
fn listen_with_dead_letters(dir: &str, count: usize) -> (Serving, Serving) {
    let behind = failing();
    let listening = listen(dir, &["--forward", &behind.url, "--max-attempts", "1"]);
    send(&listening.url, &count.to_string());
    wait_for_dead_letters(dir, count);
    (listening, behind)
}

#[cfg(unix)]
fn wait_for_dead_letters(dir: &str, count: usize) {
    let dead = || inbox(&["stats", "--json"], dir).exits(0).json()[0]["dead"].clone();
    assert!((0..400).any(|_| dead() == count), "{} dead letters", dead());
}

#[cfg(unix)]
#[test]
fn the_commands_work_while_a_receiver_has_the_inbox_open() {
    let (_folder, dir) = new_inbox("inbox-control");
    let (listening, behind) = listen_with_dead_letters(&dir, 3);
    let live: Vec<_> = READ_ONLY.iter().map(|command| inbox(command, &dir).exits(0).stdout).collect();
    let letters = inbox(&["dead-letters", "--json"], &dir).exits(0).json();
    let ids = texts(&letters, "id");
    let shown = inbox(&["dead-letters", "--show", &ids[0]], &dir).exits(0).stdout;
    listening.stop();
    behind.stop();
    let stopped: Vec<_> = READ_ONLY.iter().map(|command| inbox(command, &dir).exits(0).stdout).collect();
    // The ages in the statistics differ, the other output does not.
    assert_eq!(live[1..], stopped[1..], "the same output through the socket and from the folder");
    assert_eq!(inbox(&["dead-letters", "--show", &ids[0]], &dir).exits(0).stdout, shown);
    assert!(live[0].contains("dead letters  3"), "{}", live[0]);
}

#[cfg(unix)]
#[test]
fn dead_letters_are_requeued_and_discarded_while_a_receiver_runs() {
    let (_folder, dir) = new_inbox("inbox-requeue-live");
    let (listening, behind) = listen_with_dead_letters(&dir, 3);
    let address = behind.address().to_owned();
    behind.stop();
    let ids = texts(&inbox(&["dead-letters", "--json"], &dir).exits(0).json(), "id");
    inbox(&["discard", &ids[2]], &dir).refused("pass --yes");
    inbox(&["discard", &ids[2], "99.0", "--yes"], &dir).exits(1).prints(&["discarded 1 event"]).says(&["99.0"]);
    let _behind = TargetApp::start_on(TcpListener::bind(address).unwrap(), |_| answer("200 OK", ""));
    inbox(&["requeue", "--all"], &dir).exits(0).prints_only("requeued 2 events\n");
    // Both are forwarded now, and printed by the receiver that was never stopped.
    let printed = [listening.json(), listening.json()];
    assert_eq!(printed.len(), 2);
    inbox(&["purge", "2001"], &dir).refused("pass --yes");
    inbox(&["purge", "2001", "--yes"], &dir).exits(0).prints(&["purged"]);
    listening.stop();
    inbox(&["stats", "--json"], &dir).exits(0).prints(&["\"dead\":0"]);
}

#[cfg(unix)]
#[test]
fn the_socket_of_a_killed_receiver_does_not_keep_the_commands_from_the_folder() {
    let (_folder, dir) = new_inbox("inbox-killed-socket");
    let (listening, _behind) = listen_with_dead_letters(&dir, 1);
    listening.kill();
    assert!(fs::symlink_metadata(format!("{dir}/control.sock")).is_ok());
    let letters = inbox(&["dead-letters", "--json"], &dir).exits(0).json();
    assert_eq!(letters.len(), 1);
    let next = listen(&dir, &[]);
    inbox(&["stats", "--json"], &dir).exits(0).prints(&["\"dead\":1"]);
    next.stop();
}

#[cfg(unix)]
#[tokio::test]
async fn an_app_without_a_control_socket_must_be_stopped_first() {
    let (_folder, dir) = new_inbox("inbox-no-socket");
    let inbox = InboxSettings::new().open(&dir).await.unwrap();
    let ended = tokio::task::spawn_blocking({
        let dir = dir.clone();
        move || run(&["inbox", "stats", &dir])
    });
    ended.await.unwrap().refused("in use by").says(&["stop it first, or serve a control socket"]);
    inbox.close(Duration::ZERO).await;
}

#[cfg(unix)]
fn token(address: &str) -> String {
    let (head, body) = call(address, "GET", "/api/inbox", &[], "");
    assert!(head.starts_with("HTTP/1.1 200"), "{head} {body}");
    serde_json::from_str::<Value>(&body).unwrap()["csrf"].as_str().unwrap_or_default().to_owned()
}

#[cfg(unix)]
#[test]
fn the_console_acts_on_the_inbox_of_a_running_receiver() {
    let (_folder, dir) = new_inbox("inbox-console");
    let (listening, _behind) = listen_with_dead_letters(&dir, 3);
    let console = Serving::start(&["console", "--inbox", &dir]);
    let (head, page) = call(&console.url, "GET", "/", &[], "");
    assert!(head.starts_with("HTTP/1.1 200") && page.contains("Dead letters"), "{head} {page}");
    let csrf = token(&console.url);
    let ids = texts(&inbox(&["dead-letters", "--json"], &dir).json(), "id");
    let discard = format!("/api/inbox/discard?id={}", ids[0]);
    let (head, _) = call(&console.url, "POST", &discard, &[], "");
    assert!(head.starts_with("HTTP/1.1 403"), "without a token: {head}");
    let (head, body) = call(&console.url, "POST", &discard, &[("x-birdhook-csrf", &csrf)], "");
    assert!(head.starts_with("HTTP/1.1 200") && body.contains("\"count\":1"), "{head} {body}");
    wait_for_dead_letters(&dir, 2);
    console.stop();

    let console = Serving::start(&["console", "--inbox", &dir, "--read-only"]);
    assert_eq!(token(&console.url), "");
    let (head, body) = call(&console.url, "POST", &format!("/inbox/discard?id={}", ids[1]), &[], "");
    assert!(head.starts_with("HTTP/1.1 403") && body.contains("only reads"), "{head} {body}");
    listening.stop();
    let (_, page) = call(&console.url, "GET", "/", &[], "");
    assert!(page.contains("cannot reach the process"), "{page}");
    console.stop();

    let console = Serving::start(&["console", "--inbox", &dir]);
    let (_, body) = call(&console.url, "GET", "/api/inbox", &[], "");
    assert!(body.contains("\"dead\":2"), "the folder is opened: {body}");
    console.stop();
}

#[cfg(unix)]
#[test]
fn listen_shows_its_inbox_on_its_console() {
    let (_folder, dir) = new_inbox("inbox-listen-console");
    let behind = failing();
    let listening = listen(&dir, &["--forward", &behind.url, "--max-attempts", "1", "--console", "127.0.0.1:0"]);
    let note = listening.note_of("console at http://");
    let address = note.split_once("http://").unwrap().1.to_owned();
    send(&listening.url, "1");
    wait_for_dead_letters(&dir, 1);
    let (_, health) = call(&address, "GET", "/api/health", &[], "");
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!(health["inbox"]["dead"], 1, "{health}");
    let csrf = token(&address);
    let (_, body) = call(&address, "POST", &format!("/api/inbox/discard?all=1&status=dead&csrf={csrf}"), &[], "");
    assert_eq!(body, "{\"count\":1}");
    listening.stop();
}
