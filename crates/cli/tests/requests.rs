//! Tests of the lines and records that `birdhook listen` prints for requests.

use std::io::Write;
#[cfg(target_os = "linux")]
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
#[cfg(target_os = "linux")]
use std::process::{Child, Command, Stdio};

#[cfg(target_os = "linux")]
use crate::support::end;
use crate::support::{Folder, SECRET, Serving, birdhook, call, like, run};
use birdhook::{Secret, signature};
use serde_json::Value;

const PATH: &str = "/webhooks/twitter";
/// As X writes it: with escapes, and without spaces.
const BODY: &str =
    r#"{"for_user_id":"1","tweet_delete_events":[{"note":"\u00e9 <\/a>","status":{"id":"20","user_id":"1"}}]}"#;

fn signed(secret: &str, body: &str) -> String {
    signature::sign(&Secret::new(secret).unwrap(), body.as_bytes())
}

/// Sends a POST with this signature in the header for consumer secrets. Returns the status.
fn post(listening: &Serving, signature: &str, body: &str) -> String {
    let headers = [(signature::HEADER, signature), ("content-type", "application/json")];
    let (head, body) = call(listening.address(), "POST", PATH, &headers, body);
    assert!(!head.starts_with("HTTP/1.1 401") || body.is_empty(), "a 401 explains nothing: {head} {body}");
    head.split(' ').nth(1).unwrap().to_owned()
}

/// Returns the report of a request with this outcome: its line, and the indented lines after it, as
/// one text.
fn report(listening: &Serving, outcome: &str) -> String {
    let mut text = listening.note_of(&format!(" {outcome} "));
    // The next request ends the report.
    call(listening.address(), "GET", &format!("{PATH}?crc_token=t"), &[], "");
    loop {
        let note = listening.note();
        match note.strip_prefix("    ") {
            Some(more) => text += &format!(" {more}"),
            None => {
                assert!(note.contains(" challenge_answered "), "{note}");
                return text;
            }
        }
    }
}

#[test]
fn the_first_refusal_of_a_beginner_names_its_cause() {
    let listening = Serving::start(&["listen", "--requests"]);
    let says = |outcome: &str, texts: &[&str]| {
        let report = report(&listening, outcome);
        texts.iter().for_each(|text| assert!(report.contains(text), "{text:?}: {report}"));
        assert!(!report.contains(SECRET), "{report}");
    };

    assert_eq!(post(&listening, &signed("another", BODY), BODY), "401");
    says("signature_wrong", &["POST 401", " ms ", "the secret is another app's, or not the current one"]);

    call(listening.address(), "POST", "/webhook", &[], BODY);
    says("not_found", &["404", "the request is for /webhook, but this receiver listens on /webhooks/twitter"]);
    call(listening.address(), "GET", "/webhooks/twitter/?crc_token=t", &[], "");
    says("not_found", &["GET  404", "they differ in the slash at the end"]);

    let by_javascript = BODY.replace("\\u00e9", "é").replace("\\/", "/");
    let by_python = BODY.replace("\\/", "/").replace("\":", "\": ").replace(",\"", ", \"");
    let indented = serde_json::to_string_pretty(&serde_json::from_str::<Value>(BODY).unwrap()).unwrap();
    for changed in [by_javascript, by_python, indented] {
        assert_eq!(post(&listening, &signed(SECRET, BODY), &changed), "401");
        says("signature_wrong", &["matches if", "parsed and serialised", "verify the original bytes"]);
    }
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, BODY);
    for (changed, cause) in [
        (encoded, "the body is base64, as Lambda and API Gateway encode it"),
        (format!("\u{feff}{BODY}"), "added the byte order mark"),
        (format!("{BODY}\n"), "added a line break"),
        (serde_json::to_string(BODY).unwrap(), "a tool serialised the body as a JSON string"),
        (format!(r#"{{"headers":{{}},"body":{BODY}}}"#), "the file holds a whole request, but X signs only its body"),
    ] {
        assert_eq!(post(&listening, &signed(SECRET, BODY), &changed), "401");
        says("signature_wrong", &["the signature is wrong, but matches if", cause]);
    }
    // Members in another order cannot be restored.
    let sorted = r#"{"tweet_delete_events": [], "for_user_id": "1"}"#;
    assert_eq!(post(&listening, &signed(SECRET, BODY), sorted), "401");
    says("signature_wrong", &["the body has spaces between its values"]);

    call(listening.address(), "POST", PATH, &[], BODY);
    says("signature_missing", &["no signature: is it X who sends?"]);
    call(listening.address(), "GET", PATH, &[], "");
    says("token_missing", &["GET  400", "is not a challenge by X"]);

    assert_eq!(post(&listening, &signed(SECRET, &format!("{BODY}\n")), BODY), "401");
    says("signature_wrong", &["`curl -d @FILE` do", "`curl --data-binary @FILE`"]);
    assert_eq!(post(&listening, "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5", BODY), "401");
    says("signature_malformed", &["it is hexadecimal", "is it X who sends?"]);
    assert_eq!(post(&listening, &signed(SECRET, BODY), BODY), "200");
    says("accepted", &["POST 200"]);
    assert_eq!(post(&listening, &signed(SECRET, BODY), BODY), "200");
    says("duplicate", &["already received"]);
    let (lines, _) = listening.stop();
    assert_eq!(lines.len(), 1, "standard output has events only: {lines:?}");
}

#[test]
fn swapped_and_missing_secrets_are_named() {
    let both = |consumer: &str, client: &str| {
        let mut command = birdhook(&["listen", "--requests"]);
        Serving::start_command(command.env("BIRDHOOK_CONSUMER_SECRET", consumer).env("BIRDHOOK_CLIENT_SECRET", client))
    };
    let swapped = both("the-client-secret", SECRET);
    assert_eq!(post(&swapped, &signed(SECRET, BODY), BODY), "401");
    let cause = report(&swapped, "signature_wrong");
    assert!(cause.contains("BIRDHOOK_CONSUMER_SECRET and BIRDHOOK_CLIENT_SECRET are swapped"), "{cause}");

    let half = both(SECRET, "not-the-client-secret");
    let (old, new) = (signed(SECRET, BODY), signed("the-client-secret", BODY));
    call(half.address(), "POST", PATH, &[(signature::HEADER, &*old), (signature::HEADER_OAUTH2, &*new)], BODY);
    let cause = report(&half, "signature_wrong");
    assert!(
        cause.contains("the consumer secret is correct") && cause.contains("check BIRDHOOK_CLIENT_SECRET"),
        "{cause}"
    );

    let mut command = birdhook(&["listen", "--requests"]);
    command.env_remove("BIRDHOOK_CONSUMER_SECRET").env("BIRDHOOK_CLIENT_SECRET", "the-client-secret");
    let only_client = Serving::start_command(&mut command);
    assert_eq!(post(&only_client, &old, BODY), "401");
    let cause = report(&only_client, "signature_missing");
    assert!(cause.contains("set BIRDHOOK_CONSUMER_SECRET"), "{cause}");
}

#[test]
fn mistakes_with_a_secret_are_named_and_the_secret_is_not_printed() {
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD_NO_PAD, SECRET);
    let other = Folder::new("requests-secrets");
    let keys = other.file("keys.toml", &format!("consumer_secret = \"{SECRET}\"\n"));
    for (configured, variable, cause) in [
        (format!("\"{SECRET}\""), ("UNUSED", ""), "the quotes around the secret are removed"),
        (encoded.clone(), ("UNUSED", ""), "the secret is decoded from base64"),
        (format!("shop=other,blog={encoded}"), ("UNUSED", ""), "the secret is decoded from base64"),
        ("other".to_owned(), ("BIRDHOOK_CREDENTIALS", &*keys), "the consumer secret of the credentials file"),
        (
            "the-key".to_owned(),
            ("BIRDHOOK_CONSUMER_KEY", "the-key"),
            "the configured consumer secret is the app's API key",
        ),
    ] {
        let mut command = birdhook(&["listen", "--requests"]);
        command.env("BIRDHOOK_CREDENTIALS", "/nonexistent/keys.toml").env("BIRDHOOK_CONSUMER_SECRET", &configured);
        let listening = Serving::start_command(command.env(variable.0, variable.1));
        assert_eq!(post(&listening, &signed(SECRET, BODY), BODY), "401");
        let of_delivery = report(&listening, "signature_wrong");
        let query = "crc_token=t&nonce=1";
        let headers = [(signature::HEADER, &*signed(SECRET, query))];
        call(listening.address(), "GET", &format!("{PATH}?{query}"), &headers, "");
        for report in [of_delivery, report(&listening, "challenge_unsigned")] {
            let is_hidden = !report.contains(SECRET) && !report.contains(&encoded);
            assert!(report.contains(cause) && is_hidden, "{cause}: {report}");
        }
    }
}

#[test]
fn a_challenge_is_reported_with_whether_x_signed_it() {
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let listening = Serving::start(&["listen", "--requests"]);
    let ask = |listening: &Serving, query: &str, headers: Headers<'_>| {
        let (head, _) = call(listening.address(), "GET", &format!("{PATH}?{query}"), headers, "");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    };
    let (query, unsure) = ("crc_token=t&nonce=1", "crc_token=t");
    let (by_x, of_token) = (signed(SECRET, query), signed(SECRET, unsure));
    let cases: [(&str, Headers<'_>, &str, &str); 4] = [
        (query, &[], "not signed", ""),
        (query, &[(signature::HEADER, &*by_x)], "signed by X", ""),
        (unsure, &[(signature::HEADER, &*of_token)], "signature unchecked", "covers only the token"),
        (query, &[(signature::HEADER_OAUTH2, &*by_x)], "signature unchecked", "set BIRDHOOK_CLIENT_SECRET"),
    ];
    for (query, headers, suffix, cause) in cases {
        ask(&listening, query, headers);
        let report = report(&listening, "challenge_answered");
        let (_, after) = report.split_once(" ms  ").unwrap();
        assert!(after.starts_with(suffix) && after.contains(cause), "{suffix}: {report}");
        assert_eq!(after == suffix, cause.is_empty(), "{report}");
    }
    let json = Serving::start(&["listen", "--json"]);
    for (query, headers, suffix, _) in cases {
        ask(&json, query, headers);
        assert_eq!(json.json()["signed_by_x"], suffix == "signed by X", "{suffix}");
    }
    assert_eq!(post(&json, &signed("another", BODY), BODY), "401");
    assert_eq!(json.json().get("signed_by_x"), None);
}

#[test]
fn with_json_each_line_has_a_type_and_requests_are_records() {
    for more in [&[][..], &["--inbox"]] {
        let folder = Folder::new("requests-json");
        let inbox = folder.path("inbox");
        let args = [&["listen", "--json"][..], more, &[inbox.as_str()][..more.len()]].concat();
        let listening = Serving::start(&args);
        for _ in 0..2 {
            assert_eq!(post(&listening, &signed(SECRET, BODY), BODY), "200");
        }
        assert_eq!(post(&listening, &signed("another", BODY), BODY), "401");
        call(listening.address(), "POST", "/other?crc_token=private", &[], "");
        call(listening.address(), "GET", &format!("{PATH}?crc_token=t"), &[], "");
        let (lines, notes) = listening.stop();
        assert!(!lines.concat().contains("private"), "{lines:?}");
        let records: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (events, requests): (Vec<_>, Vec<_>) = records.iter().partition(|record| record["type"] == "event");
        assert_eq!(events.len(), 1, "{lines:?}");
        assert_eq!(events[0]["kind"], "post_deleted");
        assert!(lines.iter().any(|line| line.starts_with("{\"kind\":")), "`kind` stays the first member");
        let of = |record: &&Value| {
            assert_eq!(record["type"], "request");
            assert!(record["time"].is_string() && record["ms"].is_number(), "{record}");
            (record["outcome"].as_str().unwrap().to_owned(), record["status"].as_u64().unwrap())
        };
        let outcomes: Vec<_> = requests.iter().map(of).collect();
        let expected = [
            ("accepted", 200),
            ("duplicate", 200),
            ("signature_wrong", 401),
            ("not_found", 404),
            ("challenge_answered", 200),
        ];
        assert_eq!(outcomes, expected.map(|(outcome, status)| (outcome.to_owned(), status)));
        assert_eq!((&requests[3]["path"], &requests[3]["method"]), (&"/other".into(), &"POST".into()));
        assert!(requests[2]["cause"].as_str().unwrap().contains("signature is wrong"));
        assert_eq!(requests[0].get("cause"), None);
        for line in ["1 x accepted", "1 x duplicate", "1 x signature_wrong", "1 x not_found", "1 x challenge_answered"]
        {
            assert!(notes.iter().any(|note| note.trim() == line), "{line}: {notes:?}");
        }
    }
}

#[test]
fn quiet_and_piped_output_has_events_only() {
    for args in [&["listen", "--quiet", "--json"][..], &["listen", "--quiet"], &["listen"]] {
        let listening = Serving::start(args);
        like(&listening.url, &[]).answered("200", 1);
        like(&listening.url, &["--forged"]).answered("401", 1);
        let (lines, notes) = listening.stop();
        assert_eq!(lines.len(), 1, "{args:?} {lines:?}");
        assert!(notes.len() == 1 && notes[0].starts_with("stopped: 1 event"), "{args:?} {notes:?}");
    }
    let record = Folder::new("requests-record");
    let recording = Serving::start(&["record", &record.path("file"), "--json"]);
    like(&recording.url, &[]).answered("200", 1);
    like(&recording.url, &["--forged"]).answered("401", 1);
    let (lines, _) = recording.stop();
    assert!(lines.len() == 1 && !lines[0].contains("\"type\":\"event\""), "{lines:?}");
    for args in [["listen", "--quiet", "--requests"], ["listen", "--json", "--requests"]] {
        run(&[&args[..], &["--addr", "127.0.0.1:0"]].concat()).refused("cannot be used with");
    }
}

#[test]
fn the_third_refusal_of_a_kind_names_a_command_once_and_the_end_counts_outcomes() {
    let listening = Serving::start(&["listen", "--requests"]);
    for _ in 0..5 {
        assert_eq!(post(&listening, &signed("another", BODY), BODY), "401");
        call(listening.address(), "GET", "/other", &[], "");
    }
    let (_, notes) = listening.stop();
    let text = notes.join("\n");
    for (hint, command) in [
        ("3 x signature_wrong: ", "`birdhook verify --signature VALUE FILE`"),
        ("3 x not_found: ", "`birdhook webhooks list`"),
    ] {
        assert_eq!((text.matches(hint).count(), text.matches(command).count()), (1, 1), "{text}");
    }
    let (_, table) = text.split_once("requests by outcome:").unwrap();
    assert_eq!(table, "\n        5 x not_found\n        5 x signature_wrong");
    assert!(notes.iter().all(|note| note.chars().count() <= 100), "{text}");
    let refusals: Vec<_> = notes.iter().filter(|note| note.contains(" ms")).collect();
    assert_eq!(refusals.len(), 10, "{text}");
    let column = |note: &str| note.find(" ms");
    assert!(refusals.iter().all(|note| column(note) == column(refusals[0])), "{text}");
}

#[test]
fn a_request_whose_sender_hangs_up_is_reported_as_unanswered() {
    // Never answers, so that the receiver waits until the sender hangs up.
    let behind = TcpListener::bind("127.0.0.1:0").unwrap();
    let forward = format!("http://{}/", behind.local_addr().unwrap());
    let listening = Serving::start(&["listen", "--json", "--forward", &forward]);
    let mut client = TcpStream::connect(listening.address()).unwrap();
    let (name, value, length) = (signature::HEADER, signed(SECRET, BODY), BODY.len());
    write!(client, "POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{name}: {value}\r\n\r\n{BODY}")
        .unwrap();
    let _forwarded = behind.accept().unwrap();
    drop(client);
    let record = listening.json();
    assert_eq!((&record["outcome"], record.get("status")), (&"unanswered".into(), None), "{record}");
    let (_, notes) = listening.stop();
    assert!(notes.iter().any(|note| note.trim() == "1 x unanswered"), "{notes:?}");
}

#[test]
fn without_a_terminal_the_next_steps_contain_no_signature() {
    let listening = Serving::start(&["listen", "--requests"]);
    let url = listening.url.clone();
    call(listening.address(), "GET", &format!("{PATH}?crc_token=t"), &[], "");
    let (_, notes) = listening.stop();
    let text = notes.join("\n");
    for command in [format!("birdhook trigger {url} like.create"), format!("birdhook doctor --local {url}")] {
        assert!(text.contains(&command), "{text}");
    }
    assert!(text.contains("birdhook ensure webhook.toml"), "{text}");
    assert!(!text.contains("sha256="), "{text}");
}

/// A process that is killed at the end of the test, also if the test fails. The end of `script` closes
/// the terminal, which ends the command on it.
#[cfg(target_os = "linux")]
struct Killed(Child);

#[cfg(target_os = "linux")]
impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `script` runs a command on a terminal of its own.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_the_next_steps_contain_a_signed_request_that_is_accepted() {
    let tool = format!("{} listen --addr 127.0.0.1:0", env!("CARGO_BIN_EXE_birdhook"));
    let mut command = Command::new("script");
    command.args(["-qfec", &tool, "/dev/null"]).env("BIRDHOOK_CONSUMER_SECRET", SECRET).env("NO_COLOR", "1");
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut child = Killed(child);
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let curl = lines.find(|line| line.contains("curl ")).unwrap();
    let (_, curl) = curl.trim().split_once("curl ").unwrap();
    assert!(!curl.contains(SECRET), "{curl}");
    let answer = end(Command::new("sh").args(["-c", &format!("curl -s {curl}")])).exits(0);
    assert!(answer.stdout.starts_with("HTTP/1.1 200"), "{answer}");
    let event = lines.find(|line| line.contains("replay_finished")).unwrap();
    assert!(event.contains("birdhook-doctor-") && event.contains("time of arrival"), "{event}");
    let request = lines.find(|line| line.contains("accepted")).unwrap();
    assert!(request.contains("POST 200"), "{request}");
}
