//! Queries for listing the events of an inbox.

use birdhook_core::{Event, EventKind, Timestamp};

use crate::id::EventId;
use crate::storage::entry::EntryState;
use crate::storage::unreadable::UnreadableEvent;

/// The status of an event in the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventStatus {
    /// Available to consumers, and possibly [prefetched](crate::InboxSettings::prefetch).
    Ready,
    /// Failed, waiting for a retry.
    Waiting,
    /// Leased to a consumer that has received it.
    Leased,
    /// A dead letter.
    Dead,
    /// Settled, and kept as set by
    /// [`InboxSettings::keep_acknowledged`](crate::InboxSettings::keep_acknowledged).
    Acknowledged,
}

impl EventStatus {
    /// Returns the status as one word. The words are stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Leased => "leased",
            Self::Dead => "dead",
            Self::Acknowledged => "acknowledged",
        }
    }

    /// Returns the status that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Ready, Self::Waiting, Self::Leased, Self::Dead, Self::Acknowledged];
        all.into_iter().find(|status| status.as_str() == word)
    }

    pub(crate) fn of(state: EntryState) -> Self {
        match state {
            EntryState::Ready | EntryState::Prefetched { .. } => Self::Ready,
            EntryState::Waiting { .. } => Self::Waiting,
            EntryState::Leased { .. } => Self::Leased,
            EntryState::Dead { .. } => Self::Dead,
            EntryState::Done { .. } => Self::Acknowledged,
        }
    }
}

/// Selects the events to list.
#[derive(Clone)]
#[must_use = "pass it to Inbox::list"]
pub struct EventQuery {
    pub(crate) status: Option<EventStatus>,
    pub(crate) kind: Option<EventKind>,
    pub(crate) subscriber: Option<String>,
    pub(crate) after: Option<EventId>,
    pub(crate) limit: usize,
}

impl EventQuery {
    /// Selects the first 100 events of the inbox, oldest first.
    pub fn all() -> Self {
        Self { status: None, kind: None, subscriber: None, after: None, limit: 100 }
    }

    /// Selects only events with this status.
    pub fn status(self, status: EventStatus) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Selects only events of this kind.
    pub fn kind(self, kind: EventKind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// Selects only events of this user's subscriptions.
    pub fn subscriber(self, id: impl Into<String>) -> Self {
        Self { subscriber: Some(id.into()), ..self }
    }

    /// Selects only events after this id, the last of the page before.
    pub fn after(self, id: EventId) -> Self {
        Self { after: Some(id), ..self }
    }

    /// Sets the maximum number of events. Defaults to 100.
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }
}

// The subscriber is private.
debug_fields!(EventQuery: status, kind, after, limit);

/// An event of the inbox, as returned by [`Inbox::list`](crate::Inbox::list).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListedEvent {
    /// The event's id in the inbox.
    pub id: EventId,
    /// The event's status.
    pub status: EventStatus,
    /// The number of attempts since it was stored or requeued.
    pub attempts: u32,
    /// When the event was stored, in the inbox's time.
    pub stored_at: Timestamp,
    /// The event, or why it cannot be read.
    pub event: Result<Event, UnreadableEvent>,
}
