//! Tests of `birdhook listen`, `record`, `trigger` and `replay` against each other.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::support::{Ended, Folder, SECRET, Serving, birdhook, end, like, recorded, run, texts};
use serde_json::Value;

/// Checks that only its owner can read the file.
#[track_caller]
fn is_private(file: &str) {
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file).unwrap().permissions()) & 0o777, 0o600);
    let _ = file;
}

fn json_of(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn triggered_events_are_received_once() {
    let listening = Serving::start(&["listen", "--quiet", "--json"]);
    let kinds = ["like.create", "follow.follow", "dm.received"];
    let mut args =
        vec!["trigger", &listening.url, "--json", "--duplicates", "--count", "5", "--seed", "7", "--api", "both"];
    args.extend(kinds);
    // Three kinds from two APIs, five of each, each sent twice.
    let sent = run(&args).exits(0).answered("200", 60);
    assert_eq!(sent.json()[0]["seed"], 7);
    assert!(sent.json()[0]["latency_ms"]["max"].as_f64().unwrap() > 0.0);
    let (lines, notes) = listening.stop();
    let mut received: BTreeMap<(String, String), u64> = BTreeMap::new();
    for line in json_of(&lines) {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        *received.entry((text("kind"), text("generation"))).or_default() += 1;
    }
    let generations = ["account_activity", "x_activity"];
    let expected = ["followed", "liked", "message_received"]
        .into_iter()
        .flat_map(|kind| generations.map(|generation| ((kind.to_owned(), generation.to_owned()), 5)));
    assert_eq!(received, expected.collect());
    assert!(notes.iter().any(|note| note.contains("30 events, 30 duplicates, 0 deliveries aborted")), "{notes:?}");
}

#[test]
fn a_client_with_a_partial_request_does_not_delay_the_shutdown() {
    let listening = Serving::start(&["listen"]);
    let mut client = TcpStream::connect(listening.address()).unwrap();
    client.write_all(b"POST /webhooks/twitter HTTP/1.1\r\nHost: ").unwrap();
    // Once a later request is answered, the receiver has read this partial one.
    run(&["trigger", &listening.url]).exits(0);
    let patient = thread::spawn(move || {
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        client.read(&mut [0]).map_err(|error| error.kind())
    });
    let (_, notes) = listening.stop();
    assert!(notes.iter().any(|note| note.starts_with("stopped")), "{notes:?}");
    let seen = patient.join().unwrap();
    assert!(matches!(seen, Ok(0) | Err(ErrorKind::ConnectionReset)), "the shutdown waited for the client: {seen:?}");
}

#[test]
fn every_kind_of_both_apis_is_received() {
    let listening = Serving::start(&["listen", "--quiet", "--json"]);
    let sent = run(&["trigger", &listening.url, "--json", "--api", "both"]).exits(0);
    let kinds = birdhook_testkit::MockEventKind::ALL;
    let total: usize = kinds.iter().map(|kind| kind.api_sources().len()).sum();
    sent.answered("200", total);
    let (lines, _) = listening.stop();
    let mut received = texts(&json_of(&lines), "kind");
    let mut expected: Vec<_> = kinds
        .iter()
        .flat_map(|kind| std::iter::repeat_n(kind.event_kind().as_str().to_owned(), kind.api_sources().len()))
        .collect();
    received.sort();
    expected.sort();
    assert_eq!(received, expected);
}

#[test]
fn forged_deliveries_are_rejected_and_unexpected_responses_are_exit_code_one() {
    let listening = Serving::start(&["listen"]);
    run(&["trigger", &listening.url, "like.create", "--api", "both", "--forged", "--json"]).exits(0).answered("401", 2);
    let mut signed_wrongly = birdhook(&["trigger", &listening.url, "like.create", "--api", "both"]);
    end(signed_wrongly.env("BIRDHOOK_CONSUMER_SECRET", "other")).exits(1).prints(&[" 401     signature rejected  2\n"]);
    let refused = run(&["trigger", "http://127.0.0.1:1/", "like.create", "--api", "both", "--json"]).exits(1);
    assert_eq!(refused.json()[0]["unexpected"], 2, "{refused}");
    run(&["trigger", &listening.url, "chat.received", "--api", "aaa"]).exits(2);
    run(&["trigger", &listening.url, "like.create", "--rate", "0"]).exits(2);
}

#[test]
fn several_apps_share_a_url_and_events_name_their_app() {
    let folder = Folder::new("apps");
    let blog = folder.file("blog", "blog-secret\n");
    let blog_app = format!("blog={blog}");
    let listening =
        Serving::start(&["listen", "--quiet", "--json", "--app", "shop=BIRDHOOK_CONSUMER_SECRET", "--app", &blog_app]);
    for (secret, app) in [("BIRDHOOK_CONSUMER_SECRET", "shop"), (blog.as_str(), "blog")] {
        run(&["trigger", &listening.url, "follow.follow", "--api", "aaa", "--secret", secret]).exits(0);
        assert_eq!(listening.json()["app"], app);
    }
}

#[test]
fn recorded_deliveries_are_replayed_with_new_signatures() {
    let folder = Folder::new("record");
    let file = folder.path("recording.jsonl");
    let recording = Serving::start(&["record", &file]);
    let sent = run(&[
        "trigger",
        &recording.url,
        "like.create",
        "follow.follow",
        "dm.received",
        "--count",
        "3",
        "--api",
        "both",
        "--json",
    ]);
    sent.answered("200", 18);
    drop(recording.stop());
    let recorded = fs::read_to_string(&file).unwrap();
    assert_eq!(recorded.lines().count(), 18);
    let first: Value = serde_json::from_str(recorded.lines().next().unwrap()).unwrap();
    assert_eq!((first["method"].as_str(), first["target"].as_str()), (Some("POST"), Some("/webhooks/twitter")));
    assert!(!recorded.contains(SECRET));
    is_private(&file);

    assert_eq!(run(&["inspect", "--json", &file]).exits(0).json().len(), 18);

    let other = folder.file("other", "another-secret");
    let other_app = format!("other={other}");
    let listening = Serving::start(&["listen", "--quiet", "--json", "--app", &other_app]);
    let replay = ["replay", &file, &listening.url, "--secret", &other, "--speed", "0", "--json"];
    run(&[&replay[..], &["--filter", "followed"]].concat()).exits(0).answered("200", 6);
    for _ in 0..6 {
        assert_eq!(listening.json()["kind"], "followed");
    }
    run(&replay).exits(0).answered("200", 18);
    let (lines, _) = listening.stop();
    assert_eq!(lines.len(), 12, "six are duplicates");

    let odd = r#"{"time":"2026-11-23T09:00:00Z","method":"POST","target":"/","headers":[["no name","x"]],"body":"{}"}"#;
    let broken = format!("{{\"time\":\"never\"}}\n{odd}\n{recorded}{{\"time\":\"20");
    let broken = folder.file("broken.jsonl", &broken);
    let third = Serving::start(&["listen", "--quiet", "--json", "--app", &other_app]);
    let sent = run(&["replay", &broken, &third.url, "--secret", &other, "--speed", "0", "--json"])
        .exits(1)
        .answered("200", 18);
    sent.says(&[":1:", ":21:"]);
}

/// A partial line left by a crash must not merge with the next delivery. The recording also becomes
/// private to its owner.
#[test]
fn a_delivery_recorded_after_a_partial_line_is_readable() {
    let folder = Folder::new("torn");
    let file = folder.file("torn.jsonl", "{\"time\":\"2026");
    let recording = Serving::start(&["record", &file]);
    like(&recording.url, &[]).answered("200", 1);
    run(&["record", &file, "--addr", "127.0.0.1:0"]).refused("another process is recording to it");
    drop(recording.stop());
    let read = run(&["inspect", "--json", &file]).exits(1).says(&["torn.jsonl:1:"]);
    assert_eq!(read.json().len(), 1, "{read}");
    is_private(&file);
}

#[test]
fn invalid_urls_and_numbers_are_wrong_usage() {
    for args in [
        &["listen", "--forward", "nourl"] as &[&str],
        &["trigger", "notaurl", "like.create"],
        &["trigger", "http://127.0.0.1:1/", "like.create", "--count", "0"],
        &["trigger", "http://127.0.0.1:1/", "like.create", "--rate", "1e-300"],
        &["webhooks", "list", "--api-url", "nourl"],
    ] {
        end(birdhook(args).env("BIRDHOOK_BEARER_TOKEN", "b").env("XDG_CONFIG_HOME", "/nonexistent"))
            .exits(2)
            .prints_only("");
    }
}

#[test]
fn a_replay_keeps_the_pace_of_the_recording() {
    let folder = Folder::new("pace");
    let line = |second: u32| {
        let body =
            format!(r#"{{"for_user_id":"1","tweet_delete_events":[{{"status":{{"id":"{second}","user_id":"1"}}}}]}}"#);
        recorded(&format!("2026-11-23T09:00:{second:02}Z"), &body)
    };
    let file = folder.file("r.jsonl", &[line(0), line(20)].join("\n"));
    let listening = Serving::start(&["listen", "--quiet", "--json"]);
    let replayed = run(&["replay", &file, &listening.url, "--speed", "100", "--json"]);
    let seconds = replayed.json()[0]["seconds"].as_f64().unwrap();
    assert!(seconds >= 0.2, "{seconds}");
    replayed.answered("200", 2);
}

#[test]
fn raw_deliveries_are_forwarded_with_the_signature_of_x_and_answered_200_after_arrival() {
    let folder = Folder::new("forward");
    let shop = folder.file("shop", "shop-secret");
    let shop_app = format!("shop={shop}");
    let behind = Serving::start(&["listen", "--quiet", "--json", "--app", &shop_app]);
    let forward = ["--forward", &behind.url, "--forward-as", "raw"];
    let front = Serving::start(&[&["listen", "--quiet", "--json", "--app", &shop_app][..], &forward].concat());
    let trigger = ["trigger", &front.url, "like.create", "--api", "xaa", "--secret", &shop, "--json"];
    run(&trigger).exits(0).answered("200", 1);
    assert_eq!(front.json()["content_key"], behind.json()["content_key"]);
    drop(behind);
    run(&trigger).exits(1).answered("503", 1);
    front.note_of("not forwarded");
    assert!(front.stop().0.is_empty(), "a delivery answered 503 is not printed");
}

#[test]
fn passwords_and_queries_of_urls_are_not_printed() {
    let behind = Serving::start(&["listen", "--path", "/other"]);
    let place = behind.url.trim_start_matches("http://").trim_end_matches("/other");
    let forward = format!("http://me:hunter2@{place}/none?key=hunter2");
    let front = Serving::start(&["listen", "--forward", &forward]);
    like(&front.url, &[]).exits(1);
    let note = front.note_of("responded");
    let says = format!("http://***@{place}/none?*** responded with 404");
    assert!(note.contains(&says) && !note.contains("hunter2"), "{note}");

    let folder = Folder::new("redacted");
    let keys = folder.file("keys.toml", "bearer_token = \"b\"\n");
    for args in [
        &["listen", "--forward", "ftp://me:hunter2@h/?hunter2"][..],
        &["listen", "--forward", "http://me:hun ter2@h/"],
        &["webhooks", "list", "--api-url", "ftp://me:hunter2@h/"],
        &["webhooks", "list", "--api-url", "http://me:hunter2@h.example/?hunter2"],
        &["mock-x", "--addr", "127.0.0.1:0", "--webhook", "http://me:hunter2@127.0.0.1:1/?hunter2"],
        &["consume", "--nats", "nats://me:hunter2@127.0.0.1:1", "--group", "g"],
        &["consume", "--redis", "redis://me:hunter2@127.0.0.1:1", "--group", "g"],
        &["consume", "--redis", "redis://me:1/hunter2@127.0.0.1:1", "--group", "g"],
    ] {
        let ended = end(birdhook(args).env("BIRDHOOK_CREDENTIALS", &keys)).hides(&["ter2"]);
        assert_ne!(ended.code, 0, "{args:?}");
    }
}

/// Credentials are sent in clear text only within this machine, and never through a proxy.
#[test]
fn plain_http_is_used_only_for_this_machine_and_without_a_proxy() {
    let folder = Folder::new("proxied");
    let keys = folder.path("keys.toml");
    let x = Serving::start(&["mock-x", "--json", "--credentials", &keys]);
    x.json();
    for host in ["127.0.0.1", "localhost"] {
        let url = x.url.trim_end_matches('/').replace("127.0.0.1", host);
        let mut list = birdhook(&["webhooks", "list", "--credentials", &keys, "--api-url", &url]);
        for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            list.env(variable, "http://127.0.0.1:1");
        }
        end(list.env_remove("BIRDHOOK_CONSUMER_SECRET").env_remove("NO_PROXY").env_remove("no_proxy")).exits(0);
    }
    for url in ["http://api.x.com", "http://192.0.2.1:8081", "http://127.0.0.1.example"] {
        let list = ["webhooks", "list", "--credentials", &keys, "--api-url", url];
        run(&list).refused(&format!("cannot send credentials to {url}"));
    }
}

#[test]
fn a_delivery_that_cannot_be_recorded_is_answered_503() {
    // Every write to `/dev/full` fails with "no space left on device".
    let full = Serving::start(&["listen", "--record", "/dev/full"]);
    like(&full.url, &[]).exits(1).answered("503", 1);
    assert!(full.note().contains("not recorded"));
}

#[test]
fn a_receiver_that_cannot_listen_names_the_reason() {
    let first = Serving::start(&["listen"]);
    let address = first.address();
    run(&["listen", "--addr", address]).refused(&format!("cannot listen on {address}"));
    for invalid in ["webhooks", "/:x", "/a/:b", "/*x", "/a/*", "/{x}", "/a?b", "/a#b", "", "/a b", "/\u{e9}\n"] {
        let path = run(&["listen", "--addr", "127.0.0.1:0", "--path", invalid]);
        path.refused("invalid --path").hides(&["listening", "panicked"]);
    }
    assert!(Serving::start(&["listen", "--path", "/a:b/c*d"]).url.ends_with("/a:b/c*d"));
}

fn listen_with(args: &[&str], variables: &[(&str, &str)]) -> Serving {
    let mut command = birdhook(&[&["listen", "--quiet", "--json"], args].concat());
    command.env_remove("BIRDHOOK_CONSUMER_SECRET").envs(variables.iter().copied());
    Serving::start_command(&mut command)
}

fn trigger_with(url: &str, variables: &[(&str, &str)]) -> Ended {
    let mut command = birdhook(&["trigger", url, "like.create", "--api", "xaa", "--json"]);
    end(command.env_remove("BIRDHOOK_CONSUMER_SECRET").envs(variables.iter().copied()))
}

const CONSUMER: (&str, &str) = ("BIRDHOOK_CONSUMER_SECRET", "the-consumer-secret");
const CLIENT: (&str, &str) = ("BIRDHOOK_CLIENT_SECRET", "the-client-secret");

#[test]
fn a_delivery_with_only_the_new_header_is_accepted() {
    let listening = listen_with(&[], &[CLIENT]);
    trigger_with(&listening.url, &[CLIENT]).answered("200", 1);
    // There is no consumer secret, so the old header alone is refused, and beside the new one ignored.
    trigger_with(&listening.url, &[CONSUMER]).answered("401", 1);
    trigger_with(&listening.url, &[CLIENT, CONSUMER]).answered("200", 1);
    let (lines, notes) = listening.stop();
    assert_eq!(lines.len(), 2);
    assert!(!notes.iter().any(|note| note.contains("a kind of secret")), "{notes:?}");
}

#[test]
fn deliveries_signed_with_the_other_kind_of_secret_cause_a_warning() {
    for (args, warned) in [(&["--answer-with", "client"], true), (&["--answer-with", "consumer"], false)] {
        let listening = listen_with(args, &[CLIENT, CONSUMER]);
        trigger_with(&listening.url, &[CONSUMER]).answered("200", 1);
        trigger_with(&listening.url, &[CONSUMER, CLIENT]).answered("200", 1);
        let (_, notes) = listening.stop();
        let warning = "1 delivery signed with a kind of secret that does not answer challenges;";
        assert_eq!(notes.iter().any(|note| note.contains(warning)), warned, "{args:?} {notes:?}");
    }
}

#[test]
fn client_and_consumer_secrets_are_joined_by_name() {
    let both = [("BIRDHOOK_CONSUMER_SECRET", "shop=c1"), ("BIRDHOOK_CLIENT_SECRET", "shop=o1,blog=o2")];
    let listening = listen_with(&[], &both);
    for (variable, secret) in
        [("BIRDHOOK_CONSUMER_SECRET", "c1"), ("BIRDHOOK_CLIENT_SECRET", "o1"), ("BIRDHOOK_CLIENT_SECRET", "o2")]
    {
        trigger_with(&listening.url, &[(variable, secret)]).answered("200", 1);
    }
    let crossed = [("BIRDHOOK_CONSUMER_SECRET", "c1"), ("BIRDHOOK_CLIENT_SECRET", "o2")];
    // The app blog ignores the old header.
    trigger_with(&listening.url, &crossed).answered("200", 1);
    let (lines, _) = listening.stop();
    assert_eq!(texts(&json_of(&lines), "app"), ["shop", "shop", "blog", "blog"]);
}

/// Returns the response to a GET.
fn get(address: &str, host: &str, path: &str) -> String {
    let mut client = TcpStream::connect(address).unwrap();
    write!(client, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn the_console_shows_requests_on_a_loopback_port_of_its_own() {
    for sink in [vec![], vec!["--inbox"]] {
        let folder = Folder::new("console");
        let inbox = folder.path("inbox");
        let mut args = vec!["listen", "--console", "127.0.0.1:0", "--keep-bodies", "5"];
        args.extend(sink.iter().flat_map(|option| [*option, &inbox]));
        let listening = Serving::start(&args);
        let note = listening.note_of("console at http://");
        let address = note.split_once("http://").unwrap().1.trim_end_matches('/');
        run(&["trigger", &listening.url, "like.create", "--api", "xaa"]).exits(0);
        run(&["trigger", &listening.url, "like.create", "--forged"]).exits(0);
        let list = get(address, address, "/api/deliveries?reveal=1");
        assert!(list.starts_with("HTTP/1.1 200") && list.contains("signature_wrong"), "{list}");
        assert!(list.contains("accepted") && list.contains("like.create"), "{list}");
        let health = get(address, address, "/api/health");
        assert!(health.contains("\"ready\":true"), "{health}");
        assert!(get(address, address, "/").contains("href=\"/assets/console.css\""));
        assert!(get(address, "evil.example", "/api/deliveries").starts_with("HTTP/1.1 403"));
        assert!(get(listening.address(), address, "/api/deliveries").starts_with("HTTP/1.1 404"), "not on X's port");
        listening.stop();
    }
    let refused = run(&["listen", "--console", "0.0.0.0:0"]).exits(2);
    assert!(refused.stderr.contains("expected a loopback address"), "{}", refused.stderr);
}
