//! Payloads in forms without a published sample, and forms that third parties report.

use crate::support::{activity_event, deliver, event};
use birdhook_core::{Activity, Direction, Event, EventKind, PostRelation, Timestamp};
use serde_json::json;

fn ids(event: &Event) -> (Option<String>, Option<String>) {
    let activity = event.activity();
    let id =
        |user: Option<&birdhook_core::activity::User<'_>>| user.and_then(|user| Some(user.id.as_deref()?.to_owned()));
    (id(activity.actor()), id(activity.target()))
}

fn pair(actor: &str, target: &str) -> (Option<String>, Option<String>) {
    (Some(actor.to_owned()), Some(target.to_owned()))
}

#[test]
fn reading_and_typing_have_both_users_in_every_shape() {
    let plain = json!({"source": {"id": "2222", "username": "oo"}, "target": {"id": "1111"}});
    let wrapped = json!({"source": {"data": {"id": "2222", "username": "oo"}}, "target": {"data": {"id": "1111"}}});
    let flat = json!({"sender_id": "2222", "recipient_id": "1111"});
    let like_old = json!({"sender_id": "2222", "target": {"recipient_id": "1111"}});
    for shape in [&plain, &wrapped, &flat, &like_old] {
        for (event_type, array, kind) in [
            ("dm.read", "direct_message_mark_read_events", EventKind::MessagesRead),
            ("dm.indicate_typing", "direct_message_indicate_typing_events", EventKind::Typing),
        ] {
            let mut payload = shape.clone();
            payload["created_timestamp"] = "1518452444662".into();
            payload["last_read_event_id"] = "963".into();
            let mut old = like_old.clone();
            old["created_timestamp"] = "1518452444662".into();
            old["last_read_event_id"] = "963".into();
            let aaa = event(json!({"for_user_id": "1111", array: [old]}).to_string());
            for payload in [payload.clone(), json!({ array: [payload] }), json!({ "other_events": [payload] })] {
                let xaa = activity_event(event_type, &payload);
                assert_eq!(xaa.kind(), kind, "{payload}");
                assert_eq!(ids(&xaa), pair("2222", "1111"), "{payload}");
                assert_eq!(xaa.content_key(), aaa.content_key(), "{payload}");
                assert_eq!(xaa.occurred_at(), Some(Timestamp::from_millis(1_518_452_444_662)), "{payload}");
            }
        }
    }
    let event = activity_event("dm.read", &wrapped);
    let Activity::MessagesRead(reading) = event.activity() else { panic!("{:?}", event.activity()) };
    assert_eq!(reading.reader.handle.as_deref(), Some("oo"));
}

#[test]
fn a_message_without_ids_has_a_direction() {
    let message = |create: serde_json::Value| json!({"direct_message_events": [{"type": "message_create", "message_create": create}]});
    for (event_type, kind, direction) in [
        ("dm.sent", EventKind::MessageSent, Direction::Sent),
        ("dm.received", EventKind::MessageReceived, Direction::Received),
    ] {
        for payload in
            [message(json!({"message_data": {"text": "hi"}})), json!({}), json!({"direct_message_events": []})]
        {
            let event = activity_event(event_type, &payload);
            assert_eq!((event.kind(), event.direction()), (kind, Some(direction)), "{payload}");
        }
    }
}

#[test]
fn follows_blocks_and_mutes_are_read_from_arrays_too() {
    let element = |target: &str| json!({"created_timestamp": "1700000000001", "source": {"id": "1111"}, "target": {"data": {"id": target}}});
    for (event_type, array, kind) in [
        ("mute.mute", "mute_events", EventKind::Muted),
        ("block.unblock", "block_events", EventKind::Unblocked),
        ("follow.follow", "follow_events", EventKind::Followed),
    ] {
        let one = activity_event(event_type, &json!({ array: [element("2222")] }));
        assert_eq!((one.kind(), ids(&one)), (kind, pair("1111", "2222")));
        assert_eq!(one.occurred_at(), Some(Timestamp::from_millis(1_700_000_000_001)));
        assert_eq!(one.content_key(), activity_event(event_type, &element("2222")).content_key());
        let data = json!({"event_uuid": "-7", "event_type": event_type, "filter": {"user_id": "1111"},
            "payload": {array: [element("2222"), element("3333")]}});
        let two = deliver(json!({ "data": data }).to_string()).into_events();
        assert_eq!(two.iter().map(ids).collect::<Vec<_>>(), [pair("1111", "2222"), pair("1111", "3333")]);
        assert!(two.windows(2).all(|two| two.first().map(Event::delivery_key) != two.last().map(Event::delivery_key)));
    }
    let wrapped = event(
        r#"{"for_user_id":"1111","follow_events":[{"type":"follow","source":{"data":{"id":"1111"}},"target":{"data":{"id":"2222"}}}]}"#,
    );
    assert_eq!((wrapped.kind(), ids(&wrapped)), (EventKind::Followed, pair("1111", "2222")));
}

#[test]
fn a_revocation_without_an_app_names_the_user() {
    let event = activity_event("oauth.revoke", &json!({"date_time": "2026-01-01T00:00:00Z", "user_id": "5"}));
    let unfiltered = crate::support::event(
        r#"{"data":{"event_type":"oauth.revoke","filter":{},"payload":{"date_time":"2026-01-01T00:00:00Z","user_id":"5"}}}"#,
    );
    assert_eq!((event.kind(), ids(&event).0.as_deref()), (EventKind::AccessRevoked, Some("5")));
    assert_eq!((unfiltered.kind(), unfiltered.subscriber()), (EventKind::AccessRevoked, Some("5")));
}

#[test]
fn a_replay_status_that_is_not_an_object_is_not_an_event() {
    let body =
        r#"{"for_user_id":"1","replay_job_status":null,"tweet_delete_events":[{"status":{"id":"2","user_id":"3"}}]}"#;
    assert_eq!(event(body).kind(), EventKind::PostDeleted);
}

#[test]
fn the_textual_id_takes_precedence_over_a_rounded_number() {
    let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":1045405559317569500,"id_str":"1045405559317569537","user_id":3,"user_id_str":"3"}}]}"#;
    let event = event(body);
    let Activity::PostDeleted(deleted) = event.activity() else { panic!("{:?}", event.activity()) };
    assert_eq!(deleted.post_id.as_deref(), Some("1045405559317569537"));
    assert_eq!(deleted.author.id.as_deref(), Some("3"));
    let rewritten = body.replace("1045405559317569500", "1.0454e18");
    assert_eq!(crate::support::event(rewritten).delivery_key(), event.delivery_key());
}

#[test]
fn a_date_with_a_wrong_day_of_the_week_is_read() {
    let right = Timestamp::parse("Thu Oct 03 16:10:37 +0000 2019");
    assert_eq!(right, Some(Timestamp::from_millis(1_570_119_037_000)));
    assert_eq!(Timestamp::parse("Fri Oct 03 16:10:37 +0000 2019"), right);
    assert_eq!(Timestamp::parse("Oct"), None);
}

#[test]
fn a_repost_by_others_has_no_mentions_and_no_quote() {
    let body = r#"{"for_user_id":"1","tweet_create_events":[{"id_str":"30","text":"RT @alice: hey @subby",
        "user":{"id_str":"8","screen_name":"bob"},"entities":{"user_mentions":[{"id_str":"9"},{"id_str":"1"}]},
        "quoted_status_id_str":"10","quoted_status":{"id_str":"10","user":{"id_str":"4"}},
        "retweeted_status":{"id_str":"20","text":"hey @subby","user":{"id_str":"9"},"quoted_status_id_str":"10"}}]}"#;
    let event = event(body);
    let Activity::PostCreated(created) = event.activity() else { panic!("{:?}", event.activity()) };
    assert_eq!(created.relation, None);
    let references: Vec<_> = created.post.references.iter().map(|reference| reference.id.as_str()).collect();
    assert_eq!(references, ["20"]);
    let own = body.replace(r#""user":{"id_str":"9"}"#, r#""user":{"id_str":"1"}"#);
    let event = crate::support::event(own);
    let Activity::PostCreated(created) = event.activity() else { panic!("{:?}", event.activity()) };
    assert_eq!(created.relation, Some(PostRelation::Repost));
}

#[test]
fn an_invalid_user_does_not_hide_the_others() {
    let message = r#"{"type":"message_create","id":"5","created_timestamp":"1700000000001","message_create":{"sender_id":"2222","target":{"recipient_id":"1111"},"message_data":{"text":"hi"}}}"#;
    let aaa = format!(
        r#"{{"for_user_id":"1111","direct_message_events":[{message}],"users":{{"9":{{"id":"9","description":"\ud83d"}},"2222":{{"id":"2222","screen_name":"oo","name":"O"}}}}}}"#
    );
    let xaa = format!(
        r#"{{"data":{{"event_type":"dm.received","filter":{{"user_id":"1111"}},"payload":{{"direct_message_events":[{message}],"users":{{"9":{{"data":{{"id":"9","description":"\ud83d"}}}},"2222":{{"data":{{"id":"2222","username":"oo","name":"O"}}}}}}}}}}}}"#
    );
    for body in [aaa, xaa] {
        let event = event(body);
        let user = event.user("2222").unwrap();
        assert_eq!(
            (user.id(), user.screen_name.as_deref(), user.name.as_deref()),
            (Some("2222"), Some("oo"), Some("O"))
        );
        let activity = event.activity();
        assert_eq!(activity.actor().unwrap().handle.as_deref(), Some("oo"));
        assert!(event.user("7").is_none());
    }
}

#[test]
fn a_message_without_a_filter_has_the_subscriber_of_its_payload() {
    let body = r#"{"data":{"event_type":"dm.received","filter":{"direction":"inbound"},"payload":{"for_user_id":"1111","direct_message_events":[{"type":"message_create","id":"5","message_create":{"sender_id":"2222","target":{"recipient_id":"1111"}}}]}}}"#;
    assert_eq!(event(body).subscriber(), Some("1111"));
    let named = body.replace(r#""direction":"inbound""#, r#""user_id":"7""#);
    assert_eq!(event(named).subscriber(), Some("7"));
}

/// Thousands of events with thousands of users. Without an index, this takes minutes.
#[test]
fn looking_up_users_of_a_large_delivery_is_fast() {
    let events: Vec<_> = (0..5000)
        .map(|n| json!({"created_timestamp": n.to_string(), "sender_id": format!("s{n}"), "target": {"recipient_id": "1"}}))
        .collect();
    let users: serde_json::Map<_, _> =
        (0..5000).map(|n| (format!("s{n}"), json!({"id": format!("s{n}"), "screen_name": format!("h{n}")}))).collect();
    let body = json!({"for_user_id": "1", "direct_message_indicate_typing_events": events, "users": users});
    let events = deliver(body.to_string()).into_events();
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event.activity().actor().unwrap().handle.as_deref(), Some(format!("h{n}").as_str()));
    }
}
