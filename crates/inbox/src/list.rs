//! Looking at what is in the inbox.

use birdhook_core::{Event, Timestamp};

use crate::slot::State;
use crate::{EventId, Unreadable};

/// How an event of the inbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// It can be handed out.
    Ready,
    /// It failed, and waits to be tried again.
    Waiting,
    /// It is handed out.
    Leased,
    /// It failed as often as it may.
    Dead,
    /// It was acknowledged, and is kept for a while.
    Acknowledged,
}

impl Standing {
    /// The standing in one word, stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Leased => "leased",
            Self::Dead => "dead",
            Self::Acknowledged => "acknowledged",
        }
    }

    pub(crate) fn of(state: State) -> Self {
        match state {
            State::Ready => Self::Ready,
            State::Waiting { .. } => Self::Waiting,
            State::Leased { .. } => Self::Leased,
            State::Dead { .. } => Self::Dead,
            State::Done { .. } => Self::Acknowledged,
        }
    }
}

/// Which events to list.
#[derive(Clone, Debug)]
#[must_use = "pass it to Inbox::list"]
pub struct Query {
    pub(crate) standing: Option<Standing>,
    pub(crate) after: Option<EventId>,
    pub(crate) limit: usize,
}

impl Query {
    /// The first 100 events of the inbox, the oldest first.
    pub fn all() -> Self {
        Self { standing: None, after: None, limit: 100 }
    }

    /// Only those that stand so.
    pub fn standing(mut self, standing: Standing) -> Self {
        self.standing = Some(standing);
        self
    }

    /// Only those behind this one: the last of the page before.
    pub fn after(mut self, id: EventId) -> Self {
        self.after = Some(id);
        self
    }

    /// At most so many.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

/// An event of the inbox, as it is listed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// Its id in the inbox.
    pub id: EventId,
    /// How it stands.
    pub standing: Standing,
    /// How often it was handed out since it was stored or requeued.
    pub tries: u32,
    /// When it was stored, by the inbox's time.
    pub stored_at: Timestamp,
    /// The event, or why it cannot be read.
    pub event: Result<Event, Unreadable>,
}
