//! Malformed members of an activity neither lose its event nor cause a panic.

use crate::support::broken::{self, check, write};
use crate::support::{Style, all_fixtures, arbitrary, deliver, event, value};
use birdhook_core::EventKind;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Returns the fixtures of the X Activity API, filtered streams and replays.
fn fixtures() -> Vec<(&'static str, &'static str)> {
    let is_newer = |name: &str| name.contains('/') && !name.ends_with(".aaa");
    all_fixtures().iter().copied().filter(|(name, _)| is_newer(name)).collect()
}

#[test]
fn a_member_of_another_type_does_not_lose_the_event() {
    replace_members(4);
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn no_type_in_any_member_loses_an_event() {
    replace_members(1);
}

/// Replaces each member of the fixtures with one in `every` of the wrong values.
fn replace_members(every: usize) {
    let further = [json!({"id": [], "data": {"id": null}})];
    let kind = |body: &Value| deliver(body.to_string()).events()[0].kind();
    let read = |what: &str, body: &Value| check(what, &deliver(write(body)));
    let tested = broken::replace_members(&fixtures(), every, further, kind, read);
    assert!(tested > 1000, "only {tested}");
}

/// A member that does not determine action, user or time changes neither the kind nor any key.
#[test]
fn members_that_do_not_identify_do_not_change_the_key() {
    for (name, body) in fixtures() {
        let read = |body: &Value| {
            let events = deliver(body.to_string()).into_events();
            events.iter().map(|e| (e.kind(), e.delivery_key(), e.content_key())).collect::<Vec<_>>()
        };
        let mut body = value(body);
        let expected = read(&body);
        for pointer in ["/errors", "/data/news_to_us", "/data/payload/news_to_us", "/data/tag", "/data/includes"] {
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            let Some(Value::Object(members)) = body.pointer_mut(parent) else { continue };
            members.insert(member.to_owned(), json!([{"id": "5", "title": "Something"}]));
            assert_eq!(read(&body), expected, "{name} {pointer}");
        }
    }
}

/// Applies to events without an id or a time too.
#[test]
fn json_style_does_not_change_a_key_without_an_id() {
    for (kind, payload) in [
        ("dm.indicate_typing", r#"{"sender_id":"3030","target":{"recipient_id":"4040"}}"#),
        ("dm.read", r#"{"sender_id":"3030","target":{"recipient_id":"4040"}}"#),
        ("follow.follow", r#"{"source":{"id":"3030"},"target":{"id":"4040"}}"#),
    ] {
        let body = json!({"data": {"event_uuid": "9", "event_type": kind, "filter": {"user_id": "4040"},
            "payload": value(payload)}});
        let key = |body: &str| event(body).delivery_key();
        for style in Style::ALL {
            assert_eq!(key(&style.write(&body)), key(&body.to_string()), "{kind} {style:?}");
        }
    }
}

/// Without other distinguishing data, two deliveries are two events: a user typed twice.
#[test]
fn two_events_without_a_time_have_two_delivery_keys() {
    let people = r#"{"sender_id":"3030","target":{"recipient_id":"4040"}}"#;
    for (kind, payload) in [
        ("dm.indicate_typing", people.to_owned()),
        ("dm.indicate_typing", format!(r#"{{"direct_message_indicate_typing_events":[{people}]}}"#)),
        ("dm.read", people.to_owned()),
        ("block.block", r#"{"source":{"id":"3030"},"target":{"id":"4040"}}"#.to_owned()),
    ] {
        let event_with = |uuid: &str| {
            event(format!(
                r#"{{"data":{{"event_uuid":"{uuid}","event_type":"{kind}","filter":{{"user_id":"4040"}},
                    "payload":{payload}}}}}"#
            ))
        };
        assert_ne!(event_with("1").delivery_key(), event_with("2").delivery_key(), "{kind} {payload}");
        assert_eq!(event_with("1").delivery_key(), event_with("1").delivery_key(), "{kind} {payload}");
    }
}

/// Generates arbitrary JSON in the form of an activity, a filtered stream or a replay.
fn activities() -> impl Strategy<Value = Value> {
    let types = prop_oneof![
        4 => "post\\.create|post\\.delete|like\\.create|follow\\.follow|block\\.block|dm\\.sent|dm\\.read|\
            dm\\.indicate_typing|oauth\\.revoke|profile\\.update\\.bio|chat\\.received|chat\\.conversation\\.join|\
            spaces\\.end|broadcast\\.start|broadcast\\.chat|news\\.new|ProfileBioUpdate".prop_map(Value::from),
        1 => arbitrary::json(),
    ];
    let optional = || prop::option::of(arbitrary::json());
    let data = (types, arbitrary::object(), optional(), optional(), optional());
    (data, arbitrary::object(), optional(), any::<bool>()).prop_map(
        |((kind, payload, filter, uuid, includes), mut body, rules, is_activity)| {
            let mut data = if is_activity { json!({"payload": payload}) } else { payload };
            for (name, inner) in [("filter", filter), ("event_uuid", uuid), ("includes", includes)] {
                if let Some(inner) = inner {
                    data[name] = inner;
                }
            }
            if is_activity {
                data["event_type"] = kind;
            }
            body["data"] = data;
            if let Some(rules) = rules {
                body["matching_rules"] = rules;
            }
            body
        },
    )
}

proptest! {
    #![proptest_config(birdhook_test_harness::seed::property())]

    #[test]
    fn any_object_survives(body in activities(), style in 0..3usize) {
        let delivery = deliver(body.to_string());
        check(&body.to_string(), &delivery);
        let styled = Style::ALL[style].write(&body);
        let again = deliver(&styled);
        check(&styled, &again);
        prop_assert_eq!(again.body().as_str(), &*styled);
        prop_assert_eq!(again.events().len(), delivery.events().len());
    }

    #[test]
    fn any_object_survives_as_a_payload(payload in arbitrary::json(), at in any::<prop::sample::Index>()) {
        let all = fixtures();
        let (name, body) = &all[at.index(all.len())];
        let mut body = value(body);
        if let Some(place) = body.pointer_mut("/data/payload") {
            *place = payload;
            check(name, &deliver(body.to_string()));
        }
    }
}

/// A shared `event_uuid` must not merge several events into one.
#[test]
fn two_people_typing_in_one_payload_are_two_events() {
    let typing = |who: &str| format!(r#"{{"sender_id":"{who}","target":{{"recipient_id":"7"}}}}"#);
    let body = format!(
        r#"{{"data":{{"event_uuid":"5","event_type":"dm.indicate_typing","filter":{{"user_id":"7"}},"payload":{{
            "direct_message_indicate_typing_events":[{},{}]}}}}}}"#,
        typing("8"),
        typing("9")
    );
    let delivery = deliver(&body);
    let [one, other] = delivery.events() else { panic!("not two") };
    assert_eq!((one.kind(), other.kind()), (EventKind::Typing, EventKind::Typing));
    assert_ne!(one.delivery_key(), other.delivery_key());
}
