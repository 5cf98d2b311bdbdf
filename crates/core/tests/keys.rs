//! Which events have the same key.

use std::collections::HashMap;

use crate::support::{apps, changed, deliver, event, fixture, fixtures, pointers, post_signed, secret, value};
use birdhook_core::{App, DedupeScope, Endpoint, EndpointSettings, EventKey, EventKind};
use serde_json::Value;
use sha2::{Digest, Sha256};

const SCOPES: [DedupeScope; 4] =
    [DedupeScope::Subscription, DedupeScope::Conversation, DedupeScope::AcrossApps, DedupeScope::Everywhere];

/// Returns the members that identify a fixture's only event, except the subscriber.
fn identity_of(name: &str) -> Option<Vec<String>> {
    const RELATION: &str = "type created_timestamp source/id target/id";
    let (event, members) = match name {
        "several" => return None,
        "tweet_delete" => ("tweet_delete_events/0", "status/id"),
        "favorite" => ("favorite_events/0", "id"),
        "follow" | "unfollow" => ("follow_events/0", RELATION),
        "block" | "unblock" => ("block_events/0", RELATION),
        "mute" | "unmute" => ("mute_events/0", RELATION),
        "typing" => ("direct_message_indicate_typing_events/0", "created_timestamp sender_id target/recipient_id"),
        "mark_read" => ("direct_message_mark_read_events/0", "last_read_event_id sender_id target/recipient_id"),
        "revoke" => ("user_event/revoke", "date_time target/app_id source/user_id"),
        _ if name.starts_with("tweet_") => ("tweet_create_events/0", "id_str"),
        _ => ("direct_message_events/0", "id"),
    };
    Some(members.split(' ').map(|member| format!("/{event}/{member}")).collect())
}

/// Returns another value of the same form: another id, another time, another text.
fn other(value: &Value) -> Value {
    match value {
        Value::Null => "x".into(),
        Value::Bool(flag) => (!flag).into(),
        Value::Number(number) => number.as_u64().map_or(Value::from(5), |number| (number + 1).into()),
        Value::String(text) if text.ends_with("+00:00") => text.replacen('2', "1", 1).into(),
        Value::String(text) => match text.strip_suffix(|c: char| c.is_ascii_digit()) {
            Some(rest) => format!("{rest}{}", if text.ends_with('3') { 4 } else { 3 }).into(),
            None => format!("{text}x").into(),
        },
        Value::Array(_) | Value::Object(_) => unreachable!("leaves only"),
    }
}

#[test]
fn a_key_depends_only_on_the_identifying_members() {
    let mut judged = 0;
    for (name, body) in fixtures() {
        let Some(identity) = identity_of(name) else { continue };
        let (key, body) = (event(body).delivery_key(), value(body));
        let all = pointers(&body);
        assert!(identity.iter().all(|part| all.contains(part)), "{name}");
        for pointer in all {
            let here = body.pointer(&pointer).unwrap();
            let is_part = identity.contains(&pointer) || pointer == "/for_user_id";
            if here.is_object() || here.is_array() {
                continue;
            }
            // A message whose type is not "message_create" is not recognised as a message.
            if pointer == "/direct_message_events/0/type" {
                continue;
            }
            let changed_key = event(changed(name, &pointer, other(here))).delivery_key();
            assert_eq!(changed_key != key, is_part, "{name} {pointer}");
            if !is_part {
                for to in [Value::Null, 5.into(), "x".into(), value("[]"), value("{}")] {
                    // The sender is not part of a message's key, but an event without a sender is
                    // not a message.
                    let needed = pointer == "/direct_message_events/0/message_create/sender_id";
                    if !(needed && (to.is_null() || to.is_array() || to.is_object())) {
                        assert_eq!(
                            event(changed(name, &pointer, to.clone())).delivery_key(),
                            key,
                            "{name} {pointer} = {to}"
                        );
                    }
                }
            }
            judged += 1;
        }
    }
    assert!(judged > 1000, "only {judged}");
}

#[test]
fn a_numeric_id_gives_the_same_key_as_text() {
    for (name, pointer) in [
        ("favorite", "/for_user_id"),
        ("tweet_mention", "/tweet_create_events/0/id_str"),
        ("tweet_delete", "/tweet_delete_events/0/status/id"),
        ("dm_sent", "/direct_message_events/0/id"),
        ("follow", "/follow_events/0/source/id"),
        ("block", "/block_events/0/created_timestamp"),
        ("mark_read", "/direct_message_mark_read_events/0/last_read_event_id"),
    ] {
        let digits: u64 = value(fixture(name)).pointer(pointer).unwrap().as_str().unwrap().parse().unwrap();
        assert_eq!(event(changed(name, pointer, digits)).delivery_key(), event(fixture(name)).delivery_key(), "{name}");
    }
}

#[test]
fn every_form_of_a_date_gives_the_same_key() {
    let key = |date: &str| event(changed("revoke", "/user_event/revoke/date_time", date)).delivery_key();
    assert_eq!(key("2023-03-05T07:08:09+00:00"), key("2023-03-05T07:08:09.000Z"));
    assert_ne!(key("2023-03-05T07:08:09+00:00"), key("2023-03-05T07:08:09.001Z"));
}

#[test]
fn without_a_time_the_bytes_identify_the_event() {
    let without = |to: Value| event(changed("follow", "/follow_events/0/created_timestamp", to));
    let one = without(Value::Null);
    assert_eq!(one.kind(), EventKind::Followed);
    assert_eq!(one.delivery_key(), without(Value::Null).delivery_key());
    assert_ne!(one.delivery_key(), without("never".into()).delivery_key());
    assert_ne!(one.delivery_key(), event(fixture("follow")).delivery_key());
}

#[test]
fn a_replay_is_identified_by_its_job_and_state() {
    let key = |status: &str| event(format!(r#"{{"replay_job_status":{status}}}"#)).delivery_key();
    let one = key(r#"{"job_id":"1","job_state":"Complete"}"#);
    assert_eq!(one, key(r#"{ "job_state":"Complete", "job_state_description":"all of it", "job_id":"1" }"#));
    for other in [r#"{"job_id":"2","job_state":"Complete"}"#, r#"{"job_id":"1","job_state":"Failed"}"#] {
        assert_ne!(one, key(other), "{other}");
    }
}

#[test]
fn different_events_have_different_keys() {
    let body = r#"{"for_user_id":"7",
        "tweet_create_events":[{"id_str":"7"}],
        "tweet_delete_events":[{"status":{"id":"7"}}],
        "favorite_events":[{"id":"7"}],
        "direct_message_events":[{"type":"message_create","id":"7","message_create":{"sender_id":"7"}}],
        "follow_events":[
            {"type":"follow","created_timestamp":"7","source":{"id":"7"},"target":{"id":"8"}},
            {"type":"follow","created_timestamp":"7","source":{"id":"8"},"target":{"id":"7"}},
            {"type":"follow","created_timestamp":"7","source":{"id":"78"},"target":{"id":""}},
            {"type":"unfollow","created_timestamp":"7","source":{"id":"7"},"target":{"id":"8"}}],
        "block_events":[
            {"type":"block","created_timestamp":"7","source":{"id":"7"},"target":{"id":"8"}},
            {"type":"unblock","created_timestamp":"7","source":{"id":"7"},"target":{"id":"8"}}],
        "mute_events":[
            {"type":"mute","created_timestamp":"7","source":{"id":"7"},"target":{"id":"8"}},
            {"type":"unmute","created_timestamp":"7","source":{"id":"7"},"target":{"id":"8"}}],
        "direct_message_indicate_typing_events":[
            {"created_timestamp":"7","sender_id":"7","target":{"recipient_id":"8"}}],
        "direct_message_mark_read_events":[
            {"created_timestamp":"7","sender_id":"7","target":{"recipient_id":"8"},"last_read_event_id":"7"}],
        "user_event":{"revoke":{"date_time":"7","target":{"app_id":"7"},"source":{"user_id":"8"}}},
        "new_events":[{"id":"7"}],"newer_events":[{"id":"7"}],"newest_events":[{"id":"7"},{"id":"8"}]}"#;
    let events = deliver(body).into_events();
    assert_eq!(events.len(), 19);
    assert_eq!(events.iter().filter(|event| event.kind() == EventKind::Unknown).count(), 4);
    for scope in SCOPES {
        let mut seen = HashMap::new();
        for event in &events {
            if let Some(earlier) = seen.insert(event.delivery_key_in(scope), event.raw().as_str()) {
                panic!("{scope:?}: {earlier} and {}", event.raw().as_str());
            }
        }
    }
}

#[test]
fn a_message_delivered_to_both_users_has_one_key_in_the_conversation_scope() {
    let one = event(fixture("dm_received"));
    let other = event(changed("dm_received", "/for_user_id", "3030"));
    assert_eq!((one.kind(), other.kind()), (EventKind::MessageReceived, EventKind::MessageSent));
    let same = SCOPES.map(|scope| one.delivery_key_in(scope) == other.delivery_key_in(scope));
    assert_eq!(same, [false, true, false, true]);
    assert_eq!(one.delivery_key(), one.delivery_key_in(DedupeScope::Subscription));
}

#[test]
fn one_body_for_two_apps_has_two_keys() {
    let endpoint = Endpoint::new(
        apps([App::new("a", secret("of-a")), App::new("b", secret("of-b"))]),
        EndpointSettings::default(),
    );
    for (name, body) in fixtures() {
        let [one, other] =
            ["of-a", "of-b"].map(|key| post_signed(&endpoint, key, body.as_bytes()).unwrap().into_events());
        for (one, other) in one.iter().zip(&other) {
            let same = SCOPES.map(|scope| one.delivery_key_in(scope) == other.delivery_key_in(scope));
            assert_eq!(same, [false, false, true, true], "{name}");
        }
    }
}

#[test]
fn a_revocation_is_scoped_by_the_user_who_revoked() {
    let one = event(fixture("revoke"));
    let other = event(changed("revoke", "/user_event/revoke/source/user_id", "1"));
    assert!(SCOPES.iter().all(|&scope| one.delivery_key_in(scope) != other.delivery_key_in(scope)));
    assert_eq!((one.subscriber(), other.subscriber()), (Some("900719925474099301"), Some("1")));
}

/// Applications store keys across restarts and upgrades, so a change of this key must not go
/// unnoticed.
#[test]
fn keys_do_not_change_between_versions() {
    let part = |text: &[u8]| [&(text.len() as u64).to_be_bytes()[..], text].concat();
    let identity = |parts: &[&[u8]]| {
        Sha256::digest([b"birdhook event identity 1\0".to_vec(), parts.iter().flat_map(|p| part(p)).collect()].concat())
    };
    let key = |identity: &[u8], subscriber: &str| {
        let scope = [part(b"bees"), part(subscriber.as_bytes())].concat();
        let key: [u8; 32] = Sha256::digest([&b"birdhook event key 1\0"[..], &[1, 1], identity, &scope].concat()).into();
        EventKey::from(key)
    };
    let post = identity(&[b"tweet_create", b"1632094811998265345"]);
    assert_eq!(event(fixture("tweet_mention")).delivery_key(), key(&post, "2200440066008801"));
    let time = 1_677_000_001_222_i64.to_be_bytes();
    let follow = identity(&[b"follow", b"900719925474099301", b"48484848", &time]);
    assert_eq!(event(fixture("follow")).delivery_key(), key(&follow, "900719925474099301"));
}

/// The X Activity API reports each side with its own event type. An app must still receive the
/// event only once.
#[test]
fn an_event_delivered_under_two_types_has_one_key_in_the_conversation_scope() {
    let reported = |user: &str, event_type: &str, payload: &str| {
        event(format!(
            r#"{{"data":{{"event_uuid":"-{user}","event_type":"{event_type}","filter":{{"user_id":"{user}"}},"payload":{payload}}}}}"#
        ))
    };
    let message = r#"{"direct_message_events":[{"type":"message_create","id":"5","message_create":{"sender_id":"71","target":{"recipient_id":"82"}}}]}"#;
    let post = r#"{"id":"20","author_id":"71"}"#;
    for (types, payload) in [
        (["dm.sent", "dm.received"], message),
        (["post.create", "post.mention.create"], post),
        (["PostCreate", "post.reply.create"], post),
    ] {
        let (one, other) = (reported("71", types[0], payload), reported("82", types[1], payload));
        let same = SCOPES.map(|scope| one.delivery_key_in(scope) == other.delivery_key_in(scope));
        assert_eq!(same, [false, true, false, true], "{types:?}");
        let gone = reported("82", "post.delete", payload);
        assert!(SCOPES.iter().all(|&scope| one.delivery_key_in(scope) != gone.delivery_key_in(scope)), "{types:?}");
    }
}

/// An app may subscribe to two words and route by tag, so a post with both words is delivered for
/// both.
#[test]
fn a_post_for_two_keywords_has_two_keys() {
    let reported = |filter: &str| {
        event(format!(
            r#"{{"data":{{"event_uuid":"20","event_type":"post.create","filter":{filter},"payload":{{"id":"20"}}}}}}"#
        ))
    };
    let bees = reported(r#"{"keyword":"bees"}"#);
    for (filter, expected) in [
        (r#"{"keyword":"b\u0065es","direction":"inbound"}"#, [true, true, true, true]),
        (r#"{"keyword":"honey"}"#, [false, true, false, true]),
        (r#"{"user_id":"bees"}"#, [false, true, false, true]),
        (r#"{"user_id":"71","keyword":"bees"}"#, [false, true, false, true]),
    ] {
        let other = reported(filter);
        let delivery = SCOPES.map(|scope| bees.delivery_key_in(scope) == other.delivery_key_in(scope));
        let content = SCOPES.map(|scope| bees.content_key_in(scope) == other.content_key_in(scope));
        assert_eq!((delivery, content), (expected, expected), "{filter}");
    }
    // If there is a subscriber, the word is ignored, because the Account Activity API does not
    // report words.
    let theirs =
        [r#"{"user_id":"71"}"#, r#"{"user_id":"71","keyword":"bees"}"#].map(|filter| reported(filter).content_key());
    assert_eq!(theirs[0], theirs[1]);
}
