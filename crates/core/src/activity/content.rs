//! The content of an event, by its kind.

use serde::Serialize;

use super::message::{Message, Reading, Typing};
use super::post::{DeletedPost, Like, MatchedPost, NewPost, Post};
use super::user::{Relationship, User};
use super::x_activity::{Broadcast, BroadcastMessage, Chat, News, ProfileUpdate, Replay, Revocation, Space};
use crate::json::raw::RawJson;
use crate::json::value::Text;

/// The typed content of an event, in one form for both of X's APIs.
///
/// Serialises to a JSON object with the event's [`EventKind`](crate::EventKind) as `kind` and all
/// known fields. The form is stable and documented in `docs/activity.md`. `serde_json` reads it back,
/// as an `Activity<'static>`. `Debug` shows ids, but no texts or names of users.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activity<'a> {
    /// A post by the subscriber, or one that concerns them: a mention, reply, quote or repost.
    PostCreated(Box<NewPost<'a>>),
    /// A post was deleted.
    PostDeleted(DeletedPost<'a>),
    /// A post matched a rule of a filtered stream.
    PostMatched(Box<MatchedPost<'a>>),
    /// A post was liked.
    Liked(Box<Like<'a>>),
    /// A user followed another user.
    Followed(Box<Relationship<'a>>),
    /// A user unfollowed another user.
    Unfollowed(Box<Relationship<'a>>),
    /// A user blocked another user.
    Blocked(Box<Relationship<'a>>),
    /// A user unblocked another user.
    Unblocked(Box<Relationship<'a>>),
    /// A user muted another user.
    Muted(Box<Relationship<'a>>),
    /// A user unmuted another user.
    Unmuted(Box<Relationship<'a>>),
    /// A user started a paid subscription to another user.
    Subscribed(Box<Relationship<'a>>),
    /// A user ended a paid subscription to another user.
    Unsubscribed(Box<Relationship<'a>>),
    /// The subscriber sent a message.
    MessageSent(Box<Message<'a>>),
    /// The subscriber received a message.
    MessageReceived(Box<Message<'a>>),
    /// A user read messages.
    MessagesRead(Box<Reading<'a>>),
    /// A user is typing a message.
    Typing(Box<Typing<'a>>),
    /// A user revoked the app's access.
    AccessRevoked(Revocation<'a>),
    /// The subscriber changed their profile.
    ProfileUpdated(Box<ProfileUpdate<'a>>),
    /// The subscriber received an encrypted message.
    ChatReceived(Box<Chat<'a>>),
    /// The subscriber sent an encrypted message.
    ChatSent(Box<Chat<'a>>),
    /// An encrypted conversation changed.
    ChatChanged(Box<Chat<'a>>),
    /// Encrypted messages were read.
    ChatRead(Box<Chat<'a>>),
    /// A user is typing an encrypted message.
    ChatTyping(Box<Chat<'a>>),
    /// A space started.
    SpaceStarted(Box<Space<'a>>),
    /// A space ended.
    SpaceEnded(Box<Space<'a>>),
    /// A broadcast started.
    BroadcastStarted(Box<Broadcast<'a>>),
    /// A broadcast ended.
    BroadcastEnded(Box<Broadcast<'a>>),
    /// A user wrote in the chat of a broadcast.
    BroadcastMessage(Box<BroadcastMessage<'a>>),
    /// A message was removed from the chat of a broadcast.
    BroadcastMessageRemoved(Box<BroadcastMessage<'a>>),
    /// X published a news story.
    NewsPublished(Box<News<'a>>),
    /// A replay that the app requested has ended.
    ReplayFinished(Replay<'a>),
    /// Any other event, as the JSON that X wrote.
    Unknown {
        /// The event as X wrote it.
        raw: RawJson,
    },
}

impl<'a> Activity<'a> {
    /// Returns the user who acted, if X names one.
    pub fn actor(&self) -> Option<&User<'a>> {
        match self {
            Self::PostCreated(new) => Some(&new.post.author),
            Self::PostDeleted(deleted) => Some(&deleted.author),
            Self::PostMatched(matched) => Some(&matched.post.author),
            Self::Liked(like) => like.by.as_ref(),
            Self::Followed(relation)
            | Self::Unfollowed(relation)
            | Self::Blocked(relation)
            | Self::Unblocked(relation)
            | Self::Muted(relation)
            | Self::Unmuted(relation)
            | Self::Subscribed(relation)
            | Self::Unsubscribed(relation) => Some(&relation.source),
            Self::MessageSent(message) | Self::MessageReceived(message) => Some(&message.sender),
            Self::MessagesRead(reading) => Some(&reading.reader),
            Self::Typing(typing) => Some(&typing.writer),
            Self::AccessRevoked(revocation) => Some(&revocation.user),
            Self::ProfileUpdated(update) => Some(&update.user),
            Self::ChatReceived(chat)
            | Self::ChatSent(chat)
            | Self::ChatChanged(chat)
            | Self::ChatRead(chat)
            | Self::ChatTyping(chat) => Some(&chat.sender),
            Self::SpaceStarted(space) | Self::SpaceEnded(space) => Some(&space.host),
            Self::BroadcastStarted(broadcast) | Self::BroadcastEnded(broadcast) => Some(&broadcast.host),
            Self::BroadcastMessage(message) => Some(&message.author),
            // X does not report who removed a message.
            Self::BroadcastMessageRemoved(_)
            | Self::NewsPublished(_)
            | Self::ReplayFinished(_)
            | Self::Unknown { .. } => None,
        }
        .filter(|user| !user.is_empty())
    }

    /// Returns the user who was acted on, if there is one and X names them.
    pub fn target(&self) -> Option<&User<'a>> {
        match self {
            Self::Liked(like) => Some(&like.post.author),
            Self::Followed(relation)
            | Self::Unfollowed(relation)
            | Self::Blocked(relation)
            | Self::Unblocked(relation)
            | Self::Muted(relation)
            | Self::Unmuted(relation)
            | Self::Subscribed(relation)
            | Self::Unsubscribed(relation) => Some(&relation.target),
            Self::MessageSent(message) | Self::MessageReceived(message) => Some(&message.recipient),
            Self::MessagesRead(reading) => Some(&reading.correspondent),
            Self::Typing(typing) => Some(&typing.recipient),
            Self::BroadcastMessageRemoved(message) => Some(&message.author),
            _ => None,
        }
        .filter(|user| !user.is_empty())
    }

    /// Returns the post that the activity is about.
    pub fn post(&self) -> Option<&Post<'a>> {
        match self {
            Self::PostCreated(new) => Some(&new.post),
            Self::PostMatched(matched) => Some(&matched.post),
            Self::Liked(like) => Some(&like.post),
            _ => None,
        }
    }

    /// Returns the message that the activity is about.
    pub fn message(&self) -> Option<&Message<'a>> {
        match self {
            Self::MessageSent(message) | Self::MessageReceived(message) => Some(message),
            _ => None,
        }
    }

    /// Returns the text that a user wrote: the text of the post or message, the new value of a
    /// changed profile, the title of a broadcast, or the headline of a story.
    pub fn text(&self) -> Option<&str> {
        self.text_value().map(Text::as_str)
    }

    pub(crate) fn text_value(&self) -> Option<&Text<'a>> {
        match self {
            Self::MessageSent(message) | Self::MessageReceived(message) => message.text.as_ref(),
            Self::BroadcastMessage(message) | Self::BroadcastMessageRemoved(message) => message.text.as_ref(),
            Self::BroadcastStarted(broadcast) | Self::BroadcastEnded(broadcast) => broadcast.title.as_ref(),
            Self::ProfileUpdated(update) => update.after.as_ref(),
            Self::NewsPublished(news) => news.headline.as_ref(),
            _ => self.post()?.text.as_ref(),
        }
    }
}
