//! Tests of `birdhook inspect`.

use crate::support::{Folder, birdhook, end, recorded, run, run_with_input, texts};
use serde_json::Value;

const LIKE: &str = r#"{"for_user_id":"2001","favorite_events":[{"id":"9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c","created_at":"Mon Nov 23 09:32:00 +0000 2026","timestamp_ms":1795426320000,"favorited_status":{"id":55,"id_str":"55","text":"New: bird &amp; feeders","user":{"id":2001,"id_str":"2001","screen_name":"finchworks"}},"user":{"id":3001,"id_str":"3001","screen_name":"ada_reads"}}]}"#;
const FOLLOW: &str = r#"{"data":{"event_uuid":"-7953119945885597316","filter":{"user_id":"2001"},"event_type":"follow.follow","payload":{"source":{"data":{"id":"3003","username":"grace_birds"}},"target":{"data":{"id":"2001","username":"finchworks"}}}}}"#;
const TWO: &str = r#"{"for_user_id":"2001","tweet_delete_events":[{"status":{"id":"1","user_id":"7"}},{"status":{"id":"2","user_id":"7"}}]}"#;

#[test]
fn a_text_line_contains_time_kind_actor_target_and_text() {
    let expected = "2026-11-23T09:32:00Z     liked                     @ada_reads -> @finchworks \"New: bird & feeders\" [AAA for 2001, app default]\n";
    run_with_input(&["inspect"], LIKE).exits(0).prints_only(expected);
}

#[test]
fn a_json_line_contains_every_documented_member() {
    let lines = run_with_input(&["inspect", "--json", "--raw", "--app", "shop", "-"], LIKE).json();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let text = |pointer: &str| line.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"));
    for (pointer, value) in [
        ("/kind", "liked"),
        ("/name", "favorite_events"),
        ("/generation", "account_activity"),
        ("/app", "shop"),
        ("/subscriber", "2001"),
        ("/occurred_at", "2026-11-23T09:32:00Z"),
        ("/actor/id", "3001"),
        ("/actor/handle", "ada_reads"),
        ("/target/id", "2001"),
        ("/ids/post", "55"),
        ("/ids/like", "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c"),
        ("/text", "New: bird & feeders"),
        ("/activity/kind", "liked"),
        ("/raw/favorited_status/text", "New: bird &amp; feeders"),
    ] {
        assert_eq!(text(pointer), value, "{pointer}");
    }
    assert_eq!(text("/delivery_key").len(), 64);
    assert_eq!(text("/content_key").len(), 64);
    let other = run_with_input(&["inspect", "--json"], LIKE).json();
    assert_ne!(other[0]["delivery_key"], line["delivery_key"], "keys are made for an app");
    assert_eq!(other[0].get("raw"), None);
}

#[test]
fn all_files_of_a_folder_are_read_in_any_format() {
    let folder = Folder::new("inspect");
    std::fs::create_dir(folder.0.join("inner")).unwrap();
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(LIKE).unwrap()).unwrap();
    folder.file("a.json", &pretty);
    folder.file("b.jsonl", &format!("{FOLLOW}\n\n{TWO}\n"));
    folder.file("c.json", &format!("\u{feff}{TWO}"));
    folder.file("d.json", r#"{"something":"new"}"#);
    folder.file("inner/e.jsonl", &recorded("2026-11-23T09:32:01Z", LIKE));
    folder.file(".hidden", "ignored");
    let path = folder.0.to_str().unwrap();
    let read = run(&["inspect", "--json", path]).exits(0).says_only("");
    let deleted = "post_deleted";
    assert_eq!(
        texts(&read.json(), "kind"),
        ["liked", "followed", deleted, deleted, deleted, deleted, "unknown", "liked"]
    );

    let invalid = folder.file("bad.jsonl", &format!("{TWO}\n{{\"cut\": \n[1]\n{FOLLOW}\n\"text\"\n"));
    folder.file("empty.json", "");
    let read = run(&["inspect", "--json", path]).exits(1);
    assert_eq!(read.json().len(), 8 + 2 + 1, "{read}");
    read.says(&[&format!("{invalid}:2:"), &format!("{invalid}:5:"), "empty.json"]);
    let missing = run(&["inspect", "--json", "nowhere.json", &folder.path("d.json")]).exits(1);
    assert_eq!(missing.json().len(), 1);
}

#[test]
fn control_characters_are_escaped_in_text_lines() {
    let post = r#"{"for_user_id":"1","tweet_create_events":[{"id_str":"9","text":"a\u001b[2Jb\u202ec","user":{"id_str":"2","screen_name":"x\u0007y"}}]}"#;
    let folder = Folder::new("steer");
    let file = folder.file("p.json", post);
    run(&["inspect", &file]).prints(&[r"a\u{1b}[2Jb\u{202e}c"]).hides(&["\u{1b}", "\u{7}", "\u{202e}"]);
    end(birdhook(&["inspect", &file]).env("CLICOLOR_FORCE", "1")).prints(&["\u{1b}[1m"]);
    end(birdhook(&["inspect", &file]).env("CLICOLOR_FORCE", "0").env("NO_COLOR", "1")).hides(&["\u{1b}"]);
}

#[test]
fn the_body_of_a_logged_request_is_read_and_noted() {
    let quoted = serde_json::to_string(LIKE).unwrap();
    let body = base64(LIKE);
    for (logged, said) in [
        (
            format!(r#"[{{"headers":{{"x":"y"}},"params":{{}},"query":{{}},"body":{LIKE}}}]"#),
            "`body` of a logged request in element 0",
        ),
        (format!(r#"{{"headers":{{"x":"y"}},"params":{LIKE}}}"#), "`params` of a logged request"),
        (format!(r#"{{"body":{quoted},"headers":{{}},"isBase64Encoded":false}}"#), "`body` of a logged request"),
        (format!(r#"{{"body":"{body}","isBase64Encoded":true}}"#), "base64 `body` of a logged request"),
    ] {
        let read = run_with_input(&["inspect", "--json"], &logged).exits(0).says(&[said]);
        assert_eq!(read.json()[0]["kind"], "liked", "{logged}");
        assert_eq!(read.json(), run_with_input(&["inspect", "--json"], LIKE).json(), "including its keys");
    }
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn replays_and_keywords_are_marked_in_text_lines() {
    run_with_input(&["inspect"], &LIKE.replacen('{', r#"{"meta":{"replay":true},"#, 1))
        .prints(&["[AAA for 2001, app default, replayed]"]);
    let news = r#"{"data":{"event_type":"news.new","filter":{"keyword":"ferry"},"payload":{"name":"H"}}}"#;
    run_with_input(&["inspect"], news).prints(&["[XAA for the keyword ferry, app default]"]);
}

#[test]
fn single_events_and_queued_requests_are_read_and_named() {
    let like: Value = serde_json::from_str(LIKE).unwrap();
    let follow: Value = serde_json::from_str(FOLLOW).unwrap();
    let deleted: Value = serde_json::from_str(TWO).unwrap();
    let queued = serde_json::json!({"Records": [{"messageId": "1", "body": LIKE}, {"messageId": "2", "body": FOLLOW}]});
    for (json, kinds, source) in [
        (follow["data"].clone(), &["followed"] as &[&str], "reading the `data` of an event of the X Activity API"),
        (like["favorite_events"][0].clone(), &["liked"], "reading a single event of the Account Activity API"),
        (like["favorite_events"].clone(), &["liked"], "element 0 of a list"),
        (deleted["tweet_delete_events"].clone(), &["post_deleted", "post_deleted"], "reading a single event"),
        (Value::String(LIKE.to_owned()), &["liked"], "a JSON string"),
        (queued, &["liked", "followed"], "of `Records`"),
    ] {
        let ended = run_with_input(&["inspect", "--json"], &json.to_string()).exits(0).says(&[source]);
        assert_eq!(texts(&ended.json(), "kind"), kinds, "{json}");
    }
}

#[test]
fn a_table_fits_80_columns_and_escapes_control_characters() {
    let long = LIKE.replace("bird &amp; feeders", &format!("\\u001b[2J{}", "bird ".repeat(50)));
    let ended = run_with_input(&["inspect", "--table"], &format!("{long}\n{FOLLOW}\n{TWO}")).exits(0).says_only("");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{ended}");
    assert!(lines[0].starts_with("TIME (UTC)") && lines[0].contains("KIND") && !lines[0].contains("FOR"), "{ended}");
    assert!(lines[1].starts_with("2026-11-23 09:32:00  liked"), "{ended}");
    assert!(ended.stdout.contains("bird bird bird") && ended.stdout.contains('\u{2026}'), "{ended}");
    assert_eq!(lines.last(), Some(&"4 events for 2001"));
    ended.hides(&["\u{1b}"]);
    run_with_input(&["inspect", "--table", "--json"], LIKE).refused("cannot be used with");
}
