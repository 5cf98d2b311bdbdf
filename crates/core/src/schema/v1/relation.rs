//! Likes, follows, blocks, mutes, deletions, reading, typing and revocations.

use super::tweet::{Tweet, User};
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};

object! {
    /// `favorite_events[]`: a like by the subscriber, or of the subscriber's post. X does not
    /// report unlikes.
    pub struct Favorite<'a> {
        /// The id of the like itself, 32 hexadecimal digits.
        pub id: Option<Id<'a>> = "id",
        /// Time of the like, from `created_at`.
        pub created_at: Option<Timestamp> = "created_at",
        /// Time of the like, with milliseconds.
        pub timestamp_ms: Option<Timestamp> = "timestamp_ms",
        /// The liked post.
        pub favorited_status: Option<Tweet<'a>> = "favorited_status",
        /// The user who liked it.
        pub user: Option<User<'a>> = "user",
    }

    /// `follow_events[]`, `block_events[]`, `mute_events[]`: a relationship event between two
    /// users.
    pub struct Relation<'a> {
        /// `follow`, `unfollow`, `block`, `unblock`, `mute` or `unmute`.
        pub kind: Option<Text<'a>> = "type",
        /// Time of the event.
        pub created_timestamp: Option<Timestamp> = "created_timestamp",
        /// The user who acted.
        pub source: Option<User<'a>> = "source",
        /// The user who was acted on.
        pub target: Option<User<'a>> = "target",
    }

    /// `tweet_delete_events[]`: a deleted post.
    pub struct TweetDelete<'a> {
        /// The deleted post.
        pub status: Option<StatusRef<'a>> = "status",
        /// Time of the deletion.
        pub timestamp_ms: Option<Timestamp> = "timestamp_ms",
    }

    /// A post and its author.
    pub struct StatusRef<'a> {
        /// The post's id.
        pub id: Option<Id<'a>> = "id",
        /// The post's id as a string, if X writes both.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The author's id.
        pub user_id: Option<Id<'a>> = "user_id",
        /// The author's id as a string, if X writes both.
        pub user_id_str: Option<Id<'a>> = "user_id_str",
    }
}

impl StatusRef<'_> {
    /// Returns the post's id. Prefers the string, because a number may be rounded.
    pub fn id(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref())
    }
}

object! {
    /// `direct_message_indicate_typing_events[]`: a user is typing.
    pub struct Typing<'a> {
        /// Time of the event.
        pub created_timestamp: Option<Timestamp> = "created_timestamp",
        /// The user who is typing.
        pub sender_id: Option<Id<'a>> = "sender_id",
        /// The user who is typing, if the X Activity API uses the form of a follow.
        pub source: Option<Party<'a>> = "source",
        /// The recipient.
        pub target: Option<Party<'a>> = "target",
        /// The recipient, as a plain id.
        pub recipient_id: Option<Id<'a>> = "recipient_id",
    }

    /// `direct_message_mark_read_events[]`: a user has read messages, up to and including one.
    pub struct MarkRead<'a> {
        /// Time of the event.
        pub created_timestamp: Option<Timestamp> = "created_timestamp",
        /// The user who read the messages.
        pub sender_id: Option<Id<'a>> = "sender_id",
        /// The user who read the messages, if the X Activity API uses the form of a follow.
        pub source: Option<Party<'a>> = "source",
        /// The user who sent the messages.
        pub target: Option<Party<'a>> = "target",
        /// The user who sent the messages, as a plain id.
        pub recipient_id: Option<Id<'a>> = "recipient_id",
        /// The last message that was read.
        pub last_read_event_id: Option<Id<'a>> = "last_read_event_id",
    }

    /// A participant of a conversation.
    pub struct Party<'a> {
        /// The user's id, in the form of the Account Activity API.
        pub recipient_id: Option<Id<'a>> = "recipient_id",
        /// The user's id, in the form of follows.
        pub id: Option<Id<'a>> = "id" | "id_str",
        /// The handle, without `@`.
        pub username: Option<Text<'a>> = "username" | "screen_name",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The user, if X wraps it.
        pub data: Option<Box<Party<'a>>> = "data",
    }
}

impl Party<'_> {
    /// Returns the user's id.
    pub fn id(&self) -> Option<&str> {
        self.recipient_id.as_deref().or(self.id.as_deref()).or_else(|| self.data.as_ref()?.id())
    }
}

object! {
    /// `user_event.revoke`: a user revoked the app's access, and X has removed the subscription.
    pub struct Revocation<'a> {
        /// Time of the revocation.
        pub date_time: Option<Timestamp> = "date_time",
        /// The app that lost access.
        pub target: Option<RevokedApp<'a>> = "target",
        /// The user who revoked access.
        pub source: Option<RevokedUser<'a>> = "source",
    }

    /// The app that lost access.
    pub struct RevokedApp<'a> {
        /// X's id of the app.
        pub app_id: Option<Id<'a>> = "app_id",
    }

    /// The user who revoked access.
    pub struct RevokedUser<'a> {
        /// The user's id.
        pub user_id: Option<Id<'a>> = "user_id",
    }
}
