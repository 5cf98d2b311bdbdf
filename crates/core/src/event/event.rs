//! One event of a delivery.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use serde::{Serialize, Serializer};

use super::envelope::Envelope;
use super::identity::{Content, Identity, Subscription};
use super::key::{DedupeScope, EventKey};
use super::kind::{ApiSource, Direction, EventKind};
use super::time::Timestamp;
use crate::json::raw::RawJson;
use crate::json::repairable::RepairableJson;
use crate::json::sparse::sparse;
use crate::traits::debug_fields;

/// One event that X reported to one app about one subscriber.
///
/// [`kind`](Self::kind), [`subscriber`](Self::subscriber) and [`occurred_at`](Self::occurred_at)
/// need no parsing; [`delivery_key`](Self::delivery_key) is one SHA-256 of some hundred bytes.
/// Typed values are read on demand from the event's slice of the body, [`raw`](Self::raw). Events
/// are `'static`, `Send` and cheap to clone.
///
/// `Debug` prints no names, user ids or texts. Serialising an event writes its raw JSON.
///
/// Nothing but a signed delivery, or a queue that stores it, becomes an event: it cannot be
/// deserialised.
///
/// ```compile_fail,E0277
/// # mod birdhook { pub use birdhook_core::Event; }
/// let event: birdhook::Event = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Clone)]
pub struct Event {
    envelope: Arc<Envelope>,
    data: EventData,
    dedupe_key: Option<EventKey>,
}

/// The data of a single event.
#[derive(Clone)]
pub(crate) struct EventData {
    pub(crate) position: usize,
    pub(crate) api_source: ApiSource,
    pub(crate) kind: EventKind,
    pub(crate) name: Cow<'static, str>,
    pub(crate) identity: Identity,
    pub(crate) content: Content,
    pub(crate) occurred_at: Option<Timestamp>,
    pub(crate) direction: Option<Direction>,
    pub(crate) source_app: Option<ByteString>,
    pub(crate) revoked_by: Option<ByteString>,
    pub(crate) raw: RawJson,
    pub(crate) payload: RepairableJson,
}

sparse! {
    /// Serialised as members of a body.
    pub(crate) struct NeededMembers<'a> {
        for_user_id: Option<&'a str>,
        user_has_blocked: Option<bool>,
        meta: Option<ReplayMeta>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        users: BTreeMap<&'a str, &'a RawJson>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        apps: BTreeMap<&'a str, &'a RawJson>,
    }
}

#[derive(Serialize)]
struct ReplayMeta {
    replay: bool,
}

impl Event {
    pub(crate) fn new(envelope: Arc<Envelope>, data: EventData) -> Self {
        Self { envelope, data, dedupe_key: None }
    }

    /// Returns the kind of the event.
    pub fn kind(&self) -> EventKind {
        self.data.kind
    }

    /// Returns X's name for the event.
    ///
    /// For the Account Activity API this is the member of the body, such as `tweet_create_events`.
    /// For the X Activity API it is the event type, such as `post.create`. Empty if the body as a
    /// whole is unknown.
    pub fn name(&self) -> &str {
        &self.data.name
    }

    pub(crate) fn envelope(&self) -> &Arc<Envelope> {
        &self.envelope
    }

    /// Returns the shared members of an Account Activity API body without which the event cannot be
    /// read: the subscriber, the users with these ids, and the app that the event names.
    pub(crate) fn needed_members<'a>(&'a self, users: &[&'a str]) -> NeededMembers<'a> {
        let envelope = &*self.envelope;
        NeededMembers {
            for_user_id: envelope.subscriber.as_deref(),
            user_has_blocked: envelope.user_has_blocked,
            meta: envelope.is_replay.then_some(ReplayMeta { replay: true }),
            users: users.iter().filter_map(|id| Some((*id, self.user_of_message(id)?.raw()))).collect(),
            apps: self.source_app_id().and_then(|id| Some((id, self.raw_source_app()?.raw()))).into_iter().collect(),
        }
    }

    /// Returns the index of the event in its delivery, before any events were removed. Starts at 0.
    pub fn index(&self) -> usize {
        self.data.position
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
        let identity = match self.data.content {
            // The X Activity API reports the two sides of one event under several types: `dm.sent`
            // and `dm.received`.
            Content::Id(identity) if !scope.by_subscriber() => identity.of_activity(""),
            _ => self.data.identity,
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
        let identity = match self.data.content {
            Content::Same => self.data.identity,
            Content::Id(identity) | Content::Added(identity) | Content::Timeless(identity) => identity,
        };
        identity.scoped(scope, self.app(), self.subscription())
    }

    /// Returns the key by which the webhook's deduplication policy recognises the event.
    ///
    /// The gate stores it on each event that it delivers, and consumers of a queue restore it from
    /// the message. Without a stored key, it is the [`delivery_key`](Self::delivery_key), which is
    /// the key of the default policy.
    pub fn dedupe_key(&self) -> EventKey {
        self.dedupe_key.unwrap_or_else(|| self.delivery_key())
    }

    /// Stores the event's [`dedupe_key`](Self::dedupe_key). `None` removes a stored key.
    ///
    /// For code that restores events, or that calls a sink without a gate. For all events of a
    /// delivery, see [`Delivery::set_dedupe_keys`](crate::Delivery::set_dedupe_keys).
    pub fn set_dedupe_key(&mut self, key: impl Into<Option<EventKey>>) {
        self.dedupe_key = key.into();
    }

    /// Returns whether repeating the action gives the same [`content_key`](Self::content_key).
    ///
    /// True if the key covers only who did what to whom: follows, blocks, mutes, their opposites,
    /// typing, and reading without a last message. X gives these no id.
    /// [`occurred_at`](Self::occurred_at), if X reports it, distinguishes two of them.
    pub fn lacks_unique_id(&self) -> bool {
        matches!(self.data.content, Content::Timeless(_))
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
        self.envelope.subscriber.as_deref().or(self.data.revoked_by.as_deref())
    }

    fn subscription(&self) -> Subscription<'_> {
        match (self.subscriber(), self.envelope.keyword.as_deref()) {
            (Some(user), _) => Subscription::User(user),
            (None, Some(word)) => Subscription::Keyword(word),
            (None, None) => Subscription::Unknown,
        }
    }

    /// Returns the time of the event as X reports it.
    ///
    /// In the X Activity API this is `data.created_at` or, if missing, a time in the payload.
    pub fn occurred_at(&self) -> Option<Timestamp> {
        self.data.occurred_at
    }

    /// Returns the API that reported the event.
    pub fn api_source(&self) -> ApiSource {
        self.data.api_source
    }

    /// For messages: returns whether the subscriber sent or received the message.
    ///
    /// `None` for other kinds, and if the delivery does not name the subscriber.
    pub fn direction(&self) -> Option<Direction> {
        self.data.direction
    }

    /// For messages: returns the id of the X app that sent the message, if X reports it.
    pub fn source_app_id(&self) -> Option<&str> {
        self.data.source_app.as_deref()
    }

    /// Returns the event as X wrote it.
    pub fn raw(&self) -> &RawJson {
        &self.data.raw
    }

    /// Returns the whole body that contains the event.
    pub fn body(&self) -> &RawJson {
        &self.envelope.body
    }

    /// Returns the part of the JSON from which typed values are read.
    pub(crate) fn payload(&self) -> &RepairableJson {
        &self.data.payload
    }

    /// Returns a user from the `users` that come with messages.
    pub(crate) fn user_of_message(&self, id: &str) -> Option<&RepairableJson> {
        self.envelope.users_by_id.of_message(self.envelope.users.as_ref()?, self.envelope.longest_shared(), id)
    }

    /// Returns a user from the `includes`.
    pub(crate) fn included_user(&self, id: &str) -> Option<&RepairableJson> {
        let includes = self.envelope.includes.as_ref()?.raw();
        self.envelope.users_by_id.included(includes, self.envelope.longest_shared(), id)
    }

    /// Returns the app that sent a message, from the `apps` that come with messages.
    pub(crate) fn raw_source_app(&self) -> Option<&RepairableJson> {
        let longest = self.envelope.longest_shared();
        self.envelope.users_by_id.app(self.envelope.apps.as_ref()?, longest, self.source_app_id()?)
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

debug_fields! {
    Event, |event|
    kind: event.kind(), app: event.app(), key: format_args!("{}", event.delivery_key()),
    occurred_at: event.occurred_at().map(|time| time.to_string()), raw: event.raw()
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw().serialize(serializer)
    }
}
