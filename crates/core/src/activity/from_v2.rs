//! Activities from payloads of the X Activity API, filtered streams and replays.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::content::Activity;
use super::message::{Attachment, Message};
use super::post::{
    DeletedPost, Like, Link, MatchedPost, MatchingRule, Media, Mention, NewPost, Post, PostReference, PostRelation,
    ReferenceKind,
};
use super::user::{Relationship, User};
use super::x_activity::{Broadcast, BroadcastMessage, Chat, News, ProfileUpdate, Replay, Revocation, Space};
use crate::event::event::Event;
use crate::event::event_type;
use crate::event::kind::EventKind;
use crate::json::value::Id;
use crate::schema::html;
use crate::schema::v2::{self, Includes, Payload};

pub(super) fn activity<'a>(event: &'a Event) -> Option<Activity<'a>> {
    let kind = event.kind();
    if kind == EventKind::ReplayFinished {
        return Some(Activity::ReplayFinished(replay(event.replay_status()?)));
    }
    // Follows, blocks and mutes contain their users. Reading the includes for them is avoided,
    // because there may be thousands.
    let includes = match kind {
        EventKind::Liked => event.includes(),
        EventKind::PostCreated
        | EventKind::PostMatched
        | EventKind::PostDeleted
        | EventKind::ProfileUpdated
        | EventKind::ChatReceived
        | EventKind::ChatSent
        | EventKind::ChatChanged
        | EventKind::ChatRead
        | EventKind::ChatTyping => event.named().map(Includes::from),
        _ => None,
    }
    .unwrap_or_default();
    Some(match event.v2()? {
        Payload::Post(post) if kind == EventKind::PostMatched => {
            let rules = event.matching_rules().into_iter();
            let rules = rules.map(|rule| MatchingRule { id: rule.id, tag: rule.tag }).collect();
            Activity::PostMatched(Box::new(MatchedPost { rules, post: self::post(*post, &includes) }))
        }
        Payload::Post(post) => {
            let relation = relation(event, post.author_id.as_deref());
            let post = self::post(*post, &includes);
            Activity::PostCreated(Box::new(NewPost { relation, author_blocked: None, post }))
        }
        Payload::PostDelete(deleted) => {
            Activity::PostDeleted(DeletedPost { post_id: deleted.id, author: person(deleted.author_id, &includes) })
        }
        Payload::Like(like) => Activity::Liked(Box::new(self::like(event, like, &includes))),
        // Read by `from_v1`, like the messages of the Account Activity API.
        Payload::DirectMessage(_) => return None,
        Payload::Relation(relation) => {
            let user = |user: Option<&v2::User<'a>>| user.cloned().map(User::from).unwrap_or_default();
            let relationship =
                Box::new(Relationship { source: user(relation.source()), target: user(relation.target()) });
            match kind {
                EventKind::Followed => Activity::Followed(relationship),
                EventKind::Unfollowed => Activity::Unfollowed(relationship),
                EventKind::Blocked => Activity::Blocked(relationship),
                EventKind::Unblocked => Activity::Unblocked(relationship),
                EventKind::Muted => Activity::Muted(relationship),
                EventKind::Subscribed => Activity::Subscribed(relationship),
                EventKind::Unsubscribed => Activity::Unsubscribed(relationship),
                _ => Activity::Unmuted(relationship),
            }
        }
        Payload::ProfileUpdate(update) => Activity::ProfileUpdated(Box::new(ProfileUpdate {
            user: person(event.subscriber().map(Id::from), &includes),
            field: detail(event, "profile.update."),
            before: update.before.map(Into::into),
            after: update.after.map(Into::into),
        })),
        Payload::Chat(chat) => {
            let chat = Box::new(self::chat(event, *chat, &includes));
            match kind {
                EventKind::ChatReceived => Activity::ChatReceived(chat),
                EventKind::ChatSent => Activity::ChatSent(chat),
                EventKind::ChatRead => Activity::ChatRead(chat),
                EventKind::ChatTyping => Activity::ChatTyping(chat),
                _ => Activity::ChatChanged(chat),
            }
        }
        Payload::Space(space) => {
            let host = space.user().cloned().map(User::from).unwrap_or_default();
            let space = Box::new(Space { id: space.broadcast_id, host });
            if kind == EventKind::SpaceStarted { Activity::SpaceStarted(space) } else { Activity::SpaceEnded(space) }
        }
        Payload::Broadcast(broadcast) => {
            let broadcast = Box::new(self::broadcast(*broadcast));
            match kind {
                EventKind::BroadcastStarted => Activity::BroadcastStarted(broadcast),
                _ => Activity::BroadcastEnded(broadcast),
            }
        }
        Payload::BroadcastMessage(message) => {
            let message = Box::new(broadcast_message(*message));
            match kind {
                EventKind::BroadcastMessage => Activity::BroadcastMessage(message),
                _ => Activity::BroadcastMessageRemoved(message),
            }
        }
        Payload::News(news) => Activity::NewsPublished(Box::new(self::news(*news))),
        Payload::Revocation(revocation) => {
            Activity::AccessRevoked(Revocation { user: User::with_id(revocation.user_id), app_id: revocation.app_id })
        }
    })
}

/// Converts a message in the form of API v2. If a received message names no recipient, the
/// subscriber is the recipient.
pub(super) fn message<'a>(event: &'a Event, message: v2::DirectMessage<'a>) -> Message<'a> {
    let received = event.subscriber().filter(|id| {
        event.kind() == EventKind::MessageReceived && message.sender_id.as_ref().is_none_or(|sender| *sender != **id)
    });
    let recipient = message.recipient().or(received).map(|id| Id::from(id.to_owned()));
    let key = message.attachments.and_then(|attachments| attachments.media_keys.into_iter().next());
    let includes = key.is_some().then(|| event.named().map(Includes::from)).flatten().unwrap_or_default();
    let links = message.entities.map(|entities| entities.urls).unwrap_or_default();
    Message {
        id: message.id,
        sender: event.person(message.sender_id),
        recipient: event.person(recipient),
        text: message.text.map(html::decoded),
        links: links.into_iter().filter_map(link).collect(),
        attachment: key.map(|key| Attachment::Media { media: attached(key, &includes) }),
        ..Message::default()
    }
}

fn attached<'a>(key: Id<'a>, includes: &Includes<'a>) -> Media<'a> {
    let media = includes.media.iter().find(|media| media.media_key.as_ref() == Some(&key)).cloned();
    media.map_or_else(|| Media { id: Some(media_id(key)), ..Media::default() }, Into::into)
}

/// Returns the media with these keys, each once.
fn all_attached<'a>(keys: impl Iterator<Item = Id<'a>>, includes: &Includes<'a>) -> Vec<Media<'a>> {
    let (mut known, mut seen) = (None, HashSet::new());
    let mut all = Vec::new();
    for key in keys {
        // A map, because comparing each key with each medium takes minutes for thousands of both.
        let known = known.get_or_insert_with(|| {
            let by_key = |media: &'_ v2::Media<'a>| media.media_key.clone();
            let media = includes.media.iter().rev();
            media.filter_map(|media| Some((by_key(media)?, media))).collect::<HashMap<_, _>>()
        });
        if seen.insert(key.clone()) {
            let media = known.get(&key).map(|media| Media::from((*media).clone()));
            all.push(media.unwrap_or_else(|| Media { id: Some(media_id(key)), ..Media::default() }));
        }
    }
    all
}

/// Returns a user by id, with the details from the payload's `includes`.
fn person<'a>(id: Option<Id<'a>>, includes: &Includes<'a>) -> User<'a> {
    let known = id.as_deref().and_then(|id| includes.user(id)).cloned();
    let known = known.map(User::from).unwrap_or_default();
    User { id, ..known }
}

/// Returns the relation of the post to the subscriber, derived from the event type. A post by the
/// subscriber is always `PostRelation::Own`.
fn relation(event: &Event, author: Option<&str>) -> Option<PostRelation> {
    let is_of_subscriber = event_type::known(event.name()).is_some_and(|(name, _)| name == "post.create");
    if event.subscriber().is_some() && (author == event.subscriber() || (author.is_none() && is_of_subscriber)) {
        return Some(PostRelation::Own);
    }
    let name = event.name().to_ascii_lowercase();
    let contains = |word: &str| name.contains(word);
    [
        ("repost", PostRelation::Repost),
        ("quote", PostRelation::Quote),
        ("reply", PostRelation::Reply),
        ("mention", PostRelation::Mention),
    ]
    .into_iter()
    .find(|(word, _)| contains(word))
    .map(|(_, relation)| relation)
}

fn post<'a>(post: v2::Post<'a>, includes: &Includes<'a>) -> Post<'a> {
    let note = post.note.unwrap_or_default();
    let entities = note.entities.or(post.entities).unwrap_or_default();
    let keys = post.attachments.map(|attachments| attachments.media_keys).unwrap_or_default();
    // If the app did not request attachments, the links still name the media.
    let linked = entities.urls.iter().filter_map(|url| url.media_key.clone());
    let media = all_attached(keys.into_iter().chain(linked), includes);
    let mut references: Vec<_> = post.references.into_iter().filter_map(reference).collect();
    let is_listed = references.iter().any(|one| one.kind == ReferenceKind::Reply);
    if let Some(id) = post.in_reply_to_post_id.filter(|_| !is_listed) {
        references.insert(0, PostReference { kind: ReferenceKind::Reply, id });
    }
    Post {
        id: post.id,
        author: person(post.author_id, includes),
        text: note.text.or(post.text).map(html::decoded),
        language: post.lang,
        created_at: post.created_at,
        conversation_id: post.conversation_id,
        in_reply_to_user_id: post.in_reply_to_user_id,
        references,
        mentions: entities.mentions.into_iter().map(|who| Mention { id: who.id, handle: who.username }).collect(),
        links: entities.urls.into_iter().filter_map(link).collect(),
        hashtags: entities.hashtags.into_iter().filter_map(|hashtag| hashtag.tag).collect(),
        media,
        edit_history: post.edit_history,
    }
}

/// Converts a link. Links that represent media are dropped, because the media are listed
/// separately.
fn link(url: v2::Url<'_>) -> Option<Link<'_>> {
    url.media_key.is_none().then_some(Link { url: url.url, expanded_url: url.expanded_url.or(url.unwound_url) })
}

fn reference(reference: v2::Reference<'_>) -> Option<PostReference<'_>> {
    let kind = match reference.kind.as_deref()? {
        "replied_to" => ReferenceKind::Reply,
        "quoted" => ReferenceKind::Quote,
        "retweeted" | "reposted" => ReferenceKind::Repost,
        _ => return None,
    };
    Some(PostReference { kind, id: reference.id? })
}

/// Returns the id as the Account Activity API writes it: the media key without the number of its
/// kind (`3_` for a picture).
fn media_id(key: Id<'_>) -> Id<'_> {
    fn bare(key: &str) -> &str {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        match key.split_once('_') {
            Some((kind, id)) if is_number(kind) && is_number(id) => id,
            _ => key,
        }
    }
    match Cow::from(key) {
        Cow::Borrowed(key) => bare(key).into(),
        Cow::Owned(key) => bare(&key).to_owned().into(),
    }
}

impl<'a> From<v2::Media<'a>> for Media<'a> {
    fn from(media: v2::Media<'a>) -> Self {
        Self {
            id: media.media_key.map(media_id),
            kind: media.kind,
            url: media.url.or(media.preview_image_url),
            alt_text: media.alt_text,
        }
    }
}

/// Converts a like. The payload does not say who liked the post. It was the subscriber if the
/// subscription says so, or if another user wrote the post.
fn like<'a>(event: &'a Event, like: v2::Like<'a>, includes: &Includes<'a>) -> Like<'a> {
    let author = like.liked_post_author_id.as_deref();
    let of_others = event.subscriber().is_some() && author.is_some() && author != event.subscriber();
    let outbound = event.envelope().outbound.unwrap_or(of_others);
    let by = like.user_id.or(event.subscriber().filter(|_| outbound).map(Id::from));
    let liked = includes.posts.iter().find(|post| post.id == like.liked_post_id).cloned();
    let mut post = post(liked.unwrap_or_default(), includes);
    post.id = post.id.or(like.liked_post_id);
    if post.author.is_empty() {
        post.author = person(like.liked_post_author_id, includes);
    }
    Like { id: like.id, by: by.map(|by| person(Some(by), includes)), post }
}

/// Returns the part of the event type after its family, such as `bio` of `profile.update.bio`.
fn detail<'a>(event: &'a Event, family: &str) -> Id<'a> {
    match event_type::detail(event.name(), family) {
        Cow::Borrowed(detail) => detail.into(),
        Cow::Owned(detail) => detail.into(),
    }
}

fn chat<'a>(event: &'a Event, chat: v2::Chat<'a>, includes: &Includes<'a>) -> Chat<'a> {
    Chat {
        id: chat.id,
        event: detail(event, "chat."),
        conversation_id: chat.conversation_id,
        sender: person(chat.sender_id, includes),
        encrypted: chat.encoded_event,
        key_version: chat.conversation_key_version,
        key_change: chat.conversation_key_change_event,
    }
}

fn broadcast(broadcast: v2::Broadcast<'_>) -> Broadcast<'_> {
    let host = broadcast.user().cloned();
    Broadcast {
        id: broadcast.broadcast_id,
        host: host.map(User::from).unwrap_or_default(),
        title: broadcast.title,
        state: broadcast.broadcast_state,
        language: broadcast.language,
        thumbnail_url: broadcast.thumbnail_url,
        available_for_replay: broadcast.available_for_replay,
    }
}

fn broadcast_message(message: v2::BroadcastMessage<'_>) -> BroadcastMessage<'_> {
    let author = message.author().cloned();
    BroadcastMessage {
        id: message.message_id,
        broadcast_id: message.broadcast_id,
        author: author.map(User::from).unwrap_or_default(),
        text: message.message,
    }
}

fn news(news: v2::News<'_>) -> News<'_> {
    News {
        id: news.id,
        headline: news.name,
        category: news.category,
        hook: news.hook,
        summary: news.summary,
        disclaimer: news.disclaimer,
        updated_at: news.updated_at,
        post_ids: news.posts.into_iter().filter_map(|post| post.id).collect(),
    }
}

fn replay(status: v2::ReplayStatus<'_>) -> Replay<'_> {
    Replay {
        job_id: status.job_id,
        webhook_id: status.webhook_id,
        complete: status.job_state.as_deref().map(|state| state.eq_ignore_ascii_case("complete")),
        description: status.job_state_description,
    }
}
