//! Tests that text from X or from attackers cannot control the terminal: every control character,
//! through every command that prints such text.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::LazyLock;

use crate::support::fake_x::{FakeX, Rule, rule};
use crate::support::{Ended, Folder, Serving, birdhook, call, end, recorded, run, with_keys};
use birdhook_testkit::{MockEventKind, PayloadGenerator};
use serde_json::{Value, json};

/// Every character that can control a terminal or reorder text.
static CONTROLS: LazyLock<BTreeSet<char>> = LazyLock::new(|| {
    let ranges = [
        '\0'..='\u{1f}',
        '\u{7f}'..='\u{9f}',
        '\u{61c}'..='\u{61c}',
        '\u{200e}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2066}'..='\u{206f}',
        '\u{e0000}'..='\u{e007f}',
    ];
    ranges.into_iter().flatten().collect()
});

/// A text with all of these characters and with harmful escape sequences, written as X may send it:
/// `serde_json` escapes only what JSON requires.
fn word() -> String {
    format!("w{}\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31mx", CONTROLS.iter().collect::<String>())
}

/// Returns a body with that text in place of every other text.
fn hostile(body: &str) -> String {
    fn replace(value: &mut Value) {
        match value {
            // Keeps ids, dates and event types, so that the events are still recognised.
            Value::String(text) if text.parse::<u64>().is_err() && !text.contains("20") && !text.contains('.') => {
                *text = word();
            }
            Value::Array(values) => values.iter_mut().for_each(replace),
            Value::Object(members) => members.values_mut().for_each(replace),
            _ => {}
        }
    }
    let mut body: Value = serde_json::from_str(body).unwrap();
    replace(&mut body);
    body.to_string()
}

/// Returns a delivery of each kind from each API, and some of unknown shape.
fn bodies() -> Vec<String> {
    let generator = || PayloadGenerator::new(7).at(birdhook::event::Timestamp::from_millis(1_795_426_200_000));
    let mut bodies = Vec::new();
    for kind in MockEventKind::ALL {
        for api in kind.api_sources() {
            let body = generator().event(*kind, "2001").reported_by(*api).unwrap();
            bodies.push(hostile(str::from_utf8(&body).unwrap()));
        }
    }
    bodies.push(json!({ "for_user_id": word(), word(): [{ "id": word() }] }).to_string());
    bodies.push(json!({ "for_user_id": word(), "tweet_delete_events": [{ "status": { "id": word() } }] }).to_string());
    bodies.push(json!({ "replay_job_status": { "webhook_id": "1", "job_id": word() } }).to_string());
    bodies
        .push(json!({ "data": { "event_type": word(), "filter": { "keyword": word() }, "tag": word() } }).to_string());
    bodies
}

/// Asserts that a text contains no control characters except our own colours and line breaks.
#[track_caller]
fn is_clean(what: &str, text: &str) {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest: Vec<_> = parts
        .map(|part| {
            let end = part.find(|letter: char| !letter.is_ascii_digit() && letter != ';').unwrap_or(part.len());
            assert!(part[end..].starts_with('m'), "{what}: an escape sequence came through: {part:?}");
            part[end + 1..].to_owned()
        })
        .collect();
    let is_found = |one: &char| !(' '..='~').contains(one) && *one != '\n' && CONTROLS.contains(one);
    let found = [vec![first], rest].concat().concat().chars().find(is_found);
    assert_eq!(found, None, "{what} prints {text:?}");
}

fn on_a_terminal(args: &[&str]) -> Ended {
    ends_clean(&mut birdhook(args))
}

/// Runs the tool as on a terminal, so that it does not strip colours.
fn ends_clean(command: &mut Command) -> Ended {
    let ended = end(command.env("CLICOLOR_FORCE", "1").env("TERM", "xterm"));
    is_clean(&ended.command, &ended.stdout);
    is_clean(&ended.command, &ended.stderr);
    ended
}

fn times(ended: &Ended, escaped: &str) -> usize {
    ended.stdout.matches(escaped).count()
}

#[test]
fn inspect_escapes_the_text_of_events() {
    let folder = Folder::new("terminal-inspect");
    let file = folder.file("bodies", &bodies().join("\n"));
    let lines = on_a_terminal(&["inspect", &file]).exits(0);
    assert!(times(&lines, "\\u{9b}31mx") > 10, "{lines}");
    for raw in [&[][..], &["--raw"]] {
        let json = on_a_terminal(&[&["inspect", "--json", &file], raw].concat());
        assert!(times(&json, "\\u009b31mx") > 10 && times(&json, "\\udb40\\udc01") > 10);
        // The JSON still decodes to the text that X wrote.
        let whole = json.json().iter().any(|event| event.to_string().contains(&json!(word()).to_string()));
        assert!(whole, "{}", json.stdout);
    }
    let broken = folder.file("broken", &format!("{}\n[\"{}\"]", word().replace('\n', ""), "\u{9b}31mx"));
    assert_eq!(on_a_terminal(&["inspect", &broken]).code, 1);
}

#[test]
fn receivers_and_inboxes_escape_the_text_of_events() {
    let folder = Folder::new("terminal-listen");
    let recording: Vec<_> = bodies().iter().map(|body| recorded("2026-11-23T09:00:00Z", body)).collect();
    let (recording, copy) = (folder.file("recording", &recording.join("\n")), folder.path("recorded"));
    let inbox = folder.path("inbox");
    // Answers 401 to events.
    let refusing = Serving::start(&["listen"]);
    let listens: [&[&str]; 5] = [
        &["listen"],
        &["listen", "--requests"],
        &["listen", "--json", "--raw"],
        &["listen", "--record", &copy],
        &["listen", "--inbox", &inbox, "--forward", &refusing.url, "--max-attempts", "1"],
    ];
    for listen in listens {
        let mut command = birdhook(listen);
        let serving = Serving::start_command(command.env("CLICOLOR_FORCE", "1").env("TERM", "xterm"));
        run(&["replay", &recording, &serving.url, "--speed", "0", "--json"]).exits(0);
        // Bytes beyond ASCII are allowed in a path and in the value of a header.
        let headers = [("content-encoding", "\u{9b}31mx"), ("x-twitter-webhooks-signature", "sha256=\u{9b}31mx")];
        call(serving.address(), "POST", "/\u{9b}31mx\u{202e}", &headers, "");
        call(serving.address(), "POST", "/webhooks/twitter", &headers, "");
        let (lines, notes) = serving.stop();
        is_clean(&format!("{listen:?}"), &lines.join("\n"));
        is_clean(&format!("{listen:?}"), &notes.join("\n"));
    }
    for command in [&["list"][..], &["dead-letters"], &["export"], &["stats"], &["verify"]] {
        on_a_terminal(&[&["inbox", command[0], &inbox], &command[1..]].concat());
        on_a_terminal(&[&["inbox", command[0], &inbox, "--json"], &command[1..]].concat());
    }
    let listed = run(&["inbox", "list", &inbox, "--json", "--limit", "1000"]).json();
    assert!(listed.len() > 10, "{listed:?}");
    for letter in listed.iter().filter(|event| event["standing"] == "dead") {
        on_a_terminal(&["inbox", "dead-letters", &inbox, "--show", letter["id"].as_str().unwrap()]).exits(0);
    }
    on_a_terminal(&["inspect", &copy]);
}

/// Rules that put the text into every member of the responses.
fn rules() -> Vec<Rule> {
    let webhook = json!({ "id": word(), "url": format!("https://{}/", word()), "valid": true, "created_at": word() });
    let subscription = json!({
        "subscription_id": word(), "event_type": word(), "filter": { "user_id": word(), "keyword": word(), word(): word() },
        "tag": word(), "webhook_id": word(), "created_at": word(), "updated_at": word(),
    });
    let subscribers = json!({
        "application_id": word(), "webhook_id": word(), "webhook_url": word(), "subscriptions": [{ "user_id": word() }],
    });
    let links = json!({ "links": [{
        "webhook_id": word(), "application_id": word(), "business_user_id": word(), "fields": [word()],
    }] });
    let refusal = json!({
        "title": word(), "detail": word(), "type": word(), "status": 403,
        "errors": [{ "message": word(), "code": 999, "parameters": { "id": [word()] } }],
    });
    let success =
        |request, data: Value| rule(request, 200, json!({ "data": data, "meta": { "result_count": 1 } }).to_string());
    vec![
        success("GET /2/webhooks", json!([webhook])),
        success("GET /2/activity/subscriptions", json!([subscription])),
        success("GET /2/account_activity/webhooks", subscribers),
        success("GET /2/tweets/search/webhooks", links),
        rule("", 403, refusal.to_string()),
    ]
}

#[test]
fn commands_that_call_x_escape_its_text() {
    let (folder, x) = (Folder::new("terminal-x"), FakeX::start(rules()));
    let keys = folder.file(
        "keys.toml",
        "consumer_key = \"k\"\nconsumer_secret = \"s\"\nbearer_token = \"b\"\n[owner]\ntoken = \"t\"\ntoken_secret = \"s\"\n[users.1]\ntoken = \"t\"\ntoken_secret = \"s\"\n",
    );
    #[cfg(unix)]
    std::fs::set_permissions(&keys, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let desired = folder.file(
        "desired.toml",
        "url = \"https://app.example/\"\n[[activity]]\ntypes = [\"like.create\"]\nusers = [\"1\"]\ntag = \"new\"\n",
    );
    let commands: &[&[&str]] = &[
        &["webhooks", "list"],
        &["webhooks", "list", "--api", "enterprise"],
        &["webhooks", "register", "https://app.example/"],
        &["webhooks", "validate", "1"],
        &["webhooks", "delete", "1", "--yes"],
        &["subscriptions", "list", "1"],
        &["subscriptions", "count"],
        &["subscriptions", "add", "1", "1"],
        &["subscriptions", "check", "1", "1"],
        &["subscriptions", "remove", "1", "1", "--yes"],
        &["activity", "list"],
        &["activity", "add", "like.create", "--user", "1"],
        &["activity", "remove", "1", "--yes"],
        &["stream-links", "list"],
        &["ensure", &desired, "--dry-run", "--no-probe"],
        &["ensure", &desired, "--no-probe"],
        &["migrate", "https://app.example/", "--dry-run"],
        &["watch", "https://app.example/", "--once"],
        &["replay", "--webhook", "1", "--from", "2026-11-23T09:00:00Z", "--to", "2026-11-23T09:10:00Z"],
        &["auth", "list"],
    ];
    let mut escaped = 0;
    for command in commands {
        for json in [&[][..], &["--json"]] {
            let mut tool = with_keys(&[command, json].concat(), &keys);
            let ended = ends_clean(tool.env("BIRDHOOK_API_URL", &x.url));
            let both = ended.stdout + &ended.stderr;
            escaped += usize::from(both.contains("\\u{9b}31mx") || both.contains("\\u009b31mx"));
        }
    }
    assert!(escaped >= commands.len(), "only {escaped} of {} runs printed X's text", 2 * commands.len());
    assert!(!x.requests().is_empty());
}

#[test]
fn doctor_and_trigger_escape_the_text_of_a_receiver() {
    let text = format!("{{\"response_token\":{}}}", json!(word()));
    let receiver = FakeX::start([rule("GET", 200, text), rule("POST", 500, word())]);
    for json in [&[][..], &["--json"]] {
        on_a_terminal(&[&["doctor", "--local", &receiver.url], json].concat());
        on_a_terminal(&[&["trigger", &receiver.url, "like.create"], json].concat());
    }
}
