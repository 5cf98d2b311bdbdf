//! What the committer is asked to do.

use birdhook_pipeline::SinkError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::EventId;
use crate::desk::Granted;
use crate::index::Outcome;
use crate::list::{Listed, Query};
use crate::memory::Half;
use crate::record::Stored;
use crate::slot::Slot;
use crate::store::StoreError;

/// What is still to be answered after the commit in which it is done.
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
    List(Query, Answer<Result<Vec<Listed>, StoreError>>),
    Requeue(Vec<EventId>, Answer<usize>),
    Discard(Vec<EventId>, Answer<usize>),
    Purge {
        subscriber: String,
        from: u64,
        removed: usize,
        done: Answer<Result<usize, StoreError>>,
    },
    Verify(Answer<Result<usize, StoreError>>),
    /// Hands nothing out any more, and ends once nothing is handed out, or at once.
    Close {
        at_once: bool,
        done: Option<Answer<()>>,
    },
}

pub(crate) struct ToStore {
    pub(crate) stored: Stored,
    /// One for each event.
    pub(crate) events: Vec<(Slot, Half)>,
    pub(crate) done: Answer<Result<(), SinkError>>,
    /// Its share of what may wait to be stored.
    pub(crate) room: OwnedSemaphorePermit,
}
