//! The `data` of an activity, or of a post that matched a rule of a filtered stream.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::account_activity::AccountActivity;
use super::conversation::{Conversation, array_name};
use super::event_builder::EventBuilder;
use super::fields::{self, UnresolvedKind};
use super::payload::{PayloadFields, is_relation};
use super::replay::Meta;
use crate::event::event_type;
use crate::event::identity::{Content, Identity, IdentityPrefix};
use crate::event::kind::{ApiSource, Direction, EventKind};
use crate::event::time::Timestamp;
use crate::json::cursor::Cursor;
use crate::json::lenient::Lenient;
use crate::json::value::{Id, Text};
use crate::schema::v2::Filter;

/// The top-level `data`. It is an activity if it has an `event_type`.
#[derive(Default)]
pub(super) struct Data<'a> {
    pub(super) text: &'a str,
    pub(super) event_uuid: Option<Id<'a>>,
    event_type: Option<Text<'a>>,
    /// The known event type, looked up once, because a body may contain many payloads.
    known_type: Option<(&'static str, EventKind)>,
    pub(super) tag: Option<Text<'a>>,
    filter: Option<Filter<'a>>,
    pub(super) filter_text: Option<&'a str>,
    /// Whether X marks it as replayed.
    pub(super) meta: Meta,
    payload: Option<&'a str>,
    fields: Option<PayloadFields<'a>>,
    /// Read in place of the fields, if the event type precedes the payload.
    conversation: Option<Box<Conversation<'a>>>,
    pub(super) includes: Option<&'a str>,
    /// The id of a post that matched a rule.
    pub(super) id: Option<Id<'a>>,
    /// Time of the activity, or time of posting for a post that matched a rule.
    pub(super) created_at: Option<Timestamp>,
    fallback_identity: OnceCell<IdentityPrefix>,
}

/// A follow, block or mute in a payload, and whether it is an element of an array.
struct Relation<'a> {
    payload: &'a str,
    fields: PayloadFields<'a>,
    is_listed: bool,
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
                        data.known_type = data.event_type.as_deref().and_then(event_type::known);
                    }
                    "tag" => data.tag = cursor.value::<Lenient<_>>()?.0.0,
                    "filter" => {
                        let (Lenient(filter), text) = cursor.value::<Lenient<Filter<'_>>>()?;
                        (data.filter_text, data.filter) = (filter.is_some().then_some(text), filter);
                    }
                    "meta" => data.meta = cursor.value::<Lenient<_>>()?.0.0.unwrap_or_default(),
                    "payload" => {
                        (data.fields, data.conversation) = (None, None);
                        let is_object = cursor.peek()? == b'{';
                        let array = data.known_type.filter(|_| is_object).and_then(|(_, kind)| array_name(kind));
                        data.payload = Some(match array {
                            Some(array) => {
                                let (conversation, text) = Conversation::read(array, room, cursor)?;
                                data.conversation = Some(Box::new(conversation));
                                text
                            }
                            None => data.fields.insert(PayloadFields::default()).read(cursor)?,
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

    /// Returns the events of an activity. This is one event, except for messages, whose payload is
    /// a body of the Account Activity API, and for a payload that is a list.
    pub(super) fn events(&mut self, room: usize) -> AccountActivity<'a> {
        let read = self.conversation.take();
        let type_name = self.event_type.as_deref().unwrap_or_default();
        let (current_name, kind) = self.known_type.unwrap_or_else(|| ("", event_type::family(type_name)));
        let name =
            if current_name == type_name { Cow::Borrowed(current_name) } else { Cow::Owned(type_name.to_owned()) };
        let payload = self.payload.unwrap_or(self.text);
        let mut inner = match payload.as_bytes().first() {
            Some(b'{') => self.object_events(read, &name, current_name, kind, room),
            Some(b'[') => self.list_events(&name, current_name, kind, payload, room),
            _ => AccountActivity::with_room(room),
        };
        if inner.events.is_empty() {
            // A payload that is not an object adds nothing to the event type.
            inner.events.push(self.builder(name, current_name, kind, self.text, &PayloadFields::default()));
        }
        if let Some(time) = self.created_at {
            inner.events.iter_mut().for_each(|event| event.at = Some(time));
        }
        inner
    }

    /// Returns the events of a payload that is an object.
    #[expect(clippy::ptr_arg, reason = "a clone of a borrowed name costs nothing")]
    fn object_events(
        &mut self,
        read: Option<Box<Conversation<'a>>>,
        name: &Cow<'static, str>,
        current_name: &str,
        kind: EventKind,
        room: usize,
    ) -> AccountActivity<'a> {
        let mut inner = match (array_name(kind), self.payload) {
            (Some(array), Some(payload)) => Conversation::of(read, array, payload, room),
            _ => AccountActivity::with_room(room),
        };
        for event in &mut inner.events {
            self.convert(event, kind, current_name);
            event.name.clone_from(name);
        }
        if inner.events.is_empty() {
            let payload = self.payload.unwrap_or(self.text);
            self.fields = self.fields.take().or_else(|| self.payload.map(PayloadFields::of));
            let relations = self.relations(kind, inner.room);
            if relations.is_empty() {
                let fields = self.fields.take().unwrap_or_default();
                inner.events.push(self.builder(name.clone(), current_name, kind, payload, &fields));
            }
            inner.is_overfull |= relations.len() > inner.room;
            for Relation { payload, fields, is_listed } in relations {
                let mut event = self.builder(name.clone(), current_name, kind, payload, &fields);
                if is_listed {
                    // They share the delivery's `event_uuid`, so their payload must distinguish
                    // them.
                    event.identity = event.identity.of_activity(payload);
                }
                inner.events.push(event);
            }
        }
        inner
    }

    /// Returns one event for each object in a payload that is a list. The first keeps the key that
    /// such a delivery had before lists were supported.
    #[expect(clippy::ptr_arg, reason = "a clone of a borrowed name costs nothing")]
    fn list_events(
        &self,
        name: &Cow<'static, str>,
        current_name: &str,
        kind: EventKind,
        list: &'a str,
        room: usize,
    ) -> AccountActivity<'a> {
        let mut inner = AccountActivity::with_room(room);
        let whole =
            self.fallback_identity().identity().of_activity(if current_name.is_empty() { name } else { current_name });
        // Invalid JSON was rejected before.
        let _ = Cursor::new(list).elements(|cursor| {
            let (is_object, text) = (cursor.peek()? == b'{', cursor.skip()?);
            if !is_object {
                return Some(());
            }
            if inner.events.len() == room {
                inner.is_overfull = true;
                return Some(());
            }
            let message = array_name(kind).and_then(|array| fields::read(array, &mut Cursor::new(text))?.0);
            let mut event = match message {
                Some(recognized) => {
                    let mut event = EventBuilder::account_activity(name.clone(), text, Some(recognized));
                    self.convert(&mut event, kind, current_name);
                    event
                }
                None => self.builder(name.clone(), current_name, kind, text, &PayloadFields::of(text)),
            };
            if let Content::Id(content) = event.content {
                event.content = Content::Added(content);
            }
            event.identity = if inner.events.is_empty() { whole } else { whole.of_activity(text) };
            inner.events.push(event);
            Some(())
        });
        inner
    }

    /// Returns follows, blocks and mutes from arrays, in case X sends them like messages. If there
    /// are more than `room`, returns one more than `room`.
    fn relations(&self, kind: EventKind, room: usize) -> Vec<Relation<'a>> {
        let mut relations = Vec::new();
        let is_single = self.fields.as_ref().is_some_and(PayloadFields::has_sides);
        if let (false, true, Some(payload)) = (is_single, is_relation(kind), self.payload) {
            let mut read = |cursor: &mut Cursor<'a>, is_listed| {
                if relations.len() > room {
                    return cursor.skip().map(|_| ());
                }
                let (is_object, mut fields) = (cursor.peek()? == b'{', PayloadFields::default());
                let payload = fields.read(cursor)?;
                relations.extend(is_object.then_some(Relation { payload, fields, is_listed }));
                Some(())
            };
            Cursor::new(payload).members(|name, cursor| match cursor.peek()? {
                b'[' if event_type::names_events(name) => cursor.elements(|cursor| read(cursor, true)),
                b'{' if event_type::names_events(name) => read(cursor, false),
                _ => cursor.skip().map(|_| ()),
            });
        }
        relations
    }

    /// Converts an event that was read in the form of the Account Activity API into an activity.
    fn convert(&self, event: &mut EventBuilder<'a>, kind: EventKind, current_name: &str) {
        event.api_source = ApiSource::XActivity;
        match event.content {
            Content::Same => event.content = Content::Id(event.identity),
            // Without a time, the bytes are the same each time a user types, and one delivery may
            // contain several such events.
            Content::Timeless(content) if event.at.is_none() => {
                event.identity = self.fallback_identity().then(content).identity();
            }
            Content::Timeless(_) | Content::Id(_) | Content::Added(_) => {}
        }
        event.identity = event.identity.of_activity(current_name);
        match &mut event.kind {
            UnresolvedKind::Message { implied, .. } => {
                *implied = Some(match kind {
                    EventKind::MessageSent => Direction::Sent,
                    _ => Direction::Received,
                });
            }
            // The ids are missing, but the event type determines the kind.
            UnresolvedKind::Plain(unknown) => {
                *unknown = kind;
                if !event.payload.starts_with('{') {
                    event.payload = self.text;
                }
            }
            UnresolvedKind::Revocation { .. } => {}
        }
    }

    /// `event_uuid` identifies a delivery. X does not promise that a redelivery has the same one,
    /// so it is used only if nothing else identifies the event.
    fn fallback_identity(&self) -> IdentityPrefix {
        let name = self.event_uuid.as_deref().unwrap_or(self.text);
        self.fallback_identity.get_or_init(|| IdentityPrefix::new(["activity", name].map(str::as_bytes))).clone()
    }

    fn builder(
        &self,
        name: Cow<'static, str>,
        current_name: &str,
        kind: EventKind,
        payload: &'a str,
        fields: &PayloadFields<'a>,
    ) -> EventBuilder<'a> {
        let (unresolved, content) =
            fields.shared_identity(kind).unwrap_or((UnresolvedKind::Plain(kind), Content::Same));
        let identity = match (&content, fields.own_id(kind)) {
            (Content::Id(content), _) => *content,
            (_, Some(id)) => Identity::with_ids("activity", &[id]),
            _ => self.fallback_identity().identity(),
        };
        EventBuilder {
            api_source: ApiSource::XActivity,
            identity: identity.of_activity(if current_name.is_empty() { &name } else { current_name }),
            name,
            raw: self.text,
            payload,
            kind: unresolved,
            content,
            at: fields.at(kind),
        }
    }
}
