//! The kind of an event, its source API, and the direction of a message.

use std::str::FromStr;

use crate::traits::{deserialize_text, error_traits, name_traits};

/// Declares an enum whose variants have names in snake case, and the error of parsing such a name.
macro_rules! named {
    (
        $(#[$meta:meta])*
        enum $type:ident, $what:literal, $error:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $type {
            #[doc = concat!("Every ", $what, ".")]
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            #[doc = concat!("Returns the name of the ", $what, " in snake case. Stable.")]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        name_traits!($type);

        /// Reads the name that [`as_str`](Self::as_str) returns.
        impl FromStr for $type {
            type Err = $error;

            fn from_str(name: &str) -> Result<Self, $error> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($error(name.into())),
                }
            }
        }

        deserialize_text!($type);

        #[doc = concat!("Error from parsing the name of an [`", stringify!($type), "`].")]
        #[derive(Clone, PartialEq, Eq)]
        pub struct $error(Box<str>);

        error_traits!($error, |error, f| {
            let example = $type::ALL.first().map_or("", |first| first.as_str());
            write!(f, concat!("unknown ", $what, " {:?}: expected a name such as {}"), error.0, example)
        });
    };
}

named! {
    /// The kind of an event, independent of the API that reported it.
    enum EventKind, "event kind", ParseEventKindError {
        /// A post by the subscriber, or one that concerns them: a mention, reply, quote or repost.
        PostCreated = "post_created",
        /// A post was deleted.
        PostDeleted = "post_deleted",
        /// The subscriber liked a post, or one of their posts was liked.
        Liked = "liked",
        /// A user followed another user.
        Followed = "followed",
        /// A user unfollowed another user.
        Unfollowed = "unfollowed",
        /// The subscriber blocked a user.
        Blocked = "blocked",
        /// The subscriber unblocked a user.
        Unblocked = "unblocked",
        /// The subscriber muted a user.
        Muted = "muted",
        /// The subscriber unmuted a user.
        Unmuted = "unmuted",
        /// A user started a paid subscription to another user.
        Subscribed = "subscribed",
        /// A user ended a paid subscription to another user.
        Unsubscribed = "unsubscribed",
        /// The subscriber sent a message, with any client.
        MessageSent = "message_sent",
        /// The subscriber received a message, or the delivery does not say who the subscriber is.
        MessageReceived = "message_received",
        /// A user read messages.
        MessagesRead = "messages_read",
        /// A user is typing a message.
        Typing = "typing",
        /// The subscriber revoked the app's access.
        AccessRevoked = "access_revoked",
        /// A post matched a rule of a filtered stream.
        PostMatched = "post_matched",
        /// The subscriber changed their profile.
        ProfileUpdated = "profile_updated",
        /// The subscriber received an encrypted message.
        ChatReceived = "chat_received",
        /// The subscriber sent an encrypted message.
        ChatSent = "chat_sent",
        /// The members, admins, name or restrictions of an encrypted conversation changed.
        ChatChanged = "chat_changed",
        /// Encrypted messages were read. Reported by third parties, not in X's OpenAPI.
        ChatRead = "chat_read",
        /// A user is typing an encrypted message. Reported by third parties, not in X's OpenAPI.
        ChatTyping = "chat_typing",
        /// The subscriber started a space.
        SpaceStarted = "space_started",
        /// The subscriber's space ended.
        SpaceEnded = "space_ended",
        /// The subscriber started a broadcast.
        BroadcastStarted = "broadcast_started",
        /// The subscriber's broadcast ended.
        BroadcastEnded = "broadcast_ended",
        /// A user wrote in the chat of a broadcast.
        BroadcastMessage = "broadcast_message",
        /// A message was removed from the chat of a broadcast.
        BroadcastMessageRemoved = "broadcast_message_removed",
        /// X published a news story.
        NewsPublished = "news_published",
        /// A replay that the app requested has ended.
        ReplayFinished = "replay_finished",
        /// An unknown event, or one of the Account Activity API without the ids that identify it. Use
        /// its raw JSON.
        Unknown = "unknown",
    }
}

named! {
    /// The API that sent a delivery.
    enum ApiSource, "source API", ParseApiSourceError {
        /// The Account Activity API: premium, enterprise or v2, which send the same bodies.
        AccountActivity = "account_activity",
        /// The X Activity API, which replaces the Account Activity API.
        XActivity = "x_activity",
        /// A webhook of a filtered stream.
        FilteredStream = "filtered_stream",
        /// X's notification about a replay that the app requested.
        Replay = "replay",
        /// A body with an unknown shape.
        Unknown = "unknown",
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

impl Direction {
    /// Returns `sent` or `received`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

name_traits!(Direction);
