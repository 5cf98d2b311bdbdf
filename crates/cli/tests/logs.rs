//! Tests of the log on standard error.

use birdhook::{Secret, signature};
use serde_json::Value;

use crate::support::{Folder, SECRET, Serving, call, run};

const PATH: &str = "/webhooks/twitter";
/// With a text and a token that no log may show.
const BODY: &str =
    r#"{"for_user_id":"1","tweet_create_events":[{"id_str":"20","text":"a private text","user":{"id_str":"7"}}]}"#;

fn post(listening: &Serving, signature: &str) {
    call(
        listening.address(),
        "POST",
        &format!("{PATH}?token=a-private-token"),
        &[(signature::HEADER, signature)],
        BODY,
    );
}

/// Sends requests with each kind of outcome.
fn requests(listening: &Serving) {
    let signed = signature::sign(&Secret::new(SECRET).unwrap(), BODY.as_bytes());
    call(listening.address(), "GET", &format!("{PATH}?crc_token=a-private-token"), &[], "");
    post(listening, &signed);
    post(listening, &signed);
    post(listening, "sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    call(listening.address(), "GET", "/robots.txt", &[], "");
}

fn has_nothing_private(log: &[String]) {
    for line in log {
        for private in ["a private text", "a-private-token", SECRET, "sha256="] {
            assert!(!line.contains(private), "{private}: {line}");
        }
    }
}

/// Returns the lines of the log until the last request, by outcome.
fn lines(listening: &Serving, last: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let line = listening.note();
        let is_last = line.contains(last);
        lines.push(line);
        if is_last {
            return lines;
        }
    }
}

#[test]
fn each_request_is_one_json_object() {
    let listening = Serving::start(&["listen", "--log-format", "json"]);
    requests(&listening);
    let log = lines(&listening, "not_found");
    has_nothing_private(&log);
    let objects: Vec<Value> =
        log.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let requests: Vec<&Value> = objects.iter().filter(|object| object["target"] == "birdhook::request").collect();
    let found: Vec<_> = requests
        .iter()
        .map(|request| {
            let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
            assert!(request["ms"].as_f64().is_some_and(|ms| ms >= 0.0), "{request}");
            assert!(text("timestamp").ends_with('Z'), "{request}");
            (text("level"), text("method"), text("path"), request["status"].as_u64().unwrap(), text("outcome"))
        })
        .collect();
    let expected = |level: &str, method: &str, path: &str, status, outcome: &str| {
        (level.to_owned(), method.to_owned(), path.to_owned(), status, outcome.to_owned())
    };
    assert_eq!(
        found,
        [
            expected("INFO", "GET", PATH, 200, "challenge_answered"),
            expected("INFO", "POST", PATH, 200, "accepted"),
            expected("INFO", "POST", PATH, 200, "duplicate"),
            expected("WARN", "POST", PATH, 401, "signature_wrong"),
            expected("INFO", "GET", "/robots.txt", 404, "not_found"),
        ]
    );
    assert_eq!((&requests[1]["app"], &requests[1]["events"]), (&Value::from("default"), &Value::from(1)));
    assert!(requests[3]["cause"].as_str().is_some_and(|cause| cause.contains("secret")), "{}", requests[3]);
    let (events, _) = listening.stop();
    assert_eq!(events.len(), 1, "standard output has events only: {events:?}");
}

#[test]
fn the_level_selects_lines() {
    let listening = Serving::start(&["listen", "--log-level", "debug"]);
    requests(&listening);
    let log = lines(&listening, "not_found");
    has_nothing_private(&log);
    let of = |outcome: &str| log.iter().filter(|line| line.contains(&format!("outcome=\"{outcome}\""))).count();
    // The library reports each request too, with less.
    assert_eq!(["accepted", "duplicate", "signature_wrong", "not_found"].map(of), [1, 1, 1, 1], "{log:#?}");
    assert!(log.iter().all(|line| !line.contains('\u{1b}')), "{log:#?}");
    listening.stop();

    let folder = Folder::new("logs");
    let config = folder.path("birdhook.toml");
    std::fs::write(&config, "log-level = \"warn\"\n").unwrap();
    let checked = run(&["config", "check", &config]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
}
