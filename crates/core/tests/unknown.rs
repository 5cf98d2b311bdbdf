//! Unknown data is never lost: several arrays, new kinds, malformed elements.

use crate::support::{SECRET, deliver, endpoint_with, event, fixture, post_signed, secret, value};
use birdhook_core::schema::v1::Payload;
use birdhook_core::{ApiSource, DedupeScope, EventKind};

#[test]
fn events_keep_the_order_of_the_body() {
    let delivery = deliver(fixture("several"));
    assert_eq!(delivery.subscriber(), Some("2200440066008801"), "the member follows the arrays");
    let seen: Vec<_> = delivery.events().iter().map(|event| (event.kind(), event.name())).collect();
    assert_eq!(
        seen,
        [
            (EventKind::PostCreated, "tweet_create_events"),
            (EventKind::PostCreated, "tweet_create_events"),
            (EventKind::PostDeleted, "tweet_delete_events"),
            (EventKind::Liked, "favorite_events"),
        ]
    );
    let body = value(fixture("several"));
    for (event, pointer) in delivery.events().iter().zip([
        "/tweet_create_events/0",
        "/tweet_create_events/1",
        "/tweet_delete_events/0",
        "/favorite_events/0",
    ]) {
        assert_eq!(value(event.raw().as_str()), *body.pointer(pointer).unwrap(), "{pointer}");
        assert_eq!((event.subscriber(), event.app()), (Some("2200440066008801"), "bees"));
        assert_eq!(event.body().as_str(), fixture("several"));
    }
}

#[test]
fn a_repeated_array_is_read_twice() {
    let body = r#"{"tweet_create_events":[{"id_str":"1"}],"for_user_id":"7","tweet_create_events":[{"id_str":"2"}]}"#;
    let raw: Vec<_> = deliver(body).into_iter().map(|event| event.raw().as_str().to_owned()).collect();
    assert_eq!(raw, [r#"{"id_str":"1"}"#, r#"{"id_str":"2"}"#]);
}

#[test]
fn the_last_of_repeated_members_counts() {
    let body = r#"{"for_user_id":"1","for_user_id":"2","tweet_create_events":[{"id_str":"3","id_str":"4"}]}"#;
    let twice = event(body);
    assert_eq!(twice.subscriber(), Some("2"));
    assert_eq!(
        twice.delivery_key(),
        event(r#"{"for_user_id":"2","tweet_create_events":[{"id_str":"4"}]}"#).delivery_key()
    );
}

#[test]
fn a_raw_event_has_the_bytes_of_the_body() {
    let raw = "{ \"id_str\" :\t\"1\" ,\r\n\"text\":\"a\\/b \\u00e9 \\ud83d\\udc1d é\", \"x\" : [ 1.0e5 , 1E999 ] }";
    let body = format!("\n{{ \"tweet_create_events\" : [ {raw} , {raw} ] , \"for_user_id\":\"7\"}} ");
    let delivery = deliver(&body);
    assert_eq!(delivery.events().len(), 2);
    for event in delivery.events() {
        assert_eq!((event.kind(), event.raw().as_str()), (EventKind::PostCreated, raw));
        assert_eq!(serde_json::to_string(event).unwrap(), raw);
        assert_eq!(serde_json::to_string(&[event, event]).unwrap(), format!("[{raw},{raw}]"));
        assert_eq!(event.body().as_str(), body);
    }
}

#[test]
fn new_arrays_are_unknown_events_with_their_bytes() {
    let body = r#"{"for_user_id":"7","superfollow_events":[{"a":1}, {"b":2}],"list_events":[],"list_notes":[{"c":3}]}"#;
    let events = deliver(body).into_events();
    let seen: Vec<_> = events.iter().map(|event| (event.kind(), event.name(), event.raw().as_str())).collect();
    assert_eq!(
        seen,
        [
            (EventKind::Unknown, "superfollow_events", r#"{"a":1}"#),
            (EventKind::Unknown, "superfollow_events", r#"{"b":2}"#),
        ]
    );
    for event in &events {
        assert_eq!((event.subscriber(), event.api_source()), (Some("7"), ApiSource::AccountActivity));
        assert!(matches!(event.v1(), Payload::Unknown(raw) if raw == event.raw()));
        assert_eq!(event.occurred_at(), None);
    }
    assert_ne!(events[0].delivery_key(), events[1].delivery_key());
}

#[test]
fn invalid_elements_do_not_hide_the_others() {
    let good = r#"{"id_str":"1"}"#;
    for broken in ["5", "null", "\"oops\"", "[]", "[{}]", "{}", "true", "1e999", r#"{"id":null}"#, r#"{"id_str":[]}"#] {
        let body = format!(r#"{{"for_user_id":"7","tweet_create_events":[{good},{broken},{good}]}}"#);
        let events = deliver(&body).into_events();
        let seen: Vec<_> = events.iter().map(|event| (event.kind(), event.raw().as_str())).collect();
        let (post, unknown) = (EventKind::PostCreated, EventKind::Unknown);
        assert_eq!(seen, [(post, good), (unknown, broken), (post, good)]);
        assert_eq!(events[1].name(), "tweet_create_events");
        assert_eq!(serde_json::to_string(&events[1]).unwrap(), broken);
    }
}

#[test]
fn a_value_in_place_of_an_array_is_one_event() {
    for (odd, kind) in [
        ("5", EventKind::Unknown),
        ("\"oops\"", EventKind::Unknown),
        ("true", EventKind::Unknown),
        ("{}", EventKind::Unknown),
        ("1e999", EventKind::Unknown),
        (r#"{"id_str":"1"}"#, EventKind::PostCreated),
    ] {
        let event = event(format!(r#"{{"for_user_id":"7","tweet_create_events":{odd}}}"#));
        assert_eq!((event.kind(), event.raw().as_str(), event.name()), (kind, odd, "tweet_create_events"));
    }
}

#[test]
fn an_object_without_events_is_one_unknown_event_of_all_its_bytes() {
    for (body, generation) in [
        ("{}", ApiSource::Unknown),
        (" { } ", ApiSource::Unknown),
        (r#"{"hello":"world"}"#, ApiSource::Unknown),
        (r#"{"events":[{"a":1}]}"#, ApiSource::Unknown),
        (r#"{"data":{"no_event_type":"something.new","payload":{}}}"#, ApiSource::Unknown),
        (r#"{"users":{},"apps":{},"user_has_blocked":true}"#, ApiSource::Unknown),
        (r#"{"for_user_id":"7"}"#, ApiSource::AccountActivity),
        (r#"{"tweet_create_events":[]}"#, ApiSource::AccountActivity),
        (r#"{"for_user_id":"7","tweet_create_events":[]}"#, ApiSource::AccountActivity),
        (r#"{"for_user_id":"7","tweet_create_events":null,"user_event":{}}"#, ApiSource::AccountActivity),
    ] {
        let (event, json) = (event(body), body.trim());
        assert_eq!((event.kind(), event.name(), event.raw().as_str()), (EventKind::Unknown, "", json));
        assert_eq!((event.api_source(), event.body().as_str()), (generation, body));
        assert!(matches!(event.v1(), Payload::Unknown(raw) if raw.as_str() == json));
        assert_eq!(serde_json::to_string(&event).unwrap(), json);
    }
}

#[test]
fn an_unknown_event_is_the_same_for_the_same_bytes_only() {
    let key = |body: &str| event(body).delivery_key_in(DedupeScope::Everywhere);
    let body = r#"{"for_user_id":"7","x_events":[{"a":1}]}"#;
    assert_eq!(key(body), key(body));
    assert_eq!(key(body), key(r#"{"for_user_id":"8","x_events":[ {"a":1} ]}"#), "its own bytes, not the body's");
    assert_ne!(key(body), key(r#"{"for_user_id":"7","x_events":[{"a":2}]}"#));
    assert_ne!(key(body), key(r#"{"for_user_id":"7","y_events":[{"a":1}]}"#));
    assert_ne!(event(body).delivery_key(), event(r#"{"for_user_id":"8","x_events":[{"a":1}]}"#).delivery_key());
}

#[test]
fn numbers_out_of_range_are_not_ids() {
    for id in ["1.5", "-0.0", "18446744073709551616", "1e3", "true"] {
        let event = event(format!(r#"{{"tweet_create_events":[{{"id":{id}}}]}}"#));
        assert_eq!(event.kind(), EventKind::Unknown, "{id}");
    }
    for id in ["18446744073709551615", "0", "-9223372036854775808", "-5"] {
        let event = event(format!(r#"{{"tweet_create_events":[{{"id":{id}}}]}}"#));
        assert_eq!(event.kind(), EventKind::PostCreated, "{id}");
        let Payload::TweetCreate(tweet) = event.v1() else { panic!("{id}") };
        assert_eq!(tweet.id(), Some(id));
    }
}

/// Halves of a surrogate pair from a truncated text: valid JSON, although no Rust string can hold
/// them.
#[test]
fn half_an_emoji_does_not_lose_the_event() {
    for body in [
        r#"{"for_user_id":"7","tweet_create_events":[{"id_str":"1","text":"cut \ud83d"}]}"#,
        r#"{"for_user_id":"7","tweet_create_events":[{"id_str":"1","\ud83d":1}]}"#,
        r#"{"for_user_id":"\ud83d","tweet_create_events":[{"id_str":"1"}]}"#,
        r#"{"for_user_id":"7","tweet_create_events":["\ud83d"]}"#,
        r#"{"for_user_id":"7","users":{"\ud83d":{}},"tweet_create_events":[{"id_str":"1"}]}"#,
    ] {
        let event = event(body);
        assert!(body.contains(event.raw().as_str()));
        assert_eq!(serde_json::to_string(&event).unwrap(), event.raw().as_str());
        let _ = (event.v1(), event.user("1"));
    }
}

/// The same in the name of a member of the body or of its `user_event`.
#[test]
fn half_an_emoji_in_a_member_name_does_not_lose_the_event() {
    for body in [
        r#"{"for_user_id":"7","\ud83d":1,"tweet_create_events":[{"id_str":"1"}]}"#,
        r#"{"for_user_id":"7","user_event":{"\ud83d":{}}}"#,
    ] {
        assert_eq!(event(body).subscriber(), Some("7"), "{body}");
    }
}

/// Inside `user_event` only `revoke` is known, even if another member has the name of an array.
#[test]
fn a_user_event_is_not_read_as_an_array() {
    let follow = r#"{"type":"follow","source":{"id":"1"},"target":{"id":"2"},"created_timestamp":"5"}"#;
    let event = event(format!(r#"{{"user_event":{{"follow_events":{follow}}}}}"#));
    assert_eq!((event.kind(), event.name(), event.raw().as_str()), (EventKind::Unknown, "user_event", follow));
}

/// A type that is not text is unknown: an unfollow must not be read as a follow.
#[test]
fn a_type_that_is_a_number_is_unknown() {
    let relation = r#"{"type":5,"source":{"id":"1"},"target":{"id":"2"},"created_timestamp":"5"}"#;
    assert_eq!(event(format!(r#"{{"for_user_id":"1","follow_events":[{relation}]}}"#)).kind(), EventKind::Unknown);
}

/// More events than the limit would keep a server busy for one request. They are delivered together
/// as one unknown event.
#[test]
fn a_body_of_too_many_events_is_one_unknown_event() {
    let endpoint = endpoint_with(secret(SECRET), |settings| settings.event_limit = 3);
    for (events, expected) in [(3, 3), (4, 1), (500_000, 1)] {
        let body = format!(r#"{{"nest_events":[{}0]}}"#, "0,".repeat(events - 1));
        let delivery = post_signed(&endpoint, SECRET, body.as_bytes()).unwrap();
        assert_eq!(delivery.events().len(), expected);
        assert_eq!(delivery.events()[0].raw().as_str() == body, expected == 1);
    }
}
