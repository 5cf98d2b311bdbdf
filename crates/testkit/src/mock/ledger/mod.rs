//! What was sent, what was answered, and what the app has made of it.

mod judge;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_core::{DedupeScope, Event, EventKind, Timestamp};
use bytes::Bytes;
use serde::{Serialize, Serializer};
use tokio::sync::watch;

use super::crc::Occasion;
use super::lock;
use super::state::Generation;
use crate::Kind;

pub use judge::LedgerError;

/// Everything that a mock X has sent, and what came of it. A clone is the same ledger.
///
/// A test tells it what its app consumes, and then asks it: see [`MockX`](super::MockX).
#[derive(Clone)]
pub struct Ledger {
    book: Arc<Book>,
    scope: DedupeScope,
    is_cut_over: bool,
}

struct Book {
    pages: Mutex<Pages>,
    changed: watch::Sender<()>,
    patience: Duration,
}

#[derive(Default)]
struct Pages {
    entries: Vec<Entry>,
    consumed: Vec<Consumed>,
    /// Things that happened and were sent to nobody, with the reason.
    untold: Vec<(Kind, String, String)>,
}

/// One line of the ledger.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entry {
    /// A delivery was sent.
    Sent(Sent),
    /// A webhook was challenged.
    Challenged(Challenged),
}

impl Entry {
    /// Its number in the ledger, counted from one in the order in which the answers came.
    pub fn number(&self) -> u64 {
        match self {
            Self::Sent(sent) => sent.number,
            Self::Challenged(challenged) => challenged.number,
        }
    }
}

/// One attempt to deliver.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Sent {
    /// Its number in the ledger.
    pub number: u64,
    /// The number of the delivery, the same for all its attempts.
    pub delivery: u64,
    /// The webhook's id.
    pub webhook: String,
    /// The name of the app that signed it.
    pub app: String,
    /// The API that tells it.
    #[serde(serialize_with = "as_str")]
    pub told_by: birdhook_core::Generation,
    /// The API with which the webhook was registered.
    pub registered_by: Generation,
    /// X's name of what happened.
    #[serde(serialize_with = "display")]
    pub kind: Kind,
    /// The subscriber's id.
    pub subscriber: Option<String>,
    /// Why it was sent.
    pub cause: Cause,
    /// Which attempt it was, counted from one.
    pub attempt: u32,
    /// When it was sent.
    pub at: Timestamp,
    /// What was answered.
    pub outcome: Outcome,
    /// How long that took, in milliseconds of real time.
    pub took_ms: u64,
    /// The body.
    #[serde(serialize_with = "text")]
    pub body: Bytes,
    /// What a receiver makes of it.
    #[serde(skip)]
    pub(crate) kinds: Vec<EventKind>,
}

/// One challenge.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Challenged {
    /// Its number in the ledger.
    pub number: u64,
    /// The webhook's id; none while it is registered.
    pub webhook: Option<String>,
    /// The name of the app.
    pub app: String,
    /// The URL.
    pub url: String,
    /// Why it was sent.
    pub occasion: Occasion,
    /// When it was sent.
    pub at: Timestamp,
    /// What was answered.
    pub outcome: Outcome,
    /// How long that took, in milliseconds of real time.
    pub took_ms: u64,
    /// The kind of secret that made the right answer, `consumer` or `client`.
    pub answered_with: Option<&'static str>,
    /// What is wrong with the answer.
    pub failure: Option<String>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// An answer with this status.
    Status(u16),
    /// No answer in time.
    Timeout,
    /// No connection, or one that ended before the answer.
    Unreachable(String),
}

impl Outcome {
    /// Whether a delivery counts as delivered: X documents 200 alone.
    pub fn is_ok(&self) -> bool {
        *self == Self::Status(200)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Unreachable(why) => write!(f, "no connection ({why})"),
        }
    }
}

/// Why a delivery was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// It happened.
    Happening,
    /// [`Chaos::duplicates`](super::Chaos::duplicates) asks for it.
    Duplicate,
    /// A replay job.
    Replay,
    /// A replay job has ended.
    ReplayStatus,
}

struct Consumed {
    event: Event,
    is_expected: bool,
}

impl Ledger {
    pub(crate) fn new(patience: Duration) -> Self {
        let book = Book { pages: Mutex::default(), changed: watch::Sender::new(()), patience };
        Self { book: Arc::new(book), scope: DedupeScope::Subscription, is_cut_over: false }
    }

    /// The same ledger, where copies count as one event as widely as the app's
    /// [`DedupeScope`] has it: what one app or subscriber was handed need not be handed to the
    /// others.
    #[must_use]
    pub fn scope(mut self, scope: DedupeScope) -> Self {
        self.scope = scope;
        self
    }

    /// The same ledger, where what one API tells counts as handed over when the other's copy was,
    /// as for an app with `CutOver::Both`. What has no id (follows, blocks, mutes, typing) counts
    /// when any of the same between the same users was: which of several it was, nobody can tell.
    #[must_use]
    pub fn cut_over(mut self) -> Self {
        self.is_cut_over = true;
        self
    }

    /// Writes down that the app has consumed an event: to be called for every one.
    pub fn consumed(&self, event: &Event) {
        lock(&self.book.pages).consumed.push(Consumed { event: event.clone(), is_expected: false });
        self.book.changed.send_replace(());
    }

    /// Every line so far.
    pub fn entries(&self) -> Vec<Entry> {
        lock(&self.book.pages).entries.clone()
    }

    /// Every attempt to deliver so far.
    pub fn sent(&self) -> Vec<Sent> {
        let of = |entry: Entry| if let Entry::Sent(sent) = entry { Some(sent) } else { None };
        self.entries().into_iter().filter_map(of).collect()
    }

    /// Every challenge so far.
    pub fn challenges(&self) -> Vec<Challenged> {
        let of = |entry: Entry| if let Entry::Challenged(one) = entry { Some(one) } else { None };
        self.entries().into_iter().filter_map(of).collect()
    }

    /// How many events the app has consumed.
    pub fn count_consumed(&self) -> usize {
        lock(&self.book.pages).consumed.len()
    }

    pub(crate) fn push_sent(&self, mut sent: Sent) {
        let mut pages = lock(&self.book.pages);
        sent.number = pages.entries.len() as u64 + 1;
        pages.entries.push(Entry::Sent(sent));
        drop(pages);
        self.book.changed.send_replace(());
    }

    pub(crate) fn push_challenge(&self, mut challenged: Challenged) {
        let mut pages = lock(&self.book.pages);
        challenged.number = pages.entries.len() as u64 + 1;
        pages.entries.push(Entry::Challenged(challenged));
    }

    pub(crate) fn push_untold(&self, kind: Kind, subscriber: &str, why: impl Into<String>) {
        lock(&self.book.pages).untold.push((kind, subscriber.to_owned(), why.into()));
    }
}

/// How many lines it has, and nothing of what they say.
impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pages = lock(&self.book.pages);
        let (entries, consumed) = (pages.entries.len(), pages.consumed.len());
        f.debug_struct("Ledger").field("entries", &entries).field("consumed", &consumed).finish_non_exhaustive()
    }
}

/// A list of its lines.
impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries().serialize(serializer)
    }
}

fn as_str<S: Serializer>(generation: &birdhook_core::Generation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(generation.as_str())
}

fn display<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

fn text<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(body))
}
