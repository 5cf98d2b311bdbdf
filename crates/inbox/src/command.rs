//! The commands that handles send to the committer.

use birdhook_pipeline::SinkError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::EventId;
use crate::desk::Granted;
use crate::index::Outcome;
use crate::list::{EventQuery, ListedEvent};
use crate::memory::Half;
use crate::record::Stored;
use crate::slot::Slot;
use crate::store::StoreError;

/// A reply that is sent after the commit.
pub(crate) type Answer<T> = oneshot::Sender<T>;

pub(crate) enum Command {
    Store(ToStore),
    Take(Answer<Granted>),
    Settle {
        id: EventId,
        token: u64,
        outcome: Outcome,
        done: Option<Answer<bool>>,
    },
    List(EventQuery, Answer<Result<Vec<ListedEvent>, StoreError>>),
    Requeue(Vec<EventId>, Answer<usize>),
    Discard(Vec<EventId>, Answer<usize>),
    Purge {
        subscriber: String,
        from: u64,
        removed: usize,
        done: Answer<Result<usize, StoreError>>,
    },
    Verify(Answer<Result<usize, StoreError>>),
    /// Leases no more events, and ends once no event is leased, or at once.
    Close {
        at_once: bool,
        done: Option<Answer<()>>,
    },
}

pub(crate) struct ToStore {
    pub(crate) stored: Stored,
    /// One entry per event.
    pub(crate) events: Vec<(Slot, Half)>,
    pub(crate) done: Answer<Result<(), SinkError>>,
    /// The delivery's share of the memory for deliveries that wait to be stored.
    pub(crate) room: OwnedSemaphorePermit,
}
