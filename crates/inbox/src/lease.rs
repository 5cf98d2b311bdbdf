//! A leased event, and the stream of leases.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use birdhook_core::Event;
use birdhook_core::consumption::{Consumption, report};
use futures_core::Stream;
use tokio::task::coop;
use tokio::time::Instant;

use crate::backend::{self, Backend, Store};
use crate::config::clock::millis;
use crate::error::{Closed, ExtendError};
use crate::faults::{self, Bug};
use crate::id::EventId;
use crate::writer::command::{Command, LeaseOutcome};
use crate::writer::handle::Handle;
use crate::writer::index::NewLease;
use crate::writer::prefetch::{Grant, Ticket};

/// An event leased to one consumer until it is settled or the lease expires.
///
/// Dereferences to the [`Event`]. The inbox stores only half of each key, so the
/// [`dedupe_key`](Event::dedupe_key) of a leased event is its delivery key. `DedupePolicy::key`
/// returns that of another policy.
///
/// A lease that is dropped unsettled, for example by a panic, counts as failed, and the event is
/// retried. [`ack`](Self::ack) queues the acknowledgement, and the event is leased again only if the
/// process ends or the store fails before it is on disk, so **a consumer may see an event twice and
/// must tolerate it**. The second time, [`attempts`](Self::attempts) is higher. Once
/// [`ack_durable`](Self::ack_durable) has returned, the event is never leased again.
#[must_use = "an event that is not acknowledged comes again"]
pub struct Lease {
    event: Event,
    id: EventId,
    pub(crate) token: u64,
    ordering_key: Option<u32>,
    attempts: u32,
    expires_at: Instant,
    pub(crate) store: Option<Store>,
}

impl Lease {
    /// Returns the event. It may outlive the lease.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Returns the event's id in the inbox.
    pub fn id(&self) -> EventId {
        self.id
    }

    /// Returns the number of attempts, including this one.
    ///
    /// Attempts are written to disk before the event is leased, so an event that crashes the
    /// process becomes a dead letter in the end. A crash also costs the [prefetched
    /// events](crate::InboxSettings::prefetch) an attempt, but only one: after a crash, the events
    /// that were leased then are leased one at a time, until they are settled.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns when the lease expires and the event becomes available again.
    pub fn expires_at(&self) -> Instant {
        self.expires_at
    }

    /// Acknowledges the event. Queues the acknowledgement, which is on disk within 5 ms, unless the
    /// disk is slower.
    ///
    /// If the process ends or the store fails within that time, the event is leased again. To wait
    /// for the disk, use [`ack_durable`](Self::ack_durable), or [`Inbox::flush`](crate::Inbox::flush)
    /// after several. The acknowledgement counts even if the lease has expired.
    ///
    /// # Errors
    /// If the inbox was closed before. The event is then leased again.
    pub async fn ack(mut self) -> Result<(), Closed> {
        self.queue_ack()?;
        report(&self.event, Consumption::Consumed);
        Ok(())
    }

    /// Acknowledges the event, and resolves once the acknowledgement is on disk. The event is never
    /// leased again.
    ///
    /// Takes a commit, which acknowledgements in other tasks share. It counts even if the lease has
    /// expired.
    ///
    /// # Errors
    /// If the inbox was closed before. The event is then leased again.
    pub async fn ack_durable(mut self) -> Result<(), Closed> {
        if faults::has(Bug::EarlyDurableAck) {
            self.queue_ack()?;
        } else {
            self.settle(LeaseOutcome::Acknowledged).await?;
        }
        report(&self.event, Consumption::Consumed);
        Ok(())
    }

    /// Same as [`ack`](Self::ack), for an event that another queue holds now.
    pub(crate) fn ack_relayed(mut self) -> Result<(), Closed> {
        self.queue_ack()
    }

    /// Marks the event as failed and schedules a retry after `retry_after`.
    ///
    /// With `None` the delay is that of [`InboxSettings::backoff`](crate::InboxSettings::backoff). After its
    /// last attempt ([`InboxSettings::max_attempts`](crate::InboxSettings::max_attempts)) the event becomes a dead letter.
    ///
    /// # Errors
    /// If the inbox was closed before. The event is leased again all the same.
    pub async fn nack(mut self, retry_after: impl Into<Option<Duration>>) -> Result<(), Closed> {
        let after = retry_after.into().map(millis);
        self.settle(LeaseOutcome::Failed(after)).await
    }

    /// Makes the event a dead letter at once. Use it if a retry would fail too.
    ///
    /// # Errors
    /// If the inbox was closed before. The event is then leased again.
    pub async fn reject(mut self) -> Result<(), Closed> {
        self.settle(LeaseOutcome::Rejected).await
    }

    /// Returns the event to the inbox for another consumer, at once. The attempt does not count.
    ///
    /// # Errors
    /// If the inbox was closed before. The event is then leased again, and the attempt counts.
    pub async fn release(mut self) -> Result<(), Closed> {
        self.settle(LeaseOutcome::Released).await
    }

    /// Extends the lease to end `by` from now.
    ///
    /// # Errors
    /// If the lease has expired, because another consumer may hold the event by now, or if the
    /// inbox is closed.
    pub async fn extend(&mut self, by: Duration) -> Result<(), ExtendError> {
        let store = self.store.as_ref().ok_or(Closed)?;
        if !settle(store, self.id, self.token, LeaseOutcome::Extended(millis(by))).await? {
            return Err(ExtendError::Expired);
        }
        self.expires_at = after(by);
        Ok(())
    }

    fn queue_ack(&mut self) -> Result<(), Closed> {
        match self.store.take().ok_or(Closed)? {
            Store::Folder(writer) => {
                match writer.shared.prefetch.ack(self.id, self.token, self.ordering_key).ok_or(Closed)? {
                    true => writer.send(Command::Wake),
                    false => Ok(()),
                }
            }
            Store::Remote(backend) => backend.ack(self.id, self.token),
        }
    }

    async fn settle(&mut self, outcome: LeaseOutcome) -> Result<(), Closed> {
        let store = self.store.take().ok_or(Closed)?;
        settle(&store, self.id, self.token, outcome).await.map(|_| ())
    }
}

/// Returns whether the lease was still valid.
async fn settle(store: &Store, id: EventId, token: u64, outcome: LeaseOutcome) -> Result<bool, Closed> {
    match store {
        Store::Folder(writer) => writer.ask(|done| Command::Settle { id, token, outcome, done: Some(done) }).await,
        Store::Remote(backend) => backend.settle(id, token, outcome).await,
    }
}

impl Deref for Lease {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        match self.store.take() {
            Some(Store::Folder(writer)) => {
                let outcome = LeaseOutcome::Failed(None);
                // An error means that the inbox is closed: the event is leased again when it is
                // next opened.
                let _ = writer.send(Command::Settle { id: self.id, token: self.token, outcome, done: None });
            }
            Some(Store::Remote(backend)) => backend.fail(self.id, self.token),
            None => {}
        }
    }
}

debug_fields!(Lease: id, attempts);

/// Receives leased events. Created by [`Inbox::leases`](crate::Inbox::leases).
///
/// Also a [`Stream`], which ends when the inbox is closed.
/// Dropping it returns an event that was reserved for it and that it has not yielded.
#[derive(Debug)]
pub struct Leases {
    store: Store,
    ticket: Option<Ticket>,
}

impl Leases {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, ticket: None }
    }

    /// Receives the next event. Returns `None` once the inbox is closed. Cancel safe.
    pub async fn recv(&mut self) -> Option<Lease> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Lease>> {
        // Many prefetched events may be available, and other tasks need their turn.
        let progress = ready!(coop::poll_proceed(cx));
        let writer = match &self.store {
            Store::Folder(writer) => writer,
            Store::Remote(backend) => {
                let grant = ready!(backend.poll_lease(&mut self.ticket, cx));
                progress.made_progress();
                return Poll::Ready(grant.map(|grant| remote_lease(backend, grant)));
            }
        };
        loop {
            let shared = &writer.shared;
            let (taken, must_wake) = shared.prefetch.poll_take(&mut self.ticket, cx, || shared.now());
            if must_wake && writer.send(Command::Wake).is_err() {
                return Poll::Ready(None);
            }
            let Some(grant) = ready!(taken) else { return Poll::Ready(None) };
            if let Some(lease) = lease(writer, &grant) {
                progress.made_progress();
                return Poll::Ready(Some(lease));
            }
        }
    }
}

/// Returns the instant `time` from now, at most 30 years, the timer's maximum.
fn after(time: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);
    Instant::now() + time.min(LONGEST)
}

fn lease(handle: &Handle, grant: &Grant) -> Option<Lease> {
    let NewLease { id, token, attempts, ordering_key } = grant.lease;
    let Some(event) = grant.stored.event(grant.index) else {
        // A retry would fail the same way. `Inbox::list` shows the dead letter as `UnreadableEvent`.
        let outcome = LeaseOutcome::Rejected;
        let _ = handle.send(Command::Settle { id, token, outcome, done: None });
        return None;
    };
    let expires_at = after(handle.shared.lease);
    Some(Lease { event, id, token, ordering_key, attempts, expires_at, store: Some(Store::Folder(handle.clone())) })
}

fn remote_lease(backend: &Arc<dyn Backend>, grant: backend::Grant) -> Lease {
    let backend::Grant { event, id, token, attempts, expires_at } = grant;
    let store = Some(Store::Remote(Arc::clone(backend)));
    Lease { event, id, token, ordering_key: None, attempts, expires_at, store }
}

impl Stream for Leases {
    type Item = Lease;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Lease>> {
        self.poll_recv(cx)
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        match &self.store {
            Store::Folder(writer) => writer.shared.prefetch.leave(ticket),
            Store::Remote(backend) => backend.leave(ticket),
        }
    }
}
