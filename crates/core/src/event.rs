//! One thing that happened.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytestring::ByteString;
use serde::{Serialize, Serializer};

use crate::directory::Directory;
use crate::key::{Content, Identity, Subscription};
use crate::readable::Readable;
use crate::wire::v1::{Payload, SourceApp, User};
use crate::wire::{Lenient, Wrapped, v2};
use crate::{DedupeScope, Direction, EventKey, EventKind, Generation, RawJson, Timestamp};

/// One thing that happened, as X told it to one app about one subscriber.
///
/// What is asked of most events is known already: [`kind`](Self::kind), [`subscriber`](Self::subscriber),
/// [`occurred_at`](Self::occurred_at); [`delivery_key`](Self::delivery_key) is one SHA-256 of some hundred bytes. Typed values are read on demand from the
/// event's slice of the body, which stays at hand as [`raw`](Self::raw). Events are `'static`, `Send` and cheap to clone.
///
/// `Debug` tells no names, ids of users or texts. Serialising an event gives its raw JSON.
#[derive(Clone)]
pub struct Event {
    envelope: Arc<Envelope>,
    described: Described,
}

/// What the events of a delivery share.
pub(crate) struct Envelope {
    pub(crate) app: Arc<str>,
    pub(crate) subscriber: Option<ByteString>,
    /// The word that the subscription is to.
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
    /// How many events the body tells.
    pub(crate) sent: usize,
    /// What stands beside its arrays of events, read when it is first needed.
    pub(crate) around_events: OnceLock<Option<Box<str>>>,
    pub(crate) body: RawJson,
}

/// How many times its own size the events of a body may take together of what they share. Each of thousands of events would
/// have a copy, written or read, of what the body has room for once.
const SHARES: usize = 16;

impl Envelope {
    /// The most bytes of a part of the body that each of its events may have for itself.
    pub(crate) fn longest_shared(&self) -> usize {
        SHARES.saturating_mul(self.body.as_str().len()) / self.sent.max(1)
    }
}

/// What one event has of its own.
#[derive(Clone)]
pub(crate) struct Described {
    pub(crate) position: usize,
    pub(crate) generation: Generation,
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

/// As members of a body.
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

    /// What happened.
    pub fn kind(&self) -> EventKind {
        self.described.kind
    }

    /// What X calls it: the member of the body in which it came, such as `tweet_create_events`, or the type of event of
    /// the X Activity API, such as `post.create`. Empty when the body as a whole is not known.
    pub fn name(&self) -> &str {
        &self.described.name
    }

    pub(crate) fn envelope(&self) -> Arc<Envelope> {
        Arc::clone(&self.envelope)
    }

    /// What an event of the Account Activity API has in common with the others of its body and cannot be read without: the
    /// subscriber, and the users of these ids and the app that it names.
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

    /// Whether each event of its body may have this many bytes of what they share.
    pub(crate) fn may_have(&self, shared: usize) -> bool {
        shared <= self.envelope.longest_shared()
    }

    pub(crate) fn around_events(&self, read: impl FnOnce() -> Option<Box<str>>) -> Option<&str> {
        self.envelope.around_events.get_or_init(read).as_deref()
    }

    /// How many events its delivery had, whatever was taken out.
    pub(crate) fn sent(&self) -> usize {
        self.envelope.sent
    }

    /// Which of the events of its delivery it is, from nought, counted before any were taken out.
    pub fn position(&self) -> usize {
        self.described.position
    }

    /// The event's identity in the scope [`DedupeScope::Subscription`]: the same for a redelivery by the same API, and as
    /// far as X's ids and times can tell for nothing else.
    pub fn delivery_key(&self) -> EventKey {
        self.delivery_key_in(DedupeScope::Subscription)
    }

    /// The event's identity in another scope.
    pub fn delivery_key_in(&self, scope: DedupeScope) -> EventKey {
        let identity = match self.described.content {
            // The X Activity API tells the sides of one happening under several types: `dm.sent` and `dm.received`.
            Content::Id(happening) if !scope.by_subscriber() => happening.of_activity(""),
            _ => self.described.identity,
        };
        identity.scoped(scope, self.app(), self.subscription())
    }

    /// The happening's identity in the scope [`DedupeScope::Subscription`]: the same for what the Account Activity API and
    /// the X Activity API tell of it. See [`is_timeless`](Self::is_timeless) for what it cannot tell apart.
    pub fn content_key(&self) -> EventKey {
        self.content_key_in(DedupeScope::Subscription)
    }

    /// The happening's identity in another scope.
    pub fn content_key_in(&self, scope: DedupeScope) -> EventKey {
        let identity = match self.described.content {
            Content::Same => self.described.identity,
            Content::Id(identity) | Content::Added(identity) | Content::Timeless(identity) => identity,
        };
        identity.scoped(scope, self.app(), self.subscription())
    }

    /// Whether the [`content_key`](Self::content_key) says only who did what to whom, so that doing it again gives the same
    /// key: follows, blocks, mutes, their opposites, typing, and reading without a last message. X gives these no id;
    /// [`occurred_at`](Self::occurred_at), where X tells it, tells two of them apart.
    pub fn is_timeless(&self) -> bool {
        matches!(self.described.content, Content::Timeless(_))
    }

    /// The name of the app whose secret signed the delivery.
    pub fn app(&self) -> &str {
        &self.envelope.app
    }

    /// The id of the user whose subscription brought the event: `for_user_id`, the X Activity API's `filter.user_id`, and
    /// for a revocation, which has neither, the user who took access away.
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

    /// When it happened, as X says. In the X Activity API that is `data.created_at`, and a time of the payload where the
    /// delivery has none.
    pub fn occurred_at(&self) -> Option<Timestamp> {
        self.described.occurred_at
    }

    /// Which of X's APIs told it.
    pub fn generation(&self) -> Generation {
        self.described.generation
    }

    /// For messages: whether the subscriber sent or received it. `None` for other kinds, and when the delivery does not
    /// say who the subscriber is.
    pub fn direction(&self) -> Option<Direction> {
        self.described.direction
    }

    /// For messages: the id of the X app it was sent with, if X says.
    pub fn source_app_id(&self) -> Option<&str> {
        self.described.source_app.as_deref()
    }

    /// The event as X wrote it.
    pub fn raw(&self) -> &RawJson {
        &self.described.raw
    }

    /// The whole body in which it came.
    pub fn body(&self) -> &RawJson {
        &self.envelope.body
    }

    /// The event with the fields of the Account Activity API, read now; what they leave out is in [`raw`](Self::raw). [`Payload::Unknown`] when it is of no known kind,
    /// or holds something that no machine type can; also for what the X Activity API tells, save messages.
    pub fn v1(&self) -> Payload<'_> {
        let is_v1 = match self.described.kind {
            EventKind::MessageSent | EventKind::MessageReceived | EventKind::MessagesRead | EventKind::Typing => true,
            _ => self.described.generation == Generation::AccountActivity,
        };
        let kind = if is_v1 { self.described.kind } else { EventKind::Unknown };
        Payload::read(kind, &self.described.payload, &self.described.raw)
    }

    /// A user by id, from the `users` that come with messages, reading and typing; what both APIs tell of a user is the same
    /// here. Read now. `None` for a user whose JSON times the number of events is over 16 times the body.
    pub fn user(&self, id: &str) -> Option<User<'_>> {
        self.user_of_message(id)?.parse::<Lenient<Wrapped<User<'_>>>>()?.0.map(|wrapped| wrapped.0)
    }

    fn user_of_message(&self, id: &str) -> Option<&Readable> {
        self.envelope.directory.of_message(self.envelope.users.as_ref()?, self.envelope.longest_shared(), id)
    }

    /// A user by id, from the X Activity API's `users` of a message or its `includes`.
    pub(crate) fn user_v2(&self, id: &str) -> Option<v2::User<'_>> {
        let longest = self.envelope.longest_shared();
        let included = || self.envelope.directory.included(self.envelope.includes.as_ref()?.raw(), longest, id);
        let user = self.user_of_message(id).or_else(included)?;
        user.parse::<Lenient<Wrapped<v2::User<'_>>>>()?.0.map(|wrapped| wrapped.0)
    }

    pub(crate) fn is_outbound(&self) -> Option<bool> {
        self.envelope.outbound
    }

    /// The X app with which a message was sent, from the `apps` that come with messages. Read now.
    pub fn source_app(&self) -> Option<SourceApp<'_>> {
        self.raw_source_app()?.parse()
    }

    fn raw_source_app(&self) -> Option<&Readable> {
        let longest = self.envelope.longest_shared();
        self.envelope.directory.app(self.envelope.apps.as_ref()?, longest, self.source_app_id()?)
    }

    /// The event with the fields of the X Activity API, read now; what they leave out is in [`raw`](Self::raw). `None` for
    /// messages whose payload is that of the Account Activity API, and for what that API does not tell.
    pub fn v2(&self) -> Option<v2::Payload<'_>> {
        v2::Payload::read(self.described.generation, self.described.kind, &self.described.payload)
    }

    /// The end of a replay. Read now.
    pub(crate) fn replay_status(&self) -> Option<v2::ReplayStatus<'_>> {
        self.described.payload.parse()
    }

    /// What the X Activity API's payload refers to: users, posts and media. Read now.
    pub fn includes(&self) -> Option<v2::Includes<'_>> {
        self.envelope.includes.as_ref()?.parse_shared(self.sent())
    }

    /// Of the includes what an activity names that is about no other post. Read now.
    pub(crate) fn named(&self) -> Option<v2::Named<'_>> {
        self.envelope.includes.as_ref()?.parse_shared(self.sent())
    }

    /// The rules of a filtered stream that a post matched. Read now.
    pub fn matching_rules(&self) -> Vec<v2::MatchingRule<'_>> {
        let rules = self.envelope.matching_rules.as_ref().and_then(Readable::parse::<Lenient<_>>);
        rules.and_then(|rules| rules.0).unwrap_or_default()
    }

    /// The tag of the subscription of the X Activity API that brought it.
    pub fn tag(&self) -> Option<&str> {
        self.envelope.tag.as_deref()
    }

    /// The word of the X Activity API's subscription that brought it, if the subscription is to a word.
    pub fn keyword(&self) -> Option<&str> {
        self.envelope.keyword.as_deref()
    }

    /// The filter of the X Activity API's subscription that brought it. Read now.
    pub fn filter(&self) -> Option<v2::Filter<'_>> {
        self.envelope.filter.as_ref()?.parse()
    }

    /// The filter as X wrote it.
    pub(crate) fn raw_filter(&self) -> Option<&RawJson> {
        self.envelope.filter.as_ref().map(Readable::raw)
    }

    /// Whether X marks the delivery as replayed, with `"meta":{"replay":true}`. Third parties report the mark, X does not
    /// document it: `false` does not mean that it is not a replay.
    pub fn is_replay(&self) -> bool {
        self.envelope.is_replay
    }

    /// The X Activity API's name of the delivery; a number, possibly negative, or a UUID.
    pub fn event_uuid(&self) -> Option<&str> {
        self.envelope.event_uuid.as_deref()
    }

    /// For mentions: whether the subscriber has blocked the author.
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
