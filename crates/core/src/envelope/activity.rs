//! The `data` of an activity, or of a post that matched a rule of a filtered stream.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::Outline;
use super::conversation::{Conversation, known_as};
use super::cursor::Cursor;
use super::draft::Draft;
use super::facts::{self, MockEvent, identity};
use super::payload::{PayloadFacts, is_relation};
use super::types;
use crate::key::{Beginning, Content};
use crate::schema::object::object;
use crate::schema::v2::Filter;
use crate::schema::{Id, Lenient, Text};
use crate::{ApiSource, Direction, EventKind, Timestamp};

/// The top-level `data`. It is an activity if it has an `event_type`.
#[derive(Default)]
pub(super) struct Data<'a> {
    text: &'a str,
    pub(super) event_uuid: Option<Id<'a>>,
    event_type: Option<Text<'a>>,
    /// The known event type, looked up once, because a body may contain many payloads.
    known: Option<(&'static str, EventKind)>,
    pub(super) tag: Option<Text<'a>>,
    filter: Option<Filter<'a>>,
    pub(super) filter_text: Option<&'a str>,
    /// Whether X marks it as replayed.
    pub(super) meta: Meta,
    payload: Option<&'a str>,
    facts: Option<PayloadFacts<'a>>,
    /// Read in place of the facts, if the event type precedes the payload.
    conversation: Option<Box<Conversation<'a>>>,
    pub(super) includes: Option<&'a str>,
    /// The id of a post that matched a rule.
    id: Option<Id<'a>>,
    /// Time of the activity, or time of posting for a post that matched a rule.
    created_at: Option<Timestamp>,
    last_resort: OnceCell<Beginning>,
}

/// A follow, block or mute in a payload, and whether it is an element of an array.
struct Related<'a> {
    payload: &'a str,
    facts: PayloadFacts<'a>,
    is_listed: bool,
}

object! {
    /// X's information about the delivery itself.
    pub(super) struct Meta {
        pub(super) replay: Option<bool> = "replay",
    }
}

object! {
    /// A rule, reduced to its id, so that a malformed tag cannot make it unreadable.
    pub(super) struct Rule<'a> {
        id: Option<Id<'a>> = "id",
    }
}

impl<'a> Data<'a> {
    /// Reads the object. Of a conversation, reads at most `room` events.
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
                    "filter" => {
                        let (Lenient(filter), text) = cursor.value::<Lenient<Filter<'_>>>()?;
                        (data.filter_text, data.filter) = (filter.is_some().then_some(text), filter);
                    }
                    "meta" => data.meta = cursor.value::<Lenient<_>>()?.0.0.unwrap_or_default(),
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

    /// Returns the word that the subscription is for.
    pub(super) fn keyword(&self) -> Option<&Text<'a>> {
        self.filter.as_ref()?.keyword.as_ref()
    }

    /// Returns whether the subscription is for actions by the user rather than actions on the user.
    pub(super) fn outbound(&self) -> Option<bool> {
        match self.filter.as_ref()?.direction()? {
            "outbound" => Some(true),
            "inbound" => Some(false),
            _ => None,
        }
    }

    /// Returns the post of a filtered-stream webhook. The same post with other rules is another
    /// event.
    pub(super) fn matched_post(&self, body: &'a str, rules: &[Rule<'_>]) -> Option<Draft<'a>> {
        let mut parts: Vec<&str> = rules.iter().filter_map(|rule| rule.id.as_deref()).collect();
        parts.sort_unstable();
        parts.insert(0, self.id.as_deref()?);
        Some(Draft {
            payload: self.text,
            kind: MockEvent::Plain(EventKind::PostMatched),
            identity: identity("post_matched", &parts),
            at: self.created_at,
            ..Draft::unknown(ApiSource::FilteredStream, Cow::Borrowed("matching_rules"), body.trim())
        })
    }

    /// Returns the events of an activity. This is one event, except for messages, whose payload is
    /// a body of the Account Activity API, and for a payload that is a list.
    pub(super) fn drafts(&mut self, room: usize) -> Outline<'a> {
        let read = self.conversation.take();
        let type_name = self.event_type.as_deref().unwrap_or_default();
        let (present, kind) = self.known.unwrap_or_else(|| ("", types::family(type_name)));
        let name = if present == type_name { Cow::Borrowed(present) } else { Cow::Owned(type_name.to_owned()) };
        let payload = self.payload.unwrap_or(self.text);
        let mut inner = match payload.as_bytes().first() {
            Some(b'{') => self.told(read, &name, present, kind, room),
            Some(b'[') => self.listed(&name, present, kind, payload, room),
            _ => Outline::with_room(room),
        };
        if inner.drafts.is_empty() {
            // A payload that is not an object adds nothing to the event type.
            inner.drafts.push(self.draft(name, present, kind, self.text, &PayloadFacts::default()));
        }
        if let Some(time) = self.created_at {
            inner.drafts.iter_mut().for_each(|draft| draft.at = Some(time));
        }
        inner
    }

    /// Returns the events of a payload that is an object.
    #[expect(clippy::ptr_arg, reason = "a clone of a borrowed name costs nothing")]
    fn told(
        &mut self,
        read: Option<Box<Conversation<'a>>>,
        name: &Cow<'static, str>,
        present: &str,
        kind: EventKind,
        room: usize,
    ) -> Outline<'a> {
        let mut inner = match (known_as(kind), self.payload) {
            (Some(known_as), Some(payload)) => Conversation::of(read, known_as, payload, room),
            _ => Outline::with_room(room),
        };
        for draft in &mut inner.drafts {
            self.take_over(draft, kind, present);
            draft.name.clone_from(name);
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
            for Related { payload, facts, is_listed } in told {
                let mut draft = self.draft(name.clone(), present, kind, payload, &facts);
                if is_listed {
                    // They share the delivery's `event_uuid`, so their payload must distinguish
                    // them.
                    draft.identity = draft.identity.of_activity(payload);
                }
                inner.drafts.push(draft);
            }
        }
        inner
    }

    /// Returns one event for each object in a payload that is a list. The first keeps the key that
    /// such a delivery had before lists were supported.
    #[expect(clippy::ptr_arg, reason = "a clone of a borrowed name costs nothing")]
    fn listed(
        &self,
        name: &Cow<'static, str>,
        present: &str,
        kind: EventKind,
        list: &'a str,
        room: usize,
    ) -> Outline<'a> {
        let mut inner = Outline::with_room(room);
        let whole = self.last_resort().identity().of_activity(if present.is_empty() { name } else { present });
        // Invalid JSON was rejected before.
        let _ = Cursor::new(list).elements(|cursor| {
            let (is_object, text) = (cursor.peek()? == b'{', cursor.skip()?);
            if !is_object {
                return Some(());
            }
            if inner.drafts.len() == room {
                inner.overfull = true;
                return Some(());
            }
            let message = known_as(kind).and_then(|array| facts::read(array, &mut Cursor::new(text))?.0);
            let mut draft = match message {
                Some(known) => {
                    let mut draft = Draft::account_activity(name.clone(), text, Some(known));
                    self.take_over(&mut draft, kind, present);
                    draft
                }
                None => self.draft(name.clone(), present, kind, text, &PayloadFacts::of(text)),
            };
            if let Content::Id(content) = draft.content {
                draft.content = Content::Added(content);
            }
            draft.identity = if inner.drafts.is_empty() { whole } else { whole.of_activity(text) };
            inner.drafts.push(draft);
            Some(())
        });
        inner
    }

    /// Returns follows, blocks and mutes from arrays, in case X sends them like messages. If there
    /// are more than `room`, returns one more than `room`.
    fn relations(&self, kind: EventKind, room: usize) -> Vec<Related<'a>> {
        let mut told = Vec::new();
        let stands_alone = self.facts.as_ref().is_some_and(PayloadFacts::has_sides);
        if let (false, true, Some(payload)) = (stands_alone, is_relation(kind), self.payload) {
            let mut tell = |cursor: &mut Cursor<'a>, is_listed| {
                if told.len() > room {
                    return cursor.skip().map(|_| ());
                }
                let (is_object, mut facts) = (cursor.peek()? == b'{', PayloadFacts::default());
                let payload = facts.read(cursor)?;
                told.extend(is_object.then_some(Related { payload, facts, is_listed }));
                Some(())
            };
            Cursor::new(payload).members(|name, cursor| match cursor.peek()? {
                b'[' if types::names_events(name) => cursor.elements(|cursor| tell(cursor, true)),
                b'{' if types::names_events(name) => tell(cursor, false),
                _ => cursor.skip().map(|_| ()),
            });
        }
        told
    }

    /// Converts an event that was read in the form of the Account Activity API into an activity.
    fn take_over(&self, draft: &mut Draft<'a>, kind: EventKind, present: &str) {
        draft.generation = ApiSource::XActivity;
        match draft.content {
            Content::Same => draft.content = Content::Id(draft.identity),
            // Without a time, the bytes are the same each time a user types, and one delivery may
            // contain several such events.
            Content::Timeless(content) if draft.at.is_none() => {
                draft.identity = self.last_resort().then(content).identity();
            }
            Content::Timeless(_) | Content::Id(_) | Content::Added(_) => {}
        }
        draft.identity = draft.identity.of_activity(present);
        match &mut draft.kind {
            MockEvent::Message { told, .. } => {
                *told = Some(match kind {
                    EventKind::MessageSent => Direction::Sent,
                    _ => Direction::Received,
                });
            }
            // The ids are missing, but the event type determines the kind.
            MockEvent::Plain(unknown) => {
                *unknown = kind;
                if !draft.payload.starts_with('{') {
                    draft.payload = self.text;
                }
            }
            MockEvent::Revocation { .. } => {}
        }
    }

    /// `event_uuid` identifies a delivery. X does not promise that a redelivery has the same one,
    /// so it is used only if nothing else identifies the event.
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
        let (happening, content) = facts.known(kind).unwrap_or((MockEvent::Plain(kind), Content::Same));
        let identity = match (&content, facts.own_id(kind)) {
            (Content::Id(content), _) => *content,
            (_, Some(id)) => identity("activity", &[id]),
            _ => self.last_resort().identity(),
        };
        Draft {
            generation: ApiSource::XActivity,
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
