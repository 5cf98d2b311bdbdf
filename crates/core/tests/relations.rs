//! Follows, blocks, mutes and revocations, field by field.

use crate::support::{changed, deliver, event, fixture, value};
use birdhook_core::schema::v1::{Payload, Relation};
use birdhook_core::{ApiSource, Event, EventKind, Timestamp};
use serde_json::Value;

const ALL: [(&str, &str, EventKind, i64); 6] = [
    ("follow", "follow_events", EventKind::Followed, 1_677_000_001_222),
    ("unfollow", "follow_events", EventKind::Unfollowed, 1_677_000_002_333),
    ("block", "block_events", EventKind::Blocked, 1_677_000_003_444),
    ("unblock", "block_events", EventKind::Unblocked, 1_677_000_004_555),
    ("mute", "mute_events", EventKind::Muted, 1_677_000_005_666),
    ("unmute", "mute_events", EventKind::Unmuted, 1_677_000_006_777),
];

fn relation(event: &Event) -> Box<Relation<'_>> {
    match (event.kind(), event.v1()) {
        (EventKind::Followed, Payload::Follow(relation))
        | (EventKind::Unfollowed, Payload::Unfollow(relation))
        | (EventKind::Blocked, Payload::Block(relation))
        | (EventKind::Unblocked, Payload::Unblock(relation))
        | (EventKind::Muted, Payload::Mute(relation))
        | (EventKind::Unmuted, Payload::Unmute(relation)) => relation,
        (kind, payload) => panic!("{kind} is {payload:?}"),
    }
}

#[test]
fn a_relation_has_source_target_and_time() {
    for (name, array, kind, millis) in ALL {
        let event = event(fixture(name));
        assert_eq!((event.kind(), event.name(), event.app()), (kind, array, "bees"));
        assert_eq!(event.subscriber(), Some("900719925474099301"));
        assert_eq!(event.occurred_at(), Some(Timestamp::from_millis(millis)), "{name}");
        assert_eq!((event.api_source(), event.direction()), (ApiSource::AccountActivity, None));

        let relation = relation(&event);
        assert_eq!(relation.created_timestamp, event.occurred_at());
        let (source, target) = (relation.source.unwrap(), relation.target.unwrap());
        assert_eq!((source.id(), source.name.as_deref()), (Some("900719925474099301"), Some("Mara Quillfeather")));
        assert_eq!((target.id(), target.screen_name.as_deref()), (Some("48484848"), Some("ivolune")));
    }
}

#[test]
fn users_of_relations_have_their_own_shape() {
    let event = event(fixture("mute"));
    let user = relation(&event).source.unwrap();
    assert_eq!((user.id.as_deref(), user.id_str.as_deref()), (Some("900719925474099301"), None));
    assert_eq!((user.lang.as_deref(), user.time_zone.as_deref(), user.utc_offset), (Some(""), Some(""), Some(0.0)));
    assert_eq!((user.protected, user.verified, user.default_profile), (Some(true), Some(false), Some(true)));
    assert_eq!((user.followers_count, user.friends_count, user.listed_count), (Some(56), Some(12), Some(0)));
    assert_eq!((user.favourites_count, user.statuses_count), (Some(34), Some(78)));
    assert_eq!((user.location.as_deref(), user.description.as_deref()), (Some("Saltmarsh Quay"), Some("Paints gulls")));
    assert_eq!(user.url.as_deref(), Some("https://actor.example/x"));
    assert_eq!(user.created_at, Timestamp::parse("2019-07-01T10:00:00Z"));
    assert_eq!(user.profile_image_url.as_deref(), Some("null"), "X writes the string");
    assert_eq!(user.profile_image_url_https.as_deref(), Some("https://img.example/a_normal.png"));
    assert!(user.withheld_in_countries.is_empty());
}

/// Returns the fixture with its array renamed.
fn renamed(name: &str, array: &str, to: &str, kind: Option<Value>) -> String {
    let mut body = value(fixture(name));
    let mut elements = body.as_object_mut().unwrap().remove(array).unwrap();
    match kind {
        Some(kind) => elements[0]["type"] = kind,
        None => _ = elements[0].as_object_mut().unwrap().remove("type"),
    }
    body[to] = elements;
    body.to_string()
}

#[test]
fn separate_array_names_have_the_same_meaning() {
    for (name, array, kind, _) in ALL {
        let alias = format!("{name}_events");
        for own_type in [Some(name.into()), None, Some(Value::Null)] {
            let aliased = event(renamed(name, array, &alias, own_type));
            assert_eq!((aliased.kind(), aliased.name()), (kind, &*alias));
            assert_eq!(aliased.delivery_key(), event(fixture(name)).delivery_key(), "{name}: the same event");
        }
    }
    let opposite = event(renamed("unfollow", "follow_events", "unfollow_events", Some("follow".into())));
    assert_eq!(opposite.kind(), EventKind::Followed, "the type is the event's own word");
}

#[test]
fn a_type_of_another_array_is_unknown() {
    for (name, array, ..) in ALL {
        for odd in ["superfollow", "", "FOLLOW", "follow ", "like"] {
            let event = event(renamed(name, array, array, Some(odd.into())));
            assert_eq!((event.kind(), event.name()), (EventKind::Unknown, array), "{odd:?}");
            assert!(matches!(event.v1(), Payload::Unknown(raw) if value(raw.as_str())["type"] == odd));
        }
    }
    let mixed = event(renamed("follow", "follow_events", "block_events", Some("mute".into())));
    assert_eq!(mixed.kind(), EventKind::Unknown);
}

#[test]
fn a_relation_without_both_sides_is_unknown() {
    for (name, array, kind, _) in ALL {
        for side in ["source", "target"] {
            for to in ["\"oops\"", "null", "5", "[]", "{}", r#"{"id":null}"#, r#"{"id":{}}"#, r#"{"name":"x"}"#] {
                let event = event(changed(name, &format!("/{array}/0/{side}"), value(to)));
                assert_eq!(event.kind(), EventKind::Unknown, "{name} {side} = {to}");
                assert_eq!(value(event.raw().as_str())[side], value(to));
                assert_eq!(event.subscriber(), Some("900719925474099301"));
            }
            let numeric = event(changed(name, &format!("/{array}/0/{side}/id"), 9_007_199_254_740_993_u64));
            assert_eq!(numeric.kind(), kind, "{name} {side}");
        }
    }
}

#[test]
fn id_str_takes_precedence_over_id() {
    let body = changed("follow", "/follow_events/0/source/id_str", "77");
    let event = event(body);
    assert_eq!(relation(&event).source.unwrap().id(), Some("77"));
    let plain = crate::support::event(changed("follow", "/follow_events/0/source/id", "77"));
    assert_eq!(event.delivery_key(), plain.delivery_key());
}

#[test]
fn a_revocation() {
    let delivery = deliver(fixture("revoke"));
    assert_eq!(delivery.subscriber(), None, "the body names none");
    let event = &delivery.events()[0];
    assert_eq!((event.kind(), event.name()), (EventKind::AccessRevoked, "user_event"));
    assert_eq!((event.subscriber(), event.api_source()), (Some("900719925474099301"), ApiSource::AccountActivity));
    assert_eq!(event.occurred_at(), Some(Timestamp::from_millis(1_678_000_089_000)));
    assert_eq!(value(event.raw().as_str()), value(fixture("revoke"))["user_event"]["revoke"]);
    let Payload::Revoke(revocation) = event.v1() else { panic!("no revocation") };
    assert_eq!(revocation.date_time, event.occurred_at());
    assert_eq!(revocation.target.as_ref().unwrap().app_id.as_deref(), Some("55512"));
    assert_eq!(revocation.source.as_ref().unwrap().user_id.as_deref(), Some("900719925474099301"));
}

#[test]
fn a_user_event_that_is_not_a_revocation_is_unknown() {
    let revoke = value(fixture("revoke"))["user_event"]["revoke"].to_string();
    for (body, raw) in [
        (format!(r#"{{"user_event":{{"grant":{revoke}}}}}"#), &*revoke),
        (r#"{"user_event":{"revoke":{}}}"#.into(), "{}"),
        (r#"{"user_event":{"revoke":"oops"}}"#.into(), "\"oops\""),
        (r#"{"user_event":{"revoke":{"source":{"user_id":"1"}}}}"#.into(), r#"{"source":{"user_id":"1"}}"#),
        (r#"{"user_event":5}"#.into(), "5"),
        (r#"{"user_event":[{"revoke":1}]}"#.into(), r#"{"revoke":1}"#),
    ] {
        let event = event(&body);
        assert_eq!((event.kind(), event.name(), event.raw().as_str()), (EventKind::Unknown, "user_event", raw));
    }
    let both = deliver(format!(r#"{{"user_event":{{"grant":{{}},"revoke":{revoke}}}}}"#));
    let kinds: Vec<_> = both.events().iter().map(Event::kind).collect();
    assert_eq!(kinds, [EventKind::Unknown, EventKind::AccessRevoked]);
}
