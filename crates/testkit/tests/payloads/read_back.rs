//! A receiver reads the generated facts, whichever API reports them.

use super::*;
use birdhook_core::{Activity, DedupeScope, PostRelation};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the relation of a kind of post to the subscriber.
pub(crate) fn relation(kind: MockEventKind) -> Option<PostRelation> {
    match kind {
        MockEventKind::Post => Some(PostRelation::Own),
        MockEventKind::Mention => Some(PostRelation::Mention),
        MockEventKind::Reply => Some(PostRelation::Reply),
        MockEventKind::Quote => Some(PostRelation::Quote),
        MockEventKind::Repost => Some(PostRelation::Repost),
        _ => None,
    }
}

/// Returns the event time that this API reports, with its precision.
pub(crate) fn time(kind: MockEventKind, generation: ApiSource, at: Timestamp) -> Option<Timestamp> {
    match (kind, generation) {
        (MockEventKind::StreamPost, _) | (MockEventKind::Revoke, AccountActivity) => Some(second(at)),
        (MockEventKind::Replay, _) => None,
        _ => Some(at),
    }
}

#[test]
fn every_kind_is_parsed_as_itself() {
    each(|kind, _, mock_event| {
        assert_eq!((mock_event.kind(), mock_event.subscriber()), (kind, SUBSCRIBER));
        assert!(!kind.api_sources().is_empty());
        for generation in [AccountActivity, XActivity, ApiSource::FilteredStream, ApiSource::Replay] {
            let reply = kind.api_sources().contains(&generation);
            assert_eq!(mock_event.reported_by(generation).is_some(), reply, "{generation:?}");
            if reply {
                is_read_as_what_it_is(kind, &mock_event, &event(&mock_event, generation));
            }
        }
        assert_eq!(mock_event.reported_by(ApiSource::Unknown), None);
    });
}

fn is_read_as_what_it_is(kind: MockEventKind, mock_event: &MockEvent, event: &Event) {
    let generation = event.api_source();
    assert!(kind.api_sources().contains(&generation));
    assert_eq!(event.kind(), kind.event_kind());
    let is_nobodys = matches!(kind, MockEventKind::News | MockEventKind::StreamPost | MockEventKind::Replay);
    assert_eq!(event.subscriber(), (!is_nobodys).then_some(SUBSCRIBER));
    match generation {
        AccountActivity => assert_eq!(Some(event.name()), kind.account_activity()),
        XActivity => assert_eq!(event.name(), kind.as_str()),
        _ => {}
    }
    assert_eq!(event.occurred_at(), time(kind, generation, mock_event.at()), "{generation:?}");

    let activity = event.activity();
    // The X Activity API does not report who liked a post of the subscriber.
    let hides_actor = kind == MockEventKind::Like && generation == XActivity;
    assert_eq!(id(activity.actor()), mock_event.actor().filter(|_| !hides_actor), "{generation:?}");
    assert_eq!(id(activity.target()), mock_event.target(), "{generation:?}");
    assert_eq!(identity(&activity), mock_event.id(), "{generation:?}");
    assert_eq!(text(&activity), mock_event.text(), "{generation:?}");
    if let Activity::PostCreated(new) = &activity {
        assert_eq!(new.relation, relation(kind), "{generation:?}");
        assert_eq!(new.post.created_at, Some(second(mock_event.at())));
    } else {
        assert_eq!(relation(kind), None);
    }
    match kind {
        MockEventKind::Replay | MockEventKind::News | MockEventKind::StreamPost => {}
        // For other kinds, the other user is never the subscriber.
        _ => assert_ne!(mock_event.other(), SUBSCRIBER),
    }
    let is_one_of = |names: &str| names.split(' ').any(|name| name == kind.as_str());
    if is_one_of(
        "post.create post.delete follow.unfollow block.block block.unblock mute.mute mute.unmute dm.sent chat.sent \
         oauth.revoke",
    ) {
        assert_eq!(mock_event.actor().as_deref(), Some(SUBSCRIBER));
    }
    if is_one_of(
        "post.mention.create post.reply.create post.quote.create post.repost.create like.create follow.follow \
         dm.received dm.read dm.indicate_typing chat.received",
    ) {
        assert_eq!(mock_event.actor().as_deref(), Some(mock_event.other()));
    }
}

/// Returns X's id of the event, as a receiver reads it.
pub(crate) fn identity(activity: &Activity<'_>) -> Option<String> {
    let id = match activity {
        Activity::PostCreated(new) => &new.post.id,
        Activity::PostDeleted(deleted) => &deleted.post_id,
        Activity::PostMatched(matched) => &matched.post.id,
        Activity::Liked(like) => &like.id,
        Activity::MessageSent(message) | Activity::MessageReceived(message) => &message.id,
        Activity::ChatReceived(chat) | Activity::ChatSent(chat) | Activity::ChatChanged(chat) => &chat.id,
        Activity::SpaceStarted(space) | Activity::SpaceEnded(space) => &space.id,
        Activity::BroadcastStarted(broadcast) | Activity::BroadcastEnded(broadcast) => &broadcast.id,
        Activity::BroadcastMessage(message) | Activity::BroadcastMessageRemoved(message) => &message.id,
        Activity::NewsPublished(news) => &news.id,
        Activity::ReplayFinished(replay) => &replay.job_id,
        _ => return None,
    };
    Some(id.as_deref().unwrap().to_owned())
}

pub(crate) fn text(activity: &Activity<'_>) -> Option<String> {
    let text = match activity {
        Activity::BroadcastMessage(message) => message.text.as_deref(),
        Activity::BroadcastStarted(broadcast) | Activity::BroadcastEnded(broadcast) => broadcast.title.as_deref(),
        Activity::NewsPublished(news) => news.headline.as_deref(),
        Activity::ProfileUpdated(update) => update.after.as_deref(),
        _ => activity.post().map(|post| &post.text).or(activity.message().map(|message| &message.text))?.as_deref(),
    };
    Some(text.unwrap().to_owned())
}

#[test]
fn reports_of_both_apis_match() {
    each(|kind, _, mock_event| {
        let [Some(old), Some(new)] = [AccountActivity, XActivity]
            .map(|generation| mock_event.reported_by(generation).is_some().then(|| event(&mock_event, generation)))
        else {
            return;
        };
        for scope in [DedupeScope::Subscription, DedupeScope::Conversation, DedupeScope::Everywhere] {
            assert_eq!(old.content_key_in(scope), new.content_key_in(scope));
            assert_ne!(old.delivery_key_in(scope), new.delivery_key_in(scope));
        }
        let without_id = ["follow.", "block.", "mute.", "dm.indicate_typing"];
        let lacks_unique_id = without_id.iter().any(|start| kind.as_str().starts_with(start));
        assert_eq!((old.lacks_unique_id(), new.lacks_unique_id()), (lacks_unique_id, lacks_unique_id));
        assert_eq!(old.direction(), new.direction());
        assert_eq!(old.source_app_id(), new.source_app_id());
        if let Some(app) = old.source_app_id() {
            assert_eq!(old.source_app().unwrap().id.as_deref(), Some(app));
        }
        let unexplained: Vec<_> =
            differences(&old.activity(), &new.activity()).into_iter().filter(|at| !is_known(kind, at)).collect();
        assert_eq!(unexplained, Vec::<String>::new());
    });
}

/// Differences between the APIs that docs/activity.md documents.
fn is_known(kind: MockEventKind, pointer: &str) -> bool {
    match kind {
        MockEventKind::PostDelete => pointer.starts_with("+/author/"),
        MockEventKind::Like if pointer.starts_with("-/by/") => true,
        _ => {
            matches!(pointer, "-/author_blocked" | "+/post/conversation_id" | "+/post/edit_history/0")
                || pointer == "~/post/media/0/id"
        }
    }
}

fn differences(old: &Activity<'_>, new: &Activity<'_>) -> Vec<String> {
    let [old, new] = [old, new].map(|activity| {
        let mut leaves = BTreeMap::new();
        walk(&serde_json::to_value(activity).unwrap(), "", &mut |pointer, value| {
            if !value.is_object() && !value.is_array() {
                leaves.insert(pointer.to_owned(), value.clone());
            }
        });
        leaves
    });
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let differing = names.into_iter().filter_map(|name| match (old.get(name), new.get(name)) {
        (None, Some(_)) => Some(format!("+{name}")),
        (Some(_), None) => Some(format!("-{name}")),
        (old, new) => (old != new).then(|| format!("~{name}")),
    });
    differing.collect()
}
