//! The kind of an event, its source API, and the direction of a message.

use std::fmt;

/// The kind of an event, independent of the API that reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A post by the subscriber, or one that concerns them: a mention, reply, quote or repost.
    PostCreated,
    /// A post was deleted.
    PostDeleted,
    /// The subscriber liked a post, or one of their posts was liked.
    Liked,
    /// A user followed another user.
    Followed,
    /// A user unfollowed another user.
    Unfollowed,
    /// The subscriber blocked a user.
    Blocked,
    /// The subscriber unblocked a user.
    Unblocked,
    /// The subscriber muted a user.
    Muted,
    /// The subscriber unmuted a user.
    Unmuted,
    /// A user started a paid subscription to another user.
    Subscribed,
    /// A user ended a paid subscription to another user.
    Unsubscribed,
    /// The subscriber sent a message, with any client.
    MessageSent,
    /// The subscriber received a message, or the delivery does not say who the subscriber is.
    MessageReceived,
    /// A user read messages.
    MessagesRead,
    /// A user is typing a message.
    Typing,
    /// The subscriber revoked the app's access.
    AccessRevoked,
    /// A post matched a rule of a filtered stream.
    PostMatched,
    /// The subscriber changed their profile.
    ProfileUpdated,
    /// The subscriber received an encrypted message.
    ChatReceived,
    /// The subscriber sent an encrypted message.
    ChatSent,
    /// The members, admins, name or restrictions of an encrypted conversation changed.
    ChatChanged,
    /// Encrypted messages were read. Reported by third parties, not in X's OpenAPI.
    ChatRead,
    /// A user is typing an encrypted message. Reported by third parties, not in X's OpenAPI.
    ChatTyping,
    /// The subscriber started a space.
    SpaceStarted,
    /// The subscriber's space ended.
    SpaceEnded,
    /// The subscriber started a broadcast.
    BroadcastStarted,
    /// The subscriber's broadcast ended.
    BroadcastEnded,
    /// A user wrote in the chat of a broadcast.
    BroadcastMessage,
    /// A message was removed from the chat of a broadcast.
    BroadcastMessageRemoved,
    /// X published a news story.
    NewsPublished,
    /// A replay that the app requested has ended.
    ReplayFinished,
    /// An unknown event, or one of the Account Activity API without the ids that identify it. Use
    /// its raw JSON.
    Unknown,
}

impl EventKind {
    /// Returns the kind in snake case. Stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PostCreated => "post_created",
            Self::PostDeleted => "post_deleted",
            Self::Liked => "liked",
            Self::Followed => "followed",
            Self::Unfollowed => "unfollowed",
            Self::Blocked => "blocked",
            Self::Unblocked => "unblocked",
            Self::Muted => "muted",
            Self::Unmuted => "unmuted",
            Self::Subscribed => "subscribed",
            Self::Unsubscribed => "unsubscribed",
            Self::MessageSent => "message_sent",
            Self::MessageReceived => "message_received",
            Self::MessagesRead => "messages_read",
            Self::Typing => "typing",
            Self::AccessRevoked => "access_revoked",
            Self::PostMatched => "post_matched",
            Self::ProfileUpdated => "profile_updated",
            Self::ChatReceived => "chat_received",
            Self::ChatSent => "chat_sent",
            Self::ChatChanged => "chat_changed",
            Self::ChatRead => "chat_read",
            Self::ChatTyping => "chat_typing",
            Self::SpaceStarted => "space_started",
            Self::SpaceEnded => "space_ended",
            Self::BroadcastStarted => "broadcast_started",
            Self::BroadcastEnded => "broadcast_ended",
            Self::BroadcastMessage => "broadcast_message",
            Self::BroadcastMessageRemoved => "broadcast_message_removed",
            Self::NewsPublished => "news_published",
            Self::ReplayFinished => "replay_finished",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The direction of a message, seen from the subscriber.
///
/// X delivers messages in both directions. A bot that replies to sent messages replies to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The subscriber sent the message, with this app or any other client.
    Sent,
    /// The subscriber received the message.
    Received,
}

/// The API that sent a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiSource {
    /// The Account Activity API: premium, enterprise or v2, which send the same bodies.
    AccountActivity,
    /// The X Activity API, which replaces the Account Activity API.
    XActivity,
    /// A webhook of a filtered stream.
    FilteredStream,
    /// X's notification about a replay that the app requested.
    Replay,
    /// A body with an unknown shape.
    Unknown,
}

impl ApiSource {
    /// Returns the source API in snake case. Stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountActivity => "account_activity",
            Self::XActivity => "x_activity",
            Self::FilteredStream => "filtered_stream",
            Self::Replay => "replay",
            Self::Unknown => "unknown",
        }
    }
}
