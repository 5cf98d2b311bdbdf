//! Messages, reading and typing from the X Activity API, whether the event type precedes or follows
//! the payload.

use crate::support::{SECRET, deliver, endpoint_with, fixture, post_signed, secret, value};
use birdhook_core::{Delivery, Event, EventKind};
use serde_json::Value;

const TOLD: &str =
    "dm.received dm.received.several dm.sent dm.read dm.read.flat dm.indicate_typing dm.indicate_typing.flat";

/// Returns the event type, the payload and the remaining members of a fixture's data, each followed
/// by a comma.
fn parts(name: &str) -> [String; 3] {
    let body = value(fixture(name));
    let Some(Value::Object(mut data)) = body.get("data").cloned() else { unreachable!("{name}") };
    let mut member = |name: &str| format!(r#""{name}":{},"#, data.remove(name).unwrap());
    let (event_type, payload) = (member("event_type"), member("payload"));
    let rest = data.iter().map(|(name, value)| format!(r#""{name}":{value},"#)).collect();
    [event_type, payload, rest]
}

fn body(members: &[&str]) -> String {
    format!(r#"{{"data":{{{}}}}}"#, members.concat().trim_end_matches(','))
}

/// Returns everything that must not depend on the order of members.
fn summary(delivery: &Delivery) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
    let events = delivery.events().iter().map(|event| {
        let keys = (event.delivery_key(), event.content_key());
        let who = (event.subscriber().map(str::to_owned), event.direction(), event.source_app_id().map(str::to_owned));
        (
            keys,
            who,
            event.kind(),
            event.name().to_owned(),
            event.occurred_at(),
            serde_json::to_value(event.activity()).unwrap(),
        )
    });
    events.collect()
}

#[test]
fn the_position_of_the_event_type_does_not_matter() {
    for name in TOLD.split(' ') {
        let name = &*format!("xaa/{name}");
        let [event_type, payload, rest] = parts(name);
        let expected = summary(&deliver(fixture(name)));
        let other = r#""payload":{"direct_message_events":[{"id":"9"}]},"#;
        let [like, typing] = ["like.create", "dm.indicate_typing"].map(|other| format!(r#""event_type":"{other}","#));
        for members in [
            [&*event_type, &payload, &rest].as_slice(),
            &[&payload, &event_type, &rest],
            &[&rest, &payload, &event_type],
            // Of a repeated member, the last one is used.
            &[&event_type, other, &payload, &rest],
            &[other, &event_type, &payload, &rest],
            &[&event_type, &payload, &rest, r#""payload":5,"#, &payload],
            &[&like, &payload, &event_type, &rest],
            &[&typing, &payload, &rest, &event_type],
        ] {
            let body = body(members);
            let delivery = deliver(&body);
            assert_eq!(summary(&delivery), expected, "{name}: {body}");
            let raws = delivery.events().iter().all(|event| body.contains(event.raw().as_str()));
            assert!(raws, "{name}: {body}");
        }
        let none = r#""payload":5,"#;
        let [first, alone] = [[&*event_type, &payload, none, &rest].as_slice(), &[&event_type, none, &rest]].map(body);
        let kinds = |body: &str| deliver(body).events().iter().map(Event::kind).collect::<Vec<_>>();
        assert_eq!(kinds(&first), kinds(&alone), "{name}");
        assert_eq!(deliver(&first).events()[0].occurred_at(), None, "{name}: of the payload that does not count");
    }
}

#[test]
fn a_later_event_type_of_another_kind_reads_the_payload_again() {
    let message = r#""event_type":"dm.received","payload":{"id":"7","user_id":"5"},"#;
    let like = deliver(body(&[message, r#""event_type":"like.create""#]));
    assert_eq!(
        summary(&like),
        summary(&deliver(r#"{"data":{"event_type":"like.create","payload":{"id":"7","user_id":"5"}}}"#))
    );
    assert_eq!(like.events()[0].kind(), EventKind::Liked);
    let one = r#"{"source":{"id":"1"},"target":{"id":"2"}}"#;
    let payload = format!(r#""payload":{{"source":{{"id":"3"}},"target":{{"id":"4"}},"follow_events":[{one}]}},"#);
    let follow = r#""event_type":"follow.follow","event_uuid":"9","#;
    let [before, behind] = [[follow, &payload].as_slice(), &[r#""event_type":"dm.sent","#, &payload, follow]].map(body);
    assert_eq!(summary(&deliver(behind)), summary(&deliver(before)), "it is the only member");
}

#[test]
fn a_payload_of_too_many_messages_is_one_unknown_event() {
    let endpoint = endpoint_with(secret(SECRET), |settings| settings.event_limit = 3);
    let event_type = r#""event_type":"dm.received","#;
    for (outside, inside, expected) in [(0, 3, 3), (0, 4, 1), (1, 2, 3), (1, 3, 1), (3, 1, 1), (0, 100_000, 1)] {
        let events = |count: usize| vec!["0"; count].join(",");
        let payload = format!(r#""payload":{{"direct_message_events":[{}]}},"#, events(inside));
        let outer = format!(r#""tweet_create_events":[{}]"#, events(outside));
        for data in [body(&[event_type, &payload]), body(&[&payload, event_type])] {
            let data = data.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
            for body in [format!("{{{outer},{data}}}"), format!("{{{data},{outer}}}")] {
                let delivery = post_signed(&endpoint, SECRET, body.as_bytes()).unwrap();
                let kinds = delivery.events().iter().map(Event::kind).collect::<Vec<_>>();
                assert_eq!(kinds.len(), expected, "{outside} outside, {inside} inside, {body:.100}");
                assert_eq!(kinds == [EventKind::Unknown], expected == 1, "{outside}, {inside}: {kinds:?}");
            }
        }
    }
}

/// Each event would carry the whole activity as its raw JSON, and the whole body to a queue.
#[test]
fn an_activity_of_thousands_of_events_is_one_unknown() {
    let typing = vec![r#"{"sender_id":"1","target":{"recipient_id":"2"}}"#; 5000].join(",");
    for (event_type, events) in [("dm.indicate_typing", &typing), ("mute.mute", &vec!["{}"; 9000].join(","))] {
        let body = body(&[&format!(r#""event_type":"{event_type}","payload":{{"x_events":[{events}]}}"#)]);
        let delivery = deliver(&body);
        let [event] = delivery.events() else { panic!("{} events", delivery.events().len()) };
        assert_eq!((event.kind(), event.raw().as_str()), (EventKind::Unknown, &*body));
    }
}

#[test]
fn nested_activities_do_not_use_a_deep_stack() {
    for event_type in ["dm.received", "dm.read", "like.create"] {
        let open = format!(r#"{{"data":{{"event_type":"{event_type}","payload":"#);
        let body = open.repeat(20_000) + "{}" + &"}}".repeat(20_000);
        let delivery = deliver(&body);
        assert_eq!(delivery.events().len(), 1);
        assert_eq!(delivery.body().as_str(), body);
    }
}
