//! Likes, follows, blocks, mutes, deletions, reading, typing and revocations.

use super::{Tweet, User};
use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// `favorite_events[]`: a like, by the subscriber or of the subscriber's post. X tells of no unlikes.
    pub struct Favorite<'a> {
        /// The like's own id, 32 hexadecimal digits.
        pub id: Option<Id<'a>> = "id",
        /// When, from `created_at`.
        pub created_at: Option<Timestamp> = "created_at",
        /// When, to the millisecond.
        pub timestamp_ms: Option<Timestamp> = "timestamp_ms",
        /// The liked post.
        pub favorited_status: Option<Tweet<'a>> = "favorited_status",
        /// Who liked it.
        pub user: Option<User<'a>> = "user",
    }
}

object! {
    /// `follow_events[]`, `block_events[]`, `mute_events[]`: what one user did to another.
    pub struct Relation<'a> {
        /// `follow`, `unfollow`, `block`, `unblock`, `mute` or `unmute`.
        pub kind: Option<Text<'a>> = "type",
        /// When.
        pub created_timestamp: Option<Timestamp> = "created_timestamp",
        /// Who did it.
        pub source: Option<User<'a>> = "source",
        /// To whom.
        pub target: Option<User<'a>> = "target",
    }
}

object! {
    /// `tweet_delete_events[]`: a deleted post.
    pub struct TweetDelete<'a> {
        /// Which post.
        pub status: Option<StatusRef<'a>> = "status",
        /// When.
        pub timestamp_ms: Option<Timestamp> = "timestamp_ms",
    }
}

object! {
    /// A post and its author.
    pub struct StatusRef<'a> {
        /// The post's id.
        pub id: Option<Id<'a>> = "id",
        /// The post's id again, where X writes both.
        pub id_str: Option<Id<'a>> = "id_str",
        /// The author's id.
        pub user_id: Option<Id<'a>> = "user_id",
        /// The author's id again, where X writes both.
        pub user_id_str: Option<Id<'a>> = "user_id_str",
    }
}

impl StatusRef<'_> {
    /// The post's id; a number among them may be rounded, text is not.
    pub fn id(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref())
    }
}

object! {
    /// `direct_message_indicate_typing_events[]`: somebody is typing.
    pub struct Typing<'a> {
        /// When.
        pub created_timestamp: Option<Timestamp> = "created_timestamp",
        /// Who types.
        pub sender_id: Option<Id<'a>> = "sender_id",
        /// Who types, should the X Activity API tell it as it tells a follow.
        pub source: Option<Party<'a>> = "source",
        /// To whom.
        pub target: Option<Party<'a>> = "target",
        /// The same, flat.
        pub recipient_id: Option<Id<'a>> = "recipient_id",
    }
}

object! {
    /// `direct_message_mark_read_events[]`: somebody has read up to a message.
    pub struct MarkRead<'a> {
        /// When.
        pub created_timestamp: Option<Timestamp> = "created_timestamp",
        /// Who read.
        pub sender_id: Option<Id<'a>> = "sender_id",
        /// Who read, should the X Activity API tell it as it tells a follow.
        pub source: Option<Party<'a>> = "source",
        /// Whose messages.
        pub target: Option<Party<'a>> = "target",
        /// The same, flat.
        pub recipient_id: Option<Id<'a>> = "recipient_id",
        /// The last message that was read.
        pub last_read_event_id: Option<Id<'a>> = "last_read_event_id",
    }
}

object! {
    /// One side of a conversation.
    pub struct Party<'a> {
        /// The user's id, as the Account Activity API writes it.
        pub recipient_id: Option<Id<'a>> = "recipient_id",
        /// The user's id, as follows write it.
        pub id: Option<Id<'a>> = "id" | "id_str",
        /// The handle, without `@`.
        pub username: Option<Text<'a>> = "username" | "screen_name",
        /// The display name.
        pub name: Option<Text<'a>> = "name",
        /// The user, where X wraps it.
        pub data: Option<Box<Party<'a>>> = "data",
    }
}

impl Party<'_> {
    /// The user's id.
    pub fn id(&self) -> Option<&str> {
        self.recipient_id.as_deref().or(self.id.as_deref()).or_else(|| self.data.as_ref()?.id())
    }
}

object! {
    /// `user_event.revoke`: a user took the app's access away, and X has removed the subscription.
    pub struct Revocation<'a> {
        /// When.
        pub date_time: Option<Timestamp> = "date_time",
        /// From which app.
        pub target: Option<RevokedApp<'a>> = "target",
        /// By whom.
        pub source: Option<RevokedUser<'a>> = "source",
    }
}

object! {
    /// The app that lost access.
    pub struct RevokedApp<'a> {
        /// X's id of the app.
        pub app_id: Option<Id<'a>> = "app_id",
    }
}

object! {
    /// The user who took access away.
    pub struct RevokedUser<'a> {
        /// The user's id.
        pub user_id: Option<Id<'a>> = "user_id",
    }
}
