//! `schema::v1` and `schema::v2` have every field: each documented member is in a fixture, and each
//! member of a fixture is read.

use std::collections::BTreeMap;

use crate::support::{all_fixtures, deliver, fixture, set, value};
use birdhook_core::schema::{v1, v2};
use serde_json::Value;

/// The names of the members that X documents, by fixture and by the JSON pointer to their object.
/// Those of API v1.1 are from its data dictionary and the Account Activity API. Those of API v2 are
/// from X's OpenAPI description or, where that says only `object`, from the data dictionary and the
/// examples.
const DOCUMENTED: &str = include_str!("support/documented.json");

/// Returns whether a type reads two JSON texts differently.
type Differ = fn(&str, &str) -> bool;

macro_rules! as_type {
    ($type:ty) => {{
        let differ: Differ = |one, other| {
            let read = |json| serde_json::from_str::<$type>(json).ok();
            read(one) != read(other)
        };
        differ
    }};
}

/// A part of a body, by its pointer, and the type that reads it.
struct Part {
    pointer: String,
    /// The JSON from which the type is read: the part, or an outer value.
    read_at: String,
    differ: Differ,
}

/// Returns the type of the elements of an array of the Account Activity API.
fn of_array(name: &str) -> Option<Differ> {
    Some(match name {
        "tweet_create_events" => as_type!(v1::Tweet<'_>),
        "tweet_delete_events" => as_type!(v1::TweetDelete<'_>),
        "favorite_events" => as_type!(v1::Favorite<'_>),
        "follow_events" | "block_events" | "mute_events" => as_type!(v1::Relation<'_>),
        "direct_message_events" => as_type!(v1::DirectMessage<'_>),
        "direct_message_indicate_typing_events" => as_type!(v1::Typing<'_>),
        "direct_message_mark_read_events" => as_type!(v1::MarkRead<'_>),
        "user_event" => as_type!(v1::Revocation<'_>),
        "apps" => as_type!(v1::SourceApp<'_>),
        "matching_rules" => as_type!(v2::MatchingRule<'_>),
        _ => return None,
    })
}

/// Returns the type of a payload of the X Activity API.
fn of_payload(event_type: &str) -> Differ {
    let (family, rest) = event_type.split_once('.').unwrap();
    match (family, rest) {
        ("post", "delete") => as_type!(v2::PostRef<'_>),
        ("post", _) => as_type!(v2::Post<'_>),
        ("like", _) => as_type!(v2::Like<'_>),
        ("follow" | "block" | "mute" | "subscriptions", _) => as_type!(v2::Relation<'_>),
        ("dm", "read") => as_type!(v1::MarkRead<'_>),
        ("dm", "indicate_typing") => as_type!(v1::Typing<'_>),
        ("dm", _) => as_type!(v1::DirectMessage<'_>),
        ("profile", _) => as_type!(v2::ProfileUpdate<'_>),
        ("chat", _) => as_type!(v2::Chat<'_>),
        ("spaces", _) => as_type!(v2::Space<'_>),
        ("broadcast", "chat" | "chat.remove") => as_type!(v2::BroadcastMessage<'_>),
        ("broadcast", _) => as_type!(v2::Broadcast<'_>),
        ("news", _) => as_type!(v2::News<'_>),
        ("oauth", _) => as_type!(v2::Revocation<'_>),
        _ => panic!("no type for {event_type}"),
    }
}

/// Compares the data around the payloads, which the event itself or [`v2::Body`] reads.
fn around(one: &str, other: &str) -> bool {
    let said = |body: &str| {
        let delivery = deliver(body);
        (
            delivery.subscriber().map(str::to_owned),
            delivery.events().first().and_then(birdhook_core::Event::user_has_blocked),
        )
    };
    as_type!(v2::Body<'_>)(one, other) || said(one) != said(other)
}

/// Returns the parts of a body, based only on the names of its members.
fn parts(body: &Value) -> Vec<Part> {
    let mut found = Vec::new();
    let mut part = |pointer: String, read_at: &str, differ| {
        found.push(Part { pointer, read_at: read_at.to_owned(), differ });
    };
    part(String::new(), "", around);
    let activity = body.pointer("/data/event_type").and_then(Value::as_str);
    let mut arrays = vec![("", body)];
    if let Some(event_type) = activity {
        part("/data/payload".to_owned(), "/data/payload", of_payload(event_type));
        part("/data/payload/users".to_owned(), "", around);
        part("/data/includes".to_owned(), "/data/includes", as_type!(v2::Includes<'_>));
        arrays.push(("/data/payload", body.pointer("/data/payload").unwrap()));
    } else if body.get("data").is_some() {
        part("/data".to_owned(), "/data", as_type!(v2::Post<'_>));
        part("/includes".to_owned(), "/includes", as_type!(v2::Includes<'_>));
    }
    if body.get("replay_job_status").is_some() {
        part("/replay_job_status".to_owned(), "/replay_job_status", as_type!(v2::ReplayStatus<'_>));
    }
    for (place, members) in arrays {
        for (name, inner) in members.as_object().unwrap() {
            let is_v1_user = name == "users" && activity.is_none();
            let Some(differ) = is_v1_user.then_some(as_type!(v1::User<'_>)).or(of_array(name)) else { continue };
            let keys: Vec<String> = match inner {
                Value::Array(elements) => (0..elements.len()).map(|at| at.to_string()).collect(),
                Value::Object(members) => members.keys().cloned().collect(),
                _ => panic!("{place}/{name} holds nothing"),
            };
            for key in keys {
                let pointer = format!("{place}/{name}/{key}");
                part(pointer.clone(), &pointer, differ);
            }
        }
    }
    found
}

/// Returns whether a value contains data: neither `null` nor empty.
fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

fn without(body: &Value, pointer: &str) -> Value {
    let mut body = body.clone();
    set(&mut body, pointer, None);
    body
}

/// Returns the member that repeats this one: X writes `like_count` and `like_count_str`, `id` and
/// `id_str`.
fn double(body: &Value, pointer: &str) -> Option<String> {
    let double = pointer.strip_suffix("_str").map_or_else(|| format!("{pointer}_str"), str::to_owned);
    body.pointer(&double).is_some().then_some(double)
}

/// Returns the leaves of a body that no type reads, that is, those without which all types read the
/// same. A leaf with a double is checked with the double removed, so that both must be read.
fn unread(body: &Value) -> Vec<String> {
    let parts = parts(body);
    let leaves = crate::support::pointers(body).into_iter().filter(|pointer| {
        let leaf = body.pointer(pointer).unwrap();
        has_content(leaf) && !leaf.is_object() && !leaf.is_array()
    });
    let is_unread = |leaf: &String| {
        let inside = |part: &&Part| part.pointer.is_empty() || leaf.starts_with(&format!("{}/", part.pointer));
        let part = parts.iter().filter(inside).max_by_key(|part| part.pointer.len()).unwrap();
        let with = double(body, leaf).map_or_else(|| body.clone(), |double| without(body, &double));
        let json = |body: &Value| body.pointer(&part.read_at).unwrap().to_string();
        !(part.differ)(&json(&with), &json(&without(&with, leaf)))
    };
    leaves.filter(is_unread).collect()
}

#[test]
fn every_member_of_every_fixture_is_read() {
    let mut unread_members = Vec::new();
    for (name, body) in all_fixtures() {
        // A fixture of an unknown kind, which no type reads.
        if *name != "xaa/unknown" {
            unread_members.extend(unread(&value(body)).into_iter().map(|pointer| format!("{name}: {pointer}")));
        }
    }
    assert!(unread_members.is_empty(), "no type reads\n{}", unread_members.join("\n"));
}

/// A fixture contains each member that X documents, with data.
#[test]
fn every_documented_member_is_in_a_fixture() {
    let documented: BTreeMap<&str, BTreeMap<&str, &str>> = serde_json::from_str(DOCUMENTED).unwrap();
    let mut missing = Vec::new();
    let mut count = 0;
    for (name, places) in documented {
        let body = value(fixture(name));
        for (place, members) in places {
            for member in members.split(' ') {
                count += 1;
                if !body.pointer(&format!("{place}/{member}")).is_some_and(has_content) {
                    missing.push(format!("{name}: {place}/{member}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "in no fixture\n{}", missing.join("\n"));
    assert!(count > 500, "only {count}");
}
