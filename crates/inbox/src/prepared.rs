//! What a round has prepared: written in one commit, and answered behind it.

use std::time::Instant;

use birdhook_pipeline::SinkError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::EventId;
use crate::command::{Answer, Command};
use crate::desk::{Granted, Shared};
use crate::faults::{self, Bug};
use crate::index::Outcome;
use crate::list::{Listed, Query};
use crate::memory::Half;
use crate::observe;
use crate::seal::Seal;
use crate::store::{Change, Store, StoreError, Table};

#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) changes: Vec<Change>,
    /// The number of the last batch, if any is stored, and how many events there are.
    pub(crate) stored: Option<u64>,
    pub(crate) events: usize,
    pub(crate) acknowledged: u64,
    /// Keys that are remembered, and that are not remembered any more.
    pub(crate) remember: Vec<Half>,
    pub(crate) forget: Vec<Half>,
    pub(crate) grants: Vec<(oneshot::Sender<Granted>, Granted)>,
    promises: Vec<Promise>,
}

/// An answer that is true once the commit has ended.
pub(crate) enum Promise {
    Stored {
        done: Answer<Result<(), SinkError>>,
        room: OwnedSemaphorePermit,
    },
    /// There is no room.
    Refused(Answer<Result<(), SinkError>>),
    Settled {
        id: EventId,
        token: u64,
        outcome: Outcome,
        is_held: bool,
        done: Option<Answer<bool>>,
    },
    Listed(Query, Result<Vec<Listed>, StoreError>, Answer<Result<Vec<Listed>, StoreError>>),
    Requeued(Vec<EventId>, usize, Answer<usize>),
    Discarded(Vec<EventId>, usize, Answer<usize>),
    /// A step of a purge, and where the next one begins.
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

    /// Writes it all and seals it, if there is anything to write.
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

    /// Answers 503 to the deliveries: what they are stored in is gone.
    pub(crate) fn refuse_deliveries(&mut self) {
        let stored = self.promises.extract_if(.., |promise| matches!(promise, Promise::Stored { .. }));
        stored.for_each(|promise| _ = promise.break_off());
    }

    /// Tells everybody. What goes on in the next round is returned.
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

    /// What is to be done again, for the commit has failed, and what was to be handed out.
    pub(crate) fn undone(self) -> (Vec<Command>, Vec<(oneshot::Sender<Granted>, Granted)>) {
        (self.promises.into_iter().filter_map(Promise::break_off).collect(), self.grants)
    }
}

impl Promise {
    /// Who asked may be gone; what was done is done.
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
            Self::Listed(_, listed, done) => {
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
            Self::Listed(query, _, done) => Command::List(query, done),
            Self::Requeued(ids, _, done) => Command::Requeue(ids, done),
            Self::Discarded(ids, _, done) => Command::Discard(ids, done),
            Self::Purged { subscriber, from, removed, done, .. } => Command::Purge { subscriber, from, removed, done },
        })
    }
}
