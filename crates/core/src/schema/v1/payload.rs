//! Typed events of the Account Activity API.

use super::message::DirectMessage;
use super::relation::{Favorite, MarkRead, Relation, Revocation, TweetDelete, Typing};
use super::tweet::Tweet;
use crate::event::kind::EventKind;
use crate::json::lenient::{Lenient, Value};
use crate::json::raw::RawJson;
use crate::json::repairable::RepairableJson;

/// An event of the Account Activity API.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// A post by the subscriber, or one that concerns them: a mention, reply, quote or repost.
    TweetCreate(Box<Tweet<'a>>),
    /// A deleted post.
    TweetDelete(TweetDelete<'a>),
    /// A like.
    Favorite(Box<Favorite<'a>>),
    /// A follow.
    Follow(Box<Relation<'a>>),
    /// An unfollow.
    Unfollow(Box<Relation<'a>>),
    /// A block.
    Block(Box<Relation<'a>>),
    /// An unblock.
    Unblock(Box<Relation<'a>>),
    /// A mute.
    Mute(Box<Relation<'a>>),
    /// An unmute.
    Unmute(Box<Relation<'a>>),
    /// A message, sent or received.
    DirectMessage(Box<DirectMessage<'a>>),
    /// A user is typing.
    IndicateTyping(Typing<'a>),
    /// A user has read messages.
    MarkRead(MarkRead<'a>),
    /// A user revoked the app's access.
    Revoke(Revocation<'a>),
    /// An event of an unknown kind, or with a value that does not fit these types. Use the raw
    /// JSON.
    Unknown(&'a RawJson),
}

impl<'a> Payload<'a> {
    pub(crate) fn read(kind: EventKind, payload: &'a RepairableJson, raw: &'a RawJson) -> Self {
        match kind {
            EventKind::PostCreated => object(payload).map(Self::TweetCreate),
            EventKind::PostDeleted => object(payload).map(Self::TweetDelete),
            EventKind::Liked => object(payload).map(Self::Favorite),
            EventKind::Followed => object(payload).map(Self::Follow),
            EventKind::Unfollowed => object(payload).map(Self::Unfollow),
            EventKind::Blocked => object(payload).map(Self::Block),
            EventKind::Unblocked => object(payload).map(Self::Unblock),
            EventKind::Muted => object(payload).map(Self::Mute),
            EventKind::Unmuted => object(payload).map(Self::Unmute),
            EventKind::MessageSent | EventKind::MessageReceived => object(payload).map(Self::DirectMessage),
            EventKind::Typing => object(payload).map(Self::IndicateTyping),
            EventKind::MessagesRead => object(payload).map(Self::MarkRead),
            EventKind::AccessRevoked => object(payload).map(Self::Revoke),
            _ => None,
        }
        .unwrap_or(Self::Unknown(raw))
    }
}

fn object<'a, T: Value<'a>>(payload: &'a RepairableJson) -> Option<T> {
    payload.parse::<Lenient<T>>()?.0
}
