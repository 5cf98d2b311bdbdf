//! The JSON of every kind of activity matches `docs/activity.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::support::{all_fixtures, deliver, event, fixture, value};
use serde_json::Value;
use serde_json::value::RawValue;

/// The kinds in the order of the page, each with the fixture that is its example.
const EXAMPLES: &[(&str, &str)] = &[
    ("post_created", "both_apis/reply.xaa"),
    ("post_deleted", "both_apis/deletion.aaa"),
    ("post_matched", "xaa/filtered_stream"),
    ("liked", "both_apis/like_by.xaa"),
    ("followed", "xaa/follow.follow"),
    ("unfollowed", "xaa/follow.unfollow"),
    ("blocked", "xaa/block.block"),
    ("unblocked", "xaa/block.unblock"),
    ("muted", "xaa/mute.mute"),
    ("unmuted", "xaa/mute.unmute"),
    ("subscribed", "xaa/subscriptions.subscribe"),
    ("unsubscribed", "xaa/subscriptions.unsubscribe"),
    ("message_sent", "both_apis/sent.xaa"),
    ("message_received", "both_apis/received.aaa"),
    ("messages_read", "xaa/dm.read"),
    ("typing", "xaa/dm.indicate_typing.flat"),
    ("access_revoked", "xaa/oauth.revoke"),
    ("profile_updated", "xaa/profile.update.bio"),
    ("chat_received", "xaa/chat.received"),
    ("chat_sent", "xaa/chat.sent"),
    ("chat_changed", "xaa/chat.conversation.member_added"),
    ("chat_read", "xaa/chat.read"),
    ("chat_typing", "xaa/chat.indicate_typing"),
    ("space_started", "xaa/spaces.start"),
    ("space_ended", "xaa/spaces.end"),
    ("broadcast_started", "xaa/broadcast.start"),
    ("broadcast_ended", "xaa/broadcast.end"),
    ("broadcast_message", "xaa/broadcast.chat"),
    ("broadcast_message_removed", "xaa/broadcast.chat.remove"),
    ("news_published", "xaa/news.new"),
    ("replay_finished", "xaa/replay_incomplete"),
    ("unknown", "xaa/unknown"),
];

/// The heading of the section about events, and the fixture that is its example.
const REPORT: (&str, &str) = ("event.report()", "both_apis/received.aaa");

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/activity.md");
const WIDTH: usize = 400;

/// Returns the third-level headings, each with the JSON blocks that follow it.
fn blocks(page: &str) -> Vec<(&str, Vec<String>)> {
    let mut found: Vec<(&str, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```json" => {
                inside = true;
                found.last_mut().unwrap().1.push(String::new());
            }
            "```" => inside = false,
            _ if inside => {
                let block = found.last_mut().unwrap().1.last_mut().unwrap();
                block.push_str(line);
                block.push('\n');
            }
            _ => found.extend(line.strip_prefix("### ").map(|heading| (heading.trim_matches('`'), Vec::new()))),
        }
    }
    found
}

/// Formats compact JSON: a value that fits on one line stays on one line. Keeps the order of
/// members.
fn laid_out(json: &str, indent: usize) -> String {
    let parts = parts(json);
    let spaced = match parts.as_slice() {
        [] => json.to_owned(),
        parts => {
            let (open, close) = json.split_at(1);
            let inner: Vec<_> = parts.iter().map(|(name, inner)| format!("{name}{}", laid_out(inner, 0))).collect();
            format!("{open}{}{}", inner.join(", "), &close[close.len() - 1..])
        }
    };
    if parts.is_empty() || (indent + spaced.len() <= WIDTH && !spaced.contains('\n')) {
        return spaced;
    }
    let (gap, inner_gap) = (" ".repeat(indent), " ".repeat(indent + 2));
    let inner: Vec<_> =
        parts.iter().map(|(name, inner)| format!("{inner_gap}{name}{}", laid_out(inner, indent + 2))).collect();
    format!("{}\n{}\n{gap}{}", &json[..1], inner.join(",\n"), &json[json.len() - 1..])
}

/// Returns the parts of an object or array, each with its name.
fn parts(json: &str) -> Vec<(String, &str)> {
    if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(json) {
        return elements.into_iter().map(|element| (String::new(), element.get())).collect();
    }
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(json).unwrap_or_default();
    let mut members: Vec<_> = members.iter().map(|(name, inner)| (format!("\"{name}\": "), inner.get())).collect();
    members.sort_unstable_by_key(|(_, inner)| inner.as_ptr());
    members
}

/// Returns the activity of an example in the format of the page.
fn example(name: &str) -> String {
    let event = event(value(fixture(name)).to_string());
    format!("{}\n", laid_out(&serde_json::to_string(&event.activity()).unwrap(), 0))
}

/// Prints the expected content of the page if `BLESS=1` is set.
#[test]
fn the_page_shows_the_json_of_every_kind() {
    let bless = std::env::var_os("BLESS").is_some();
    if bless {
        for (kind, name) in EXAMPLES {
            println!("### `{kind}`\n```json\n{}```\n", example(name));
        }
    }
    let page = fs::read_to_string(PAGE).unwrap();
    let blocks = blocks(&page);
    for (kind, name) in EXAMPLES {
        let of_kind: Vec<_> = blocks.iter().filter(|(heading, _)| heading == kind).collect();
        let [(_, examples)] = of_kind.as_slice() else { panic!("{} headings of {kind}", of_kind.len()) };
        let [shown] = examples.as_slice() else { panic!("{} examples of {kind}", examples.len()) };
        assert_eq!(*shown, example(name), "{kind}; BLESS=1 prints all");
        assert_eq!(value(shown)["kind"], *kind, "{name}");
    }
    let shown: BTreeSet<_> = blocks.iter().filter(|(_, blocks)| !blocks.is_empty()).map(|(kind, _)| *kind).collect();
    let kinds = EXAMPLES.iter().map(|(kind, _)| *kind);
    assert_eq!(shown, kinds.chain([REPORT.0]).collect(), "no kind is shown that does not exist");
}

#[test]
fn the_page_shows_the_report_of_an_event() {
    let page = fs::read_to_string(PAGE).unwrap();
    let event = event(value(fixture(REPORT.1)).to_string());
    let reported = format!("{}\n", laid_out(&serde_json::to_string(&event.report()).unwrap(), 0));
    let blocks = blocks(&page);
    let shown: Vec<_> =
        blocks.iter().filter(|(heading, _)| *heading == REPORT.0).flat_map(|(_, blocks)| blocks).collect();
    assert_eq!(shown, [&reported]);
    let with_raw = serde_json::to_value(event.report().with_raw()).unwrap();
    assert_eq!(with_raw["raw"], value(event.raw().as_str()));
    assert_eq!(value(&reported).get("raw"), None);
}

/// Every member of every fixture's activity appears in a table of the page.
#[test]
fn the_page_names_every_field() {
    fn names(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, inner) in members {
                    found.insert(name.clone());
                    if name != "raw" && name != "filter" {
                        names(inner, found);
                    }
                }
            }
            Value::Array(elements) => elements.iter().for_each(|inner| names(inner, found)),
            _ => {}
        }
    }
    let page = fs::read_to_string(PAGE).unwrap();
    let mut found = BTreeSet::new();
    for (path, body) in all_fixtures() {
        for event in deliver(body).events() {
            let json = serde_json::to_value(event.activity()).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(json["kind"], event.kind().as_str(), "{path}");
            names(&json, &mut found);
            names(&serde_json::to_value(event.report().with_raw()).unwrap(), &mut found);
        }
    }
    assert!(found.len() > 60, "only {}", found.len());
    for name in found {
        let forms = [format!("| `{name}` |"), format!(".{name}` |")];
        let in_table = page.lines().any(|line| forms.iter().any(|form| line.starts_with('|') && line.contains(form)));
        assert!(in_table, "no table has {name}");
    }
}

#[test]
fn an_event_serialises_to_its_raw_bytes() {
    for (path, body) in all_fixtures() {
        for event in deliver(body).events() {
            let written = serde_json::to_string(event).unwrap();
            assert_eq!(written, event.raw().as_str(), "{path}");
            assert!(body.contains(&written), "{path}");
            assert_eq!(event.body().as_str(), *body, "{path}");
        }
    }
}

/// Data that X does not report is absent, never `null`.
#[test]
fn no_member_is_null() {
    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(elements) => elements.iter().any(has_null),
            Value::Object(members) => members.values().any(has_null),
            _ => false,
        }
    }
    let place = r#"{"for_user_id":"7","direct_message_events":[{"id":"1","message_create":{"sender_id":"8","message_data":{
        "attachment":{"type":"location","location":{"type":"shared_place","shared_place":{"place":{}}}}}}}]}"#;
    let fixtures = all_fixtures().iter().filter(|(name, _)| !name.ends_with("unknown"));
    for (path, body) in fixtures.chain(&[("a place of which nothing is known", place)]) {
        for event in deliver(body).events() {
            assert!(!has_null(&serde_json::to_value(event.report()).unwrap()), "{path}");
        }
    }
}
