//! What an event is, who told it, and on which side of it the subscriber is.

use std::fmt;

/// What happened, in the words of the field, whichever API told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A post by the subscriber, or one that concerns them: a mention, reply, quote or repost.
    PostCreated,
    /// A post was deleted.
    PostDeleted,
    /// A post was liked, by the subscriber or one of theirs.
    Liked,
    /// Somebody followed somebody.
    Followed,
    /// Somebody unfollowed somebody.
    Unfollowed,
    /// The subscriber blocked somebody.
    Blocked,
    /// The subscriber unblocked somebody.
    Unblocked,
    /// The subscriber muted somebody.
    Muted,
    /// The subscriber unmuted somebody.
    Unmuted,
    /// A user subscribed to another user for money.
    Subscribed,
    /// A user ended such a subscription.
    Unsubscribed,
    /// The subscriber sent a message, with any client.
    MessageSent,
    /// The subscriber received a message. Also a message whose delivery does not say who the subscriber is.
    MessageReceived,
    /// Somebody read messages.
    MessagesRead,
    /// Somebody is typing a message.
    Typing,
    /// The subscriber took the app's access away.
    AccessRevoked,
    /// A post matched a rule of a filtered stream.
    PostMatched,
    /// The subscriber changed their profile.
    ProfileUpdated,
    /// The subscriber received an encrypted message.
    ChatReceived,
    /// The subscriber sent an encrypted message.
    ChatSent,
    /// An encrypted conversation changed: its members, admins, name or restrictions.
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
    /// Somebody wrote in a broadcast's chat.
    BroadcastMessage,
    /// A message was removed from a broadcast's chat.
    BroadcastMessageRemoved,
    /// X published a news story.
    NewsPublished,
    /// A replay that the app asked for has ended.
    ReplayFinished,
    /// Something that is not known, or in the Account Activity API lacks the ids that identify it. Its raw JSON has it all.
    Unknown,
}

impl EventKind {
    /// The kind in snake case, stable.
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

/// On which side of a message the subscriber is. X delivers both, and a bot that answers what it sent answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The subscriber sent it, with this app or any other client.
    Sent,
    /// The subscriber received it.
    Received,
}

/// The API that made a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Generation {
    /// The Account Activity API, premium, enterprise or v2: they send the same bodies.
    AccountActivity,
    /// The X Activity API, which replaces it.
    XActivity,
    /// A webhook of a filtered stream.
    FilteredStream,
    /// X's word on a replay that the app asked for.
    Replay,
    /// A body of none of the known shapes.
    Unknown,
}

impl Generation {
    /// The generation in snake case, stable.
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
