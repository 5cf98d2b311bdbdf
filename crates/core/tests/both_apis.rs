//! One event from both APIs is one activity with one content key.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{all_fixtures, event, fixture};
use birdhook_core::{Activity, ApiSource, DedupeScope, Event, EventKind, PostRelation, Timestamp};
use serde_json::Value;

/// The precision with which both APIs report the time of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Time {
    /// Both report milliseconds.
    Same,
    /// The X Activity API reports seconds only.
    Second,
    /// The X Activity API does not report the time.
    OldOnly,
}

use EventKind::*;
use Time::*;

/// Every pair, its kind, and the fields that differ: `+` only in the X Activity API, `-` only in
/// the Account Activity API, `~` different in both.
const PAIRS: &[(&str, EventKind, Time, &str)] = &[
    ("own", PostCreated, Second, ""),
    ("mention", PostCreated, Second, "-/author_blocked +/post/edit_history/0"),
    ("reply", PostCreated, Second, "-/author_blocked +/post/conversation_id +/post/edit_history/0"),
    ("quote", PostCreated, Second, "+/post/edit_history/0"),
    ("repost", PostCreated, Second, "+/post/conversation_id +/post/edit_history/0"),
    (
        "deletion",
        PostDeleted,
        OldOnly,
        "+/author/created_at +/author/description +/author/followers +/author/following \
        +/author/handle +/author/location +/author/name +/author/picture +/author/protected \
        +/author/url +/author/verified",
    ),
    ("like_by", Liked, Same, "+/post/edit_history/0"),
    (
        "like_of",
        Liked,
        Same,
        "-/by/created_at -/by/description -/by/followers -/by/following -/by/handle -/by/id \
        -/by/location -/by/name -/by/picture -/by/protected -/by/url -/by/verified \
        +/post/edit_history/0",
    ),
    ("follow", Followed, OldOnly, ""),
    ("unfollow", Unfollowed, OldOnly, ""),
    ("block", Blocked, OldOnly, ""),
    ("unblock", Unblocked, OldOnly, ""),
    ("mute", Muted, OldOnly, ""),
    ("unmute", Unmuted, OldOnly, ""),
    ("sent", MessageSent, Same, ""),
    ("received", MessageReceived, Same, ""),
    ("read", MessagesRead, Same, ""),
    ("typing", Typing, Same, ""),
    ("revocation", AccessRevoked, Same, ""),
];

const SCOPES: [DedupeScope; 4] =
    [DedupeScope::Subscription, DedupeScope::Conversation, DedupeScope::AcrossApps, DedupeScope::Everywhere];

/// Returns the event from the Account Activity API and from the X Activity API.
fn pair(name: &str) -> [Event; 2] {
    let both = ["aaa", "xaa"].map(|generation| event(fixture(&format!("both_apis/{name}.{generation}"))));
    let generations = [ApiSource::AccountActivity, ApiSource::XActivity];
    assert_eq!([both[0].api_source(), both[1].api_source()], generations, "{name}");
    both
}

/// Returns every leaf of a JSON value, by its pointer.
fn leaves(value: &Value) -> BTreeMap<String, Value> {
    let is_leaf = |value: &Value| !value.is_object() && !value.is_array();
    let all = crate::support::pointers(value).into_iter();
    all.map(|pointer| (pointer.clone(), value.pointer(&pointer).unwrap().clone()))
        .filter(|(_, value)| is_leaf(value))
        .collect()
}

/// Returns the differences between two activities.
fn differences(old: &Activity<'_>, new: &Activity<'_>) -> BTreeSet<String> {
    let [old, new] = [old, new].map(|activity| leaves(&serde_json::to_value(activity).unwrap()));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let differing = names.into_iter().filter_map(|name| match (old.get(name), new.get(name)) {
        (None, Some(_)) => Some(format!("+{name}")),
        (Some(_), None) => Some(format!("-{name}")),
        (old, new) => (old != new).then(|| format!("~{name}")),
    });
    differing.collect()
}

#[test]
fn both_apis_give_the_same_activity() {
    for (name, kind, _, listed) in PAIRS {
        let [old, new] = pair(name);
        assert_eq!((old.kind(), new.kind()), (*kind, *kind), "{name}");
        assert_eq!(old.direction(), new.direction(), "{name}");
        assert_eq!(old.source_app_id(), new.source_app_id(), "{name}");
        let (old, new) = (old.activity(), new.activity());
        let kinds = [&old, &new].map(|activity| serde_json::to_value(activity).unwrap()["kind"].clone());
        assert_eq!(kinds, [kind.as_str(), kind.as_str()], "{name}");
        let listed: BTreeSet<_> = listed.split_whitespace().map(str::to_owned).collect();
        assert_eq!(differences(&old, &new), listed, "{name}");
    }
}

#[test]
fn both_apis_give_the_same_accessors() {
    for (name, ..) in PAIRS {
        let [old, new] = pair(name);
        assert_eq!(old.subscriber(), new.subscriber(), "{name}");
        assert!(old.subscriber().is_some(), "{name}");
        let (old, new) = (old.activity(), new.activity());
        if *name == "like_of" {
            assert_eq!((old.actor().unwrap().id.as_deref(), new.actor()), (Some("71"), None), "X does not report who");
        } else {
            let id = |activity: &Activity<'_>| activity.actor().unwrap().id.as_deref().unwrap().to_owned();
            assert_eq!(id(&old), id(&new), "{name}");
        }
        assert_eq!(old.target(), new.target(), "{name}");
        assert_eq!(old.post().map(|post| (&post.id, &post.text)), new.post().map(|post| (&post.id, &post.text)));
        assert_eq!(old.message(), new.message(), "{name}");
    }
}

#[test]
fn an_event_has_one_content_key_and_two_delivery_keys() {
    let mut seen = BTreeMap::new();
    for (name, ..) in PAIRS {
        let [old, new] = pair(name);
        for scope in SCOPES {
            assert_eq!(old.content_key_in(scope), new.content_key_in(scope), "{name} {scope:?}");
            assert_ne!(old.delivery_key_in(scope), new.delivery_key_in(scope), "{name} {scope:?}");
        }
        assert_eq!(old.content_key(), old.content_key_in(DedupeScope::Subscription));
        assert_eq!(old.lacks_unique_id(), new.lacks_unique_id(), "{name}");
        let lacks_unique_id =
            matches!(old.kind(), Followed | Unfollowed | Blocked | Unblocked | Muted | Unmuted | Typing);
        assert_eq!(old.lacks_unique_id(), lacks_unique_id, "{name}");
        for key in [old.content_key(), old.delivery_key(), new.delivery_key()] {
            // A key may repeat only if a content key equals a delivery key, and only for the same
            // event.
            if let Some(other) = seen.insert(key, *name) {
                assert_eq!(other, *name);
            }
        }
    }
}

#[test]
fn both_apis_give_the_same_time_up_to_the_stated_precision() {
    for (name, _, time, _) in PAIRS {
        let [old, new] = pair(name).map(|event| event.occurred_at().map(Timestamp::as_millis));
        let precision = match new {
            None => OldOnly,
            Some(_) if old == new => Same,
            Some(second) => {
                assert_eq!((old.unwrap().div_euclid(1000) * 1000, second % 1000), (second, 0), "{name}");
                Second
            }
        };
        assert_eq!(precision, *time, "{name}");
        assert!(old.is_some(), "{name}");
    }
}

#[test]
fn the_derived_relation_of_a_post_equals_the_event_type() {
    for (name, relation) in [
        ("own", PostRelation::Own),
        ("mention", PostRelation::Mention),
        ("reply", PostRelation::Reply),
        ("quote", PostRelation::Quote),
        ("repost", PostRelation::Repost),
    ] {
        for event in pair(name) {
            let Activity::PostCreated(new) = event.activity() else { panic!("{name} is not a post") };
            assert_eq!(new.relation, Some(relation), "{name} {:?}", event.api_source());
        }
    }
}

/// A link that represents an attached picture is listed with the media, not with the links.
#[test]
fn a_picture_is_not_a_link() {
    for event in pair("own") {
        let Activity::PostCreated(new) = event.activity() else { panic!("no post") };
        let links: Vec<_> = new.post.links.iter().filter_map(|link| link.url.as_deref()).collect();
        assert_eq!((links, new.post.media.len()), (vec!["https://t.co/bbbb"], 1), "{:?}", event.api_source());
    }
}

/// If a post concerns the subscriber in several ways, X reports it with several event types.
#[test]
fn the_event_types_of_one_post_share_a_content_key() {
    let body = |kind: &str| {
        format!(
            r#"{{"data":{{"event_uuid":"5","event_type":"{kind}","filter":{{"user_id":"7"}},
                "payload":{{"id":"20","author_id":"8"}}}}}}"#
        )
    };
    let [mention, reply] = ["post.mention.create", "post.reply.create"].map(|kind| event(body(kind)));
    assert_eq!(mention.content_key(), reply.content_key());
    assert_ne!(mention.delivery_key(), reply.delivery_key());
}

/// X has published no sample of reading and typing; they may come without the arrays around them.
#[test]
fn a_flat_payload_has_the_same_content_key() {
    for (name, flat) in [("read", "xaa/dm.read.flat"), ("typing", "xaa/dm.indicate_typing.flat")] {
        let ([old, new], flat) = (pair(name), event(fixture(flat)));
        assert_eq!((flat.kind(), flat.subscriber()), (old.kind(), old.subscriber()), "{name}");
        assert_eq!(differences(&old.activity(), &flat.activity()), BTreeSet::new(), "{name}");
        assert_eq!(flat.content_key(), old.content_key(), "{name}");
        assert_eq!(flat.delivery_key(), new.delivery_key(), "{name}");
        assert_eq!(flat.occurred_at(), old.occurred_at(), "{name}");
    }
}

#[test]
fn every_fixture_pair_is_compared() {
    let files = all_fixtures().iter().filter_map(|(name, _)| Some(name.strip_prefix("both_apis/")?.split_once('.')?.0));
    assert_eq!(files.collect::<BTreeSet<_>>(), PAIRS.iter().map(|(name, ..)| *name).collect());
}
