//! From a verified body to its events, in one pass.

mod cursor;
mod facts;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::event::{Described, Envelope};
use crate::wire::{Id, Lenient};
use crate::{Delivery, Direction, Event, EventKind, Generation, RawJson, Timestamp};
use cursor::Cursor;
use facts::{Facts, Happening, Known, identity};

/// Reads the events of a body; `None` when it is not a JSON object.
///
/// Every object gives at least one event: what holds no event that we know is one [`EventKind::Unknown`] of all its bytes.
///
/// A body of more than `limit` events is one such `Unknown` too: reading on would let one request hold up all others.
pub(crate) fn read(body: Bytes, app: Arc<str>, limit: usize) -> Option<Delivery> {
    let body = ByteString::try_from(body).ok()?;
    let mut outline = Outline { room: limit, ..Outline::default() };
    let mut cursor = Cursor::new(&body);
    cursor.members(|name, cursor| outline.member(name, cursor))?;
    if !cursor.is_at_end() {
        return None;
    }

    let Outline { generation, subscriber, users, apps, user_has_blocked, mut drafts, overfull, .. } = outline;
    if overfull {
        drafts.clear();
    }
    let envelope = Arc::new(Envelope {
        app,
        generation: generation.unwrap_or(Generation::Unknown),
        subscriber: subscriber.map(|id| id.as_str().into()),
        users: users.map(|text| RawJson::new(body.slice_ref(text))),
        apps: apps.map(|text| RawJson::new(body.slice_ref(text))),
        user_has_blocked,
        body: RawJson::new(body.clone()),
    });
    let mut events: Vec<Event> = drafts.into_iter().map(|draft| draft.finish(&envelope, &body)).collect();
    if events.is_empty() {
        events.push(Draft::unknown(Cow::Borrowed(""), body.trim()).finish(&envelope, &body));
    }
    Some(Delivery::new(envelope, events))
}

/// What the top level of a body says.
#[derive(Default)]
struct Outline<'a> {
    generation: Option<Generation>,
    subscriber: Option<Id<'a>>,
    users: Option<&'a str>,
    apps: Option<&'a str>,
    user_has_blocked: Option<bool>,
    drafts: Vec<Draft<'a>>,
    /// How many more events may come, and whether more came.
    room: usize,
    overfull: bool,
}

impl<'a> Outline<'a> {
    fn member(&mut self, name: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        if matches!(name, "for_user_id" | "user_event") || name.ends_with("_events") {
            self.generation = Some(Generation::AccountActivity);
        }
        match name {
            "for_user_id" => self.subscriber = cursor.value::<Lenient<_>>()?.0.0,
            "users" => self.users = Some(cursor.skip()?),
            "apps" => self.apps = Some(cursor.skip()?),
            // One table of X's documentation has the second name, its examples and captures have the first.
            "user_has_blocked" | "is_blocked_by" => {
                self.user_has_blocked = cursor.value::<Lenient<_>>()?.0.0.or(self.user_has_blocked);
            }
            "user_event" if cursor.peek()? == b'{' => {
                return cursor.members(|what, cursor| {
                    let known_as = if what == "revoke" { what } else { name };
                    self.event(known_as, name, cursor)
                });
            }
            _ if name == "user_event" || name.ends_with("_events") => match cursor.peek()? {
                b'[' => return cursor.elements(|cursor| self.event(name, name, cursor)),
                b'n' => _ = cursor.skip()?,
                _ => return self.event(name, name, cursor),
            },
            _ => _ = cursor.skip()?,
        }
        Some(())
    }

    /// `known_as` is the name by which facts know the event, `name` the member of the body in which it came.
    fn event(&mut self, known_as: &str, name: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        let Some(room) = self.room.checked_sub(1) else {
            self.overfull = true;
            return cursor.skip().map(|_| ());
        };
        self.room = room;
        let (Lenient(facts), raw) = cursor.value::<Lenient<Facts<'a>>>()?;
        let name = wire_name(name);
        self.drafts.push(match facts.and_then(|facts| facts.name(known_as, raw)) {
            Some(Known { kind, identity, at }) => Draft { name, raw, kind, identity, at },
            None => Draft::unknown(name, raw),
        });
        Some(())
    }
}

/// An event before it is known whose it is: `for_user_id` may stand behind the events.
struct Draft<'a> {
    name: Cow<'static, str>,
    raw: &'a str,
    kind: Happening,
    identity: crate::key::Identity,
    at: Option<Timestamp>,
}

impl<'a> Draft<'a> {
    fn unknown(name: Cow<'static, str>, raw: &'a str) -> Self {
        let identity = identity("unknown", &[&name, raw]);
        Self { name, raw, kind: Happening::Plain(EventKind::Unknown), identity, at: None }
    }

    fn finish(self, envelope: &Arc<Envelope>, body: &ByteString) -> Event {
        let mut described = Described {
            kind: EventKind::Unknown,
            name: self.name,
            identity: self.identity,
            occurred_at: self.at,
            direction: None,
            source_app: None,
            revoked_by: None,
            raw: RawJson::new(body.slice_ref(self.raw)),
        };
        match self.kind {
            Happening::Plain(kind) => described.kind = kind,
            Happening::Message { sender, source_app } => {
                described.direction = envelope
                    .subscriber
                    .as_deref()
                    .map(|subscriber| if *subscriber == *sender { Direction::Sent } else { Direction::Received });
                described.kind = match described.direction {
                    Some(Direction::Sent) => EventKind::MessageSent,
                    _ => EventKind::MessageReceived,
                };
                described.source_app = source_app;
            }
            Happening::Revocation { user } => {
                described.kind = EventKind::AccessRevoked;
                described.revoked_by = Some(user);
            }
        }
        Event::new(Arc::clone(envelope), described)
    }
}

/// The names that X documents cost no allocation.
fn wire_name(name: &str) -> Cow<'static, str> {
    const DOCUMENTED: [&str; 10] = [
        "tweet_create_events",
        "direct_message_events",
        "favorite_events",
        "follow_events",
        "tweet_delete_events",
        "block_events",
        "mute_events",
        "direct_message_mark_read_events",
        "direct_message_indicate_typing_events",
        "user_event",
    ];
    match DOCUMENTED.into_iter().find(|documented| *documented == name) {
        Some(documented) => Cow::Borrowed(documented),
        None => Cow::Owned(name.to_owned()),
    }
}
