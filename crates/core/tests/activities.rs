//! Payloads that differ from X's documentation: former names, synonyms and truncated texts.

use std::collections::HashSet;

use crate::support::{activity_event, deliver, event, fixture};
use birdhook_core::activity::{Attachment, User};
use birdhook_core::schema::{v1, v2};
use birdhook_core::{Activity, Event, EventKind, PostRelation, Timestamp};
use serde_json::{Value, json};

/// Returns a post of the Account Activity API for the user 1111.
fn tweet(tweet: &Value) -> Event {
    event(json!({"for_user_id": "1111", "tweet_create_events": [tweet]}).to_string())
}

fn relation(event: &Event) -> Option<PostRelation> {
    let Activity::PostCreated(created) = event.activity() else { panic!("{:?}", event.activity()) };
    created.relation
}

/// X also sets the replied-to user if a post only begins with a handle and is not a reply.
#[test]
fn a_post_that_begins_with_a_handle_is_a_mention_and_not_a_reply() {
    for (id, expected) in [(json!(null), PostRelation::Mention), (json!("10"), PostRelation::Reply)] {
        let post = json!({"id_str": "11", "text": "@sub what time is it", "user": {"id_str": "9"},
            "in_reply_to_status_id_str": id, "in_reply_to_user_id_str": "1111",
            "entities": {"user_mentions": [{"id_str": "1111"}]}});
        assert_eq!(relation(&tweet(&post)), Some(expected), "{id}");
    }
}

#[test]
fn a_post_create_without_an_author_is_the_subscribers() {
    assert_eq!(relation(&activity_event("post.create", &json!({"id": "5"}))), Some(PostRelation::Own));
    assert_eq!(relation(&activity_event("PostCreate", &json!({"id": "5"}))), Some(PostRelation::Own));
    assert_eq!(relation(&activity_event("post.mention.create", &json!({"id": "5"}))), Some(PostRelation::Mention));
    assert_eq!(relation(&activity_event("post.create", &json!({"id": "5", "author_id": "9"}))), None);
    let by_keyword = r#"{"data":{"event_type":"post.create","filter":{"keyword":"bees"},"payload":{"id":"5"}}}"#;
    assert_eq!(relation(&event(by_keyword)), None);
}

#[test]
fn former_event_types_have_the_current_detail() {
    for (name, kind, field) in [
        ("ProfileBannerUpdate", EventKind::ProfileUpdated, "banner_picture"),
        ("ProfileLocationUpdate", EventKind::ProfileUpdated, "location"),
        ("profile.update.location", EventKind::ProfileUpdated, "location"),
    ] {
        let event = activity_event(name, &json!({"before": "a", "after": "b"}));
        assert_eq!(event.kind(), kind, "{name}");
        let Activity::ProfileUpdated(update) = event.activity() else { panic!("{name}") };
        assert_eq!((&*update.field, update.after.as_deref()), (field, Some("b")), "{name}");
    }
    let trend = activity_event("TrendsNew", &json!({"headline": "H", "summary": "S"}));
    assert_eq!(trend.kind(), EventKind::NewsPublished);
    assert_eq!(trend.activity().text(), Some("H"));
}

#[test]
fn a_badge_is_read_from_any_json_type() {
    for (before, after, expected) in [
        (json!(false), json!(true), (Some("false"), Some("true"))),
        (json!("none"), json!("blue"), (Some("none"), Some("blue"))),
        (json!(1), json!(-2), (Some("1"), Some("-2"))),
        (
            json!(null),
            json!({"badge_url": "b", "description": "X"}),
            (None, Some(r#"{"badge_url":"b","description":"X"}"#)),
        ),
        (json!([]), json!(["a"]), (Some("[]"), Some(r#"["a"]"#))),
    ] {
        let event = activity_event("profile.update.affiliate_badge", &json!({"before": before, "after": after}));
        let Activity::ProfileUpdated(update) = event.activity() else { panic!("{after}") };
        assert_eq!((update.before.as_deref(), update.after.as_deref()), expected);
        assert!(!format!("{:?}", event.v2()).contains("blue"), "Debug contains no value");
    }
}

#[test]
fn users_are_read_in_the_form_of_either_api() {
    let old = |id: &str| {
        json!({"id_str": id, "screen_name": "oo", "name": "O", "profile_image_url_https": "h",
        "followers_count": 3, "friends_count": 4})
    };
    let message = json!({"direct_message_events": [{"type": "message_create", "id": "5", "created_timestamp": "1700000000001",
        "message_create": {"sender_id": "2222", "target": {"recipient_id": "1111"}, "message_data": {"text": "hi"}}}],
        "users": {"2222": old("2222")}});
    for event in [
        activity_event("mute.mute", &json!({"source": old("2222"), "target": {"id": "1111"}})),
        activity_event("mute.mute", &json!({"source": {"data": old("2222")}, "target": {"id_str": "1111"}})),
        activity_event("dm.received", &message),
    ] {
        let activity = event.activity();
        let User { id, handle, name, picture, followers, following, .. } = activity.actor().unwrap();
        let texts = [id.as_deref(), handle.as_deref(), name.as_deref(), picture.as_deref()];
        assert_eq!(texts, [Some("2222"), Some("oo"), Some("O"), Some("h")]);
        assert_eq!((*followers, *following), (Some(3), Some(4)));
        assert_eq!(activity.target().unwrap().id.as_deref(), Some("1111"));
    }
}

fn message(data: &Value) -> Event {
    let create = json!({"sender_id": "2222", "target": {"recipient_id": "1111"}, "message_data": data});
    let message =
        json!({"type": "message_create", "id": "5", "created_timestamp": "1700000000001", "message_create": create});
    event(json!({"for_user_id": "1111", "direct_message_events": [message]}).to_string())
}

#[test]
fn prompts_for_text_or_a_place_have_the_metadata_of_the_response() {
    for (prompt, label, metadata) in [
        (
            json!({"type": "text_input", "text_input": {"keyboard": "number", "label": "L", "metadata": "ext3"}}),
            Some("L"),
            "ext3",
        ),
        (json!({"type": "location", "location": {"metadata": "ext1"}}), None, "ext1"),
    ] {
        let event = message(&json!({ "quick_reply": prompt }));
        let activity = event.activity();
        let asked = activity.message().unwrap().quick_reply.as_ref().unwrap();
        assert_eq!((asked.label.as_deref(), asked.metadata.as_deref()), (label, Some(metadata)), "{prompt}");
        assert!(asked.options.is_empty());
    }
}

#[test]
fn a_shared_place_is_read_in_either_shape() {
    for place in
        [json!({"place": {"id": "123", "full_name": "Port Elm"}}), json!({"id": "123", "full_name": "Port Elm"})]
    {
        let event = message(
            &json!({"attachment": {"type": "location", "location": {"type": "shared_place", "shared_place": place}}}),
        );
        let activity = event.activity();
        let Some(Attachment::Place { id, name, .. }) = &activity.message().unwrap().attachment else {
            panic!("{place}")
        };
        assert_eq!((id.as_deref(), name.as_deref()), (Some("123"), Some("Port Elm")));
    }
    let nothing = message(&json!({"attachment": {"location": {"shared_place": {}}}}));
    assert_eq!(nothing.activity().message().unwrap().attachment, None);
}

/// A number out of range reads as absent and does not affect other members.
#[test]
fn a_number_out_of_range_is_absent_and_the_rest_is_read() {
    for body in [
        r#"{"for_user_id":"1111","tweet_create_events":[{"id_str":"1","text":"hi","reply_count":1e999,"user":{"id_str":"9"}}]}"#,
        r#"{"data":{"event_type":"post.mention.create","filter":{"user_id":"1111"},"payload":{"id":"1","author_id":"9","text":"hi",
            "public_metrics":{"reply_count":-1e999}}}}"#,
    ] {
        let activity = event(body);
        let activity = activity.activity();
        assert_eq!(
            (activity.text(), activity.actor().and_then(|user| user.id.as_deref())),
            (Some("hi"), Some("9")),
            "{body}"
        );
    }
}

/// Half an emoji is valid JSON, although no Rust string can hold it.
#[test]
fn a_text_that_ends_in_half_an_emoji_is_read() {
    let body = r#"{"for_user_id":"1111","tweet_create_events":[{"id_str":"1","text":"cut \ud83d","user":{"id_str":"9","screen_name":"o","description":"\ude00"}}]}"#;
    let cut = event(body);
    let activity = cut.activity();
    assert_eq!(activity.text(), Some("cut \u{fffd}"));
    assert_eq!(activity.actor().unwrap().description.as_deref(), Some("\u{fffd}"));
    assert!(matches!(cut.v1(), v1::Payload::TweetCreate(tweet) if tweet.id() == Some("1")));
    assert!(cut.raw().as_str().contains(r"cut \ud83d"), "the raw JSON is unchanged");

    let body = r#"{"data":{"event_type":"post.mention.create","filter":{"user_id":"1111"},"payload":{"id":"1","author_id":"9","text":"cut \ud83d"},
        "includes":{"users":[{"id":"9","username":"o","description":"\ud83d"}]}}}"#;
    let cut = event(body);
    let activity = cut.activity();
    assert_eq!(activity.text(), Some("cut \u{fffd}"));
    assert_eq!(activity.actor().unwrap().handle.as_deref(), Some("o"));

    let body = r#"{"for_user_id":"1111","direct_message_events":[{"type":"message_create","id":"5","message_create":{"sender_id":"9","target":{"recipient_id":"1111"},"message_data":{"text":"hi"}}}],
        "users":{"9":{"id":"9","screen_name":"o","description":"\ud83d"}}}"#;
    assert_eq!(event(body).activity().actor().unwrap().handle.as_deref(), Some("o"));
}

#[test]
fn a_link_without_a_target_has_the_unwound_url() {
    let old = tweet(
        &json!({"id_str": "1", "text": "t", "entities": {"urls": [{"url": "t", "unwound": {"url": "https://a.example"}}]}}),
    );
    let new = activity_event(
        "post.create",
        &json!({"id": "1", "text": "t", "entities": {"urls": [{"url": "t", "unwound_url": "https://a.example"}]}}),
    );
    for event in [old, new] {
        let activity = event.activity();
        assert_eq!(activity.post().unwrap().links[0].expanded_url.as_deref(), Some("https://a.example"));
    }
}

#[test]
fn a_reply_reference_is_listed_once() {
    for payload in [
        json!({"id": "1", "in_reply_to_tweet_id": "10"}),
        json!({"id": "1", "in_reply_to_tweet_id": "10", "referenced_tweets": [{"type": "replied_to", "id": "10"}]}),
    ] {
        let event = activity_event("post.reply.create", &payload);
        let activity = event.activity();
        let references: Vec<_> = activity.post().unwrap().references.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(references, ["10"], "{payload}");
    }
}

#[test]
fn a_post_that_is_not_a_reply_starts_its_conversation() {
    let of = |post: &Value| tweet(post).activity().post().unwrap().conversation_id.as_deref().map(str::to_owned);
    assert_eq!(of(&json!({"id_str": "1", "quoted_status_id_str": "2"})).as_deref(), Some("1"));
    assert_eq!(of(&json!({"id_str": "1", "in_reply_to_status_id": 2})), None);
    assert_eq!(of(&json!({"id_str": "1", "retweeted_status": {"id_str": "2"}})), None);
    assert_eq!(of(&json!({"id_str": "3", "edit_history": {"edit_tweet_ids": ["1", "3"]}})), None);
}

/// X writes times twice, as it does counts.
#[test]
fn the_time_of_a_like_is_read_under_every_name() {
    let (like, millis) =
        (activity_event("like.create", &json!({"id": "a1", "timestamp_ms_str": "1784927565236"})), 1_784_927_565_236);
    assert_eq!(like.occurred_at(), Some(Timestamp::from_millis(millis)));
    let Some(v2::Payload::Like(fields)) = like.v2() else { panic!("{:?}", like.v2()) };
    assert_eq!(fields.timestamp_ms, like.occurred_at());
}

#[test]
fn the_creation_time_of_a_broadcast_is_its_start() {
    let payload = json!({"broadcast_id": "b", "created_timestamp_ms": 1_700_000_000_001_u64, "created_timestamp_ms_str": "1700000000001"});
    assert_eq!(
        activity_event("broadcast.start", &payload).occurred_at(),
        Some(Timestamp::from_millis(1_700_000_000_001))
    );
    assert_eq!(activity_event("broadcast.end", &payload).occurred_at(), None, "it did not end when it was made");
}

/// Otherwise a story redelivered with another `event_uuid` would count as new, and a deletion would
/// not match its report from the other API.
#[test]
fn an_id_under_another_name_identifies_the_event() {
    for (event_type, name) in [("news.new", "rest_id"), ("post.delete", "post_id")] {
        let [one, other] = ["id", name].map(|name| activity_event(event_type, &json!({name: "5"})));
        let ids = [&one, &other].map(|event| serde_json::to_value(event.report()).unwrap()["ids"].clone());
        assert_eq!(ids[0], ids[1], "{event_type}");
        assert_eq!(one.delivery_key(), other.delivery_key(), "{event_type}");
        assert_eq!(one.content_key(), other.content_key(), "{event_type}");
    }
    let [post, of_another] =
        [json!({"id": "5"}), json!({"id": "5", "post_id": "6"})].map(|post| activity_event("post.create", &post));
    assert_eq!(post.delivery_key(), of_another.delivery_key());
}

#[test]
fn the_posts_of_a_story_are_read_under_both_names() {
    for (name, ids) in [
        ("news.new", ["1631000000000000009", "1632200000000000010"]),
        ("news.new.every_field", ["1631000000000000009", "1632200000000000010"]),
    ] {
        let event = event(fixture(&format!("xaa/{name}")));
        let Activity::NewsPublished(story) = event.activity() else { panic!("no story") };
        assert_eq!(story.post_ids, ids, "{name}");
        assert!(story.id.is_some() && story.headline.is_some() && story.updated_at.is_some(), "{name}");
    }
}

#[test]
fn half_an_emoji_in_a_name_does_not_change_a_follow() {
    let follow = |name: &str| {
        let source = format!(r#"{{"data":{{"id":"1","username":"o","name":"{name}"}}}}"#);
        let payload = format!(r#"{{"source":{source},"target":{{"data":{{"id":"2"}}}}}}"#);
        event(format!(r#"{{"data":{{"event_type":"follow.follow","filter":{{"user_id":"2"}},"payload":{payload}}}}}"#))
    };
    assert_eq!(follow(r"cut \ud83d").content_key(), follow("whole").content_key());
}

#[test]
fn half_an_emoji_in_a_member_does_not_hide_the_others() {
    let matched = |tag: &str| {
        event(format!(r#"{{"data":{{"id":"1","text":"t"}},"matching_rules":[{{"id":"2","tag":"{tag}"}}]}}"#))
    };
    let ended = |text: &str| {
        let status = format!(r#"{{"job_id":"1","job_state":"Complete","job_state_description":"{text}"}}"#);
        event(format!(r#"{{"replay_job_status":{status}}}"#))
    };
    let cut = r"cut \ud83d";
    assert_eq!(matched(cut).delivery_key(), matched("whole").delivery_key());
    assert_eq!(ended(cut).delivery_key(), ended("whole").delivery_key());
    for event in [matched(cut), ended(cut)] {
        assert!(!matches!(event.activity(), Activity::Unknown { .. }), "{event:?}");
    }
}

/// Returns an activity with this type and these members of `data`.
fn of(event_type: &str, data: &Value) -> Event {
    let mut all = json!({"event_uuid": "-9", "event_type": event_type, "filter": {"user_id": "1111"}});
    all.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    event(json!({ "data": all }).to_string())
}

#[test]
fn data_created_at_is_the_time_of_every_activity() {
    let written = "2026-10-06T22:20:14.123Z";
    let time = Timestamp::parse(written);
    let message = json!({"direct_message_events": [{"type": "message_create", "id": "5", "created_timestamp": "1700000000001",
        "message_create": {"sender_id": "2222", "target": {"recipient_id": "1111"}, "message_data": {"text": "hi"}}}]});
    for (event_type, payload) in [
        ("follow.follow", json!({"source": {"id": "2"}, "target": {"id": "1111"}})),
        ("post.create", json!({"id": "5", "created_at": "2026-10-06T22:20:10.000Z"})),
        ("like.create", json!({"id": "a", "timestamp_ms": "1700000000001"})),
        ("dm.received", message),
        (
            "dm.indicate_typing",
            json!({"sender_id": "2", "target": {"recipient_id": "1111"}, "created_timestamp": "1700000000001"}),
        ),
        ("profile.update.bio", json!({"before": "a", "after": "b"})),
        ("something.new", json!({})),
    ] {
        let without = of(event_type, &json!({"payload": payload}));
        let with = of(event_type, &json!({"created_at": written, "payload": payload}));
        assert_eq!(with.occurred_at(), time, "{event_type}");
        assert_eq!(
            (with.delivery_key(), with.content_key()),
            (without.delivery_key(), without.content_key()),
            "{event_type}: a time that X adds changes no key"
        );
    }
    let odd =
        of("like.create", &json!({"created_at": "soon", "payload": {"id": "a", "timestamp_ms": "1700000000001"}}));
    assert_eq!(odd.occurred_at(), Some(Timestamp::from_millis(1_700_000_000_001)));
}

#[test]
fn a_replayed_delivery_is_marked() {
    let like = r#""for_user_id":"1111","favorite_events":[{"id":"a","user":{"id_str":"2"}}]"#;
    let activity = r#""data":{"event_type":"post.delete","filter":{},"payload":{"id":"1"}}"#;
    for (body, expected) in [
        (format!(r#"{{"meta":{{"replay":true}},{like}}}"#), true),
        (format!(r#"{{{activity},"meta":{{"replay":"true"}}}}"#), true),
        (
            r#"{"data":{"event_type":"post.delete","filter":{},"payload":{"id":"1"},"meta":{"replay":true}}}"#
                .to_owned(),
            true,
        ),
        (format!(r#"{{"meta":{{"replay":false}},{like}}}"#), false),
        (format!(r#"{{"meta":["replay"],{activity}}}"#), false),
        (format!("{{{like}}}"), false),
    ] {
        let event = event(&body);
        assert_eq!(event.is_replay(), expected, "{body}");
        let reported = serde_json::to_value(event.report()).unwrap();
        assert_eq!(reported.get("replay"), expected.then_some(&json!(true)), "{body}");
        assert_ne!(event.kind(), EventKind::Unknown, "{body}");
    }
    let plain = event(format!("{{{like}}}"));
    assert_eq!(event(format!(r#"{{"meta":{{"replay":true}},{like}}}"#)).delivery_key(), plain.delivery_key());
}

#[test]
fn the_subscription_of_an_event_is_reported() {
    let news =
        of("news.new", &json!({"filter": {"keyword": "ferry & quay"}, "tag": "harbour", "payload": {"name": "H"}}));
    assert_eq!((news.keyword(), news.tag()), (Some("ferry & quay"), Some("harbour")));
    let reported = serde_json::to_value(news.report()).unwrap();
    assert_eq!([&reported["tag"], &reported["keyword"]], ["harbour", "ferry & quay"]);
    assert_eq!(reported["filter"], json!({"keyword": "ferry & quay"}));

    let filter = json!({"user_id": "1111", "qualifiers": {"direction": "outbound", "post_id": "7"}, "later": [1]});
    let like = of("like.create", &json!({"filter": filter, "payload": {"id": "a", "liked_tweet_author_id": "1111"}}));
    assert_eq!(serde_json::to_value(like.report()).unwrap()["filter"], filter, "what is not known is reported too");
    assert_eq!(like.activity().actor().unwrap().id.as_deref(), Some("1111"), "a qualifier is a direction as well");
    let read = like.filter().unwrap();
    let names: Vec<_> = read.qualifiers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(names, [("direction", "outbound"), ("post_id", "7")]);

    let old = tweet(&json!({"id_str": "5"}));
    assert!(old.filter().is_none() && old.keyword().is_none());
    assert_eq!(serde_json::to_value(old.report()).unwrap().get("filter"), None);
}

fn ids(event: &Event) -> [Option<String>; 3] {
    let activity = event.activity();
    let message = activity.message().unwrap_or_else(|| panic!("{activity:?}"));
    let id = |user: &User<'_>| user.id.as_deref().map(str::to_owned);
    [message.id.as_deref().map(str::to_owned), id(&message.sender), id(&message.recipient)]
}

#[test]
fn a_flat_message_is_a_message() {
    let flat = json!({"id": "77", "sender_id": "2222", "text": "tea &amp; cake"});
    let received = of("dm.received", &json!({ "payload": flat }));
    let known = |ids: [&str; 3]| ids.map(|id| Some(id.to_owned()));
    assert_eq!(ids(&received), known(["77", "2222", "1111"]), "the subscriber is the recipient");
    assert_eq!(received.activity().text(), Some("tea & cake"));
    assert_eq!(received.kind(), EventKind::MessageReceived);
    let sent =
        of("dm.sent", &json!({"payload": {"id": "77", "sender_id": "1111", "recipient_id": "2222", "text": "t"}}));
    assert_eq!(ids(&sent), known(["77", "1111", "2222"]));
    let nowhere = of("dm.sent", &json!({"payload": {"id": "77", "sender_id": "1111", "text": "t"}}));
    assert_eq!(ids(&nowhere)[2], None);
    // The other API reports the same message with the same content key.
    let message = json!({"type": "message_create", "id": "77", "message_create": {"sender_id": "2222", "target": {"recipient_id": "1111"}}});
    let old = event(json!({"for_user_id": "1111", "direct_message_events": [message]}).to_string());
    assert_eq!(received.content_key(), old.content_key());
}

#[test]
fn a_message_in_the_form_of_v2_is_a_message() {
    let payload = json!({"id": "78", "event_type": "MessageCreate", "text": "see", "dm_conversation_id": "2222-1111",
        "sender_id": "2222", "created_at": "2026-07-07T13:27:03.000Z", "attachments": {"media_keys": ["3_99"]}});
    let includes = json!({"users": [{"id": "2222", "username": "alt"}], "media": [{"media_key": "3_99", "type": "photo", "url": "u"}]});
    let event = of("dm.received", &json!({"payload": payload, "includes": includes}));
    assert_eq!(ids(&event), ["78", "2222", "1111"].map(|id| Some(id.to_owned())));
    assert_eq!(event.occurred_at(), Timestamp::parse("2026-07-07T13:27:03.000Z"));
    let activity = event.activity();
    assert_eq!(activity.actor().unwrap().handle.as_deref(), Some("alt"));
    let Some(Attachment::Media { media }) = &activity.message().unwrap().attachment else { panic!("{activity:?}") };
    assert_eq!((media.id.as_deref(), media.url.as_deref()), (Some("99"), Some("u")));
    assert!(matches!(event.v2(), Some(v2::Payload::DirectMessage(_))));
}

#[test]
fn a_payload_that_is_a_list_is_one_event_for_each_element() {
    let message = |id: &str| {
        let create = json!({"sender_id": "2222", "target": {"recipient_id": "1111"}, "message_data": {"text": id}});
        json!({"type": "message_create", "id": id, "created_timestamp": "1700000000001", "message_create": create})
    };
    let read = |event_type: &str, payload: Value| {
        let data =
            json!({"event_uuid": "-9", "event_type": event_type, "filter": {"user_id": "1111"}, "payload": payload});
        deliver(json!({ "data": data }).to_string()).into_events()
    };
    let flat = json!({"id": "53", "sender_id": "2222", "text": "53"});
    let events = read("dm.received", json!([message("51"), null, message("52"), flat]));
    let texts: Vec<_> = events.iter().map(|event| event.activity().text().unwrap().to_owned()).collect();
    assert_eq!(texts, ["51", "52", "53"]);
    assert!(events.iter().all(|event| event.kind() == EventKind::MessageReceived));
    let keys: HashSet<_> = events.iter().map(Event::delivery_key).collect();
    assert_eq!(keys.len(), 3);
    // The first has the key of a delivery with a single event, as it had before several were
    // supported.
    assert_eq!(events[0].delivery_key(), read("dm.received", json!([]))[0].delivery_key());
    assert_eq!(
        events[0].content_key(),
        activity_event("dm.received", &json!({"direct_message_events": [message("51")]})).content_key()
    );

    let follows =
        json!([{"source": {"id": "2"}, "target": {"id": "1111"}}, {"source": {"id": "3"}, "target": {"id": "1111"}}]);
    let events = read("follow.follow", follows);
    for (event, actor) in events.iter().zip(["2", "3"]) {
        assert_eq!(event.activity().actor().unwrap().id.as_deref(), Some(actor));
    }
    assert_eq!(events.len(), 2);

    let too_many = vec![json!({"id": "1"}); 50_000];
    let events = read("post.create", too_many.into());
    assert!(matches!(&events[..], [event] if event.kind() == EventKind::Unknown));
}

#[test]
fn a_relation_outside_of_an_array_is_read() {
    let payload = json!({"follow_events": {"type": "follow", "source": {"id": "2"}, "target": {"id": "1111"}}});
    let event = activity_event("follow.follow", &payload);
    assert_eq!(event.activity().actor().unwrap().id.as_deref(), Some("2"));
    assert_eq!(
        event.delivery_key(),
        activity_event("follow.follow", &json!({})).delivery_key(),
        "the key is unchanged"
    );
}

#[test]
fn an_attachment_in_a_list_is_read() {
    let media =
        json!({"id": 9.300778475358126e17, "id_str": "930077847535810001", "type": "photo", "media_url_https": "m"});
    for listed in [json!([media]), json!([null, media, {"id_str": "2"}]), media.clone()] {
        let event = message(&json!({"text": "Blue", "attachment": {"media": listed}}));
        let activity = event.activity();
        let Some(Attachment::Media { media }) = &activity.message().unwrap().attachment else { panic!("{listed}") };
        assert_eq!((media.id.as_deref(), media.url.as_deref()), (Some("930077847535810001"), Some("m")));
    }
    let none = message(&json!({"text": "Blue", "attachment": {"media": []}}));
    assert_eq!(none.activity().message().unwrap().attachment, None);
}

#[test]
fn a_chat_in_camel_case_is_read() {
    let payload = json!({"id": "c1", "conversationId": "2222:1111", "senderId": "2222", "createdAtMsec": "1700000000001",
        "encodedEvent": "e", "conversationKeyVersion": "1", "conversationKeyChangeEvent": "k"});
    let event = activity_event("chat.received", &payload);
    assert_eq!(event.occurred_at(), Some(Timestamp::from_millis(1_700_000_000_001)));
    let Activity::ChatReceived(chat) = event.activity() else { panic!("{:?}", event.activity()) };
    assert_eq!((chat.conversation_id.as_deref(), chat.sender.id.as_deref()), (Some("2222:1111"), Some("2222")));
    assert_eq!((chat.encrypted.as_deref(), chat.key_version.as_deref()), (Some("e"), Some("1")));
    assert_eq!(chat.key_change.as_deref(), Some("k"));
}

/// X's quickstart uses this name. Its OpenAPI description and other pages use `replay_job_status`.
#[test]
fn a_replay_event_is_the_end_of_a_replay() {
    let body = r#" {"for_user_id":"1111","replay_event":{"job_id":"31","created_at":"2019-02-11T23:36:11.000Z"}}"#;
    let event = event(body);
    assert_eq!((event.kind(), event.name()), (EventKind::ReplayFinished, "replay_event"));
    assert_eq!(event.occurred_at(), Timestamp::parse("2019-02-11T23:36:11Z"));
    let Activity::ReplayFinished(replay) = event.activity() else { panic!("{:?}", event.activity()) };
    assert_eq!((replay.job_id.as_deref(), replay.complete), (Some("31"), None));
}

#[test]
fn paid_subscriptions_and_removed_lines_are_typed() {
    let sides = json!({"source": {"id": "2"}, "target": {"data": {"id": "1111"}}});
    for (event_type, kind) in
        [("subscriptions.subscribe", EventKind::Subscribed), ("subscriptions.unsubscribe", EventKind::Unsubscribed)]
    {
        let event = activity_event(event_type, &sides);
        assert_eq!(event.kind(), kind);
        let activity = event.activity();
        let [actor, target] = [activity.actor(), activity.target()].map(|user| user.unwrap().id.as_deref());
        assert_eq!((actor, target), (Some("2"), Some("1111")), "{event_type}");
    }
    let removed = activity_event(
        "broadcast.chat.remove",
        &json!({"broadcast_id": "b", "message_id": "m", "author": {"id": "2"}}),
    );
    let activity = removed.activity();
    assert_eq!(removed.kind(), EventKind::BroadcastMessageRemoved);
    assert_eq!((activity.actor(), activity.target().unwrap().id.as_deref()), (None, Some("2")));
    let reported = serde_json::to_value(removed.report()).unwrap();
    assert_eq!(reported["ids"], json!({"message": "m", "broadcast": "b"}));
    for (event_type, kind) in [("chat.read", EventKind::ChatRead), ("chat.indicate_typing", EventKind::ChatTyping)] {
        let event = activity_event(event_type, &json!({"conversation_id": "2222:1111", "sender_id": "2222"}));
        assert_eq!((event.kind(), event.activity().actor().unwrap().id.as_deref()), (kind, Some("2222")));
    }
}

/// The event types that X's OpenAPI description 2.173 allows for a subscription.
#[test]
fn every_type_of_the_openapi_is_known() {
    const TYPES: &str = "profile.update.bio profile.update.profile_picture profile.update.banner_picture \
        profile.update.screenname profile.update.geo profile.update.url profile.update.verified_badge \
        profile.update.affiliate_badge profile.update.handle news.new follow.follow follow.unfollow subscriptions.subscribe \
        subscriptions.unsubscribe spaces.start spaces.end broadcast.start broadcast.end broadcast.chat broadcast.chat.remove \
        chat.received chat.sent chat.conversation.join chat.conversation_join chat.conversation.member_added \
        chat.conversation.member_removed chat.conversation.admin_added chat.conversation.admin_removed \
        chat.update.group_name chat.update.restrictions dm.sent dm.received dm.indicate_typing dm.read post.create post.delete \
        post.mention.create post.reply.create post.quote.create post.repost.create like.create mute.mute mute.unmute \
        block.block block.unblock";
    assert_eq!(TYPES.split_whitespace().count(), 45);
    for name in TYPES.split_whitespace() {
        assert_ne!(activity_event(name, &json!({})).kind(), EventKind::Unknown, "{name}");
    }
}
