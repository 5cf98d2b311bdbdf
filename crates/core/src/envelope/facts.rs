//! The few members of an event that determine its kind, subject and time.

use std::borrow::Cow;
use std::ops::Deref;

use super::LONGEST_ID;
use super::cursor::Cursor;
use crate::key::{Content, Identity};
use crate::schema::object::{Decoded, Value, object};
use crate::schema::v1::StatusRef;
use crate::schema::{Id, Lenient, Text};
use crate::{Direction, EventKind, Timestamp};

/// Declares a struct that reads its members from an object and skips all others. An error in one
/// member does not affect the others.
macro_rules! facts {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident<'a> {
            $($(#[$field_meta:meta])* $field:ident: Option<$type:ty> = $($key:literal)|+,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Default)]
        $vis struct $name<'a> {
            $($(#[$field_meta])* $field: Option<$type>,)*
        }

        impl<'a> $name<'a> {
            /// Reads the next value, which need not be an object, and returns its text.
            pub(super) fn read(&mut self, cursor: &mut $crate::envelope::cursor::Cursor<'a>) -> Option<&'a str> {
                if cursor.peek()? != b'{' {
                    return cursor.skip();
                }
                cursor.text_of(|cursor| {
                    cursor.members(|name, cursor| {
                        match name {
                            $($($key)|+ => {
                                let value = $crate::envelope::facts::Fact::read(cursor)?;
                                self.$field = value.or(self.$field.take());
                            })*
                            _ => _ = cursor.skip()?,
                        }
                        Some(())
                    })
                })
            }
        }
    };
}

pub(super) use facts;

/// The value of a member.
pub(super) trait Fact<'a>: Sized {
    /// Reads the next value. The inner option is `None` if the value has another type.
    fn read(cursor: &mut Cursor<'a>) -> Option<Option<Self>>;
}

impl<'a, T: Value<'a>> Fact<'a> for T {
    fn read(cursor: &mut Cursor<'a>) -> Option<Option<Self>> {
        cursor.value::<Lenient<T>>().map(|(Lenient(fact), _)| fact)
    }
}

/// Reads member by member, to skip the text, which is most of a message.
impl<'a> Fact<'a> for Message<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Option<Self>> {
        let (is_object, mut message) = (cursor.peek()? == b'{', Self::default());
        message.read(cursor)?;
        Some(is_object.then_some(message))
    }
}

facts! {
    /// The members that identify an event of any kind. Each kind has some of them.
    pub(super) struct Facts<'a> {
        id: Option<WrittenId<'a>> = "id",
        id_str: Option<Id<'a>> = "id_str",
        /// Read as an id, so that a numeric type is read too, as an unknown type.
        kind: Option<Id<'a>> = "type",
        created_timestamp: Option<Timestamp> = "created_timestamp",
        timestamp_ms: Option<Timestamp> = "timestamp_ms",
        date_time: Option<Timestamp> = "date_time",
        /// A date that is slow to parse, for the few events without a better time.
        created_at: Option<Text<'a>> = "created_at",
        status: Option<StatusRef<'a>> = "status",
        source: Option<Actor<'a>> = "source",
        target: Option<Actor<'a>> = "target",
        sender_id: Option<Id<'a>> = "sender_id",
        recipient_id: Option<Id<'a>> = "recipient_id",
        last_read_event_id: Option<Id<'a>> = "last_read_event_id",
        message_create: Option<Message<'a>> = "message_create",
    }
}

facts! {
    /// The members that identify a post, which has many others.
    struct PostFacts<'a> {
        id: Option<WrittenId<'a>> = "id",
        id_str: Option<Id<'a>> = "id_str",
        timestamp_ms: Option<Timestamp> = "timestamp_ms",
        created_at: Option<Text<'a>> = "created_at",
    }
}

object! {
    /// A user or an app on one side of an event. The X Activity API may wrap a user in `data`.
    struct Actor<'a> {
        id: Option<Id<'a>> = "id",
        id_str: Option<Id<'a>> = "id_str",
        recipient_id: Option<Id<'a>> = "recipient_id",
        user_id: Option<Id<'a>> = "user_id",
        app_id: Option<Id<'a>> = "app_id",
        data: Option<Box<Actor<'a>>> = "data",
    }
}

facts! {
    struct Message<'a> {
        sender_id: Option<Id<'a>> = "sender_id",
        source_app_id: Option<Id<'a>> = "source_app_id",
    }
}

/// An id that is converted to text only when needed. X writes numeric ids a second time as text.
#[derive(Clone, Debug, PartialEq)]
enum WrittenId<'a> {
    Text(Cow<'a, str>),
    Unsigned(u64),
    Signed(i64),
}

impl<'de> Value<'de> for WrittenId<'de> {
    fn string(text: Decoded<'de, '_>) -> Option<Self> {
        Some(Self::Text(text.into()))
    }

    fn unsigned(number: u64) -> Option<Self> {
        Some(Self::Unsigned(number))
    }

    fn signed(number: i64) -> Option<Self> {
        Some(Self::Signed(number))
    }
}

impl WrittenId<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Unsigned(number) => number.to_string().into(),
            Self::Signed(number) => number.to_string().into(),
        }
    }
}

/// Returns an id, from its text if X writes both forms.
fn written<'i>(text: Option<&'i Id<'_>>, id: Option<&'i WrittenId<'_>>) -> Option<Cow<'i, str>> {
    text.map(|text| Cow::Borrowed(text.as_str())).or_else(|| id.map(WrittenId::text))
}

/// The facts known about one event.
pub(super) struct Known<'a> {
    pub(super) kind: MockEvent<'a>,
    pub(super) identity: Identity,
    pub(super) content: Content,
    pub(super) at: Option<Timestamp>,
}

/// An event's kind, as far as it is known without the subscriber.
pub(super) enum MockEvent<'a> {
    Plain(EventKind),
    /// `told` is the direction that X's event type implies, if any.
    Message {
        sender: Id<'a>,
        source_app: Option<Id<'a>>,
        told: Option<Direction>,
    },
    Revocation {
        user: Id<'a>,
    },
}

/// Reads the next event of the array or member with this name. Returns the facts known about it and
/// its text.
pub(super) fn read<'a>(array: &str, cursor: &mut Cursor<'a>) -> Option<(Option<Known<'a>>, &'a str)> {
    if array == "tweet_create_events" {
        let mut post = PostFacts::default();
        let raw = post.read(cursor)?;
        return Some((post.name(), raw));
    }
    let mut facts = Facts::default();
    let raw = facts.read(cursor)?;
    Some((facts.name(array, raw), raw))
}

impl<'a> PostFacts<'a> {
    fn name(&self) -> Option<Known<'a>> {
        let id = short(written(self.id_str.as_ref(), self.id.as_ref())?)?;
        let (kind, identity) = plain(EventKind::PostCreated, "tweet_create", &[&id]);
        let at = self.timestamp_ms.or_else(|| Timestamp::parse(self.created_at.as_deref()?));
        Some(Known { kind, identity, content: Content::Same, at })
    }
}

impl<'a> Facts<'a> {
    /// Identifies an event of the array or member with this name. `None` if the kind is unknown or
    /// the ids that identify the event are missing.
    pub(super) fn name(&self, array: &str, raw: &str) -> Option<Known<'a>> {
        if self.kind.as_ref().is_some_and(|kind| kind.len() > LONGEST_ID) {
            return None;
        }
        let mut content = Content::Same;
        let (kind, identity) = match array {
            "tweet_delete_events" => {
                plain(EventKind::PostDeleted, "tweet_delete", &[short(self.status.as_ref()?.id()?)?])
            }
            "favorite_events" => plain(EventKind::Liked, "favorite", &[&self.id()?]),
            "direct_message_events" => self.message()?,
            "direct_message_indicate_typing_events" => {
                let (sender, recipient) = self.conversation()?;
                content = Content::Timeless(identity("typing", &[sender, recipient]));
                (MockEvent::Plain(EventKind::Typing), self.timed("typing", [sender, recipient], raw))
            }
            "direct_message_mark_read_events" => {
                let (sender, recipient) = self.conversation()?;
                match self.last_read_event_id.as_deref() {
                    Some(last) => plain(EventKind::MessagesRead, "mark_read", &[sender, recipient, short(last)?]),
                    None => {
                        content = Content::Timeless(identity("mark_read", &[sender, recipient]));
                        let identity = self.timed("mark_read_at", [sender, recipient], raw);
                        (MockEvent::Plain(EventKind::MessagesRead), identity)
                    }
                }
            }
            "revoke" => {
                let app = short(self.target.as_ref()?.app_id.as_deref()?)?;
                let user = short(self.source.as_ref()?.user_id.clone()?)?;
                let identity = self.timed("revoke", [app, &user], raw);
                (MockEvent::Revocation { user }, identity)
            }
            _ => {
                let (kind, what) = self.relation(array)?;
                let (source, target) = (short(self.source.as_ref()?.user()?)?, short(self.target.as_ref()?.user()?)?);
                content = Content::Timeless(identity(what, &[source, target]));
                (MockEvent::Plain(kind), self.timed(what, [source, target], raw))
            }
        };
        Some(Known { kind, identity, content, at: self.at() })
    }

    fn id(&self) -> Option<Cow<'_, str>> {
        short(written(self.id_str.as_ref(), self.id.as_ref())?)
    }

    fn at(&self) -> Option<Timestamp> {
        let precise = self.timestamp_ms.or(self.created_timestamp).or(self.date_time);
        precise.or_else(|| Timestamp::parse(self.created_at.as_deref()?))
    }

    fn conversation(&self) -> Option<(&str, &str)> {
        let (source, target) = (self.source.as_ref(), self.target.as_ref());
        let sender = self.sender_id.as_deref().or_else(|| source?.user());
        let recipient = target.and_then(|target| target.recipient_id.as_deref().or_else(|| target.user()));
        Some((short(sender?)?, short(recipient.or(self.recipient_id.as_deref())?)?))
    }

    fn message(&self) -> Option<(MockEvent<'a>, Identity)> {
        if self.kind.as_deref().is_some_and(|kind| kind != "message_create") {
            return None;
        }
        let message = self.message_create.as_ref()?;
        let happening = MockEvent::Message {
            sender: short(message.sender_id.clone()?)?,
            source_app: message.source_app_id.clone().and_then(short),
            told: None,
        };
        Some((happening, identity("message", &[&self.id()?])))
    }

    /// X sends an unfollow in `follow_events` with type `unfollow`. Its tables also name other
    /// arrays.
    fn relation(&self, array: &str) -> Option<(EventKind, &'static str)> {
        let own_type = array.strip_suffix("_events")?;
        match (own_type, self.kind.as_deref().unwrap_or(own_type)) {
            ("follow" | "unfollow", "follow") => Some((EventKind::Followed, "follow")),
            ("follow" | "unfollow", "unfollow") => Some((EventKind::Unfollowed, "unfollow")),
            ("block" | "unblock", "block") => Some((EventKind::Blocked, "block")),
            ("block" | "unblock", "unblock") => Some((EventKind::Unblocked, "unblock")),
            ("mute" | "unmute", "mute") => Some((EventKind::Muted, "mute")),
            ("mute" | "unmute", "unmute") => Some((EventKind::Unmuted, "unmute")),
            _ => None,
        }
    }

    /// Returns the identity of an event without an id: who, whom and when. Without a time, the
    /// event's bytes are used instead.
    fn timed(&self, what: &str, who: [&str; 2], raw: &str) -> Identity {
        match self.at() {
            Some(time) => at_time(what, who, time),
            None => identity(what, &[who[0], who[1], raw]),
        }
    }
}

impl Actor<'_> {
    fn user(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref()).or_else(|| self.data.as_ref()?.user())
    }
}

/// Returns an id unless it is too long.
pub(super) fn short<T: Deref<Target: AsRef<str>>>(id: T) -> Option<T> {
    (id.deref().as_ref().len() <= LONGEST_ID).then_some(id)
}

fn plain<'a>(kind: EventKind, what: &str, parts: &[&str]) -> (MockEvent<'a>, Identity) {
    (MockEvent::Plain(kind), identity(what, parts))
}

pub(super) fn at_time(what: &str, who: [&str; 2], time: Timestamp) -> Identity {
    let [first, second] = who.map(str::as_bytes);
    Identity::new([what.as_bytes(), first, second, &time.as_millis().to_be_bytes()])
}

pub(super) fn identity(what: &str, parts: &[&str]) -> Identity {
    Identity::new(std::iter::once(what).chain(parts.iter().copied()).map(str::as_bytes))
}
