//! Events written as messages and read back.

use crate::corpora::corpus;
use crate::support::{all_fixtures, arbitrary, deliver, fixture, try_deliver};
use birdhook_core::codec::{DecodeError, EncodedEvent, Format, read};
use birdhook_core::{DedupeScope, Delivery, Event, EventKey};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

const FORMATS: [Format; 2] = [Format::Plain, Format::CloudEvents];

fn attribute<'m>(message: &'m EncodedEvent, name: &str) -> Option<&'m str> {
    message.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn written_and_read(event: &Event, format: Format) -> Event {
    let message = format.write(event);
    assert_eq!(attribute(&message, "key").unwrap().parse::<EventKey>(), Ok(event.dedupe_key()));
    let read = read(message.payload.clone(), |name| attribute(&message, name)).unwrap();
    assert_eq!(read.dedupe_key(), event.dedupe_key());
    read
}

fn assert_same(one: &Event, other: &Event) {
    assert_eq!((one.kind(), one.name(), one.api_source()), (other.kind(), other.name(), other.api_source()));
    assert_eq!(
        (one.app(), one.subscriber(), one.occurred_at()),
        (other.app(), other.subscriber(), other.occurred_at())
    );
    assert_eq!(one.raw(), other.raw());
    for scope in [DedupeScope::Subscription, DedupeScope::Everywhere] {
        assert_eq!(one.delivery_key_in(scope), other.delivery_key_in(scope));
        assert_eq!(one.content_key_in(scope), other.content_key_in(scope));
    }
    let report = |event: &Event| serde_json::to_string(&event.report().with_raw()).unwrap();
    assert_eq!(report(one), report(other), "the reports differ");
    assert_eq!(one.user_has_blocked(), other.user_has_blocked());
    assert_eq!((one.tag(), one.event_uuid()), (other.tag(), other.event_uuid()));
}

fn assert_survives(delivery: &Delivery) {
    for event in delivery {
        for format in FORMATS {
            assert_same(event, &written_and_read(event, format));
        }
        let message = Format::Plain.write(event);
        if attribute(&message, "sent").is_none() {
            let alone = Delivery::restore("bees", message.payload.clone(), 10).unwrap();
            assert_eq!(alone.events().len(), 1, "the body contains another event");
        }
    }
}

#[test]
fn every_fixture_survives_writing_and_reading() {
    let corpora = ["activity", "envelope", "payloads"].map(|target| corpus(target, 1)).concat();
    let fixtures = all_fixtures().iter().map(|(_, body)| body.as_bytes());
    let delivered = fixtures.chain(corpora.iter().map(Vec::as_slice)).filter_map(|body| try_deliver(body).ok());
    let read = delivered.inspect(assert_survives).count();
    assert!(read > 140, "only {read} bodies were read");
}

proptest! {
    #![proptest_config(birdhook_test_harness::seed::property())]

    #[test]
    fn any_body_survives_writing_and_reading(body in arbitrary::object()) {
        assert_survives(&deliver(body.to_string()));
    }

    #[test]
    fn several_events_in_any_body_survive(first in arbitrary::object(), second in arbitrary::json(), rest in arbitrary::object()) {
        let mut body = rest;
        body["tweet_create_events"] = json!([first, {"id_str": "1", "user": {"id_str": "7"}}]);
        body["new_kind_events"] = json!([second]);
        assert_survives(&deliver(body.to_string()));
    }
}

#[test]
fn a_position_outside_of_the_body_is_rejected() {
    let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#;
    let cloud =
        |sent: &str| format!(r#"{{"specversion":"1.0","birdhookapp":"bees","data":{{"body":{body},"sent":{sent}}}}}"#);
    for (content_type, sent, payload, is_good) in [
        ("application/json", "0", body.to_owned(), false),
        ("application/json", "1", body.to_owned(), true),
        ("application/cloudevents+json", "1", cloud("0"), false),
        ("application/cloudevents+json", "1", cloud("1"), true),
    ] {
        let attribute = |name: &str| match name {
            "app" => Some("bees"),
            "content_type" => Some(content_type),
            "sent" => Some(sent),
            _ => None,
        };
        let read = read(Bytes::from(payload), attribute);
        assert_eq!(
            read.map(|event| event.name().to_owned()),
            is_good.then(|| "tweet_delete_events".to_owned()).ok_or(DecodeError::Payload)
        );
    }
}

#[test]
fn a_large_body_is_not_written_with_each_event() {
    let likes: Vec<_> = (0..500).map(|n| json!({"id": format!("like{n}"), "user": {"id_str": "8"}})).collect();
    let body = json!({"for_user_id": "7", "users": {"8": {"id": "8"}}, "favorite_events": likes, "follow_events": []});
    let delivery = deliver(body.to_string());
    let bytes: usize = delivery.events().iter().map(|event| Format::Plain.write(event).payload.len()).sum();
    assert!(bytes < 10 * body.to_string().len(), "{bytes} bytes");
    let message = Format::Plain.write(&delivery.events()[3]);
    let alone: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(alone, json!({"for_user_id": "7", "users": {"8": {"id": "8"}}, "favorite_events": [likes[3]]}));
    assert_eq!((attribute(&message, "position"), attribute(&message, "sent")), (None, None));
}

/// If thousands of events share data, each message carries only the data that its event refers to.
#[test]
fn large_shared_members_are_not_written_with_each_event() {
    let message = |n: usize| {
        let create = json!({"sender_id": n.to_string(), "target": {"recipient_id": "7"}, "source_app_id": "a"});
        json!({"id": n.to_string(), "created_timestamp": "1700000000000", "message_create": create})
    };
    let users = (0..200).map(|n| (n.to_string(), json!({"id": n.to_string(), "name": format!("user {n}")})));
    let body = json!({
        "for_user_id": "7",
        "user_has_blocked": false,
        "meta": {"replay": true},
        "users": users.collect::<serde_json::Map<_, _>>(),
        "apps": {"a": {"id": "a", "name": "an app"}, "b": {"id": "b"}},
        "more": "x".repeat(10_000),
        "direct_message_events": (0..200).map(message).collect::<Vec<_>>(),
    });
    let delivery = deliver(body.to_string());
    assert_survives(&delivery);
    let event = &delivery.events()[3];
    let alone: Value = serde_json::from_slice(&Format::Plain.write(event).payload).unwrap();
    let expected = json!({
        "for_user_id": "7",
        "user_has_blocked": false,
        "meta": {"replay": true},
        "users": {"3": body["users"]["3"], "7": body["users"]["7"]},
        "apps": {"a": body["apps"]["a"]},
        "direct_message_events": [message(3)],
    });
    assert_eq!(alone, expected);
}

#[test]
fn events_outside_of_arrays_are_separated_too() {
    let revoke = |n: usize| {
        format!(
            r#""user_event":{{"revoke":{{"source":{{"user_id":"{n}"}},"target":{{"app_id":"1"}}}},"other":{{"n":{n}}}}}"#
        )
    };
    let like = |n: usize| format!(r#""favorite_events":{{"id":"{n}"}},"new_kind_events":{n}"#);
    let members: Vec<_> = (0..50).flat_map(|n| [revoke(n), like(n)]).collect();
    let delivery = deliver(format!(r#"{{"x":"{}",{},"user_event":[1]}}"#, "x".repeat(1000), members.join(",")));
    assert_eq!(delivery.events().len(), 201);
    assert_survives(&delivery);
    for event in &delivery {
        let message = Format::Plain.write(event);
        assert!(attribute(&message, "sent").is_none() && message.payload.len() < 100, "{}", event.name());
    }
}

#[test]
fn a_body_with_one_event_is_not_copied() {
    let delivery = deliver(fixture("tweet_mention"));
    let event = &delivery.events()[0];
    let message = Format::Plain.write(event);
    assert_eq!(message.payload.as_ptr(), event.body().as_str().as_ptr());
}

#[test]
fn facts_contain_what_most_consumers_need() {
    let delivery = deliver(
        r#"{"for_user_id":"7","favorite_events":[{"id":"a","timestamp_ms":1700000000123,"user":{"id_str":"8"},"favorited_status":{"id_str":"9","user":{"id_str":"7"}}}]}"#,
    );
    let event = &mut delivery.clone().into_events()[0];
    event.set_dedupe_key(event.content_key());
    let message = Format::Plain.write(event);
    let expected = [
        ("app", "bees"),
        ("content_type", "application/json"),
        ("generation", "account_activity"),
        ("key", &event.content_key().to_string()),
        ("kind", "liked"),
        ("name", "favorite_events"),
        ("subscriber", "7"),
        ("actor", "8"),
        ("target", "7"),
        ("post", "9"),
        ("occurred_at", "2023-11-14T22:13:20.123Z"),
    ];
    let attributes: Vec<_> = message.attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(attributes, expected);
}

#[test]
fn a_cloud_event_follows_the_specification() {
    let delivery = deliver(fixture("tweet_mention"));
    let event = &delivery.events()[0];
    let message = Format::CloudEvents.write(event);
    let written: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(written["specversion"], "1.0");
    assert_eq!(written["id"], event.delivery_key().to_string());
    assert_eq!(written["source"], "/birdhook/apps/bees");
    assert_eq!(written["type"], "birdhook.post_created");
    assert_eq!(written["subject"], event.subscriber().unwrap());
    assert_eq!(written["time"], event.occurred_at().unwrap().to_string());
    assert_eq!(written["datacontenttype"], "application/json");
    assert_eq!(written["data"]["event"]["activity"]["kind"], "post_created");
    assert_eq!(written["data"]["body"], crate::support::value(event.body().as_str()));
    // Attribute names are lower-case letters and digits, and no attribute is null or empty.
    for (name, value) in written.as_object().unwrap() {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
        assert!(!value.is_null() && value != "", "{name}");
    }
}

#[test]
fn a_message_in_another_form_is_rejected() {
    let body = Bytes::from_static(br#"{"for_user_id":"7"}"#);
    assert_eq!(read(body.clone(), |_| None).unwrap_err(), DecodeError::Fact("app"));
    let with = |name: &'static str, value: &'static str| {
        read(body.clone(), move |attribute| match attribute {
            "app" => Some("shop"),
            attribute if attribute == name => Some(value),
            _ => None,
        })
    };
    assert_eq!(with("position", "-1").unwrap_err(), DecodeError::Fact("position"));
    assert_eq!(with("position", "1").unwrap_err(), DecodeError::Payload);
    assert_eq!(with("sent", "x").unwrap_err(), DecodeError::Fact("sent"));
    assert_eq!(with("content_type", "application/cloudevents+json; charset=utf-8").unwrap_err(), DecodeError::Payload);
    assert!(with("content_type", "text/plain").is_ok());
    assert_eq!(with("key", "00").unwrap_err(), DecodeError::Fact("key"));
    for key in ["", "00", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"é".repeat(32)] {
        let error = key.parse::<EventKey>().unwrap_err();
        assert_eq!(DecodeError::from(error), DecodeError::Fact("key"), "{key}");
    }
}

#[test]
fn a_stored_dedupe_key_is_written_and_read_in_each_format() {
    let delivery = deliver(fixture("tweet_mention"));
    let mut event = delivery.events()[0].clone();
    let key = EventKey::from([7; 32]);
    event.set_dedupe_key(key);
    for format in FORMATS {
        let message = format.write(&event);
        assert_eq!(attribute(&message, "key"), Some(&*key.to_string()));
        assert_eq!(written_and_read(&event, format).dedupe_key(), key);
        let without_key = |name: &str| attribute(&message, name).filter(|_| name != "key");
        assert_eq!(read(message.payload.clone(), without_key).unwrap().dedupe_key(), event.delivery_key());
    }
    let message = Format::CloudEvents.write(&event);
    assert_eq!(serde_json::from_slice::<Value>(&message.payload).unwrap()["id"], key.to_string());
}

/// Other members of the body may contain data about an event, or events that are not in an array.
#[test]
fn events_of_several_shapes_in_one_body_survive() {
    let posts = r#""tweet_create_events":[{"id_str":"1","user":{"id_str":"8"}},{"id_str":"2"}]"#;
    for beside in [
        r#""data":{"event_type":"like.create","event_uuid":"5","filter":{"user_id":"9"},"payload":{"id":"3"}}"#,
        r#""data":{"id":"3","text":"a"},"matching_rules":[{"id":"4"}]"#,
        r#""for_user_id":"7","replay_job_status":{"job_id":"3","job_state":"Complete"}"#,
        r#""user_event":{"revoke":{"date_time":"2018-05-24T09:48:12+00:00","target":{"app_id":"1"},"source":{"user_id":"7"}}}"#,
        r#""for_user_id":"7","follow_events":{"type":"follow","source":{"id":"8"},"target":{"id":"7"}}"#,
        r#""for_user_id":"7","follow_events":null,"mute_events":[],"favorite_events":[{"id":"a"}]"#,
        r#""for_user_id":"6","for_user_id":"7","tweet_create_events":[{"id_str":"3"}]"#,
        r#""for_user_id":"7","user_has_blocked":true,"tweet_create\u005fevents":[{"id_str":"3"}],"\ud800":1"#,
    ] {
        for body in [format!("{{{posts},{beside}}}"), format!("{{{beside},{posts}}}")] {
            let delivery = deliver(&body);
            assert!(delivery.events().len() > 1, "{body}");
            assert_survives(&delivery);
        }
    }
}
