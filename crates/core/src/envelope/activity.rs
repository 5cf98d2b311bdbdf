//! The `data` of an activity, or of a post that matched a rule of a filtered stream.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::Outline;
use super::conversation::{Conversation, known_as};
use super::cursor::Cursor;
use super::draft::Draft;
use super::facts::{self, Happening, facts, identity};
use super::types;
use crate::key::{Beginning, Content};
use crate::wire::object::object;
use crate::wire::v2::Filter;
use crate::wire::{Id, Lenient, Text};
use crate::{Direction, EventKind, Generation, Timestamp};

/// The top-level `data`. Whether it is an activity shows in its `event_type`.
#[derive(Default)]
pub(super) struct Data<'a> {
    text: &'a str,
    pub(super) event_uuid: Option<Id<'a>>,
    event_type: Option<Text<'a>>,
    /// The type of event as it is known, looked up once: there may be as many payloads as a body has room for.
    known: Option<(&'static str, EventKind)>,
    pub(super) tag: Option<Text<'a>>,
    filter: Option<Filter<'a>>,
    payload: Option<&'a str>,
    facts: Option<PayloadFacts<'a>>,
    /// In place of the facts, when the type of event that it depends on stands before the payload.
    conversation: Option<Box<Conversation<'a>>>,
    pub(super) includes: Option<&'a str>,
    /// Of a post that matched a rule.
    id: Option<Id<'a>>,
    created_at: Option<Text<'a>>,
    last_resort: OnceCell<Beginning>,
}

facts! {
    /// The members of a payload that say what it is about, whose it is and when it was.
    struct PayloadFacts<'a> {
        id: Option<Id<'a>> = "id",
        /// Of a story or a deleted post, which may have no other.
        other_id: Option<Id<'a>> = "rest_id" | "post_id",
        app_id: Option<Id<'a>> = "app_id",
        user_id: Option<Id<'a>> = "user_id",
        sender_id: Option<Id<'a>> = "sender_id",
        broadcast_id: Option<Id<'a>> = "broadcast_id",
        message_id: Option<Id<'a>> = "message_id",
        source: Option<Side<'a>> = "source",
        target: Option<Side<'a>> = "target",
        timestamp_ms: Option<Timestamp> = "timestamp_ms" | "timestamp_ms_str" | "event_timestamp_ms" | "event_timestamp_ms_str",
        created_msec: Option<Timestamp> = "created_at_msec" | "created_timestamp",
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
        data: Option<Wrapped<'a>> = "data",
    }
}

object! {
    /// No more of a rule than the id, as of a user below: a tag could keep it from being read.
    pub(super) struct Rule<'a> {
        id: Option<Id<'a>> = "id",
    }
}

object! {
    /// No more of a user than the id: a name that ends in half an emoji could not be read.
    struct Wrapped<'a> {
        id: Option<Id<'a>> = "id" | "id_str",
    }
}

impl Side<'_> {
    fn user(&self) -> Option<&str> {
        self.id.as_deref().or_else(|| self.data.as_ref()?.id.as_deref())
    }
}

impl<'a> Data<'a> {
    /// Of a conversation no more than `room` events are read.
    pub(super) fn read(&mut self, room: usize, cursor: &mut Cursor<'a>) -> Option<()> {
        let data = &mut *self;
        let text = cursor.text_of(|cursor| {
            cursor.members(|name, cursor| {
                match name {
                    "event_uuid" => data.event_uuid = cursor.value::<Lenient<_>>()?.0.0,
                    "event_type" => {
                        data.event_type = cursor.value::<Lenient<_>>()?.0.0;
                        data.known = data.event_type.as_deref().and_then(types::known);
                    }
                    "tag" => data.tag = cursor.value::<Lenient<_>>()?.0.0,
                    "filter" => data.filter = cursor.value::<Lenient<_>>()?.0.0,
                    "payload" => {
                        (data.facts, data.conversation) = (None, None);
                        let is_object = cursor.peek()? == b'{';
                        let known_as = data.known.filter(|_| is_object).and_then(|(_, kind)| known_as(kind));
                        data.payload = Some(match known_as {
                            Some(known_as) => {
                                let (conversation, text) = Conversation::read(known_as, room, cursor)?;
                                data.conversation = Some(Box::new(conversation));
                                text
                            }
                            None => data.facts.insert(PayloadFacts::default()).read(cursor)?,
                        });
                    }
                    "includes" => data.includes = Some(cursor.skip()?),
                    "id" => data.id = cursor.value::<Lenient<_>>()?.0.0,
                    "created_at" => data.created_at = cursor.value::<Lenient<_>>()?.0.0,
                    _ => _ = cursor.skip()?,
                }
                Some(())
            })
        })?;
        self.text = text;
        Some(())
    }

    pub(super) fn is_activity(&self) -> bool {
        self.event_type.is_some()
    }

    pub(super) fn subscriber(&self) -> Option<&Id<'a>> {
        self.filter.as_ref()?.user_id.as_ref()
    }

    /// The word that the subscription is to.
    pub(super) fn keyword(&self) -> Option<&Text<'a>> {
        self.filter.as_ref()?.keyword.as_ref()
    }

    /// Whether the subscription is to what the user does, rather than to what is done to them.
    pub(super) fn outbound(&self) -> Option<bool> {
        match self.filter.as_ref()?.direction.as_deref()? {
            "outbound" => Some(true),
            "inbound" => Some(false),
            _ => None,
        }
    }

    /// The post of a filtered-stream webhook: the same post under other rules is another event.
    pub(super) fn matched_post(&self, body: &'a str, rules: &[Rule<'_>]) -> Option<Draft<'a>> {
        let mut parts: Vec<&str> = rules.iter().filter_map(|rule| rule.id.as_deref()).collect();
        parts.sort_unstable();
        parts.insert(0, self.id.as_deref()?);
        Some(Draft {
            payload: self.text,
            kind: Happening::Plain(EventKind::PostMatched),
            identity: identity("post_matched", &parts),
            at: self.created_at.as_deref().and_then(Timestamp::parse),
            ..Draft::unknown(Generation::FilteredStream, Cow::Borrowed("matching_rules"), body.trim())
        })
    }

    /// The events of an activity: one, save for messages, whose payload is a body of the Account Activity API.
    pub(super) fn drafts(&mut self, room: usize) -> Outline<'a> {
        let read = self.conversation.take();
        let type_name = self.event_type.as_deref().unwrap_or_default();
        let (present, kind) = self.known.unwrap_or_else(|| ("", types::family(type_name)));
        let name = if present == type_name { Cow::Borrowed(present) } else { Cow::Owned(type_name.to_owned()) };
        let mut inner = match (known_as(kind), self.payload) {
            (Some(known_as), Some(payload)) => Conversation::of(read, known_as, payload, room),
            _ => Outline::with_room(room),
        };
        for draft in &mut inner.drafts {
            self.take_over(draft, kind, present);
            draft.name.clone_from(&name);
        }
        if inner.drafts.is_empty() {
            let payload = self.payload.unwrap_or(self.text);
            self.facts = self.facts.take().or_else(|| self.payload.map(PayloadFacts::of));
            let told = self.relations(kind, inner.room);
            if told.is_empty() {
                let facts = self.facts.take().unwrap_or_default();
                inner.drafts.push(self.draft(name.clone(), present, kind, payload, &facts));
            }
            inner.overfull |= told.len() > inner.room;
            for (payload, facts) in told {
                let mut draft = self.draft(name.clone(), present, kind, payload, &facts);
                // They share the name of the delivery.
                draft.identity = draft.identity.of_activity(payload);
                inner.drafts.push(draft);
            }
        }
        inner
    }

    /// Follows, blocks and mutes, should X tell them in arrays as it does messages; one more than there is room for, if there are more.
    fn relations(&self, kind: EventKind, room: usize) -> Vec<(&'a str, PayloadFacts<'a>)> {
        let mut told = Vec::new();
        let stands_alone = self.facts.as_ref().is_some_and(|facts| facts.source.is_some() || facts.target.is_some());
        if let (false, true, Some(payload)) = (stands_alone, is_relation(kind), self.payload) {
            Cursor::new(payload).members(|name, cursor| match types::names_events(name) && cursor.peek()? == b'[' {
                true => cursor.elements(|cursor| {
                    if told.len() > room {
                        return cursor.skip().map(|_| ());
                    }
                    let (is_object, mut facts) = (cursor.peek()? == b'{', PayloadFacts::default());
                    let text = facts.read(cursor)?;
                    told.extend(is_object.then_some((text, facts)));
                    Some(())
                }),
                false => cursor.skip().map(|_| ()),
            });
        }
        told
    }

    /// What was read as the Account Activity API would tell it is an activity.
    fn take_over(&self, draft: &mut Draft<'a>, kind: EventKind, present: &str) {
        draft.generation = Generation::XActivity;
        match draft.content {
            Content::Same => draft.content = Content::Id(draft.identity),
            // Without a time the bytes are the same each time somebody types, and the delivery may hold several.
            Content::Timeless(content) if draft.at.is_none() => {
                draft.identity = self.last_resort().then(content).identity();
            }
            Content::Timeless(_) | Content::Id(_) => {}
        }
        draft.identity = draft.identity.of_activity(present);
        match &mut draft.kind {
            Happening::Message { told, .. } => {
                *told = Some(match kind {
                    EventKind::MessageSent => Direction::Sent,
                    _ => Direction::Received,
                });
            }
            // Its ids are missing, but what it is X has told.
            Happening::Plain(unknown) => *unknown = kind,
            Happening::Revocation { .. } => {}
        }
    }

    /// `event_uuid` names a delivery, and nobody says that a redelivery has the same; so it serves where nothing else does.
    fn last_resort(&self) -> Beginning {
        let name = self.event_uuid.as_deref().unwrap_or(self.text);
        self.last_resort.get_or_init(|| Beginning::new(["activity", name].map(str::as_bytes))).clone()
    }

    fn draft(
        &self,
        name: Cow<'static, str>,
        present: &str,
        kind: EventKind,
        payload: &'a str,
        facts: &PayloadFacts<'a>,
    ) -> Draft<'a> {
        let (happening, content) = facts.known(kind).unwrap_or((Happening::Plain(kind), Content::Same));
        let identity = match (&content, facts.own_id(kind)) {
            (Content::Id(content), _) => *content,
            (_, Some(id)) => identity("activity", &[id]),
            _ => self.last_resort().identity(),
        };
        Draft {
            generation: Generation::XActivity,
            identity: identity.of_activity(if present.is_empty() { &name } else { present }),
            name,
            raw: self.text,
            payload,
            kind: happening,
            content,
            at: facts.at(kind),
        }
    }
}

fn is_relation(kind: EventKind) -> bool {
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

impl<'a> PayloadFacts<'a> {
    /// Of a payload, which may be no object.
    fn of(payload: &'a str) -> Self {
        let mut facts = Self::default();
        facts.read(&mut Cursor::new(payload));
        facts
    }

    fn id(&self, kind: EventKind) -> Option<&str> {
        let other =
            || self.other_id.as_deref().filter(|_| matches!(kind, EventKind::PostDeleted | EventKind::NewsPublished));
        self.id.as_deref().or_else(other)
    }

    /// What the Account Activity API tells too, identified as it does.
    fn known(&self, kind: EventKind) -> Option<(Happening<'a>, Content)> {
        let id = |what: &str| Some((Happening::Plain(kind), Content::Id(identity(what, &[self.id(kind)?]))));
        let relation = |what: &str| {
            let (source, target) = (self.source.as_ref()?.user()?, self.target.as_ref()?.user()?);
            Some((Happening::Plain(kind), Content::Timeless(identity(what, &[source, target]))))
        };
        match kind {
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
                let user = self.user_id.as_ref()?;
                let content = match (self.app_id.as_deref(), self.date_time) {
                    (Some(app), Some(time)) => Content::Id(facts::at_time("revoke", [app, user], time)),
                    _ => Content::Same,
                };
                Some((Happening::Revocation { user: user.clone() }, content))
            }
            _ => None,
        }
    }

    /// What identifies a happening that only the X Activity API tells.
    fn own_id(&self, kind: EventKind) -> Option<&str> {
        match kind {
            EventKind::SpaceStarted
            | EventKind::SpaceEnded
            | EventKind::BroadcastStarted
            | EventKind::BroadcastEnded => self.broadcast_id.as_deref(),
            EventKind::BroadcastMessage => self.message_id.as_deref(),
            EventKind::ChatReceived | EventKind::ChatSent | EventKind::ChatChanged | EventKind::NewsPublished => {
                self.id(kind)
            }
            _ => None,
        }
    }

    fn at(&self, kind: EventKind) -> Option<Timestamp> {
        let begun = self.broadcast_created.filter(|_| kind == EventKind::BroadcastStarted);
        let precise = self.timestamp_ms.or(self.created_msec).or(self.date_time).or(self.updated_msec).or(begun);
        let written = self.created_at.as_deref().or(self.updated_at.as_deref());
        precise.or_else(|| Timestamp::parse(written?))
    }
}
