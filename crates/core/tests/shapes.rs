//! Recognising the shape of a body, and X's names for event types.

use crate::support::{all_fixtures, deliver, event};
use birdhook_core::activity::{Attachment, ReferenceKind};
use birdhook_core::schema::v2;
use birdhook_core::{Activity, ApiSource, Direction, Event, EventKind, PostRelation, Timestamp};

fn fixture(name: &str) -> &'static str {
    crate::support::fixture(&format!("xaa/{name}"))
}

/// Returns an activity with this type and payload for the user 7.
fn activity(kind: &str, payload: &str) -> Event {
    event(format!(
        r#"{{"data":{{"event_uuid":"5","filter":{{"user_id":"7"}},"event_type":"{kind}","payload":{payload}}}}}"#
    ))
}

fn seen(body: &str) -> Vec<(ApiSource, EventKind)> {
    deliver(body).events().iter().map(|event| (event.api_source(), event.kind())).collect()
}

const REPLAY: &str = r#""replay_job_status":{"job_id":"1","job_state":"Complete"}"#;
const ACTIVITY: &str = r#""event_type":"post.create","payload":{"id":"2"}"#;
const RULES: &str = r#""matching_rules":[{"id":"3","tag":"t"}]"#;
const REVOKE: &str = r#""user_event":{"revoke":{"target":{"app_id":"4"},"source":{"user_id":"5"}}}"#;
const POSTS: &str = r#""for_user_id":"7","tweet_create_events":[{"id_str":"6"}]"#;

#[test]
fn each_shape_is_recognised() {
    use EventKind::{AccessRevoked, PostCreated, PostMatched, ReplayFinished, Unknown};
    for (body, expected) in [
        (format!("{{{REPLAY}}}"), (ApiSource::Replay, ReplayFinished)),
        (format!("{{\"data\":{{{ACTIVITY}}}}}"), (ApiSource::XActivity, PostCreated)),
        (format!("{{\"data\":{{\"id\":\"2\"}},{RULES}}}"), (ApiSource::FilteredStream, PostMatched)),
        (format!("{{{RULES},\"data\":{{\"id\":\"2\"}}}}"), (ApiSource::FilteredStream, PostMatched)),
        (format!("{{{REVOKE}}}"), (ApiSource::AccountActivity, AccessRevoked)),
        (format!("{{{POSTS}}}"), (ApiSource::AccountActivity, PostCreated)),
        ("{\"data\":{\"id\":\"2\"}}".to_owned(), (ApiSource::Unknown, Unknown)),
        (format!("{{\"data\":{{\"text\":\"no id\"}},{RULES}}}"), (ApiSource::Unknown, Unknown)),
        (format!("{{{RULES}}}"), (ApiSource::Unknown, Unknown)),
    ] {
        assert_eq!(seen(&body), [expected], "{body}");
    }
}

/// The first matching shape is used, and the other contents of the body are kept.
#[test]
fn an_activity_is_not_a_matched_post() {
    let body = format!("{{{RULES},\"data\":{{\"id\":\"2\",{ACTIVITY}}}}}");
    assert_eq!(seen(&body), [(ApiSource::XActivity, EventKind::PostCreated)]);
    let all = format!("{{{POSTS},{RULES},\"data\":{{{ACTIVITY}}},{REVOKE},{REPLAY}}}");
    for expected in [
        (ApiSource::Replay, EventKind::ReplayFinished),
        (ApiSource::XActivity, EventKind::PostCreated),
        (ApiSource::AccountActivity, EventKind::AccessRevoked),
        (ApiSource::AccountActivity, EventKind::PostCreated),
    ] {
        assert!(seen(&all).contains(&expected), "{expected:?}");
    }
    assert_eq!(seen(&all).len(), 4);
}

#[test]
fn every_fixture_has_the_kind_of_its_name() {
    let mut count = 0;
    for (name, body) in all_fixtures() {
        let Some(name) = name.strip_prefix("xaa/") else { continue };
        for event in deliver(body).events() {
            if event.api_source() != ApiSource::XActivity {
                assert!(name.starts_with("replay_") || name == "filtered_stream", "{name}");
                continue;
            }
            assert!(name.starts_with(event.name()) || name == "unknown", "{name} is {}", event.name());
            assert_eq!(event.kind() == EventKind::Unknown, name == "unknown", "{name}");
            assert!(event.event_uuid().is_some(), "{name}");
            assert_eq!(event.subscriber().is_none(), name.starts_with("news.new"), "{name}");
        }
        count += 1;
    }
    assert!(count > 50, "only {count}");
}

#[test]
fn the_former_names_are_the_same_types() {
    for (old, present) in [
        ("ProfileBioUpdate", "profile.update.bio"),
        ("ProfileProfilePictureUpdate", "profile.update.profile_picture"),
        ("ProfileBannerPictureUpdate", "profile.update.banner_picture"),
        ("ProfileScreennameUpdate", "profile.update.screenname"),
        ("ProfileVerifiedBadgeUpdate", "profile.update.verified_badge"),
        ("PostCreate", "post.create"),
        ("PostMentionCreate", "post.mention.create"),
        ("PostDelete", "post.delete"),
        ("LikeCreate", "like.create"),
        ("FollowFollow", "follow.follow"),
        ("FollowUnfollow", "follow.unfollow"),
        ("DMReceived", "dm.received"),
        ("DmSent", "dm.sent"),
        ("DmIndicateTyping", "dm.indicate_typing"),
        ("ChatReceived", "chat.received"),
        ("ChatConversationJoin", "chat.conversation.join"),
        ("chat.conversation_join", "chat.conversation.join"),
        ("SpacesStart", "spaces.start"),
        ("BroadcastChat", "broadcast.chat"),
        ("NewsNew", "news.new"),
        ("OAuthRevoke", "oauth.revoke"),
    ] {
        let body = fixture(present);
        let (old_event, present_event) = (event(body.replace(present, old)), event(body));
        assert_eq!(old_event.name(), old, "as X wrote it");
        assert_eq!(old_event.kind(), present_event.kind(), "{old}");
        assert_ne!(old_event.kind(), EventKind::Unknown, "{old}");
        assert_eq!(old_event.delivery_key(), present_event.delivery_key(), "{old}");
        assert_eq!(old_event.content_key(), present_event.content_key(), "{old}");
        assert_eq!(old_event.activity(), present_event.activity(), "{old}");
    }
}

#[test]
fn a_new_type_of_a_known_family_has_its_kind() {
    for (kind, expected) in [
        ("profile.update.pronouns", EventKind::ProfileUpdated),
        ("chat.update.picture", EventKind::ChatChanged),
        ("chat.conversation.left", EventKind::ChatChanged),
        ("chat.typing", EventKind::Unknown),
        ("post.pin", EventKind::Unknown),
    ] {
        assert_eq!(activity(kind, r#"{"before":"a","after":"b"}"#).kind(), expected, "{kind}");
    }
    let event = activity("profile.update.pronouns", r#"{"before":"a","after":"b"}"#);
    let Activity::ProfileUpdated(update) = event.activity() else { panic!("no update") };
    assert_eq!((&*update.field, update.after.as_deref()), ("pronouns", Some("b")));
    assert_eq!(update.user.id.as_deref(), Some("7"));
}

#[test]
fn an_unknown_type_is_unknown_with_all_of_its_data() {
    let data = r#"{"event_uuid":"5", "filter":{"user_id":"7"},"event_type":"list.renamed","payload":{"x":[1.0]}}"#;
    let body = format!(r#"{{"data":{data}}}"#);
    let event = event(&body);
    assert_eq!((event.kind(), event.api_source(), event.name()), {
        (EventKind::Unknown, ApiSource::XActivity, "list.renamed")
    });
    assert_eq!((event.raw().as_str(), event.subscriber()), (data, Some("7")));
    let Activity::Unknown { raw } = event.activity() else { panic!("known") };
    assert_eq!(raw.as_str(), data);
    assert_eq!(event.v2(), None);
    assert_eq!(serde_json::to_string(&event.activity()).unwrap(), format!(r#"{{"kind":"unknown","raw":{data}}}"#));
}

#[test]
fn a_filter_may_be_empty_or_about_a_word() {
    let revocation = event(fixture("oauth.revoke"));
    assert_eq!((revocation.kind(), revocation.subscriber()), (EventKind::AccessRevoked, Some("48484848")));
    assert_eq!(revocation.occurred_at(), Timestamp::parse("2023-03-07T07:08:09Z"));
    let news = event(fixture("news.new"));
    assert_eq!((news.kind(), news.subscriber()), (EventKind::NewsPublished, None));
    for filter in ["{}", "null", "5", "[]", r#"{"user_id":null}"#] {
        let event = event(format!(
            r#"{{"data":{{"event_type":"post.create","filter":{filter},"payload":{{"id":"1","author_id":"7"}}}}}}"#
        ));
        assert_eq!((event.kind(), event.subscriber()), (EventKind::PostCreated, None), "{filter}");
        let Activity::PostCreated(new) = event.activity() else { panic!("no post") };
        assert_eq!(new.relation, None, "{filter}: the relation is unknown");
    }
}

#[test]
fn an_event_uuid_is_any_text_or_a_number() {
    for (uuid, expected) in [
        (r#""-2781149976877970683""#, Some("-2781149976877970683")),
        ("-2781149976877970683", Some("-2781149976877970683")),
        ("9223372036854775807", Some("9223372036854775807")),
        (r#""0c6fd1f0-6d3f-4b8e-9a60-1d3c6c0e0001""#, Some("0c6fd1f0-6d3f-4b8e-9a60-1d3c6c0e0001")),
        (r#""""#, Some("")),
        ("null", None),
        ("{}", None),
        ("1.5", None),
    ] {
        let body = format!(r#"{{"data":{{"event_uuid":{uuid},"event_type":"profile.update.bio","payload":{{}}}}}}"#);
        let event = event(body);
        assert_eq!((event.kind(), event.event_uuid()), (EventKind::ProfileUpdated, expected), "{uuid}");
    }
    let key = |uuid: &str| {
        event(format!(r#"{{"data":{{"event_uuid":{uuid},"event_type":"profile.update.bio"}}}}"#)).delivery_key()
    };
    assert_eq!(key("\"-5\""), key("-5"), "the same delivery");
    assert_ne!(key("\"-5\""), key("\"5\""));
}

#[test]
fn errors_next_to_the_data_are_ignored() {
    let errors = r#""errors":[{"title":"Partial","detail":"No users"}]"#;
    let both = event(format!("{{{errors},\"data\":{{{ACTIVITY}}}}}"));
    assert_eq!((both.kind(), both.api_source()), (EventKind::PostCreated, ApiSource::XActivity));
    assert!(both.body().as_str().contains("Partial"));
    let alone = format!("{{{errors}}}");
    let event = event(&alone);
    assert_eq!((event.kind(), event.raw().as_str()), (EventKind::Unknown, &*alone));
}

#[test]
fn data_that_is_not_an_object_is_unknown() {
    for data in ["null", "5", "\"oops\"", "true", "[]", r#"[{"event_type":"post.create"}]"#, "{}"] {
        let body = format!(r#"{{"data":{data},"matching_rules":[{{"id":"1"}}]}}"#);
        let event = event(&body);
        assert_eq!((event.kind(), event.api_source()), (EventKind::Unknown, ApiSource::Unknown), "{data}");
        assert_eq!(event.raw().as_str(), body);
    }
    for kind in ["null", "5", "[]", "{}"] {
        let body = format!(r#"{{"data":{{"event_type":{kind},"payload":{{"id":"1"}}}}}}"#);
        assert_eq!(seen(&body), [(ApiSource::Unknown, EventKind::Unknown)], "{kind}");
    }
}

#[test]
fn includes_may_be_empty_and_wrap_users() {
    let post = event(fixture("post.create"));
    assert_eq!(post.includes(), Some(v2::Includes::default()));
    assert_eq!(post.activity().actor().unwrap().id.as_deref(), Some("2200440066008801"));
    assert_eq!(post.activity().actor().unwrap().handle, None);
    let deleted = event(fixture("post.delete"));
    assert_eq!(deleted.activity().actor().unwrap().handle.as_deref(), Some("wren_ashdown"));
    assert_eq!(event(fixture("post.repost.create")).includes(), None);
}

#[test]
fn the_newer_names_of_fields_are_read_too() {
    let event = event(fixture("post.reply.create"));
    let Activity::PostCreated(new) = event.activity() else { panic!("no post") };
    assert_eq!(new.relation, Some(PostRelation::Reply));
    assert_eq!((new.post.references[0].kind, &*new.post.references[0].id), {
        (ReferenceKind::Reply, "1632600000000000050")
    });
    assert_eq!(&*new.post.edit_history[0], "1632700000000000060");
    assert_eq!(new.post.author.handle.as_deref(), Some("wren_ashdown"));
}

#[test]
fn the_full_text_of_a_long_post_is_read() {
    let event = event(fixture("post.create"));
    let activity = event.activity();
    let post = activity.post().unwrap();
    let text = post.text.as_deref().unwrap();
    assert!(text.ends_with("bees & bees and a queen.") && text.len() > 140, "{text}");
    assert_eq!(post.hashtags[0], "winter", "the entities of the whole text");
}

#[test]
fn users_are_plain_or_wrapped() {
    for kind in ["block.block", "mute.mute"] {
        let [plain, wrapped] = ["plain", "wrapped"].map(|how| event(fixture(&format!("{kind}.{how}"))));
        assert_eq!(plain.activity(), wrapped.activity(), "{kind}");
        assert_eq!(plain.activity().actor().unwrap().id.as_deref(), Some("48484848"));
        assert_eq!(plain.activity().target().unwrap().handle.as_deref(), Some("maraquill"));
        assert!(plain.lacks_unique_id() && wrapped.lacks_unique_id(), "{kind}");
        assert_eq!(plain.content_key(), wrapped.content_key(), "{kind}");
        assert_eq!(plain.delivery_key(), wrapped.delivery_key(), "{kind}");
    }
}

#[test]
fn several_messages_of_one_payload_are_several_events() {
    let delivery = deliver(fixture("dm.received.several"));
    let events = delivery.events();
    let kinds: Vec<_> = events.iter().map(|event| (event.kind(), event.direction().unwrap())).collect();
    let (sent, received) =
        ((EventKind::MessageSent, Direction::Sent), (EventKind::MessageReceived, Direction::Received));
    assert_eq!(kinds, [received, sent, received], "the sender gives the direction, not the event type");
    let texts: Vec<_> =
        events.iter().map(|event| event.activity().message().unwrap().text.as_deref().unwrap().to_owned()).collect();
    assert_eq!(texts, ["One", "Two", "Three"]);
    for event in events {
        assert_eq!((event.api_source(), event.name(), event.subscriber()), {
            (ApiSource::XActivity, "dm.received", Some("4040"))
        });
        let activity = event.activity();
        assert!(activity.actor().unwrap().handle.is_some() && activity.target().unwrap().handle.is_some());
    }
    let keys: std::collections::HashSet<_> = events.iter().map(Event::delivery_key).collect();
    assert_eq!(keys.len(), 3);
}

#[test]
fn the_event_type_gives_the_direction_without_a_subscriber() {
    let payload =
        r#"{"direct_message_events":[{"type":"message_create","id":"1","message_create":{"sender_id":"7"}}]}"#;
    for (kind, expected, direction) in [
        ("dm.sent", EventKind::MessageSent, Direction::Sent),
        ("dm.received", EventKind::MessageReceived, Direction::Received),
    ] {
        let event = event(format!(r#"{{"data":{{"event_type":"{kind}","filter":{{}},"payload":{payload}}}}}"#));
        assert_eq!((event.kind(), event.direction()), (expected, Some(direction)));
        assert!(matches!(
            (expected, event.activity()),
            (EventKind::MessageSent, Activity::MessageSent(_)) | (_, Activity::MessageReceived(_))
        ));
    }
}

#[test]
fn a_message_may_carry_a_point() {
    let event = event(fixture("dm.received"));
    let activity = event.activity();
    let message = activity.message().unwrap();
    assert_eq!(message.text.as_deref(), Some("I am <here>"));
    assert!(matches!(message.attachment, Some(Attachment::Coordinate { .. })));
}

/// An unreadable message keeps the kind of its event type.
#[test]
fn a_message_of_another_form_is_still_sent_or_received() {
    for payload in
        ["{}", "null", "\"oops\"", "[]", "[null]", r#"{"direct_message_events":[]}"#, r#"{"id":"1","text":"hi"}"#]
    {
        let [sent, received] = ["dm.sent", "dm.received"].map(|kind| activity(kind, payload));
        assert_eq!((sent.kind(), received.kind()), (EventKind::MessageSent, EventKind::MessageReceived), "{payload}");
        assert!(matches!(sent.activity(), Activity::MessageSent(_)), "{payload}");
        assert!(matches!(received.activity(), Activity::MessageReceived(_)), "{payload}");
    }
}

/// Without a direction, the subscriber liked a post by another user. If the author is unknown too,
/// so is the user who liked it.
#[test]
fn the_user_who_liked_is_reported_if_known() {
    let by = |direction: &str, author: &str| {
        let event = event(format!(
            r#"{{"data":{{"event_type":"like.create","filter":{{"user_id":"7"{direction}}},
                "payload":{{"id":"1","liked_tweet_id":"2"{author}}}}}}}"#
        ));
        event.activity().actor().and_then(|user| user.id.as_deref().map(str::to_owned))
    };
    let (of_other, own) = (r#","liked_tweet_author_id":"8""#, r#","liked_tweet_author_id":"7""#);
    let (outbound, inbound) = (r#","direction":"outbound""#, r#","direction":"inbound""#);
    for (direction, author, expected) in [
        (outbound, of_other, Some("7")),
        (outbound, own, Some("7")),
        (inbound, own, None),
        ("", of_other, Some("7")),
        ("", own, None),
        ("", "", None),
    ] {
        assert_eq!(by(direction, author).as_deref(), expected, "{direction} {author}");
    }
}

/// A media key contains the kind of media before the id. An id without this prefix is unchanged.
#[test]
fn a_media_key_is_reported_as_the_id() {
    let ids = |post: &str| {
        let event = activity("post.create", post);
        let activity = event.activity();
        let media = &activity.post().unwrap().media;
        media.iter().map(|media| media.id.as_deref().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (key, id) in [
        ("3_123", "123"),
        ("13_123", "123"),
        (r"\u0033_123", "123"),
        ("123", "123"),
        ("_123", "_123"),
        ("3_", "3_"),
        ("a_123", "a_123"),
        ("3_12_3", "3_12_3"),
    ] {
        let attached = format!(r#"{{"id":"1","attachments":{{"media_keys":["{key}"]}}}}"#);
        assert_eq!(ids(&attached), [id], "{key}");
        let linked = format!(r#"{{"id":"1","entities":{{"urls":[{{"url":"t","media_key":"{key}"}}]}}}}"#);
        assert_eq!(ids(&linked), [id], "{key}: the id comes from the link if there are no attachments");
        let both = format!(
            r#"{{"id":"1","attachments":{{"media_keys":["7_5","{key}"]}},
                "entities":{{"urls":[{{"media_key":"{key}"}},{{"media_key":"3_6"}}]}}}}"#
        );
        assert_eq!(ids(&both), ["5", id, "6"], "{key}");
    }
}

#[test]
fn a_bounding_box_is_read_only_if_complete() {
    for (bbox, is_read) in [("[1,2.5,3,4]", true), ("[1,2,3]", false), ("[1,2,3,4,5]", false), ("[1,2,null,4]", false)]
    {
        let place = format!(r#"{{"type":"Feature","bbox":{bbox},"geometry":{{"type":"Point"}}}}"#);
        let place: v2::PlaceGeo<'_> = serde_json::from_str(&place).unwrap();
        assert_eq!(place.bbox.map(|bbox| bbox[1].get()), is_read.then_some(2.5), "{bbox}");
        assert!(place.geometry.is_some(), "{bbox}");
    }
}
