//! The members of an X Activity API payload that determine its subject, its user and its time.

use super::fields::{UnresolvedKind, bounded, fields};
use crate::event::identity::{Content, Identity};
use crate::event::kind::EventKind;
use crate::event::time::Timestamp;
use crate::json::cursor::Cursor;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};

fields! {
    /// The members of a payload that determine its subject, its user and its time.
    pub(super) struct PayloadFields<'a> {
        id: Option<Id<'a>> = "id",
        /// The id of a story or a deleted post, which may have no other id.
        other_id: Option<Id<'a>> = "rest_id" | "post_id",
        app_id: Option<Id<'a>> = "app_id",
        user_id: Option<Id<'a>> = "user_id",
        sender_id: Option<Id<'a>> = "sender_id",
        broadcast_id: Option<Id<'a>> = "broadcast_id",
        message_id: Option<Id<'a>> = "message_id",
        source: Option<Side<'a>> = "source",
        target: Option<Side<'a>> = "target",
        timestamp_ms: Option<Timestamp> = "timestamp_ms" | "timestamp_ms_str" | "event_timestamp_ms" | "event_timestamp_ms_str",
        created_msec: Option<Timestamp> = "created_at_msec" | "createdAtMsec" | "created_timestamp",
        updated_msec: Option<Timestamp> = "last_updated_at_ms" | "updated_timestamp_ms" | "updated_timestamp_ms_str",
        broadcast_created: Option<Timestamp> = "created_timestamp_ms" | "created_timestamp_ms_str",
        date_time: Option<Timestamp> = "date_time",
        created_at: Option<Text<'a>> = "created_at",
        updated_at: Option<Text<'a>> = "updated_at",
    }
}

object! {
    /// One side of a relation, plain or wrapped in `data`.
    struct Side<'a> {
        id: Option<Id<'a>> = "id" | "id_str",
        data: Option<WrappedUser<'a>> = "data",
    }

    /// A user, reduced to the id, because a name that ends in half an emoji would make the user
    /// unreadable.
    struct WrappedUser<'a> {
        id: Option<Id<'a>> = "id" | "id_str",
    }
}

impl Side<'_> {
    fn user(&self) -> Option<&str> {
        self.id.as_deref().or_else(|| self.data.as_ref()?.id.as_deref())
    }
}

impl PayloadFields<'_> {
    /// Returns whether the payload itself is a relation, rather than an array inside it.
    pub(super) fn has_sides(&self) -> bool {
        self.source.is_some() || self.target.is_some()
    }
}

pub(super) fn is_relation(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Followed
            | EventKind::Unfollowed
            | EventKind::Blocked
            | EventKind::Unblocked
            | EventKind::Muted
            | EventKind::Unmuted
    )
}

impl<'a> PayloadFields<'a> {
    /// Reads the fields of a payload, which need not be an object.
    pub(super) fn of(payload: &'a str) -> Self {
        let mut fields = Self::default();
        fields.read(&mut Cursor::new(payload));
        fields
    }

    fn id(&self, kind: EventKind) -> Option<&str> {
        let other =
            || self.other_id.as_deref().filter(|_| matches!(kind, EventKind::PostDeleted | EventKind::NewsPublished));
        self.id.as_deref().or_else(other)
    }

    /// Returns the identity of an event as the Account Activity API has it, if that API reports it.
    pub(super) fn shared_identity(&self, kind: EventKind) -> Option<(UnresolvedKind<'a>, Content)> {
        let id =
            |what: &str| Some((UnresolvedKind::Plain(kind), Content::Id(Identity::with_ids(what, &[self.id(kind)?]))));
        let relation = |what: &str| {
            let (source, target) = (self.source.as_ref()?.user()?, self.target.as_ref()?.user()?);
            Some((UnresolvedKind::Plain(kind), Content::Timeless(Identity::with_ids(what, &[source, target]))))
        };
        match kind {
            EventKind::MessageSent | EventKind::MessageReceived => {
                let (id, _) = (self.id.as_deref()?, self.sender_id.as_ref()?);
                Some((UnresolvedKind::Plain(kind), Content::Added(Identity::with_ids("message", &[id]))))
            }
            EventKind::PostCreated => id("tweet_create"),
            EventKind::PostDeleted => id("tweet_delete"),
            EventKind::Liked => id("favorite"),
            EventKind::Followed => relation("follow"),
            EventKind::Unfollowed => relation("unfollow"),
            EventKind::Blocked => relation("block"),
            EventKind::Unblocked => relation("unblock"),
            EventKind::Muted => relation("mute"),
            EventKind::Unmuted => relation("unmute"),
            EventKind::AccessRevoked => {
                let user = bounded(self.user_id.clone()?)?;
                let content = match (self.app_id.as_deref(), self.date_time) {
                    (Some(app), Some(time)) => Content::Id(Identity::at_time("revoke", [app, &user], time)),
                    _ => Content::Same,
                };
                Some((UnresolvedKind::Revocation { user }, content))
            }
            _ => None,
        }
    }

    /// Returns the id that identifies an event reported by the X Activity API only.
    pub(super) fn own_id(&self, kind: EventKind) -> Option<&str> {
        match kind {
            EventKind::SpaceStarted
            | EventKind::SpaceEnded
            | EventKind::BroadcastStarted
            | EventKind::BroadcastEnded => self.broadcast_id.as_deref(),
            EventKind::BroadcastMessage => self.message_id.as_deref(),
            EventKind::ChatReceived | EventKind::ChatSent | EventKind::ChatChanged | EventKind::NewsPublished => {
                self.id(kind)
            }
            EventKind::PostCreated
            | EventKind::PostDeleted
            | EventKind::Liked
            | EventKind::Followed
            | EventKind::Unfollowed
            | EventKind::Blocked
            | EventKind::Unblocked
            | EventKind::Muted
            | EventKind::Unmuted
            | EventKind::Subscribed
            | EventKind::Unsubscribed
            | EventKind::MessageSent
            | EventKind::MessageReceived
            | EventKind::MessagesRead
            | EventKind::Typing
            | EventKind::AccessRevoked
            | EventKind::PostMatched
            | EventKind::ProfileUpdated
            | EventKind::ChatRead
            | EventKind::ChatTyping
            | EventKind::BroadcastMessageRemoved
            | EventKind::ReplayFinished
            | EventKind::Unknown => None,
        }
    }

    pub(super) fn at(&self, kind: EventKind) -> Option<Timestamp> {
        let started = self.broadcast_created.filter(|_| kind == EventKind::BroadcastStarted);
        let precise = self.timestamp_ms.or(self.created_msec).or(self.date_time).or(self.updated_msec).or(started);
        let written = self.created_at.as_deref().or(self.updated_at.as_deref());
        precise.or_else(|| Timestamp::parse(written?))
    }
}
