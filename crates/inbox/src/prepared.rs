//! The changes of one commit, and the replies that follow it.

use std::time::Instant;

use birdhook_pipeline::SinkError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::EventId;
use crate::command::{Answer, Command};
use crate::desk::{Granted, Shared};
use crate::faults::{self, Bug};
use crate::index::Outcome;
use crate::list::{EventQuery, ListedEvent};
use crate::memory::Half;
use crate::observe;
use crate::seal::Seal;
use crate::store::{Change, Store, StoreError, Table};

#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) changes: Vec<Change>,
    /// The number of the last new batch, and the number of new events.
    pub(crate) stored: Option<u64>,
    pub(crate) events: usize,
    pub(crate) acknowledged: u64,
    /// Keys to add to those kept for deduplication, and keys to remove.
    pub(crate) remember: Vec<Half>,
    pub(crate) forget: Vec<Half>,
    pub(crate) grants: Vec<(oneshot::Sender<Granted>, Granted)>,
    promises: Vec<Promise>,
}

/// A reply to send once the commit has succeeded.
pub(crate) enum Promise {
    Stored {
        done: Answer<Result<(), SinkError>>,
        room: OwnedSemaphorePermit,
    },
    /// Rejected for lack of space.
    Refused(Answer<Result<(), SinkError>>),
    Settled {
        id: EventId,
        token: u64,
        outcome: Outcome,
        is_held: bool,
        done: Option<Answer<bool>>,
    },
    ListedEvent(EventQuery, Result<Vec<ListedEvent>, StoreError>, Answer<Result<Vec<ListedEvent>, StoreError>>),
    Requeued(Vec<EventId>, usize, Answer<usize>),
    Discarded(Vec<EventId>, usize, Answer<usize>),
    /// One step of a purge, and where the next one begins.
    Purged {
        subscriber: String,
        from: u64,
        removed: usize,
        count: usize,
        further: Option<u64>,
        done: Answer<Result<usize, StoreError>>,
    },
}

impl Prepared {
    pub(crate) fn promise(&mut self, promise: Promise) {
        self.promises.push(promise);
    }

    /// Commits all changes and records the last acknowledged batch. Does nothing without changes.
    pub(crate) fn commit(&mut self, store: &mut dyn Store, seal: &mut Seal, shared: &Shared) -> Result<(), StoreError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        faults::point("before-commit");
        if faults::has(Bug::MarkBeforeAppend) {
            let keys: Vec<_> = self.changes.extract_if(.., |change| change.table == Table::Keys).collect();
            self.remember.iter().for_each(|key| shared.memory.insert(*key));
            store.commit(&keys)?;
        }
        if faults::has(Bug::AnswerBeforeSync) {
            let early = self.promises.extract_if(.., |promise| matches!(promise, Promise::Stored { .. }));
            early.for_each(|promise| _ = promise.keep());
        }
        match store.commit(&self.changes) {
            Err(_) if faults::has(Bug::IgnoredSyncError) => {}
            committed => committed?,
        }
        faults::point("committed");
        if let Some(number) = self.stored {
            seal.write(number)?;
            faults::point("sealed");
            observe::committed(self.events, started.elapsed());
        }
        Ok(())
    }

    /// Answers 503 to the deliveries, because the file they were stored in is gone.
    pub(crate) fn refuse_deliveries(&mut self) {
        let stored = self.promises.extract_if(.., |promise| matches!(promise, Promise::Stored { .. }));
        stored.for_each(|promise| _ = promise.break_off());
    }

    /// Sends all replies. Returns the commands to continue in the next commit.
    pub(crate) fn answer(self, shared: &Shared) -> Vec<Command> {
        self.remember.into_iter().for_each(|key| shared.memory.insert(key));
        self.forget.iter().for_each(|key| shared.memory.forget(key));
        faults::point("remembered");
        let mut unfinished: Vec<_> = self.promises.into_iter().filter_map(Promise::keep).collect();
        for (taker, granted) in self.grants {
            if let Err(Granted { id, token, .. }) = taker.send(granted) {
                unfinished.push(Command::Settle { id, token, outcome: Outcome::NotHandedOut, done: None });
            }
        }
        faults::point("answered");
        unfinished
    }

    /// Returns the commands to repeat after a failed commit, and the leases that were not granted.
    pub(crate) fn undone(self) -> (Vec<Command>, Vec<(oneshot::Sender<Granted>, Granted)>) {
        (self.promises.into_iter().filter_map(Promise::break_off).collect(), self.grants)
    }
}

impl Promise {
    /// Ignores send errors: the requester may have been dropped.
    fn keep(self) -> Option<Command> {
        match self {
            Self::Stored { done, room } => {
                drop(room);
                let _ = done.send(Ok(()));
            }
            Self::Refused(done) => {
                let _ = done.send(Err(SinkError::Full));
            }
            Self::Settled { is_held, done, .. } => {
                let _ = done.map(|done| done.send(is_held));
            }
            Self::ListedEvent(_, listed, done) => {
                let _ = done.send(listed);
            }
            Self::Requeued(_, count, done) | Self::Discarded(_, count, done) => {
                let _ = done.send(count);
            }
            Self::Purged { subscriber, count, further: Some(from), done, .. } => {
                return Some(Command::Purge { subscriber, from, removed: count, done });
            }
            Self::Purged { count, further: None, done, .. } => {
                let _ = done.send(Ok(count));
            }
        }
        None
    }

    fn break_off(self) -> Option<Command> {
        Some(match self {
            Self::Stored { done, .. } | Self::Refused(done) => {
                let _ = done.send(Err(SinkError::failed(crate::error::Failed)));
                return None;
            }
            Self::Settled { id, token, outcome, done, .. } => Command::Settle { id, token, outcome, done },
            Self::ListedEvent(query, _, done) => Command::List(query, done),
            Self::Requeued(ids, _, done) => Command::Requeue(ids, done),
            Self::Discarded(ids, _, done) => Command::Discard(ids, done),
            Self::Purged { subscriber, from, removed, done, .. } => Command::Purge { subscriber, from, removed, done },
        })
    }
}
