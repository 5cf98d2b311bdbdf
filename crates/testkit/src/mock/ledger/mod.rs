//! The ledger: what was sent, what was answered, and what the app consumed.

mod assertions;
mod consumed;

use std::fmt;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use birdhook_core::consumption::{self, Consumption, Observer};
use birdhook_core::{DedupeScope, Event, EventKind, Timestamp};
use bytes::Bytes;
use serde::{Serialize, Serializer};
use tokio::sync::watch;

use self::consumed::{ConsumedEvents, Source};
use super::lock::lock;
use super::settings::MockApi;
use crate::payload::MockEventKind;
use crate::reading::read;

pub use assertions::LedgerError;

/// A record of everything that a mock X has sent, and of the responses. Clones share one ledger.
///
/// It also records which events the app consumes, if the app runs in the test's process: the crates
/// of birdhook report an event when the app takes it from a channel, a handler returns `Ok` for it,
/// it is acknowledged in an inbox or a message broker, or, for all other sinks and services, its
/// delivery is answered 200. An event belongs to the mock that has sent it.
///
/// A test then makes assertions: see [`MockX`](super::MockX).
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
    scope: DedupeScope,
    is_cut_over: bool,
}

struct Shared {
    records: Mutex<Records>,
    changed: watch::Sender<()>,
    expect_timeout: Duration,
    _observer: Observer,
}

#[derive(Default)]
struct Records {
    entries: Vec<Entry>,
    consumed: ConsumedEvents,
    /// Events that were sent to no webhook, with the reason.
    undelivered: Vec<(MockEventKind, String, String)>,
}

/// An entry of the ledger.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entry {
    /// A delivery attempt.
    Sent(Sent),
    /// A challenge.
    Challenged(Challenged),
}

impl Entry {
    /// Returns the number of the entry, counted from 1 in the order of the responses.
    pub fn number(&self) -> u64 {
        match self {
            Self::Sent(sent) => sent.number,
            Self::Challenged(challenged) => challenged.number,
        }
    }
}

/// A delivery attempt.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Sent {
    /// The number of the entry.
    pub number: u64,
    /// The number of the delivery, the same for all its attempts.
    pub delivery: u64,
    /// The id of the webhook.
    pub webhook: String,
    /// The webhook's URL.
    pub url: String,
    /// The name of the app whose secret signed it.
    pub app: String,
    /// The API that reports the event.
    #[serde(serialize_with = "as_str")]
    pub reported_by: birdhook_core::ApiSource,
    /// The API with which the webhook was registered.
    pub registered_by: MockApi,
    /// The kind of event.
    #[serde(serialize_with = "display")]
    pub kind: MockEventKind,
    /// The id of the subscriber.
    pub subscriber: Option<String>,
    /// The reason for sending it.
    pub cause: DeliveryCause,
    /// The number of the attempt, counted from 1.
    pub attempt: u32,
    /// The time of sending.
    pub at: Timestamp,
    /// The result of the request.
    pub outcome: DeliveryResult,
    /// The response time in milliseconds of real time.
    pub took_ms: u64,
    /// The body.
    #[serde(serialize_with = "text")]
    pub body: Bytes,
    /// The kinds of events that a receiver reads from the body.
    #[serde(skip)]
    pub(crate) kinds: Vec<EventKind>,
}

/// A challenge.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Challenged {
    /// The number of the entry.
    pub number: u64,
    /// The id of the webhook; `None` during registration.
    pub webhook: Option<String>,
    /// The name of the app.
    pub app: String,
    /// The URL.
    pub url: String,
    /// The reason for the challenge.
    pub occasion: Occasion,
    /// The time of sending.
    pub at: Timestamp,
    /// The result of the request.
    pub outcome: DeliveryResult,
    /// The response time in milliseconds of real time.
    pub took_ms: u64,
    /// The kind of secret that signed a right response: `consumer` or `client`.
    #[serde(rename = "answered_with")]
    pub challenge_secret: Option<&'static str>,
    /// The problem with the response, if there is one.
    pub failure: Option<String>,
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryResult {
    /// A response with this status.
    Status(u16),
    /// The request timed out.
    Timeout,
    /// The connection failed, or ended before the response.
    Unreachable(String),
}

impl DeliveryResult {
    /// Returns whether the delivery counts as delivered. X documents 200 as the only success.
    pub fn is_ok(&self) -> bool {
        *self == Self::Status(200)
    }
}

impl fmt::Display for DeliveryResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Timeout => f.write_str("timed out"),
            Self::Unreachable(why) => write!(f, "no connection ({why})"),
        }
    }
}

/// The reason why a delivery was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryCause {
    /// An event happened.
    MockEvent,
    /// A duplicate caused by [`Chaos::duplicates`](super::Chaos::duplicates).
    Duplicate,
    /// A replay job.
    Replay,
    /// The status of a finished replay job.
    ReplayStatus,
}

/// The reason for a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Occasion {
    /// Registration of the webhook.
    Registration,
    /// A PUT that requests a check.
    Revalidation,
    /// The regular schedule.
    Schedule,
    /// A replay job is about to start.
    Replay,
}

impl Ledger {
    pub(crate) fn new(expect_timeout: Duration) -> Self {
        let shared = Arc::new_cyclic(|shared: &Weak<Shared>| {
            let shared = shared.clone();
            let observer = consumption::observe(move |event, how| {
                if let Some(shared) = shared.upgrade() {
                    shared.observed(event, how);
                }
            });
            Shared { records: Mutex::default(), changed: watch::Sender::new(()), expect_timeout, _observer: observer }
        });
        Self { shared, scope: DedupeScope::Subscription, is_cut_over: false }
    }

    /// Sets the scope within which copies count as one event, like the app's [`DedupeScope`].
    ///
    /// An event delivered to one app or subscriber then need not be delivered to the others in the
    /// scope.
    #[must_use]
    pub fn scope(mut self, scope: DedupeScope) -> Self {
        self.scope = scope;
        self
    }

    /// Counts copies from both APIs as one event, for an app with `ApiMode::Dual`.
    ///
    /// Events without an id (follows, blocks, mutes, typing) count as consumed if any event of the
    /// same kind between the same users was, because such events cannot be distinguished.
    #[must_use]
    pub fn dual_mode(mut self) -> Self {
        self.is_cut_over = true;
        self
    }

    /// Records that the app has consumed an event.
    ///
    /// For an app in another process, or one whose work on an event ends later than birdhook sees.
    /// Call it for every event: from the first call on, only these events count as consumed.
    pub fn consumed(&self, event: &Event) {
        lock(&self.shared.records).consumed.push(event, Source::Test);
        self.shared.changed.send_replace(());
    }

    /// Returns all entries so far.
    pub fn entries(&self) -> Vec<Entry> {
        lock(&self.shared.records).entries.clone()
    }

    /// Returns all delivery attempts so far.
    pub fn sent(&self) -> Vec<Sent> {
        let of = |entry: Entry| if let Entry::Sent(sent) = entry { Some(sent) } else { None };
        self.entries().into_iter().filter_map(of).collect()
    }

    /// Returns all challenges so far.
    pub fn challenges(&self) -> Vec<Challenged> {
        let of = |entry: Entry| if let Entry::Challenged(one) = entry { Some(one) } else { None };
        self.entries().into_iter().filter_map(of).collect()
    }

    /// Returns the number of consumed events.
    pub fn count_consumed(&self) -> usize {
        lock(&self.shared.records).consumed.iter().count()
    }

    /// Adds the events of a body that is about to be sent to those that belong to this mock.
    /// Returns their kinds.
    pub(crate) fn sends(&self, body: &Bytes) -> Vec<EventKind> {
        let Ok(delivery) = read("", body.clone()) else { return Vec::new() };
        lock(&self.shared.records).consumed.expect_all(&delivery);
        delivery.events().iter().map(Event::kind).collect()
    }

    /// Adds the entry of this number.
    pub(crate) fn push(&self, entry: impl FnOnce(u64) -> Entry) {
        let mut records = lock(&self.shared.records);
        let number = records.entries.len() as u64 + 1;
        records.entries.push(entry(number));
        drop(records);
        self.shared.changed.send_replace(());
    }

    pub(crate) fn push_undelivered(&self, kind: MockEventKind, subscriber: &str, why: impl Into<String>) {
        lock(&self.shared.records).undelivered.push((kind, subscriber.to_owned(), why.into()));
    }
}

impl Shared {
    fn observed(&self, event: &Event, how: Consumption) {
        let mut records = lock(&self.records);
        if records.consumed.belongs(event) {
            records.consumed.push(event, Source::App(how));
            drop(records);
            self.changed.send_replace(());
        }
    }
}

/// Prints the number of entries, but not their content.
impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = lock(&self.shared.records);
        let (entries, consumed) = (records.entries.len(), records.consumed.iter().count());
        f.debug_struct("Ledger").field("entries", &entries).field("consumed", &consumed).finish_non_exhaustive()
    }
}

/// Serializes as the list of its entries.
impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries().serialize(serializer)
    }
}

fn as_str<S: Serializer>(generation: &birdhook_core::ApiSource, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(generation.as_str())
}

fn display<S: Serializer>(kind: &MockEventKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

fn text<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(body))
}
