//! The payloads of the X Activity API, by type of event.

use super::{Media, Post, User, Wrapped};
use crate::wire::object::object;
use crate::wire::{Id, Text};
use crate::{EventKind, Generation, RawJson, Timestamp};

/// The payload of an event of the X Activity API, or what a filtered-stream webhook or a replay job sends.
///
/// Messages are not here: their payload is that of [`v1`](crate::wire::v1).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// `post.*` but `post.delete`.
    Post(Box<Post<'a>>),
    /// `post.delete`.
    PostDelete(PostRef<'a>),
    /// `like.create`.
    Like(Like<'a>),
    /// `follow.*`, `block.*`, `mute.*`.
    Relation(Box<Relation<'a>>),
    /// `profile.update.*`.
    ProfileUpdate(ProfileUpdate<'a>),
    /// `chat.*`.
    Chat(Box<Chat<'a>>),
    /// `spaces.*`.
    Space(Box<Space<'a>>),
    /// `broadcast.start`, `broadcast.end`.
    Broadcast(Box<Broadcast<'a>>),
    /// `broadcast.chat`.
    BroadcastMessage(Box<BroadcastMessage<'a>>),
    /// `news.new`.
    News(Box<News<'a>>),
    /// `oauth.revoke`.
    Revocation(Revocation<'a>),
}

impl<'a> Payload<'a> {
    pub(crate) fn read(generation: Generation, kind: EventKind, payload: &'a RawJson) -> Option<Self> {
        match (generation, kind) {
            (Generation::XActivity, EventKind::PostCreated) => payload.parse().ok().map(Self::Post),
            (Generation::FilteredStream, EventKind::PostMatched) => payload.parse().ok().map(Self::Post),
            (Generation::XActivity, kind) => match kind {
                EventKind::PostDeleted => payload.parse().ok().map(Self::PostDelete),
                EventKind::Liked => payload.parse().ok().map(Self::Like),
                EventKind::Followed
                | EventKind::Unfollowed
                | EventKind::Blocked
                | EventKind::Unblocked
                | EventKind::Muted
                | EventKind::Unmuted => payload.parse().ok().map(Self::Relation),
                EventKind::ProfileUpdated => payload.parse().ok().map(Self::ProfileUpdate),
                EventKind::ChatReceived | EventKind::ChatSent | EventKind::ChatChanged => {
                    payload.parse().ok().map(Self::Chat)
                }
                EventKind::SpaceStarted | EventKind::SpaceEnded => payload.parse().ok().map(Self::Space),
                EventKind::BroadcastStarted | EventKind::BroadcastEnded => payload.parse().ok().map(Self::Broadcast),
                EventKind::BroadcastMessage => payload.parse().ok().map(Self::BroadcastMessage),
                EventKind::NewsPublished => payload.parse().ok().map(Self::News),
                EventKind::AccessRevoked => payload.parse().ok().map(Self::Revocation),
                _ => None,
            },
            _ => None,
        }
    }
}

object! {
    /// Whom or what a subscription is about.
    pub struct Filter<'a> {
        /// The subscribed user.
        pub user_id: Option<Id<'a>> = "user_id",
        /// The watched word.
        pub keyword: Option<Text<'a>> = "keyword",
        /// `inbound` or `outbound`.
        pub direction: Option<Text<'a>> = "direction",
    }
}

object! {
    /// A post that is gone, and its author.
    pub struct PostRef<'a> {
        /// The post's id.
        pub id: Option<Id<'a>> = "id",
        /// The author's id.
        pub author_id: Option<Id<'a>> = "author_id",
    }
}

object! {
    /// A like. It does not say who liked; an outbound one is the subscriber's.
    pub struct Like<'a> {
        /// The like's own id, 32 hexadecimal digits.
        pub id: Option<Id<'a>> = "id",
        /// The liked post.
        pub liked_post_id: Option<Id<'a>> = "liked_tweet_id" | "liked_post_id",
        /// The liked post's author.
        pub liked_post_author_id: Option<Id<'a>> =
            "liked_tweet_author_id" | "liked_post_author_id" | "tweet_author_id" | "post_author_id",
        /// Who liked it, should X tell one day.
        pub user_id: Option<Id<'a>> = "user_id" | "liking_user_id",
        /// When.
        pub created_at: Option<Timestamp> = "created_at",
        /// When, to the millisecond.
        pub timestamp_ms: Option<Timestamp> = "timestamp_ms" | "timestamp_ms_str",
    }
}

object! {
    /// What one user did to another.
    pub struct Relation<'a> {
        source: Option<Wrapped<'a>> = "source",
        target: Option<Wrapped<'a>> = "target",
        /// When, should X tell.
        pub created_timestamp: Option<Timestamp> = "created_timestamp" | "created_at" | "timestamp_ms",
    }
}

impl<'a> Relation<'a> {
    /// Who did it.
    pub fn source(&self) -> Option<&User<'a>> {
        self.source.as_ref().map(|wrapped| &wrapped.0)
    }

    /// To whom.
    pub fn target(&self) -> Option<&User<'a>> {
        self.target.as_ref().map(|wrapped| &wrapped.0)
    }
}

object! {
    /// A changed profile.
    pub struct ProfileUpdate<'a> {
        /// What was there.
        pub before: Option<Text<'a>> = "before",
        /// What is there now.
        pub after: Option<Text<'a>> = "after",
    }
}

object! {
    /// An encrypted message or a change of its conversation.
    pub struct Chat<'a> {
        /// The event's id.
        pub id: Option<Id<'a>> = "id",
        /// The conversation: two users' ids with `:` or `-` between them, or a group's id.
        pub conversation_id: Option<Id<'a>> = "conversation_id",
        /// Who sent it.
        pub sender_id: Option<Id<'a>> = "sender_id",
        /// When.
        pub created_at_msec: Option<Timestamp> = "created_at_msec" | "created_at",
        /// What was sent, encrypted.
        pub encoded_event: Option<Text<'a>> = "encoded_event",
        /// The version of the conversation's key.
        pub conversation_key_version: Option<Id<'a>> = "conversation_key_version",
        /// A change of the conversation's key, encrypted.
        pub conversation_key_change_event: Option<Text<'a>> = "conversation_key_change_event",
        /// What proves to X that the reader takes part.
        pub conversation_token: Option<Text<'a>> = "conversation_token",
        /// The sender's signature.
        pub message_event_signature: Option<ChatSignature<'a>> = "message_event_signature",
    }
}

object! {
    /// The signature of an encrypted message.
    pub struct ChatSignature<'a> {
        /// The signature.
        pub signature: Option<Text<'a>> = "signature",
        /// The version of its form.
        pub signature_version: Option<Id<'a>> = "signature_version",
        /// The version of the public key.
        pub public_key_version: Option<Id<'a>> = "public_key_version",
        /// The public key.
        pub signing_public_key: Option<Text<'a>> = "signing_public_key",
    }
}

object! {
    /// A space.
    pub struct Space<'a> {
        user: Option<Wrapped<'a>> = "user",
        /// The space's id.
        pub broadcast_id: Option<Id<'a>> = "broadcast_id",
        /// `start`, `end`, `spaces_start` or `spaces_end`.
        pub event_type: Option<Text<'a>> = "event_type",
    }
}

impl<'a> Space<'a> {
    /// Whose space it is.
    pub fn user(&self) -> Option<&User<'a>> {
        self.user.as_ref().map(|wrapped| &wrapped.0)
    }
}

object! {
    /// A broadcast.
    pub struct Broadcast<'a> {
        user: Option<Wrapped<'a>> = "user",
        /// The broadcast's id.
        pub broadcast_id: Option<Id<'a>> = "broadcast_id",
        /// `Running`, `Ended` and others.
        pub broadcast_state: Option<Text<'a>> = "broadcast_state",
        /// The title.
        pub title: Option<Text<'a>> = "title",
        /// The language.
        pub language: Option<Text<'a>> = "language",
        /// A picture of it.
        pub thumbnail_url: Option<Text<'a>> = "thumbnail_url",
        /// Whether it can be watched afterwards.
        pub available_for_replay: Option<bool> = "available_for_replay",
        /// When this happened.
        pub event_timestamp_ms: Option<Timestamp> = "event_timestamp_ms" | "event_timestamp_ms_str",
        /// When the broadcast was made.
        pub created_timestamp_ms: Option<Timestamp> = "created_timestamp_ms" | "created_timestamp_ms_str",
        /// When the broadcast was changed.
        pub updated_timestamp_ms: Option<Timestamp> = "updated_timestamp_ms" | "updated_timestamp_ms_str",
    }
}

impl<'a> Broadcast<'a> {
    /// Whose broadcast it is.
    pub fn user(&self) -> Option<&User<'a>> {
        self.user.as_ref().map(|wrapped| &wrapped.0)
    }
}

object! {
    /// A message in a broadcast's chat.
    pub struct BroadcastMessage<'a> {
        author: Option<Wrapped<'a>> = "author",
        /// The broadcast's id.
        pub broadcast_id: Option<Id<'a>> = "broadcast_id",
        /// The message's id.
        pub message_id: Option<Id<'a>> = "message_id",
        /// The text.
        pub message: Option<Text<'a>> = "message",
    }
}

impl<'a> BroadcastMessage<'a> {
    /// Who wrote it.
    pub fn author(&self) -> Option<&User<'a>> {
        self.author.as_ref().map(|wrapped| &wrapped.0)
    }
}

object! {
    /// A news story that X made of posts.
    pub struct News<'a> {
        /// The story's id.
        pub id: Option<Id<'a>> = "id",
        /// The headline.
        pub name: Option<Text<'a>> = "name" | "headline",
        /// The field.
        pub category: Option<Text<'a>> = "category",
        /// One sentence.
        pub hook: Option<Text<'a>> = "hook",
        /// The story.
        pub summary: Option<Text<'a>> = "summary",
        /// X's warning that a machine wrote it.
        pub disclaimer: Option<Text<'a>> = "disclaimer",
        /// When it was changed.
        pub updated_at: Option<Timestamp> = "updated_at" | "last_updated_at_ms",
        /// The posts it is made of.
        pub posts: Vec<PostRef<'a>> = "cluster_posts_results",
    }
}

object! {
    /// A user took the app's access away.
    pub struct Revocation<'a> {
        /// When.
        pub date_time: Option<Timestamp> = "date_time",
        /// Who.
        pub user_id: Option<Id<'a>> = "user_id",
        /// From which app.
        pub app_id: Option<Id<'a>> = "app_id",
    }
}

object! {
    /// What the payload refers to.
    pub struct Includes<'a> {
        users: Vec<Wrapped<'a>> = "users",
        /// Posts.
        pub posts: Vec<Post<'a>> = "tweets" | "posts",
        /// Pictures and videos.
        pub media: Vec<Media<'a>> = "media",
    }
}

impl<'a> Includes<'a> {
    /// A user by id.
    pub fn user(&self, id: &str) -> Option<&User<'a>> {
        self.users().find(|user| user.id.as_deref() == Some(id))
    }

    /// The users.
    pub fn users(&self) -> impl Iterator<Item = &User<'a>> {
        self.users.iter().map(|wrapped| &wrapped.0)
    }
}

object! {
    /// A rule of a filtered stream that a post matched.
    pub struct MatchingRule<'a> {
        /// The rule's id.
        pub id: Option<Id<'a>> = "id",
        /// The rule's tag.
        pub tag: Option<Text<'a>> = "tag",
    }
}

object! {
    /// The end of a replay job.
    pub struct ReplayStatus<'a> {
        /// The job's id.
        pub job_id: Option<Id<'a>> = "job_id",
        /// The webhook that was replayed to.
        pub webhook_id: Option<Id<'a>> = "webhook_id",
        /// `Complete` or `Incomplete`.
        pub job_state: Option<Text<'a>> = "job_state",
        /// What came of it.
        pub job_state_description: Option<Text<'a>> = "job_state_description",
    }
}
