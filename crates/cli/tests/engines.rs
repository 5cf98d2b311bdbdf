//! Tests of the commands for engines with real servers, which `cargo xtask ci engines` installs.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::{Ended, Folder, Serving, birdhook, end, like as trigger, run};
use birdhook_engines_proof::encrypted::Encrypted;
use birdhook_test_harness::servers::{Kind, Server};
use serde_json::Value;

struct Engine(Server);

impl Engine {
    fn both() -> [Self; 2] {
        [Self(Kind::Nats.start()), Self(Kind::Redis.start())]
    }

    fn args(&self) -> [String; 2] {
        let option = if self.0.kind() == Kind::Nats { "--nats" } else { "--redis" };
        [option.to_owned(), self.0.url()]
    }

    fn listen(&self, more: &[&str]) -> Serving {
        self.listen_at("127.0.0.1:0", more)
    }

    fn listen_at(&self, address: &str, more: &[&str]) -> Serving {
        let mut command = birdhook(&["listen"]);
        command.args(self.args()).args(more);
        Serving::start_at(address, &mut command)
    }

    /// Consumes all events. Returns the delivery keys, including repeated ones.
    fn consume(&self, more: &[&str]) -> (Ended, Vec<String>) {
        let mut command = birdhook(&["consume", "--json"]);
        let idle: &[&str] = if more.contains(&"--idle") { &[] } else { &["--idle", "5"] };
        let ended = end(command.args(self.args()).args(idle).args(more));
        assert!([0, 1].contains(&ended.code), "{}", ended.stderr);
        let keys = ended.json().iter().filter_map(|event| event["delivery_key"].as_str().map(str::to_owned)).collect();
        (ended, keys)
    }
}

fn summary(ended: &Ended) -> Value {
    serde_json::from_str(ended.stderr.lines().last().unwrap()).unwrap()
}

#[test]
#[ignore = "needs servers: cargo xtask ci engines"]
fn duplicates_across_receivers_behind_one_address_are_consumed_once() {
    for engine in Engine::both() {
        let folder = Folder::new("fleet");
        let first = engine.listen(&["--share-port", "--inbox", &folder.path("1")]);
        let address = first.address().to_owned();
        let second = engine.listen_at(&address, &["--share-port", "--inbox", &folder.path("2")]);
        trigger(&first.url, &["--count", "300", "--duplicates", "--seed", "1"]).exits(0);
        let (ended, keys) = engine.consume(&[]);
        assert_eq!(summary(&ended), serde_json::json!({"events": 300, "handed_out_again": 0, "doubled": 0}));
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 300);
        for receiver in [first, second] {
            let notes = receiver.stop().1;
            let stopped = notes.iter().find(|note| note.contains("stopped:")).unwrap();
            assert!(!stopped.contains(" 0 events"), "each had some: {stopped}");
            assert_eq!(notes.last().unwrap(), "left in the inbox: 0 pending events, 0 dead letters");
        }
    }
}

#[test]
#[ignore = "needs servers: cargo xtask ci engines"]
fn without_an_inbox_200_waits_for_the_engine() {
    for mut engine in Engine::both() {
        let receiver = engine.listen(&[]);
        trigger(&receiver.url, &["--count", "5", "--seed", "1"]).exits(0);
        engine.0.kill();
        trigger(&receiver.url, &["--count", "1", "--seed", "2"]).answered("503", 1);
        assert!(receiver.note_of("503").contains("not forwarded"));
        engine.0.restart();
        // The connection may take a moment to recover.
        while trigger(&receiver.url, &["--count", "1", "--seed", "2"]).code != 0 {}
        let (_, keys) = engine.consume(&[]);
        assert_eq!((keys.len(), keys.iter().collect::<HashSet<_>>().len()), (6, 6));
    }
}

#[test]
#[ignore = "needs servers: cargo xtask ci engines"]
fn each_request_is_reported_and_the_next_steps_name_the_command_that_prints_the_events() {
    for mut engine in Engine::both() {
        let receiver = engine.listen(&["--requests"]);
        let [option, url] = engine.args();
        receiver.note_of("answers 200 once an event is in the ");
        let consume = receiver.note_of("print events");
        assert!(consume.contains(&format!("  birdhook consume {option} {url}")), "{consume}");
        trigger(&receiver.url, &["--duplicates", "--concurrency", "1", "--seed", "1"]).exits(0);
        assert!(receiver.note_of(" accepted ").contains("POST 200"));
        assert!(receiver.note_of(" duplicate ").contains("POST 200"));
        engine.0.kill();
        trigger(&receiver.url, &["--seed", "2"]).answered("503", 1);
        let line = receiver.note_of("POST 503");
        let cause = receiver.note_of("the events were not confirmed by the engine");
        let expected = if line.contains("sink_too_slow") { "in time: is its" } else { "see the note before" };
        assert!(cause.contains(expected), "{line} {cause}");
        let (_, notes) = receiver.stop();
        let table: Vec<_> =
            notes.iter().map(|note| note.trim()).skip_while(|note| !note.starts_with("requests")).collect();
        assert_eq!(table[..3], ["requests by outcome:", "1 x accepted", "1 x duplicate"], "{notes:?}");
    }
}

#[test]
#[ignore = "needs servers: cargo xtask ci engines"]
fn events_wait_in_the_inbox_for_an_unavailable_engine() {
    for mut engine in Engine::both() {
        let folder = Folder::new("away");
        let receiver = engine.listen(&["--inbox", &folder.path("inbox"), "--in-order"]);
        engine.0.kill();
        // Its disk is enough.
        trigger(&receiver.url, &["--count", "20", "--seed", "1"]).exits(0);
        assert!(receiver.note_of("not forwarded").contains("will be retried"));
        engine.0.restart();
        let (ended, keys) = engine.consume(&["--idle", "12"]);
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 20, "{}", ended.stderr);
        receiver.stop();
    }
}

#[test]
#[ignore = "needs servers: cargo xtask ci engines"]
fn relay_empties_the_inbox_of_a_stopped_receiver() {
    for engine in Engine::both() {
        let folder = Folder::new("gone");
        let inbox = folder.path("inbox");
        // Answers 503, so that the other receiver only stores events.
        let refusing = Serving::start(&["listen", "--record", "/dev/full"]);
        let receiver = Serving::start(&["listen", "--inbox", &inbox, "--forward", &refusing.url]);
        trigger(&receiver.url, &["--count", "50", "--seed", "1"]).exits(0);
        receiver.kill();
        for expected in [50, 0] {
            let mut command = birdhook(&["relay", "--json", "--inbox", &inbox]);
            let ended = end(command.args(engine.args()).arg("--cloud-events")).exits(0);
            assert_eq!(ended.json()[0], serde_json::json!({"relayed": expected, "left": 0, "refused": 0}));
        }
        let (_, keys) = engine.consume(&[]);
        assert_eq!((keys.len(), keys.iter().collect::<HashSet<_>>().len()), (50, 50));
    }
}

#[test]
#[ignore = "needs servers: cargo xtask ci engines"]
fn a_group_continues_where_it_stopped_and_another_reads_everything() {
    for engine in Engine::both() {
        let receiver = engine.listen(&[]);
        trigger(&receiver.url, &["--count", "5", "--seed", "1"]).exits(0);
        assert_eq!(engine.consume(&["--group", "one"]).1.len(), 5);
        trigger(&receiver.url, &["--count", "5", "--seed", "2"]).exits(0);
        let (ended, _) = engine.consume(&["--group", "one", "--quiet"]);
        let counted: Value = serde_json::from_str(ended.stdout.trim()).unwrap();
        assert_eq!(counted["events"], 5);
        let all = if engine.0.kind() == Kind::Nats { 10 } else { 0 };
        assert_eq!(engine.consume(&["--group", "two"]).1.len(), all, "Redis has deleted what its only group had");
    }
}

#[test]
#[ignore = "needs servers: cargo xtask ci engines"]
fn events_pass_through_redis_with_tls() {
    let encrypted = Encrypted::start();
    let (url, root) = (encrypted.url("localhost"), encrypted.folder.path().join("root"));
    let trusting = ["--redis", &url, "--redis-ca", root.to_str().unwrap()];
    let receiver = Serving::start(&[&["listen"], &trusting[..]].concat());
    trigger(&receiver.url, &["--count", "3"]).exits(0);
    let consumed = run(&[&["consume", "--json", "--idle", "5"], &trusting[..]].concat()).exits(0);
    assert_eq!(consumed.json().len(), 3, "{consumed}");
    run(&["consume", "--redis", &url]).refused("UnknownIssuer").hides(&["open-sesame"]);
    run(&[&["consume", "--redis", &encrypted.server.url()], &trusting[2..]].concat()).refused("does not use TLS");
}

#[test]
#[ignore = "needs servers: cargo xtask ci engines"]
fn errors_contain_no_passwords() {
    let folder = Folder::new("wrong");
    let cases = [
        (vec!["consume"], "no engine"),
        (vec!["consume", "--nats", "nats://me:hunter2@127.0.0.1:1"], "--nats"),
        (vec!["listen", "--redis", "redis://me:hunter2@127.0.0.1:1"], "--redis"),
        (vec!["consume", "--nats", "nats://127.0.0.1:1", "--redis", "redis://127.0.0.1:1"], "cannot be used with"),
        (vec!["listen", "--nats", "nats://127.0.0.1:1", "--record", "x"], "cannot be used with an engine"),
        (vec!["listen", "--nats", "nats://127.0.0.1:1", "--subject", "a.{colour}"], "colour"),
        (vec!["relay", "--inbox", folder.0.to_str().unwrap(), "--nats", "nats://127.0.0.1:1"], "no inbox in"),
    ];
    for (args, expected) in cases {
        run(&args).refused(expected).hides(&["hunter2"]);
    }
    let nats = Kind::Nats.start_with(&["-user", "me", "-pass", "hunter2"]);
    let ended = run(&["consume", "--nats", &nats.url().replace("//", "//me:hunter3@")]).exits(2).hides(&["hunter"]);
    assert_eq!(ended.stderr.lines().count(), 3, "{ended}");
}

#[test]
#[ignore = "needs servers: cargo xtask ci engines"]
fn a_server_without_room_for_the_stream_is_reported() {
    let folder = Folder::new("room");
    std::fs::write(folder.path("settings"), "jetstream { max_file_store: 1GiB }").unwrap();
    let engine = Engine(Kind::Nats.start_with(&["-c", &folder.path("settings")]));
    let ended =
        end(birdhook(&["listen"]).args(engine.args())).refused("not enough space for a stream of 8589934592 bytes");
    let once = |part| ended.stderr.matches(part).count() == 1;
    assert!(once("not enough space") && once("lower `max_bytes`"), "{}", ended.stderr);
    let receiver = engine.listen(&["--max-bytes", "512 MiB"]);
    trigger(&receiver.url, &["--count", "2", "--seed", "1"]).exits(0);
    assert_eq!(engine.consume(&[]).1.len(), 2);
}

/// Deletes the stream while a consumer reads it.
#[tokio::main(flavor = "current_thread")]
async fn remove_stream(url: &str) {
    let engine = birdhook::nats::JetStream::connect(url).await.unwrap();
    engine.context().delete_stream("BIRDHOOK").await.unwrap();
}

#[test]
#[ignore = "needs servers: cargo xtask ci engines"]
fn a_reader_ends_with_an_error_when_its_stream_is_removed() {
    let engine = Engine(Kind::Nats.start());
    let [_, url] = engine.args();
    let receiver = engine.listen(&[]);
    trigger(&receiver.url, &["--count", "1", "--seed", "1"]).exits(0);
    let mut command = birdhook(&["consume", "--idle", "10", "--nats", &url]);
    let mut reader = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(reader.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("liked"), "it reads: {line}");
    remove_stream(&url);
    let ended = reader.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("removed"));
}
