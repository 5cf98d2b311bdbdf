//! Reads the events of a verified body in one pass.

mod activity;
mod conversation;
pub(crate) mod cursor;
mod draft;
mod facts;
mod payload;
mod skip;
pub(crate) mod types;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use bytestring::ByteString;
use smallvec::SmallVec;

use crate::directory::Directory;
use crate::event::Envelope;
use crate::readable::Readable;
use crate::schema::{Id, Lenient};
use crate::{ApiSource, Delivery, Event, RawJson};
use activity::{Data, Meta, Rule};
use cursor::Cursor;
use draft::Draft;

/// Reads the events of a body. `None` if it is not a JSON object or a list that contains an object.
///
/// Each body yields at least one event. A body without a known event is one
/// [`EventKind::Unknown`](crate::EventKind) of all its bytes. The same applies to a body with more
/// than `limit` events, because reading on would let one request delay all others, to a body with
/// too many events for the data that they share, and to one whose subscriber id is too long.
pub(crate) fn read(body: Bytes, app: Arc<str>, limit: usize) -> Option<Delivery> {
    let body = ByteString::try_from(body).ok()?;
    let mut cursor = Cursor::new(&body);
    let mut outline = Outline::with_room(limit);
    match cursor.peek()? {
        b'[' => list_of_objects(&mut cursor)?,
        _ => cursor.members(|name, cursor| outline.member(name, cursor))?,
    }
    if !cursor.is_at_end() {
        return None;
    }
    outline.settle(&body);

    let slice = |text: &str| RawJson::new(body.slice_ref(text));
    let readable = |text: &str| Readable::new(slice(text));
    let activity = outline.data.as_ref().filter(|data| data.is_activity());
    let subscriber = outline.subscriber.as_ref().or(activity.and_then(Data::subscriber));
    let subscriber = subscriber.filter(|id| id.len() <= LONGEST_ID);
    let keyword = activity.and_then(Data::keyword);
    let envelope = Arc::new(Envelope {
        app,
        subscriber: subscriber.map(|user| shared(&body, user.clone())),
        keyword: keyword.map(|word| shared(&body, word.clone())),
        filter: activity.and_then(|data| data.filter_text).map(readable),
        users: outline.users.map(slice),
        directory: Directory::default(),
        apps: outline.apps.map(slice),
        includes: activity.and_then(|data| data.includes).or(outline.includes).map(readable),
        matching_rules: outline.matching_rules.map(readable),
        tag: activity.and_then(|data| data.tag.as_ref()).map(|tag| shared(&body, tag.clone())),
        event_uuid: activity.and_then(|data| data.event_uuid.as_ref()).map(|uuid| shared(&body, uuid.clone())),
        outbound: activity.and_then(Data::outbound),
        user_has_blocked: outline.user_has_blocked,
        is_replay: outline.meta.replay.or(activity.and_then(|data| data.meta.replay)) == Some(true),
        sent: outline.drafts.len(),
        around_events: OnceLock::new(),
        body: slice(&body),
    });
    let events: Vec<Event> =
        outline.drafts.into_iter().zip(0..).map(|(draft, position)| draft.finish(&envelope, &body, position)).collect();
    Some(Delivery::new(envelope, events))
}

/// The maximum number of events in a body if each event needs the whole body: in an activity, and
/// in a body that mixes several shapes. Otherwise each of thousands of events would carry the whole
/// body.
const UNDIVIDED: usize = 16;

/// The maximum length of an id, in bytes. X's ids have at most 36. The limit matters because the
/// subscriber's id goes into the key of each of thousands of events.
pub(super) const LONGEST_ID: usize = 128;

/// Skips a list. `None` if no element is an object. X does not send lists, but some tools log
/// requests in this form. A text without a brace is never a delivery, because challenges without a
/// brace are signed for anyone.
fn list_of_objects(cursor: &mut Cursor<'_>) -> Option<()> {
    let mut has_object = false;
    cursor.elements(|cursor| {
        has_object |= cursor.peek()? == b'{';
        cursor.skip().map(|_| ())
    })?;
    has_object.then_some(())
}

/// Returns a text from the body. It shares the body's memory unless it contains escapes.
fn shared<'a>(body: &'a ByteString, text: impl Into<Cow<'a, str>>) -> ByteString {
    match text.into() {
        Cow::Borrowed(text) => body.slice_ref(text),
        Cow::Owned(text) => text.into(),
    }
}

/// The top level of a body, or a payload that is itself a body of the Account Activity API.
struct Outline<'a> {
    is_account_activity: bool,
    subscriber: Option<Id<'a>>,
    users: Option<&'a str>,
    apps: Option<&'a str>,
    user_has_blocked: Option<bool>,
    data: Option<Data<'a>>,
    includes: Option<&'a str>,
    matching_rules: Option<&'a str>,
    replay_status: Option<&'a str>,
    /// The end of a replay, with the name used in one of X's examples.
    replay_event: Option<&'a str>,
    meta: Meta,
    /// Whether the body has more than Account Activity API events and the members that they share.
    is_undivided: bool,
    drafts: SmallVec<[Draft<'a>; 1]>,
    /// The number of further events that may be read. `overfull` is set if there are more.
    room: usize,
    overfull: bool,
}

impl<'a> Outline<'a> {
    fn with_room(room: usize) -> Self {
        Self {
            is_account_activity: false,
            subscriber: None,
            users: None,
            apps: None,
            user_has_blocked: None,
            data: None,
            includes: None,
            matching_rules: None,
            replay_status: None,
            replay_event: None,
            meta: Meta::default(),
            is_undivided: false,
            drafts: SmallVec::new(),
            room,
            overfull: false,
        }
    }

    fn member(&mut self, name: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        self.is_account_activity |= matches!(name, "for_user_id" | "user_event") || types::names_events(name);
        self.is_undivided |= matches!(name, "data" | "matching_rules" | "replay_job_status" | "replay_event");
        match name {
            "for_user_id" => self.subscriber = cursor.value::<Lenient<_>>()?.0.0,
            "users" => self.users = Some(cursor.skip()?),
            "apps" => self.apps = Some(cursor.skip()?),
            // The second name appears in one table of X's documentation, the first in its examples
            // and in captured requests.
            "user_has_blocked" | "is_blocked_by" => {
                self.user_has_blocked = cursor.value::<Lenient<_>>()?.0.0.or(self.user_has_blocked);
            }
            "data" if cursor.peek()? == b'{' => {
                self.data.insert(Data::default()).read(self.room.min(UNDIVIDED), cursor)?;
            }
            "includes" => self.includes = Some(cursor.skip()?),
            "matching_rules" => self.matching_rules = Some(cursor.skip()?),
            "meta" => self.meta = cursor.value::<Lenient<_>>()?.0.0.unwrap_or_default(),
            "replay_event" if cursor.peek()? == b'{' => self.replay_event = Some(cursor.skip()?),
            "replay_job_status" if cursor.peek()? == b'{' => self.replay_status = Some(cursor.skip()?),
            "user_event" if cursor.peek()? == b'{' => {
                return cursor.members(|what, cursor| {
                    let known_as = if what == "revoke" { what } else { name };
                    self.event(known_as, name, cursor)
                });
            }
            _ if name == "user_event" || types::names_events(name) => return self.events(name, name, cursor),
            _ => _ = cursor.skip()?,
        }
        Some(())
    }

    /// Reads an array of events, or a single event without an array.
    fn events(&mut self, known_as: &str, name: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        match cursor.peek()? {
            b'[' => cursor.elements(|cursor| self.event(known_as, name, cursor)),
            b'n' => cursor.skip().map(|_| ()),
            _ => self.event(known_as, name, cursor),
        }
    }

    /// Reads one event. `known_as` is the array name for `facts::read`, `name` the member of the
    /// body.
    fn event(&mut self, known_as: &str, name: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        let Some(room) = self.room.checked_sub(1) else {
            self.overfull = true;
            return cursor.skip().map(|_| ());
        };
        self.room = room;
        let (known, raw) = facts::read(known_as, cursor)?;
        self.drafts.push(Draft::account_activity(wire_name(name), raw, known));
        Some(())
    }

    /// Decides which shapes the body has, in the order that X's documentation implies. Keeps the
    /// events of every shape.
    fn settle(&mut self, body: &'a str) {
        if let Some(text) = self.replay_status {
            self.drafts.push(Draft::replay_status(text));
        }
        if let Some(text) = self.replay_event {
            self.drafts.push(Draft::replay_event(text, body.trim()));
        }
        let rules = self.matching_rules.and_then(|rules| serde_json::from_str::<Lenient<Vec<Rule<'_>>>>(rules).ok());
        match (&mut self.data, rules.and_then(|rules| rules.0)) {
            (Some(data), _) if data.is_activity() => {
                let mut inner = data.drafts(self.room.min(UNDIVIDED));
                self.subscriber = self.subscriber.take().or(inner.subscriber.filter(|_| data.subscriber().is_none()));
                self.users = self.users.or(inner.users);
                self.apps = self.apps.or(inner.apps);
                self.overfull |= inner.overfull;
                self.drafts.append(&mut inner.drafts);
            }
            (Some(data), Some(rules)) => self.drafts.extend(data.matched_post(body, &rules)),
            _ => {}
        }
        let subscriber = self.subscriber.as_ref().or(self.data.as_ref().and_then(Data::subscriber));
        self.overfull |= subscriber.is_some_and(|id| id.len() > LONGEST_ID);
        self.overfull |= self.is_undivided && self.drafts.len() > UNDIVIDED;
        if self.overfull {
            self.drafts.clear();
        }
        if self.drafts.is_empty() {
            let generation = if self.is_account_activity { ApiSource::AccountActivity } else { ApiSource::Unknown };
            self.drafts.push(Draft::unknown(generation, Cow::Borrowed(""), body.trim()));
        }
    }
}

/// Returns the member name without an allocation if X documents it.
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
