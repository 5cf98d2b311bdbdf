//! Activities from payloads of the Account Activity API.

use super::content::Activity;
use super::from_v2;
use super::message::{
    Attachment, CallToAction, Message, QuickReply, QuickReplyOption, QuickReplyResponse, Reading, Typing,
};
use super::post::{DeletedPost, Like, Link, Media, Mention, NewPost, Post, PostReference, PostRelation, ReferenceKind};
use super::user::{Relationship, User};
use super::x_activity::Revocation;
use crate::event::event::Event;
use crate::event::kind::EventKind;
use crate::json::wrapped::Wrapping as _;
use crate::schema::v1::{self, Payload};
use crate::schema::{html, v2};

pub(super) fn activity(event: &Event) -> Option<Activity<'_>> {
    Some(match event.v1() {
        Payload::TweetCreate(tweet) => {
            let relation = event.subscriber().and_then(|subscriber| relation(&tweet, subscriber));
            let author_blocked = event.user_has_blocked();
            Activity::PostCreated(Box::new(NewPost { relation, author_blocked, post: (*tweet).into() }))
        }
        Payload::TweetDelete(deleted) => {
            let status = deleted.status.unwrap_or_default();
            Activity::PostDeleted(DeletedPost {
                post_id: status.id_str.or(status.id),
                author: User::with_id(status.user_id_str.or(status.user_id)),
            })
        }
        Payload::Favorite(like) => Activity::Liked(Box::new(Like {
            id: like.id,
            by: like.user.map(Into::into),
            post: like.favorited_status.map(Into::into).unwrap_or_default(),
        })),
        Payload::Follow(relation) => Activity::Followed(relation.into()),
        Payload::Unfollow(relation) => Activity::Unfollowed(relation.into()),
        Payload::Block(relation) => Activity::Blocked(relation.into()),
        Payload::Unblock(relation) => Activity::Unblocked(relation.into()),
        Payload::Mute(relation) => Activity::Muted(relation.into()),
        Payload::Unmute(relation) => Activity::Unmuted(relation.into()),
        Payload::DirectMessage(message) => {
            let flat = event.v2().filter(|_| message.message_create.is_none());
            let message = Box::new(match flat {
                Some(v2::Payload::DirectMessage(flat)) => from_v2::message(event, *flat),
                _ => self::message(event, *message),
            });
            match event.kind() {
                EventKind::MessageSent => Activity::MessageSent(message),
                _ => Activity::MessageReceived(message),
            }
        }
        Payload::IndicateTyping(typing) => Activity::Typing(Box::new(Typing {
            writer: event.party(typing.sender_id, typing.source),
            recipient: event.party(typing.recipient_id, typing.target),
        })),
        Payload::MarkRead(read) => Activity::MessagesRead(Box::new(Reading {
            reader: event.party(read.sender_id, read.source),
            correspondent: event.party(read.recipient_id, read.target),
            last_message_id: read.last_read_event_id,
        })),
        Payload::Revoke(revocation) => Activity::AccessRevoked(Revocation {
            user: User::with_id(revocation.source.and_then(|source| source.user_id)),
            app_id: revocation.target.and_then(|target| target.app_id),
        }),
        Payload::Unknown(_) => return None,
    })
}

/// Returns the relation that the X Activity API expresses in its event type, found in the post.
fn relation(tweet: &v1::Tweet<'_>, subscriber: &str) -> Option<PostRelation> {
    let by = |tweet: &v1::Tweet<'_>| tweet.user.as_ref().and_then(|user| user.id()) == Some(subscriber);
    let quoted_by_x = |tweet: &Option<Box<v1::Tweet<'_>>>| tweet.as_deref().is_some_and(by);
    let answered = tweet.in_reply_to_user_id_str.as_deref().or(tweet.in_reply_to_user_id.as_deref());
    // X also sets the replied-to user if a post only begins with a handle and is not a reply.
    let answers = tweet.in_reply_to_status_id_str.is_some() || tweet.in_reply_to_status_id.is_some();
    let mut mentioned = tweet.full_entities().into_iter().flat_map(|entities| &entities.user_mentions);
    if by(tweet) {
        Some(PostRelation::Own)
    } else if quoted_by_x(&tweet.retweeted_status) {
        Some(PostRelation::Repost)
    } else if tweet.retweeted_status.is_none() && quoted_by_x(&tweet.quoted_status) {
        Some(PostRelation::Quote)
    } else if answered == Some(subscriber) {
        Some(if answers { PostRelation::Reply } else { PostRelation::Mention })
    } else if tweet.retweeted_status.is_none() && mentioned.any(|mention| mention.id() == Some(subscriber)) {
        Some(PostRelation::Mention)
    } else {
        None
    }
}

impl<'a> From<v1::Tweet<'a>> for Post<'a> {
    fn from(mut tweet: v1::Tweet<'a>) -> Self {
        let reference = |kind, id| Some(PostReference { kind, id: id? });
        let id_of = |tweet: Option<Box<v1::Tweet<'a>>>| tweet.and_then(|tweet| tweet.id_str.or(tweet.id));
        let reposted = id_of(tweet.retweeted_status.take());
        let quoted = tweet.quoted_status_id_str.take().or(tweet.quoted_status_id.take());
        let quoted = quoted.or(id_of(tweet.quoted_status.take()));
        // A repost repeats the quote and the mentions of the original, which do not belong to it.
        let quoted = quoted.filter(|_| reposted.is_none());
        let answered = tweet.in_reply_to_status_id_str.or(tweet.in_reply_to_status_id);
        let id = tweet.id_str.or(tweet.id);
        let is_edited = tweet.edit_history.as_ref().is_some_and(|history| history.edit_tweet_ids.len() > 1);
        // The post starts a conversation. The Account Activity API does not report other
        // conversation ids.
        let begins = answered.is_none() && reposted.is_none() && !is_edited;
        let conversation_id = id.clone().filter(|_| begins);
        let references = [
            reference(ReferenceKind::Reply, answered),
            reference(ReferenceKind::Quote, quoted),
            reference(ReferenceKind::Repost, reposted),
        ];
        let extended = tweet.extended_tweet.unwrap_or_default();
        let entities = extended.entities.or(tweet.entities).unwrap_or_default();
        let with_all_media = extended.extended_entities.or(tweet.extended_entities).unwrap_or_default();
        let media = if with_all_media.media.is_empty() { entities.media } else { with_all_media.media };
        Self {
            id,
            author: tweet.user.map(Into::into).unwrap_or_default(),
            text: extended.full_text.or(tweet.extended_text).or(tweet.text).map(html::decoded),
            language: tweet.lang,
            created_at: tweet.created_at.or(tweet.timestamp_ms),
            conversation_id,
            in_reply_to_user_id: tweet.in_reply_to_user_id_str.or(tweet.in_reply_to_user_id),
            references: references.into_iter().flatten().collect(),
            mentions: entities.user_mentions.into_iter().map(Into::into).collect(),
            links: entities.urls.into_iter().map(Into::into).collect(),
            hashtags: entities.hashtags.into_iter().filter_map(|tag| tag.text).collect(),
            media: media.into_iter().map(Into::into).collect(),
            edit_history: tweet.edit_history.map(|history| history.edit_tweet_ids).unwrap_or_default(),
        }
    }
}

impl<'a> From<v1::Mention<'a>> for Mention<'a> {
    fn from(mention: v1::Mention<'a>) -> Self {
        Self { id: mention.id_str.or(mention.id), handle: mention.screen_name }
    }
}

impl<'a> From<v1::Url<'a>> for Link<'a> {
    fn from(url: v1::Url<'a>) -> Self {
        Self { url: url.url, expanded_url: url.expanded_url.or(url.unwound.and_then(|page| page.url)) }
    }
}

impl<'a> From<v1::Media<'a>> for Media<'a> {
    fn from(media: v1::Media<'a>) -> Self {
        Self {
            id: media.id_str.or(media.id),
            kind: media.kind,
            url: media.media_url_https.or(media.media_url),
            alt_text: media.ext_alt_text,
        }
    }
}

impl<'a> From<Box<v1::Relation<'a>>> for Box<Relationship<'a>> {
    fn from(relation: Box<v1::Relation<'a>>) -> Self {
        let user = |user: Option<v1::User<'a>>| user.map(|user| user.unwrapped().into()).unwrap_or_default();
        Self::new(Relationship { source: user(relation.source), target: user(relation.target) })
    }
}

fn message<'a>(event: &'a Event, message: v1::DirectMessage<'a>) -> Message<'a> {
    let create = message.message_create.unwrap_or_default();
    let data = create.message_data.unwrap_or_default();
    let via = message.initiated_via.unwrap_or_default();
    let links = data.entities.map(|entities| entities.urls).unwrap_or_default();
    Message {
        id: message.id,
        sender: event.person(create.sender_id),
        recipient: event.person(create.target.and_then(|target| target.recipient_id)),
        text: data.text.map(html::decoded),
        links: links.into_iter().map(Into::into).collect(),
        source_app_id: create.source_app_id,
        quick_reply: data.quick_reply.map(Into::into),
        quick_reply_response: data
            .quick_reply_response
            .map(|response| QuickReplyResponse { kind: response.kind, metadata: response.metadata }),
        attachment: data.attachment.and_then(Attachment::from_v1),
        calls_to_action: data.ctas.into_iter().map(|cta| CallToAction { label: cta.label, url: cta.url }).collect(),
        initiated_via_post_id: via.tweet_id,
        initiated_via_welcome_message_id: via.welcome_message_id,
    }
}

impl<'a> From<v1::QuickReply<'a>> for QuickReply<'a> {
    fn from(prompt: v1::QuickReply<'a>) -> Self {
        let input = prompt.text_input.or(prompt.location).unwrap_or_default();
        let options = prompt.options.into_iter().map(|option| QuickReplyOption {
            label: option.label,
            description: option.description,
            metadata: option.metadata,
        });
        Self { kind: prompt.kind, options: options.collect(), label: input.label, metadata: input.metadata }
    }
}
