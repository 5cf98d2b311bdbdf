//! The payloads of the X Activity API, by event type.

use super::chat::Chat;
use super::live::{Broadcast, BroadcastMessage, Space};
use super::message::DirectMessage;
use super::news::News;
use super::post::{Post, PostRef};
use super::user::User;
use crate::event::kind::{ApiSource, EventKind};
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::repairable::RepairableJson;
use crate::json::value::{Id, Text};
use crate::json::wrapped::Wrapped;
use crate::schema::value::ProfileValue;

/// The payload of an event of the X Activity API, of a filtered-stream webhook or of a replay job.
///
/// A message is included only if its payload does not have the documented form of
/// [`v1`](crate::schema::v1).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// `post.*` except `post.delete`.
    Post(Box<Post<'a>>),
    /// `post.delete`.
    PostDelete(PostRef<'a>),
    /// `like.create`.
    Like(Like<'a>),
    /// `dm.sent` and `dm.received` in the form of API v2.
    DirectMessage(Box<DirectMessage<'a>>),
    /// `follow.*`, `block.*`, `mute.*`, `subscriptions.*`.
    Relation(Box<Relation<'a>>),
    /// `profile.update.*`.
    ProfileUpdate(ProfileUpdate<'a>),
    /// `chat.*`.
    Chat(Box<Chat<'a>>),
    /// `spaces.*`.
    Space(Box<Space<'a>>),
    /// `broadcast.start`, `broadcast.end`.
    Broadcast(Box<Broadcast<'a>>),
    /// `broadcast.chat`, `broadcast.chat.remove`.
    BroadcastMessage(Box<BroadcastMessage<'a>>),
    /// `news.new`.
    News(Box<News<'a>>),
    /// `oauth.revoke`.
    Revocation(Revocation<'a>),
}

impl<'a> Payload<'a> {
    pub(crate) fn read(api_source: ApiSource, kind: EventKind, payload: &'a RepairableJson) -> Option<Self> {
        match (api_source, kind) {
            (ApiSource::XActivity, EventKind::PostCreated) => payload.parse().map(Self::Post),
            (ApiSource::FilteredStream, EventKind::PostMatched) => payload.parse().map(Self::Post),
            (ApiSource::XActivity, kind) => match kind {
                EventKind::MessageSent | EventKind::MessageReceived => {
                    let message: Box<DirectMessage<'_>> = payload.parse()?;
                    (message.sender_id.is_some() || message.text.is_some()).then_some(Self::DirectMessage(message))
                }
                EventKind::PostDeleted => payload.parse().map(Self::PostDelete),
                EventKind::Liked => payload.parse().map(Self::Like),
                EventKind::Followed
                | EventKind::Unfollowed
                | EventKind::Blocked
                | EventKind::Unblocked
                | EventKind::Muted
                | EventKind::Unmuted
                | EventKind::Subscribed
                | EventKind::Unsubscribed => payload.parse().map(Self::Relation),
                EventKind::ProfileUpdated => payload.parse().map(Self::ProfileUpdate),
                EventKind::ChatReceived
                | EventKind::ChatSent
                | EventKind::ChatChanged
                | EventKind::ChatRead
                | EventKind::ChatTyping => payload.parse().map(Self::Chat),
                EventKind::SpaceStarted | EventKind::SpaceEnded => payload.parse().map(Self::Space),
                EventKind::BroadcastStarted | EventKind::BroadcastEnded => payload.parse().map(Self::Broadcast),
                EventKind::BroadcastMessage | EventKind::BroadcastMessageRemoved => {
                    payload.parse().map(Self::BroadcastMessage)
                }
                EventKind::NewsPublished => payload.parse().map(Self::News),
                EventKind::AccessRevoked => payload.parse().map(Self::Revocation),
                _ => None,
            },
            _ => None,
        }
    }
}

object! {
    /// A like. X does not report who liked the post; an outbound like is the subscriber's.
    pub struct Like<'a> {
        /// The id of the like itself, 32 hexadecimal digits.
        pub id: Option<Id<'a>> = "id",
        /// The liked post.
        pub liked_post_id: Option<Id<'a>> = "liked_tweet_id" | "liked_post_id",
        /// The author of the liked post.
        pub liked_post_author_id: Option<Id<'a>> =
            "liked_tweet_author_id" | "liked_post_author_id" | "tweet_author_id" | "post_author_id",
        /// The user who liked it. X does not send this yet.
        pub user_id: Option<Id<'a>> = "user_id" | "liking_user_id",
        /// Time of the like.
        pub created_at: Option<Timestamp> = "created_at",
        /// Time of the like, with milliseconds.
        pub timestamp_ms: Option<Timestamp> = "timestamp_ms" | "timestamp_ms_str",
    }

    /// A relationship event between two users.
    pub struct Relation<'a> {
        source: Option<Wrapped<User<'a>>> = "source",
        target: Option<Wrapped<User<'a>>> = "target",
        /// Time of the event, if X reports it.
        pub created_timestamp: Option<Timestamp> = "created_timestamp" | "created_at" | "timestamp_ms",
    }
}

impl<'a> Relation<'a> {
    /// Returns the user who acted.
    pub fn source(&self) -> Option<&User<'a>> {
        self.source.as_ref().map(|wrapped| &wrapped.0)
    }

    /// Returns the user who was acted on.
    pub fn target(&self) -> Option<&User<'a>> {
        self.target.as_ref().map(|wrapped| &wrapped.0)
    }
}

object! {
    /// A changed profile.
    pub struct ProfileUpdate<'a> {
        /// The previous value.
        pub before: Option<ProfileValue<'a>> = "before",
        /// The new value.
        pub after: Option<ProfileValue<'a>> = "after",
    }

    /// A user revoked the app's access.
    pub struct Revocation<'a> {
        /// Time of the revocation.
        pub date_time: Option<Timestamp> = "date_time",
        /// The user who revoked access.
        pub user_id: Option<Id<'a>> = "user_id",
        /// The app that lost access.
        pub app_id: Option<Id<'a>> = "app_id",
    }

    /// A rule of a filtered stream that a post matched.
    pub struct MatchingRule<'a> {
        /// The rule's id.
        pub id: Option<Id<'a>> = "id",
        /// The rule's tag.
        pub tag: Option<Text<'a>> = "tag",
    }

    /// The end of a replay job.
    pub struct ReplayStatus<'a> {
        /// The job's id.
        pub job_id: Option<Id<'a>> = "job_id",
        /// The webhook that received the replay.
        pub webhook_id: Option<Id<'a>> = "webhook_id",
        /// `Complete` or `Incomplete`.
        pub job_state: Option<Text<'a>> = "job_state",
        /// The result in words.
        pub job_state_description: Option<Text<'a>> = "job_state_description",
    }
}
