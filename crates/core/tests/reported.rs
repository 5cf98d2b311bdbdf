//! What X writes besides what its documentation shows: old names, other words for the same, cut texts.

use crate::support::event;
use birdhook_core::activity::{Attachment, User};
use birdhook_core::wire::{v1, v2};
use birdhook_core::{Activity, Event, EventKind, PostRelation, Timestamp};
use serde_json::{Value, json};

/// An activity about the user 1111.
fn told(event_type: &str, payload: &Value) -> Event {
    let data = json!({"event_uuid": "-7", "event_type": event_type, "filter": {"user_id": "1111"}, "payload": payload});
    event(json!({ "data": data }).to_string())
}

/// A post of the Account Activity API for the user 1111.
fn tweet(tweet: &Value) -> Event {
    event(json!({"for_user_id": "1111", "tweet_create_events": [tweet]}).to_string())
}

fn relation(event: &Event) -> Option<PostRelation> {
    let Activity::PostCreated(created) = event.activity() else { panic!("{:?}", event.activity()) };
    created.relation
}

/// X names the user too as answered whose handle a post begins with, though it answers no post.
#[test]
fn a_post_that_begins_with_a_handle_is_a_mention_and_an_answer_is_a_reply() {
    for (id, expected) in [(json!(null), PostRelation::Mention), (json!("10"), PostRelation::Reply)] {
        let post = json!({"id_str": "11", "text": "@sub what time is it", "user": {"id_str": "9"},
            "in_reply_to_status_id_str": id, "in_reply_to_user_id_str": "1111",
            "entities": {"user_mentions": [{"id_str": "1111"}]}});
        assert_eq!(relation(&tweet(&post)), Some(expected), "{id}");
    }
}

#[test]
fn a_post_create_without_an_author_is_the_subscribers_own() {
    assert_eq!(relation(&told("post.create", &json!({"id": "5"}))), Some(PostRelation::Own));
    assert_eq!(relation(&told("PostCreate", &json!({"id": "5"}))), Some(PostRelation::Own));
    assert_eq!(relation(&told("post.mention.create", &json!({"id": "5"}))), Some(PostRelation::Mention));
    assert_eq!(relation(&told("post.create", &json!({"id": "5", "author_id": "9"}))), None);
    let by_keyword = r#"{"data":{"event_type":"post.create","filter":{"keyword":"bees"},"payload":{"id":"5"}}}"#;
    assert_eq!(relation(&event(by_keyword)), None);
}

#[test]
fn old_names_are_told_by_their_present_words() {
    for (name, kind, field) in [
        ("ProfileBannerUpdate", EventKind::ProfileUpdated, "banner_picture"),
        ("ProfileLocationUpdate", EventKind::ProfileUpdated, "location"),
        ("profile.update.location", EventKind::ProfileUpdated, "location"),
    ] {
        let event = told(name, &json!({"before": "a", "after": "b"}));
        assert_eq!(event.kind(), kind, "{name}");
        let Activity::ProfileUpdated(update) = event.activity() else { panic!("{name}") };
        assert_eq!((&*update.field, update.after.as_deref()), (field, Some("b")), "{name}");
    }
    let trend = told("TrendsNew", &json!({"headline": "H", "summary": "S"}));
    assert_eq!(trend.kind(), EventKind::NewsPublished);
    assert_eq!(trend.activity().text(), Some("H"));
}

#[test]
fn a_badge_is_told_whatever_x_writes_for_it() {
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
        let event = told("profile.update.affiliate_badge", &json!({"before": before, "after": after}));
        let Activity::ProfileUpdated(update) = event.activity() else { panic!("{after}") };
        assert_eq!((update.before.as_deref(), update.after.as_deref()), expected);
        assert!(!format!("{:?}", event.v2()).contains("blue"), "Debug tells no value");
    }
}

#[test]
fn users_are_read_as_either_api_writes_them() {
    let old = |id: &str| {
        json!({"id_str": id, "screen_name": "oo", "name": "O", "profile_image_url_https": "h",
        "followers_count": 3, "friends_count": 4})
    };
    let message = json!({"direct_message_events": [{"type": "message_create", "id": "5", "created_timestamp": "1700000000001",
        "message_create": {"sender_id": "2222", "target": {"recipient_id": "1111"}, "message_data": {"text": "hi"}}}],
        "users": {"2222": old("2222")}});
    for event in [
        told("mute.mute", &json!({"source": old("2222"), "target": {"id": "1111"}})),
        told("mute.mute", &json!({"source": {"data": old("2222")}, "target": {"id_str": "1111"}})),
        told("dm.received", &message),
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
fn prompts_for_a_text_or_a_place_say_what_the_answer_will_carry() {
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

/// A number beyond every machine number is absent, and takes nothing else with it.
#[test]
fn a_number_out_of_range_costs_an_event_nothing_else() {
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

/// Half an emoji is JSON, though no Rust string can hold it.
#[test]
fn a_text_that_was_cut_in_an_emoji_is_read() {
    let body = r#"{"for_user_id":"1111","tweet_create_events":[{"id_str":"1","text":"cut \ud83d","user":{"id_str":"9","screen_name":"o","description":"\ude00"}}]}"#;
    let cut = event(body);
    let activity = cut.activity();
    assert_eq!(activity.text(), Some("cut \u{fffd}"));
    assert_eq!(activity.actor().unwrap().description.as_deref(), Some("\u{fffd}"));
    assert!(matches!(cut.v1(), v1::Payload::TweetCreate(tweet) if tweet.id() == Some("1")));
    assert!(cut.raw().as_str().contains(r"cut \ud83d"), "the raw JSON stays as it came");

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
fn links_lead_where_x_found_them_to_lead() {
    let old = tweet(
        &json!({"id_str": "1", "text": "t", "entities": {"urls": [{"url": "t", "unwound": {"url": "https://a.example"}}]}}),
    );
    let new = told(
        "post.create",
        &json!({"id": "1", "text": "t", "entities": {"urls": [{"url": "t", "unwound_url": "https://a.example"}]}}),
    );
    for event in [old, new] {
        let activity = event.activity();
        assert_eq!(activity.post().unwrap().links[0].expanded_url.as_deref(), Some("https://a.example"));
    }
}

#[test]
fn an_answer_is_told_once_where_x_names_the_post_twice_or_outside_the_references() {
    for payload in [
        json!({"id": "1", "in_reply_to_tweet_id": "10"}),
        json!({"id": "1", "in_reply_to_tweet_id": "10", "referenced_tweets": [{"type": "replied_to", "id": "10"}]}),
    ] {
        let event = told("post.reply.create", &payload);
        let activity = event.activity();
        let references: Vec<_> = activity.post().unwrap().references.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(references, ["10"], "{payload}");
    }
}

#[test]
fn a_post_that_answers_nothing_begins_its_conversation() {
    let of = |post: &Value| tweet(post).activity().post().unwrap().conversation_id.as_deref().map(str::to_owned);
    assert_eq!(of(&json!({"id_str": "1", "quoted_status_id_str": "2"})).as_deref(), Some("1"));
    assert_eq!(of(&json!({"id_str": "1", "in_reply_to_status_id": 2})), None);
    assert_eq!(of(&json!({"id_str": "1", "retweeted_status": {"id_str": "2"}})), None);
    assert_eq!(of(&json!({"id_str": "3", "edit_history": {"edit_tweet_ids": ["1", "3"]}})), None);
}

/// As it writes counts twice, so a time.
#[test]
fn a_like_that_tells_its_time_as_a_text_of_another_name_is_as_old() {
    let (like, millis) =
        (told("like.create", &json!({"id": "a1", "timestamp_ms_str": "1784927565236"})), 1_784_927_565_236);
    assert_eq!(like.occurred_at(), Some(Timestamp::from_millis(millis)));
    let Some(v2::Payload::Like(fields)) = like.v2() else { panic!("{:?}", like.v2()) };
    assert_eq!(fields.timestamp_ms, like.occurred_at());
}

#[test]
fn a_broadcast_that_tells_only_when_it_was_made_began_then() {
    let payload = json!({"broadcast_id": "b", "created_timestamp_ms": 1_700_000_000_001_u64, "created_timestamp_ms_str": "1700000000001"});
    assert_eq!(told("broadcast.start", &payload).occurred_at(), Some(Timestamp::from_millis(1_700_000_000_001)));
    assert_eq!(told("broadcast.end", &payload).occurred_at(), None, "it did not end when it was made");
}

/// Else a story that comes again under another `event_uuid` is a new one, and a deletion has no twin in the other API.
#[test]
fn an_id_of_another_name_is_told_and_identifies() {
    for (event_type, name) in [("news.new", "rest_id"), ("post.delete", "post_id")] {
        let [one, other] = ["id", name].map(|name| told(event_type, &json!({name: "5"})));
        let ids = [&one, &other].map(|event| serde_json::to_value(event.report()).unwrap()["ids"].clone());
        assert_eq!(ids[0], ids[1], "{event_type}");
        assert_eq!(one.delivery_key(), other.delivery_key(), "{event_type}");
        assert_eq!(one.content_key(), other.content_key(), "{event_type}");
    }
    let [post, of_another] =
        [json!({"id": "5"}), json!({"id": "5", "post_id": "6"})].map(|post| told("post.create", &post));
    assert_eq!(post.delivery_key(), of_another.delivery_key());
}

#[test]
fn a_story_names_its_posts_in_either_way() {
    for (name, ids) in [
        ("news.new", ["1631000000000000009", "1632200000000000010"]),
        ("news.new.every_field", ["1631000000000000009", "1632200000000000010"]),
    ] {
        let path = format!("{}/tests/fixtures/xaa/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let event = event(std::fs::read_to_string(path).unwrap());
        let Activity::NewsPublished(story) = event.activity() else { panic!("no story") };
        assert_eq!(story.post_ids, ids, "{name}");
        assert!(story.id.is_some() && story.headline.is_some() && story.updated_at.is_some(), "{name}");
    }
}

#[test]
fn a_cut_name_does_not_change_who_followed_whom() {
    let follow = |name: &str| {
        let source = format!(r#"{{"data":{{"id":"1","username":"o","name":"{name}"}}}}"#);
        let payload = format!(r#"{{"source":{source},"target":{{"data":{{"id":"2"}}}}}}"#);
        event(format!(r#"{{"data":{{"event_type":"follow.follow","filter":{{"user_id":"2"}},"payload":{payload}}}}}"#))
    };
    assert_eq!(follow(r"cut \ud83d").content_key(), follow("whole").content_key());
}

#[test]
fn a_cut_tag_or_description_does_not_hide_what_it_stands_beside() {
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
