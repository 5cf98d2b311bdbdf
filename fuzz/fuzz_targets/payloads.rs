//! Deliveries in X's format, with random further members: no event is lost, and each can be read.
#![no_main]

use arbitrary::{Result, Unstructured};
use birdhook_core::EventKind;
use birdhook_core::schema::v1::Payload;
use birdhook_fuzz::{deliver, json};
use libfuzzer_sys::{Corpus, fuzz_target};

/// The identifying members of an event in each array. Further members follow them, and the last
/// member of a name counts.
const EVENTS: [(&str, &str); 11] = [
    ("tweet_create_events", r#""id":1050118621198921728,"id_str":"1050118621198921728","user":{"id":7}"#),
    ("tweet_delete_events", r#""status":{"id":"20","user_id":"7"},"timestamp_ms":"1570119037000""#),
    ("favorite_events", r#""id":"a1b2","favorited_status":{"id":20},"user":{"id_str":"7"}"#),
    ("follow_events", r#""type":"unfollow","created_timestamp":"1","source":{"id":"7"},"target":{"id":"8"}"#),
    ("block_events", r#""type":"block","created_timestamp":"1","source":{"id":"7"},"target":{"id":"8"}"#),
    ("mute_events", r#""type":"mute","source":{"id":"7"},"target":{"id":"8"}"#),
    ("direct_message_events", r#""type":"message_create","id":"5","message_create":{"sender_id":"7"}"#),
    ("direct_message_indicate_typing_events", r#""sender_id":"7","target":{"recipient_id":"8"}"#),
    ("direct_message_mark_read_events", r#""sender_id":"7","target":{"recipient_id":"8"}"#),
    ("user_event", r#""date_time":"2018-05-24T09:48:12+00:00","source":{"user_id":"7"},"target":{"app_id":"1"}"#),
    ("honey_events", r#""id":"1""#),
];

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok((body, expected)) = body(&mut Unstructured::new(data)) else { return Corpus::Reject };
    let delivery =
        deliver(body.as_bytes()).unwrap_or_else(|reason| panic!("{reason}: {body}", reason = reason.as_str()));
    assert_eq!(delivery.events().len(), expected, "{body}");
    for event in delivery.events() {
        let payload = event.v1();
        assert_eq!(event.kind() == EventKind::Unknown, matches!(payload, Payload::Unknown(_)), "{body}");
        let _ = (format!("{payload:?} {event:?}"), event.user("7"), event.source_app());
        assert_eq!(serde_json::to_string(event).expect("an event can be written"), event.raw().as_str());
    }
    Corpus::Keep
});

fn body(u: &mut Unstructured<'_>) -> Result<(String, usize)> {
    let mut count = 0;
    let mut members = Vec::new();
    for _ in 0..u.int_in_range(1..=3)? {
        let (name, identity) = u.choose(&EVENTS)?;
        let mut elements = Vec::new();
        for _ in 0..u.int_in_range(1..=3)? {
            elements.push(match u.ratio(7, 8)? {
                true => format!("{{{identity}{}}}", json::members(u, 3)?),
                false => json::value(u, 2)?,
            });
        }
        count += elements.len();
        // Not an array: its members are the events.
        members.push(match *name {
            "user_event" => format!("{name:?}:{{\"revoke\":{}}}", elements.join(",\"revoke\":")),
            _ => format!("{name:?}:[{}]", elements.join(",")),
        });
    }
    let subscriber = if u.arbitrary()? { "\"7\"".to_owned() } else { json::value(u, 1)? };
    Ok((format!("{{\"for_user_id\":{subscriber},{},\"users\":{}}}", members.join(","), json::value(u, 3)?), count))
}
