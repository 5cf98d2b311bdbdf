//! The commands that handles send to the writer.

use std::path::PathBuf;

use birdhook_pipeline::SinkError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::admin::list::{EventQuery, ListedEvent};
use crate::backup::error::BackupError;
use crate::backup::report::Backup;
use crate::error::Failed;
use crate::id::EventId;
use crate::seen_keys::KeyPrefix;
use crate::storage::entry::Entry;
use crate::storage::error::StoreError;
use crate::storage::record::Stored;

/// Sends a reply after the commit.
pub(crate) type ReplySender<T> = oneshot::Sender<T>;

pub(crate) enum Command {
    Store(StoreRequest),
    /// Looks at what consumers need.
    Wake,
    Settle {
        id: EventId,
        token: u64,
        outcome: LeaseOutcome,
        done: Option<ReplySender<bool>>,
    },
    List(EventQuery, ReplySender<Result<Vec<ListedEvent>, StoreError>>),
    Requeue(Vec<EventId>, ReplySender<usize>),
    Discard(Vec<EventId>, ReplySender<usize>),
    Purge {
        subscriber: String,
        from: u64,
        removed: usize,
        done: ReplySender<Result<usize, StoreError>>,
    },
    Verify(ReplySender<Result<usize, StoreError>>),
    /// Replies once the backup in this file is complete.
    Backup(PathBuf, ReplySender<Result<Backup, BackupError>>),
    /// Replies once everything queued before is on disk.
    Flush(ReplySender<()>),
    /// Leases no more events, and ends once no event is leased, or at once.
    Close {
        at_once: bool,
        done: Option<ReplySender<()>>,
    },
}

/// A delivery to store.
pub(crate) struct StoreRequest {
    pub(crate) stored: Stored,
    /// One entry per event.
    pub(crate) events: Vec<(Entry, KeyPrefix)>,
    pub(crate) done: ReplySender<Result<(), SinkError>>,
    /// The delivery's share of the memory for deliveries that wait to be stored.
    pub(crate) memory: OwnedSemaphorePermit,
}

impl StoreRequest {
    /// Answers 503, because the store has failed.
    pub(crate) fn fail(self) {
        let _ = self.done.send(Err(SinkError::failed(Failed)));
    }
}

/// The outcome of a lease.
#[derive(Clone, Copy, Debug)]
pub enum LeaseOutcome {
    /// Processed.
    Acknowledged,
    /// Retry after this many milliseconds; `None` uses the configured backoff.
    Failed(Option<u64>),
    /// Never reached a consumer, so the attempt does not count.
    Released,
    /// Would fail at every attempt.
    Rejected,
    /// The lease ends this many milliseconds from now.
    Extended(u64),
}
