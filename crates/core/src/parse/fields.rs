//! The few fields of an event that determine its kind, its subject and its time.

use std::borrow::Cow;
use std::ops::Deref;

use crate::event::identity::{Content, Identity};
use crate::event::kind::{Direction, EventKind};
use crate::event::time::Timestamp;
use crate::json::cursor::Cursor;
use crate::json::lenient::{DecodedStr, Lenient, Value, object};
use crate::json::value::{Id, Text};
use crate::schema::v1::StatusRef;

/// Declares structs that read their members from an object and skip all others. An error in one
/// member does not affect the others.
macro_rules! fields {
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident<'a> {
            $($(#[$field_meta:meta])* $field:ident: Option<$type:ty> = $($key:literal)|+,)*
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Default)]
        $vis struct $name<'a> {
            $($(#[$field_meta])* $field: Option<$type>,)*
        }

        impl<'a> $name<'a> {
            /// Reads the next value, which need not be an object, and returns its text.
            pub(super) fn read(&mut self, cursor: &mut $crate::json::cursor::Cursor<'a>) -> Option<&'a str> {
                if cursor.peek()? != b'{' {
                    return cursor.skip();
                }
                cursor.text_of(|cursor| {
                    cursor.members(|name, cursor| {
                        match name {
                            $($($key)|+ => {
                                let value = $crate::parse::fields::FieldValue::read(cursor)?;
                                self.$field = value.or(self.$field.take());
                            })*
                            _ => _ = cursor.skip()?,
                        }
                        Some(())
                    })
                })
            }
        }
    )+};
}

pub(super) use fields;

/// The value of a member.
pub(super) trait FieldValue<'a>: Sized {
    /// Reads the next value. The inner option is `None` if the value has another type.
    fn read(cursor: &mut Cursor<'a>) -> Option<Option<Self>>;
}

impl<'a, T: Value<'a>> FieldValue<'a> for T {
    fn read(cursor: &mut Cursor<'a>) -> Option<Option<Self>> {
        cursor.value::<Lenient<T>>().map(|(Lenient(value), _)| value)
    }
}

/// Reads member by member, to skip the text, which is most of a message.
impl<'a> FieldValue<'a> for MessageFields<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Option<Self>> {
        let (is_object, mut message) = (cursor.peek()? == b'{', Self::default());
        message.read(cursor)?;
        Some(is_object.then_some(message))
    }
}

fields! {
    /// The members that identify an event of any kind. Each kind has some of them.
    pub(super) struct EventFields<'a> {
        id: Option<NumberOrText<'a>> = "id",
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
        message_create: Option<MessageFields<'a>> = "message_create",
    }

    /// The members that identify a post, which has many others.
    struct PostFields<'a> {
        id: Option<NumberOrText<'a>> = "id",
        id_str: Option<Id<'a>> = "id_str",
        timestamp_ms: Option<Timestamp> = "timestamp_ms",
        created_at: Option<Text<'a>> = "created_at",
    }

    struct MessageFields<'a> {
        sender_id: Option<Id<'a>> = "sender_id",
        source_app_id: Option<Id<'a>> = "source_app_id",
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

/// An id that is converted to text only when needed. X writes numeric ids a second time as text.
#[derive(Clone, Debug, PartialEq)]
enum NumberOrText<'a> {
    Text(Cow<'a, str>),
    Unsigned(u64),
    Signed(i64),
}

impl<'de> Value<'de> for NumberOrText<'de> {
    fn string(text: DecodedStr<'de, '_>) -> Option<Self> {
        Some(Self::Text(text.into()))
    }

    fn unsigned(number: u64) -> Option<Self> {
        Some(Self::Unsigned(number))
    }

    fn signed(number: i64) -> Option<Self> {
        Some(Self::Signed(number))
    }
}

impl NumberOrText<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Unsigned(number) => number.to_string().into(),
            Self::Signed(number) => number.to_string().into(),
        }
    }
}

/// Returns an id, from its text if X writes both forms.
fn id_text<'i>(text: Option<&'i Id<'_>>, id: Option<&'i NumberOrText<'_>>) -> Option<Cow<'i, str>> {
    text.map(|text| Cow::Borrowed(text.as_str())).or_else(|| id.map(NumberOrText::text))
}

/// An event whose kind and identity are known.
pub(super) struct RecognizedEvent<'a> {
    pub(super) kind: UnresolvedKind<'a>,
    pub(super) identity: Identity,
    pub(super) content: Content,
    pub(super) at: Option<Timestamp>,
}

/// The longest id that is accepted, in bytes. X's ids have at most 36. The limit matters because the
/// subscriber's id goes into the key of each of thousands of events.
pub(super) const MAX_ID_LEN: usize = 128;

/// An event's kind, as far as it is known without the subscriber.
pub(super) enum UnresolvedKind<'a> {
    Plain(EventKind),
    /// `implied` is the direction that X's event type implies, if any.
    Message {
        sender: Id<'a>,
        source_app: Option<Id<'a>>,
        implied: Option<Direction>,
    },
    Revocation {
        user: Id<'a>,
    },
}

/// Reads the next event of the array or member with this name. Returns the event, if it is
/// recognized, and its text.
pub(super) fn read<'a>(array: &str, cursor: &mut Cursor<'a>) -> Option<(Option<RecognizedEvent<'a>>, &'a str)> {
    if array == "tweet_create_events" {
        let mut post = PostFields::default();
        let raw = post.read(cursor)?;
        return Some((post.recognize(), raw));
    }
    let mut fields = EventFields::default();
    let raw = fields.read(cursor)?;
    Some((fields.recognize(array, raw), raw))
}

impl<'a> PostFields<'a> {
    fn recognize(&self) -> Option<RecognizedEvent<'a>> {
        let id = bounded(id_text(self.id_str.as_ref(), self.id.as_ref())?)?;
        let (kind, identity) = plain(EventKind::PostCreated, "tweet_create", &[&id]);
        let at = self.timestamp_ms.or_else(|| Timestamp::parse(self.created_at.as_deref()?));
        Some(RecognizedEvent { kind, identity, content: Content::Same, at })
    }
}

impl<'a> EventFields<'a> {
    /// Identifies an event of the array or member with this name. `None` if the kind is unknown or
    /// the ids that identify the event are missing.
    pub(super) fn recognize(&self, array: &str, raw: &str) -> Option<RecognizedEvent<'a>> {
        if self.kind.as_ref().is_some_and(|kind| kind.len() > MAX_ID_LEN) {
            return None;
        }
        let mut content = Content::Same;
        let (kind, identity) = match array {
            "tweet_delete_events" => {
                plain(EventKind::PostDeleted, "tweet_delete", &[bounded(self.status.as_ref()?.id()?)?])
            }
            "favorite_events" => plain(EventKind::Liked, "favorite", &[&self.id()?]),
            "direct_message_events" => self.message()?,
            "direct_message_indicate_typing_events" => {
                let (sender, recipient) = self.conversation()?;
                content = Content::Timeless(Identity::with_ids("typing", &[sender, recipient]));
                (UnresolvedKind::Plain(EventKind::Typing), self.timed_identity("typing", [sender, recipient], raw))
            }
            "direct_message_mark_read_events" => {
                let (sender, recipient) = self.conversation()?;
                match self.last_read_event_id.as_deref() {
                    Some(last) => plain(EventKind::MessagesRead, "mark_read", &[sender, recipient, bounded(last)?]),
                    None => {
                        content = Content::Timeless(Identity::with_ids("mark_read", &[sender, recipient]));
                        let identity = self.timed_identity("mark_read_at", [sender, recipient], raw);
                        (UnresolvedKind::Plain(EventKind::MessagesRead), identity)
                    }
                }
            }
            "revoke" => {
                let app = bounded(self.target.as_ref()?.app_id.as_deref()?)?;
                let user = bounded(self.source.as_ref()?.user_id.clone()?)?;
                let identity = self.timed_identity("revoke", [app, &user], raw);
                (UnresolvedKind::Revocation { user }, identity)
            }
            _ => {
                let (kind, what) = self.relation(array)?;
                let (source, target) =
                    (bounded(self.source.as_ref()?.user()?)?, bounded(self.target.as_ref()?.user()?)?);
                content = Content::Timeless(Identity::with_ids(what, &[source, target]));
                (UnresolvedKind::Plain(kind), self.timed_identity(what, [source, target], raw))
            }
        };
        Some(RecognizedEvent { kind, identity, content, at: self.at() })
    }

    fn id(&self) -> Option<Cow<'_, str>> {
        bounded(id_text(self.id_str.as_ref(), self.id.as_ref())?)
    }

    fn at(&self) -> Option<Timestamp> {
        let precise = self.timestamp_ms.or(self.created_timestamp).or(self.date_time);
        precise.or_else(|| Timestamp::parse(self.created_at.as_deref()?))
    }

    fn conversation(&self) -> Option<(&str, &str)> {
        let (source, target) = (self.source.as_ref(), self.target.as_ref());
        let sender = self.sender_id.as_deref().or_else(|| source?.user());
        let recipient = target.and_then(|target| target.recipient_id.as_deref().or_else(|| target.user()));
        Some((bounded(sender?)?, bounded(recipient.or(self.recipient_id.as_deref())?)?))
    }

    fn message(&self) -> Option<(UnresolvedKind<'a>, Identity)> {
        if self.kind.as_deref().is_some_and(|kind| kind != "message_create") {
            return None;
        }
        let message = self.message_create.as_ref()?;
        let kind = UnresolvedKind::Message {
            sender: bounded(message.sender_id.clone()?)?,
            source_app: message.source_app_id.clone().and_then(bounded),
            implied: None,
        };
        Some((kind, Identity::with_ids("message", &[&self.id()?])))
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

    /// Returns the identity of an event without an id, from its users and its time. Without a time, the
    /// event's bytes are used instead.
    fn timed_identity(&self, what: &str, users: [&str; 2], raw: &str) -> Identity {
        match self.at() {
            Some(time) => Identity::at_time(what, users, time),
            None => Identity::with_ids(what, &[users[0], users[1], raw]),
        }
    }
}

impl Actor<'_> {
    fn user(&self) -> Option<&str> {
        self.id_str.as_deref().or(self.id.as_deref()).or_else(|| self.data.as_ref()?.user())
    }
}

/// Returns an id unless it is too long.
pub(super) fn bounded<T: Deref<Target: AsRef<str>>>(id: T) -> Option<T> {
    (id.deref().as_ref().len() <= MAX_ID_LEN).then_some(id)
}

fn plain<'a>(kind: EventKind, what: &str, parts: &[&str]) -> (UnresolvedKind<'a>, Identity) {
    (UnresolvedKind::Plain(kind), Identity::with_ids(what, parts))
}
