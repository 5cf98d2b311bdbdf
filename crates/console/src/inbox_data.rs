//! The data of the inbox's pages and API. Private values are hidden here.

use birdhook_core::Event;
use birdhook_inbox::control::{ControlError, Snapshot};
use birdhook_inbox::{EventStatus, ListedEvent};
use serde::Serialize;
use serde_json::Value;

use crate::mask;

/// The state of the inbox.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct InboxView {
    /// Events that are neither settled nor dead letters: the sum of the next three.
    pub(crate) depth: usize,
    pub(crate) ready: usize,
    pub(crate) waiting: usize,
    pub(crate) leased: usize,
    pub(crate) dead: usize,
    /// The age of the oldest event in `depth`.
    pub(crate) oldest_seconds: Option<u64>,
    pub(crate) bytes: u64,
    pub(crate) disk: u64,
    /// Why deliveries are refused, or why the inbox cannot be read.
    pub(crate) problem: Option<String>,
}

impl InboxView {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        let stats = &snapshot.stats;
        let full = stats.is_full.then(|| "the inbox refuses deliveries: it has no space left".to_owned());
        let failure = snapshot.failure.as_ref().map(|why| format!("the inbox refuses deliveries: {why}"));
        Self {
            depth: stats.depth,
            ready: stats.depth.saturating_sub(stats.waiting + stats.leased),
            waiting: stats.waiting,
            leased: stats.leased,
            dead: stats.dead,
            oldest_seconds: stats.oldest.map(|age| age.as_secs()),
            bytes: stats.bytes,
            disk: stats.disk,
            problem: failure.or(full),
        }
    }

    pub(crate) fn unknown(error: &ControlError) -> Self {
        Self { problem: Some(format!("cannot read the inbox: {error}")), ..Self::default() }
    }

    /// Returns the age of the oldest event, rounded down.
    pub(crate) fn oldest(&self) -> Option<String> {
        self.oldest_seconds.map(|seconds| match seconds {
            0..60 => format!("{seconds} s"),
            60..3600 => format!("{} min", seconds / 60),
            3600..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
            _ => format!("{} days", seconds / 86_400),
        })
    }
}

/// One event in the list.
#[derive(Debug, Serialize)]
pub(crate) struct EventRow {
    pub(crate) id: String,
    pub(crate) status: &'static str,
    pub(crate) attempts: u32,
    pub(crate) stored_at: String,
    pub(crate) app: String,
    pub(crate) kind: Option<&'static str>,
    pub(crate) subscriber: Option<String>,
    /// Why the event cannot be parsed.
    pub(crate) unreadable: Option<String>,
    #[serde(skip)]
    pub(crate) is_dead: bool,
}

impl EventRow {
    pub(crate) fn new(listed: &ListedEvent, reveal: bool) -> Self {
        let event = listed.event.as_ref();
        Self {
            id: listed.id.to_string(),
            status: listed.status.as_str(),
            attempts: listed.attempts,
            stored_at: listed.stored_at.to_string(),
            app: listed.app().to_owned(),
            kind: event.ok().map(|event| event.kind().as_str()),
            subscriber: event.ok().and_then(Event::subscriber).map(|id| mask::id(id, reveal)),
            unreadable: event.err().map(ToString::to_string),
            is_dead: listed.status == EventStatus::Dead,
        }
    }
}

/// One event with its content.
#[derive(Debug, Serialize)]
pub(crate) struct EventDetail {
    #[serde(flatten)]
    pub(crate) row: EventRow,
    pub(crate) revealed: bool,
    /// The event as X wrote it, or, hidden, its structure. `None` if it cannot be parsed.
    pub(crate) raw: Option<String>,
    pub(crate) activity: Option<Value>,
}

impl EventDetail {
    pub(crate) fn new(listed: &ListedEvent, reveal: bool) -> Self {
        let event = listed.event.as_ref().ok();
        Self {
            row: EventRow::new(listed, reveal),
            revealed: reveal,
            raw: event.map(|event| raw(event, reveal)),
            activity: event.map(|event| activity(event, reveal)),
        }
    }
}

fn raw(event: &Event, reveal: bool) -> String {
    let text = event.raw().as_str();
    match serde_json::from_str(text) {
        _ if reveal => mask::indented(text),
        Ok(value) => mask::indented(&mask::json(value).to_string()),
        Err(_) => mask::HIDDEN.to_owned(),
    }
}

fn activity(event: &Event, reveal: bool) -> Value {
    let value = serde_json::to_value(event.activity()).unwrap_or_default();
    if reveal {
        return value;
    }
    match mask::json(value) {
        Value::Object(mut members) => {
            members.insert("kind".to_owned(), event.kind().as_str().into());
            Value::Object(members)
        }
        other => other,
    }
}
