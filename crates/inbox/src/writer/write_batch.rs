//! The changes of one commit, and the replies that follow it.

use std::time::Instant;

use birdhook_pipeline::SinkError;
use tokio::sync::OwnedSemaphorePermit;

use crate::admin::list::{EventQuery, ListedEvent};
use crate::error::Failed;
use crate::faults::{self, Bug};
use crate::id::EventId;
use crate::observe;
use crate::seen_keys::KeyPrefix;
use crate::storage::error::StoreError;
use crate::storage::redb::{Change, Store, Table};
use crate::storage::watermark::Watermark;
use crate::writer::command::{Command, LeaseOutcome, ReplySender};
use crate::writer::prefetch::Grant;
use crate::writer::shared::Shared;

#[derive(Default)]
pub(crate) struct WriteBatch {
    pub(crate) changes: Vec<Change>,
    /// The number of the last new batch, and the number of new events.
    pub(crate) stored: Option<u64>,
    pub(crate) events: usize,
    pub(crate) acknowledged: u64,
    /// Keys to add to those kept for deduplication, and keys to remove.
    pub(crate) remember: Vec<KeyPrefix>,
    pub(crate) forget: Vec<KeyPrefix>,
    /// The prefetched events, and whether there are more: see [`Prefetch::add`](crate::writer::prefetch::Prefetch::add).
    pub(crate) grants: Vec<Grant>,
    pub(crate) has_more: (bool, bool),
    pub(crate) has_blocked: bool,
    /// The replies to send after the commit.
    pub(crate) replies: Vec<PendingReply>,
}

/// A reply to send once the commit has succeeded.
pub(crate) enum PendingReply {
    Stored {
        done: ReplySender<Result<(), SinkError>>,
        memory: OwnedSemaphorePermit,
    },
    /// Rejected for lack of space.
    Refused(ReplySender<Result<(), SinkError>>),
    Settled {
        id: EventId,
        token: u64,
        outcome: LeaseOutcome,
        is_held: bool,
        done: Option<ReplySender<bool>>,
    },
    Flushed(ReplySender<()>),
    Listed(EventQuery, Result<Vec<ListedEvent>, StoreError>, ReplySender<Result<Vec<ListedEvent>, StoreError>>),
    Requeued(Vec<EventId>, usize, ReplySender<usize>),
    Discarded(Vec<EventId>, usize, ReplySender<usize>),
    /// One step of a purge, and where the next one begins.
    Purged {
        subscriber: String,
        from: u64,
        removed: usize,
        count: usize,
        further: Option<u64>,
        done: ReplySender<Result<usize, StoreError>>,
    },
}

impl WriteBatch {
    /// Commits all changes and records the last acknowledged batch. Does nothing without changes.
    pub(crate) fn commit(
        &mut self,
        store: &mut Store,
        watermark: &mut Watermark,
        shared: &Shared,
    ) -> Result<(), StoreError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        faults::point("before-commit");
        if faults::has(Bug::MarkBeforeAppend) {
            let keys: Vec<_> = self.changes.extract_if(.., |change| change.table == Table::Keys).collect();
            self.remember.iter().for_each(|key| shared.seen_keys.insert(*key));
            store.commit(&keys)?;
        }
        if faults::has(Bug::AnswerBeforeSync) {
            let early = self.replies.extract_if(.., |reply| matches!(reply, PendingReply::Stored { .. }));
            early.for_each(|reply| _ = reply.send());
        }
        match store.commit(&self.changes) {
            Err(_) if faults::has(Bug::IgnoredSyncError) => {}
            committed => committed?,
        }
        faults::point("committed");
        if let Some(number) = self.stored {
            watermark.write(number)?;
            faults::point("sealed");
            observe::committed(self.events, started.elapsed());
        }
        Ok(())
    }

    /// Answers 503 to the deliveries, because the file they were stored in is gone.
    pub(crate) fn refuse_deliveries(&mut self) {
        let stored = self.replies.extract_if(.., |reply| matches!(reply, PendingReply::Stored { .. }));
        stored.for_each(|reply| _ = reply.retry());
    }

    /// Sends all replies. Returns the commands to continue in the next commit.
    pub(crate) fn send_replies(self, shared: &Shared) -> Vec<Command> {
        self.remember.into_iter().for_each(|key| shared.seen_keys.insert(key));
        self.forget.iter().for_each(|key| shared.seen_keys.remove(key));
        faults::point("remembered");
        let unfinished: Vec<_> = self.replies.into_iter().filter_map(PendingReply::send).collect();
        shared.prefetch.add(self.grants, self.has_more, self.has_blocked);
        faults::point("answered");
        unfinished
    }

    /// Returns the commands to repeat after a failed commit, and the events that were not leased.
    pub(crate) fn into_retries(self) -> (Vec<Command>, Vec<Grant>) {
        (self.replies.into_iter().filter_map(PendingReply::retry).collect(), self.grants)
    }
}

impl PendingReply {
    /// Sends the reply, and ignores errors: the requester may have been dropped. Returns the command
    /// for the next step of a purge.
    fn send(self) -> Option<Command> {
        match self {
            Self::Stored { done, memory } => {
                drop(memory);
                let _ = done.send(Ok(()));
            }
            Self::Refused(done) => _ = done.send(Err(SinkError::Full)),
            Self::Settled { is_held, done, .. } => _ = done.map(|done| done.send(is_held)),
            Self::Flushed(done) => _ = done.send(()),
            Self::Listed(_, listed, done) => _ = done.send(listed),
            Self::Requeued(_, count, done) | Self::Discarded(_, count, done) => _ = done.send(count),
            Self::Purged { subscriber, count, further: Some(from), done, .. } => {
                return Some(Command::Purge { subscriber, from, removed: count, done });
            }
            Self::Purged { count, further: None, done, .. } => _ = done.send(Ok(count)),
        }
        None
    }

    /// Returns the command to repeat after a failed commit. A delivery is answered 503.
    fn retry(self) -> Option<Command> {
        Some(match self {
            Self::Stored { done, .. } | Self::Refused(done) => {
                let _ = done.send(Err(SinkError::failed(Failed)));
                return None;
            }
            Self::Settled { id, token, outcome, done, .. } => Command::Settle { id, token, outcome, done },
            Self::Flushed(done) => Command::Flush(done),
            Self::Listed(query, _, done) => Command::List(query, done),
            Self::Requeued(ids, _, done) => Command::Requeue(ids, done),
            Self::Discarded(ids, _, done) => Command::Discard(ids, done),
            Self::Purged { subscriber, from, removed, done, .. } => Command::Purge { subscriber, from, removed, done },
        })
    }
}
