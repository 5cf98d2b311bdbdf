//! Counters and a snapshot of a receiver's state.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use birdhook_core::Outcome;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::sink::Backlog;

/// A snapshot for readiness probes and alerts.
///
/// Watch [`since_last_challenge`](Self::since_last_challenge): X challenges a healthy webhook at
/// least daily, and stops deliveries to a webhook that has failed for 28 hours
/// (<https://docs.x.com/x-api/webhooks/introduction>). Anyone can send a challenge, so keep uptime
/// probes off the webhook's URL, or require X's signature.
///
/// Serialises to a JSON object with these fields. The two times are `since_last_challenge_seconds`
/// and `since_last_event_seconds`, as fractions, and `answers` holds the count of each outcome that
/// occurred. An absent value is `null`:
///
/// ```
/// # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook}; }
/// use birdhook::{Secret, Webhook};
///
/// let (pipeline, _deliveries) = Webhook::new(Secret::new("consumer-secret").unwrap()).channel(16);
/// let health = serde_json::to_value(pipeline.health()).unwrap();
/// assert_eq!(health["ready"], true);
/// assert_eq!(health["backlog"], serde_json::json!({ "deliveries": 0, "events": 0 }));
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// Whether deliveries are accepted: at least one app, not shutting down, and an open sink.
    pub ready: bool,
    /// Deliveries that are being read or delivered right now.
    pub in_flight: usize,
    /// Bytes of their bodies so far. See [`Webhook::memory_budget`](crate::Webhook::memory_budget).
    pub body_bytes: usize,
    /// Deliveries that ended without an answer, because X hung up or the server stopped.
    pub unanswered: u64,
    /// Events delivered.
    pub events: u64,
    /// Events that were removed as duplicates.
    pub duplicates: u64,
    /// Events that deduplication remembers.
    pub remembered: usize,
    /// Events and deliveries that the sink holds in memory. `None` for sinks that hold none.
    pub backlog: Option<Backlog>,
    /// Answered challenges with X's signature. An observer of such a challenge can replay it; see
    /// [`Reply::is_signed_by_x`](birdhook_core::Reply::is_signed_by_x).
    pub challenges_by_x: u64,
    /// Deliveries signed with another kind of secret than the app answers challenges with.
    ///
    /// See
    /// [`Delivery::signed_with_other_kind`](birdhook_core::Delivery::signed_with_other_kind).
    /// Investigate any value above 0: X may reject the app's challenge answers. Duplicates and
    /// deliveries that were not accepted count too.
    pub signed_with_other_kind: u64,
    /// Time since the last answered challenge. `None` if there was none.
    #[serde(rename = "since_last_challenge_seconds", serialize_with = "seconds")]
    pub since_last_challenge: Option<Duration>,
    /// Time since the last delivered event. `None` if there was none.
    #[serde(rename = "since_last_event_seconds", serialize_with = "seconds")]
    pub since_last_event: Option<Duration>,
    #[serde(serialize_with = "map")]
    answers: Vec<(Outcome, u64)>,
}

fn seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

fn map<S: Serializer>(answers: &[(Outcome, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(answers.iter().copied())
}

impl Health {
    /// Returns the number of requests that were answered with this outcome.
    pub fn answered(&self, outcome: Outcome) -> u64 {
        self.answers.iter().find(|(other, _)| *other == outcome).map_or(0, |(_, count)| *count)
    }

    /// Returns each outcome that occurred, with its count.
    pub fn answers(&self) -> impl Iterator<Item = (Outcome, u64)> + '_ {
        self.answers.iter().copied()
    }
}

/// The counters behind [`Health`]. Lock-free.
pub(crate) struct Counts {
    epoch: Instant,
    answers: [AtomicU64; Outcome::ALL.len()],
    pub(crate) unanswered: AtomicU64,
    events: AtomicU64,
    duplicates: AtomicU64,
    pub(crate) challenges_by_x: AtomicU64,
    pub(crate) signed_with_other_kind: AtomicU64,
    last_challenge: Moment,
    last_event: Moment,
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self {
            epoch: Instant::now(),
            answers: [const { AtomicU64::new(0) }; Outcome::ALL.len()],
            unanswered: AtomicU64::new(0),
            events: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            challenges_by_x: AtomicU64::new(0),
            signed_with_other_kind: AtomicU64::new(0),
            last_challenge: Moment::default(),
            last_event: Moment::default(),
        }
    }

    pub(crate) fn answered(&self, outcome: Outcome) {
        if let Some(count) = self.answers.get(outcome as usize) {
            count.fetch_add(1, Relaxed);
        }
        if outcome == Outcome::ChallengeAnswered {
            self.last_challenge.set(self.epoch, Instant::now());
        }
    }

    pub(crate) fn delivered(&self, events: usize, now: Instant) {
        self.events.fetch_add(events as u64, Relaxed);
        self.last_event.set(self.epoch, now);
    }

    pub(crate) fn removed_duplicates(&self, events: usize) {
        self.duplicates.fetch_add(events as u64, Relaxed);
    }

    pub(crate) fn health(&self) -> Health {
        let counted = |&outcome: &Outcome| {
            let count = self.answers.get(outcome as usize)?.load(Relaxed);
            (count > 0).then_some((outcome, count))
        };
        Health {
            ready: false,
            in_flight: 0,
            body_bytes: 0,
            unanswered: self.unanswered.load(Relaxed),
            events: self.events.load(Relaxed),
            duplicates: self.duplicates.load(Relaxed),
            remembered: 0,
            backlog: None,
            challenges_by_x: self.challenges_by_x.load(Relaxed),
            signed_with_other_kind: self.signed_with_other_kind.load(Relaxed),
            since_last_challenge: self.last_challenge.elapsed(self.epoch),
            since_last_event: self.last_event.elapsed(self.epoch),
            answers: Outcome::ALL.iter().filter_map(counted).collect(),
        }
    }
}

/// Milliseconds since the epoch plus one; 0 means never.
#[derive(Default)]
struct Moment(AtomicU64);

impl Moment {
    fn set(&self, epoch: Instant, now: Instant) {
        self.0.store(millis(epoch, now) + 1, Relaxed);
    }

    fn elapsed(&self, epoch: Instant) -> Option<Duration> {
        let at = self.0.load(Relaxed).checked_sub(1)?;
        Some(Duration::from_millis(millis(epoch, Instant::now()).saturating_sub(at)))
    }
}

fn millis(epoch: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(epoch).as_millis()).unwrap_or(u64::MAX - 1)
}
