//! One event of a delivery.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytestring::ByteString;
use serde::{Serialize, Serializer};

use crate::directory::Directory;
use crate::key::{Content, Identity, Subscription};
use crate::readable::Readable;
use crate::schema::v1::{Payload, SourceApp, User};
use crate::schema::{Lenient, Wrapped, v2};
use crate::{ApiSource, DedupeScope, Direction, EventKey, EventKind, RawJson, Timestamp};

/// One event that X reported to one app about one subscriber.
///
/// [`kind`](Self::kind), [`subscriber`](Self::subscriber) and [`occurred_at`](Self::occurred_at)
/// need no parsing; [`delivery_key`](Self::delivery_key) is one SHA-256 of some hundred bytes.
/// Typed values are read on demand from the event's slice of the body, [`raw`](Self::raw). Events
/// are `'static`, `Send` and cheap to clone.
///
/// `Debug` prints no names, user ids or texts. Serialising an event writes its raw JSON.
#[derive(Clone)]
pub struct Event {
    envelope: Arc<Envelope>,
    described: Described,
}

/// The data shared by the events of a delivery.
pub(crate) struct Envelope {
    pub(crate) app: Arc<str>,
    pub(crate) subscriber: Option<ByteString>,
    /// The word that the subscription is for.
    pub(crate) keyword: Option<ByteString>,
    pub(crate) filter: Option<Readable>,
    pub(crate) users: Option<RawJson>,
    pub(crate) directory: Directory,
    pub(crate) apps: Option<RawJson>,
    pub(crate) includes: Option<Readable>,
    pub(crate) matching_rules: Option<Readable>,
    pub(crate) tag: Option<ByteString>,
    pub(crate) event_uuid: Option<ByteString>,
    pub(crate) outbound: Option<bool>,
    pub(crate) user_has_blocked: Option<bool>,
    pub(crate) is_replay: bool,
    pub(crate) sent: usize,
    /// The members of the body next to its arrays of events, read when first needed.
    pub(crate) around_events: OnceLock<Option<Box<str>>>,
    pub(crate) body: RawJson,
}

/// Limit on the data that all events together copy or parse from shared parts, in body sizes.
/// Without it, each of thousands of events could copy a part as large as the body.
const SHARES: usize = 16;

impl Envelope {
    /// Returns the maximum size in bytes of a shared part that each event may copy or parse.
    pub(crate) fn longest_shared(&self) -> usize {
        SHARES.saturating_mul(self.body.as_str().len()) / self.sent.max(1)
    }
}

/// The data of a single event.
#[derive(Clone)]
pub(crate) struct Described {
    pub(crate) position: usize,
    pub(crate) generation: ApiSource,
    pub(crate) kind: EventKind,
    pub(crate) name: Cow<'static, str>,
    pub(crate) identity: Identity,
    pub(crate) content: Content,
    pub(crate) occurred_at: Option<Timestamp>,
    pub(crate) direction: Option<Direction>,
    pub(crate) source_app: Option<ByteString>,
    pub(crate) revoked_by: Option<ByteString>,
    pub(crate) raw: RawJson,
    pub(crate) payload: Readable,
}

/// Serialised as members of a body.
#[derive(Serialize)]
pub(crate) struct Needs<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    for_user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_has_blocked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Replayed>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    users: BTreeMap<&'a str, &'a RawJson>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    apps: BTreeMap<&'a str, &'a RawJson>,
}

#[derive(Serialize)]
struct Replayed {
    replay: bool,
}

impl Event {
    pub(crate) fn new(envelope: Arc<Envelope>, described: Described) -> Self {
        Self { envelope, described }
    }

    /// Returns the kind of the event.
    pub fn kind(&self) -> EventKind {
        self.described.kind
    }

    /// Returns X's name for the event.
    ///
    /// For the Account Activity API this is the member of the body, such as `tweet_create_events`.
    /// For the X Activity API it is the event type, such as `post.create`. Empty if the body as a
    /// whole is unknown.
    pub fn name(&self) -> &str {
        &self.described.name
    }

    pub(crate) fn envelope(&self) -> Arc<Envelope> {
        Arc::clone(&self.envelope)
    }

    /// Returns the shared members of an Account Activity API body without which the event cannot be
    /// read: the subscriber, the users with these ids, and the app that the event names.
    pub(crate) fn needs<'a>(&'a self, users: &[&'a str]) -> Needs<'a> {
        let envelope = &*self.envelope;
        Needs {
            for_user_id: envelope.subscriber.as_deref(),
            user_has_blocked: envelope.user_has_blocked,
            meta: envelope.is_replay.then_some(Replayed { replay: true }),
            users: users.iter().filter_map(|id| Some((*id, self.user_of_message(id)?.raw()))).collect(),
            apps: self.source_app_id().and_then(|id| Some((id, self.raw_source_app()?.raw()))).into_iter().collect(),
        }
    }

    /// Returns whether each event of the body may copy this many shared bytes.
    pub(crate) fn may_have(&self, shared: usize) -> bool {
        shared <= self.envelope.longest_shared()
    }

    pub(crate) fn around_events(&self, read: impl FnOnce() -> Option<Box<str>>) -> Option<&str> {
        self.envelope.around_events.get_or_init(read).as_deref()
    }

    /// Returns the number of events in the delivery, including removed ones.
    pub(crate) fn original_len(&self) -> usize {
        self.envelope.sent
    }

    /// Returns the index of the event in its delivery, before any events were removed. Starts at 0.
    pub fn index(&self) -> usize {
        self.described.position
    }

    /// Returns the event's key in the scope [`DedupeScope::Subscription`].
    ///
    /// A redelivery by the same API has the same key. Different events have different keys, as far
    /// as X's ids and times allow.
    pub fn delivery_key(&self) -> EventKey {
        self.delivery_key_in(DedupeScope::Subscription)
    }

    /// Returns the event's delivery key in another scope.
    pub fn delivery_key_in(&self, scope: DedupeScope) -> EventKey {
        let identity = match self.described.content {
            // The X Activity API reports the two sides of one event under several types: `dm.sent`
            // and `dm.received`.
            Content::Id(happening) if !scope.by_subscriber() => happening.of_activity(""),
            _ => self.described.identity,
        };
        identity.scoped(scope, self.app(), self.subscription())
    }

    /// Returns the key that both APIs share, in the scope [`DedupeScope::Subscription`].
    ///
    /// It is the same for a report of the event by the Account Activity API and by the X Activity
    /// API. See [`lacks_unique_id`](Self::lacks_unique_id) for the events that it cannot distinguish.
    pub fn content_key(&self) -> EventKey {
        self.content_key_in(DedupeScope::Subscription)
    }

    /// Returns the event's content key in another scope.
    pub fn content_key_in(&self, scope: DedupeScope) -> EventKey {
        let identity = match self.described.content {
            Content::Same => self.described.identity,
            Content::Id(identity) | Content::Added(identity) | Content::Timeless(identity) => identity,
        };
        identity.scoped(scope, self.app(), self.subscription())
    }

    /// Returns whether repeating the action gives the same [`content_key`](Self::content_key).
    ///
    /// True if the key covers only who did what to whom: follows, blocks, mutes, their opposites,
    /// typing, and reading without a last message. X gives these no id.
    /// [`occurred_at`](Self::occurred_at), if X reports it, distinguishes two of them.
    pub fn lacks_unique_id(&self) -> bool {
        matches!(self.described.content, Content::Timeless(_))
    }

    /// Returns the name of the app whose secret signed the delivery.
    pub fn app(&self) -> &str {
        &self.envelope.app
    }

    /// Returns the id of the user whose subscription delivered the event.
    ///
    /// This is `for_user_id` or, in the X Activity API, `filter.user_id`. For a revocation, which
    /// has neither, it is the user who revoked access.
    pub fn subscriber(&self) -> Option<&str> {
        self.envelope.subscriber.as_deref().or(self.described.revoked_by.as_deref())
    }

    fn subscription(&self) -> Subscription<'_> {
        match (self.subscriber(), self.envelope.keyword.as_deref()) {
            (Some(user), _) => Subscription::User(user),
            (None, Some(word)) => Subscription::Keyword(word),
            (None, None) => Subscription::Unsaid,
        }
    }

    /// Returns the time of the event as X reports it.
    ///
    /// In the X Activity API this is `data.created_at` or, if missing, a time in the payload.
    pub fn occurred_at(&self) -> Option<Timestamp> {
        self.described.occurred_at
    }

    /// Returns the API that reported the event.
    pub fn api_source(&self) -> ApiSource {
        self.described.generation
    }

    /// For messages: returns whether the subscriber sent or received the message.
    ///
    /// `None` for other kinds, and if the delivery does not name the subscriber.
    pub fn direction(&self) -> Option<Direction> {
        self.described.direction
    }

    /// For messages: returns the id of the X app that sent the message, if X reports it.
    pub fn source_app_id(&self) -> Option<&str> {
        self.described.source_app.as_deref()
    }

    /// Returns the event as X wrote it.
    pub fn raw(&self) -> &RawJson {
        &self.described.raw
    }

    /// Returns the whole body that contains the event.
    pub fn body(&self) -> &RawJson {
        &self.envelope.body
    }

    /// Reads the event with the fields of the Account Activity API.
    ///
    /// Members without a field are in [`raw`](Self::raw). Returns [`Payload::Unknown`] for an
    /// unknown kind, a value that does not fit the Rust types, and everything from the X Activity
    /// API except messages, reading and typing.
    pub fn v1(&self) -> Payload<'_> {
        let is_v1 = match self.described.kind {
            EventKind::MessageSent | EventKind::MessageReceived | EventKind::MessagesRead | EventKind::Typing => true,
            _ => self.described.generation == ApiSource::AccountActivity,
        };
        let kind = if is_v1 { self.described.kind } else { EventKind::Unknown };
        Payload::read(kind, &self.described.payload, &self.described.raw)
    }

    /// Reads a user by id from the `users` that come with messages, reading and typing.
    ///
    /// A user has the same fields here for both APIs. Returns `None` if the size of the user's JSON
    /// times the number of events exceeds 16 times the size of the body.
    pub fn user(&self, id: &str) -> Option<User<'_>> {
        self.user_of_message(id)?.parse::<Lenient<Wrapped<User<'_>>>>()?.0.map(|wrapped| wrapped.0)
    }

    fn user_of_message(&self, id: &str) -> Option<&Readable> {
        self.envelope.directory.of_message(self.envelope.users.as_ref()?, self.envelope.longest_shared(), id)
    }

    /// Reads a user by id from the X Activity API's `users` of a message or its `includes`.
    pub(crate) fn user_v2(&self, id: &str) -> Option<v2::User<'_>> {
        let longest = self.envelope.longest_shared();
        let included = || self.envelope.directory.included(self.envelope.includes.as_ref()?.raw(), longest, id);
        let user = self.user_of_message(id).or_else(included)?;
        user.parse::<Lenient<Wrapped<v2::User<'_>>>>()?.0.map(|wrapped| wrapped.0)
    }

    pub(crate) fn is_outbound(&self) -> Option<bool> {
        self.envelope.outbound
    }

    /// Reads the X app that sent a message, from the `apps` that come with messages.
    pub fn source_app(&self) -> Option<SourceApp<'_>> {
        self.raw_source_app()?.parse()
    }

    fn raw_source_app(&self) -> Option<&Readable> {
        let longest = self.envelope.longest_shared();
        self.envelope.directory.app(self.envelope.apps.as_ref()?, longest, self.source_app_id()?)
    }

    /// Reads the event with the fields of the X Activity API.
    ///
    /// Members without a field are in [`raw`](Self::raw). Returns `None` for messages with a
    /// payload of the Account Activity API, and for events that the X Activity API does not report.
    pub fn v2(&self) -> Option<v2::Payload<'_>> {
        v2::Payload::read(self.described.generation, self.described.kind, &self.described.payload)
    }

    pub(crate) fn replay_status(&self) -> Option<v2::ReplayStatus<'_>> {
        self.described.payload.parse()
    }

    /// Reads the users, posts and media that the X Activity API's payload refers to.
    pub fn includes(&self) -> Option<v2::Includes<'_>> {
        self.envelope.includes.as_ref()?.parse_shared(self.original_len())
    }

    /// Reads the includes that are needed for an activity that refers to no other post.
    pub(crate) fn named(&self) -> Option<v2::Named<'_>> {
        self.envelope.includes.as_ref()?.parse_shared(self.original_len())
    }

    /// Reads the rules of a filtered stream that a post matched.
    pub fn matching_rules(&self) -> Vec<v2::MatchingRule<'_>> {
        let rules = self.envelope.matching_rules.as_ref().and_then(Readable::parse::<Lenient<_>>);
        rules.and_then(|rules| rules.0).unwrap_or_default()
    }

    /// Returns the tag of the X Activity API subscription that delivered the event.
    pub fn tag(&self) -> Option<&str> {
        self.envelope.tag.as_deref()
    }

    /// Returns the subscribed word, if an X Activity API subscription to a word delivered the
    /// event.
    pub fn keyword(&self) -> Option<&str> {
        self.envelope.keyword.as_deref()
    }

    /// Reads the filter of the X Activity API subscription that delivered the event.
    pub fn filter(&self) -> Option<v2::Filter<'_>> {
        self.envelope.filter.as_ref()?.parse()
    }

    /// Returns the filter as X wrote it.
    pub(crate) fn raw_filter(&self) -> Option<&RawJson> {
        self.envelope.filter.as_ref().map(Readable::raw)
    }

    /// Returns whether X marks the delivery as replayed, with `"meta":{"replay":true}`.
    ///
    /// Reported by third parties and not documented by X, so a replay may also return `false`.
    pub fn is_replay(&self) -> bool {
        self.envelope.is_replay
    }

    /// Returns the X Activity API's id of the delivery: a number, possibly negative, or a UUID.
    pub fn event_uuid(&self) -> Option<&str> {
        self.envelope.event_uuid.as_deref()
    }

    /// For mentions: returns whether the subscriber has blocked the author.
    pub fn user_has_blocked(&self) -> Option<bool> {
        self.envelope.user_has_blocked
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.kind())
            .field("app", &self.app())
            .field("key", &format_args!("{}", self.delivery_key()))
            .field("occurred_at", &self.occurred_at().map(|time| time.to_string()))
            .field("raw", self.raw())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("app", &self.app).field("body", &self.body).finish_non_exhaustive()
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw().serialize(serializer)
    }
}
