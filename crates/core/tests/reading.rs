//! Values that an app reads from an event without parsing by hand, and values read back from JSON.

use std::fmt::Debug;

use birdhook_core::activity::Message;
use birdhook_core::schema::Text;
use birdhook_core::{Activity, ApiSource, Event, EventKey, EventKind, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::support::{all_fixtures, deliver, event, fixture, value};

/// Values as text, so that rows are short: text, actor, handle, target, post, message, conversation.
fn shortcuts(event: &Event) -> [Option<String>; 7] {
    [
        event.text().map(String::from),
        event.actor_id().map(String::from),
        event.actor_handle().map(String::from),
        event.target_id().map(String::from),
        event.post_id().map(String::from),
        event.message_id().map(String::from),
        event.conversation_id().map(String::from),
    ]
}

/// The report's members `text`, `actor`, `target` and `ids` come from the same activity, and are
/// documented.
#[test]
fn the_shortcuts_equal_the_members_of_the_report() {
    let mut seen = [0; 7];
    for (name, body) in all_fixtures() {
        for event in deliver(body).events() {
            let report = serde_json::to_value(event.report()).unwrap();
            let member = |pointer: &str| report.pointer(pointer).map(|value| value.as_str().unwrap().to_owned());
            let expected =
                ["/text", "/actor/id", "/actor/handle", "/target/id", "/ids/post", "/ids/message", "/ids/conversation"];
            let found = shortcuts(event);
            assert_eq!(found, expected.map(member), "{name}");
            seen.iter_mut().zip(found).for_each(|(seen, found)| *seen += usize::from(found.is_some()));
        }
    }
    assert!(seen.iter().all(|seen| *seen > 3), "too few fixtures have a value: {seen:?}");
}

#[test]
fn a_text_reads_as_text_and_prints_its_length() {
    let event = event(fixture("dm_received"));
    let text: Text<'_> = event.text().unwrap();
    let Activity::MessageReceived(message) = event.activity() else { panic!("not a message") };
    let written = message.text.as_deref().unwrap();
    let owned = written.to_owned();
    assert_eq!(format!("{text}"), written);
    assert_eq!(format!("{text:>200}"), format!("{written:>200}"));
    assert!(text == *written && text == written && text == owned);
    assert_eq!((text.as_str(), AsRef::<str>::as_ref(&text)), (written, written));
    assert_eq!(format!("{text:?}"), format!("Text({} bytes)", written.len()));
    assert_eq!(String::from(text.clone()), written);
    let text: Text<'static> = text.into_owned();
    drop(message);
    drop(event);
    assert!(!text.is_empty());
}

#[test]
fn an_owned_activity_outlives_its_event_and_equals_it() {
    for (name, body) in all_fixtures() {
        for event in deliver(body) {
            let json = serde_json::to_string(&event.activity()).unwrap();
            assert_eq!(event.activity().into_owned(), event.activity(), "{name}");
            let activity: Activity<'static> = event.activity().into_owned();
            drop(event);
            assert_eq!(serde_json::to_string(&activity).unwrap(), json, "{name}");
        }
    }
}

#[test]
fn the_json_of_an_activity_reads_back_as_the_same_activity() {
    let mut kinds = std::collections::BTreeSet::new();
    for (name, body) in all_fixtures() {
        for event in deliver(body).events() {
            let activity = event.activity();
            let json = serde_json::to_string(&activity).unwrap();
            kinds.insert(value(&json)["kind"].to_string());
            let read: Activity<'static> = serde_json::from_str(&json).unwrap_or_else(|why| panic!("{name}: {why}"));
            assert_eq!(read, activity, "{name}");
            let read: Activity<'static> = serde_json::from_value(value(&json)).unwrap();
            assert_eq!(value(&serde_json::to_string(&read).unwrap()), value(&json), "{name}");
        }
    }
    assert_eq!(kinds.len(), EventKind::ALL.len(), "a kind has no fixture: {kinds:?}");
}

#[test]
fn an_unknown_event_keeps_its_bytes_through_json() {
    let event = event(
        r#"{"for_user_id":"1","new_events":[{ "big": 1e999,  "n":123456789012345678901234567890 , "a":1,"a":2}]}"#,
    );
    let json = serde_json::to_string(&event.activity()).unwrap();
    let read: Activity<'static> = serde_json::from_str(&json).unwrap();
    assert_eq!(read, event.activity());
    let Activity::Unknown { raw } = read else { panic!("known") };
    assert_eq!(raw.as_str(), event.raw().as_str());
}

#[test]
fn absent_and_unknown_members_are_allowed_and_bad_values_are_errors() {
    let read = |json: serde_json::Value| serde_json::from_str::<Activity<'static>>(&json.to_string());
    let message = read(json!({ "kind": "message_sent", "later_member": { "a": [1] } })).unwrap();
    assert_eq!(message, Activity::MessageSent(Box::<Message<'_>>::default()));
    for (bad, expected) in [
        (json!({ "kind": "teleported" }), "unknown event kind \"teleported\""),
        (json!({ "post": {} }), "missing field `kind`"),
        (json!({ "kind": "unknown" }), "missing field `raw`"),
        (json!({ "kind": "liked", "post": { "id": 7 } }), "invalid type: integer `7`, expected a string"),
        (json!({ "kind": "message_sent", "attachment": { "type": "hologram" } }), "unknown type of an attachment"),
        (
            json!({ "kind": "message_sent", "attachment": { "type": "coordinate", "latitude": 1.5 } }),
            "a coordinate needs",
        ),
        (json!(["liked"]), "expected an object"),
    ] {
        let error = read(bad.clone()).unwrap_err().to_string();
        assert!(error.contains(expected), "{bad}: {error}");
    }
}

#[test]
fn kinds_keys_and_times_read_back_from_their_json() {
    fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
        let json = serde_json::to_string(value).unwrap();
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *value, "{json}");
    }
    EventKind::ALL.iter().for_each(check);
    ApiSource::ALL.iter().for_each(check);
    check(&EventKey::from([0xA7; 32]));
    for millis in [0, -1, 1_570_119_037_000, 1_570_119_037_123, i64::MIN, i64::MAX] {
        check(&Timestamp::from_millis(millis));
    }
    for (bad, expected) in [("\"x\"", "unknown event kind"), ("7", "invalid type")] {
        let error = serde_json::from_str::<EventKind>(bad).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(
        serde_json::from_str::<EventKey>("\"ab\"").is_err() && serde_json::from_str::<Timestamp>("\"noon\"").is_err()
    );
}
