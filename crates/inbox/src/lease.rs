//! A leased event, and the stream of leases.

use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use birdhook_core::Event;
use birdhook_core::consumption::{Consumption, report};
use futures_core::Stream;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::config::clock::millis;
use crate::error::{Closed, ExtendError};
use crate::id::EventId;
use crate::writer::command::{Command, Grant, LeaseOutcome};
use crate::writer::handle::Handle;

/// An event leased to one consumer until it is settled or the lease expires.
///
/// Dereferences to the [`Event`]. The inbox stores only half of each key, so the
/// [`dedupe_key`](Event::dedupe_key) of a leased event is its delivery key. `DedupePolicy::key`
/// returns that of another policy.
///
/// A lease that is dropped unsettled, for example by a panic, counts as failed, and the event is
/// retried. Once [`ack`](Self::ack) has returned, the event is never leased again. The process may
/// end before that, so **a consumer may see an event twice and must tolerate it**. The second time,
/// [`attempts`](Self::attempts) is higher.
#[must_use = "an event that is not acknowledged comes again"]
pub struct Lease {
    event: Event,
    id: EventId,
    token: u64,
    attempts: u32,
    expires_at: Instant,
    handle: Option<Handle>,
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
    /// process becomes a dead letter in the end.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns when the lease expires and the event becomes available again.
    pub fn expires_at(&self) -> Instant {
        self.expires_at
    }

    /// Acknowledges the event. Resolves once the acknowledgement is on disk.
    ///
    /// It counts even if the lease has expired.
    ///
    /// # Errors
    /// If the inbox was closed before. The event is then leased again.
    pub async fn ack(mut self) -> Result<(), Closed> {
        self.settle(LeaseOutcome::Acknowledged).await?;
        report(&self.event, Consumption::Consumed);
        Ok(())
    }

    /// Same as [`ack`](Self::ack), for an event that another queue holds now.
    pub(crate) async fn ack_relayed(mut self) -> Result<(), Closed> {
        self.settle(LeaseOutcome::Acknowledged).await
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
        let handle = self.handle.as_ref().ok_or(Closed)?;
        let (id, token) = (self.id, self.token);
        let outcome = LeaseOutcome::Extended(millis(by));
        if !handle.ask(|done| Command::Settle { id, token, outcome, done: Some(done) }).await? {
            return Err(ExtendError::Expired);
        }
        self.expires_at = after(by);
        Ok(())
    }

    async fn settle(&mut self, outcome: LeaseOutcome) -> Result<(), Closed> {
        let handle = self.handle.take().ok_or(Closed)?;
        let (id, token) = (self.id, self.token);
        handle.ask(|done| Command::Settle { id, token, outcome, done: Some(done) }).await.map(|_| ())
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
        if let Some(handle) = self.handle.take() {
            let outcome = LeaseOutcome::Failed(None);
            // An error means that the inbox is closed: the event is leased again when it is next
            // opened.
            let _ = handle.send(Command::Settle { id: self.id, token: self.token, outcome, done: None });
        }
    }
}

debug_fields!(Lease: id, attempts);

/// Receives leased events. Created by [`Inbox::leases`](crate::Inbox::leases).
///
/// Also a [`Stream`], which ends when the inbox is closed.
/// Dropping it returns an event that it was granted but has not yielded.
#[derive(Debug)]
pub struct Leases {
    handle: Handle,
    waiting: Option<oneshot::Receiver<Grant>>,
}

impl Leases {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle, waiting: None }
    }

    /// Receives the next event. Returns `None` once the inbox is closed. Cancel safe.
    pub async fn recv(&mut self) -> Option<Lease> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Lease>> {
        loop {
            let waiting = match &mut self.waiting {
                Some(waiting) => waiting,
                None => {
                    let (done, granted) = oneshot::channel();
                    if self.handle.send(Command::Lease(done)).is_err() {
                        return Poll::Ready(None);
                    }
                    self.waiting.insert(granted)
                }
            };
            let granted = ready!(Pin::new(waiting).poll(cx));
            self.waiting = None;
            let Ok(grant) = granted else { return Poll::Ready(None) };
            if let Some(lease) = lease(&self.handle, grant) {
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

fn lease(handle: &Handle, grant: Grant) -> Option<Lease> {
    let Grant { id, token, attempts, at, stored, index } = grant;
    // The grant may have waited unread for longer than the lease.
    let Some(left) = handle.shared.lease.checked_sub(at.elapsed()) else {
        let _ = handle.send(Command::Settle { id, token, outcome: LeaseOutcome::Released, done: None });
        return None;
    };
    let Some(event) = stored.event(index) else {
        // A retry would fail the same way. `Inbox::list` shows the dead letter as `UnreadableEvent`.
        let outcome = LeaseOutcome::Rejected;
        let _ = handle.send(Command::Settle { id, token, outcome, done: None });
        return None;
    };
    Some(Lease { event, id, token, attempts, expires_at: after(left), handle: Some(handle.clone()) })
}

impl Stream for Leases {
    type Item = Lease;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Lease>> {
        self.poll_recv(cx)
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        let Some(mut waiting) = self.waiting.take() else { return };
        waiting.close();
        if let Ok(Grant { id, token, .. }) = waiting.try_recv() {
            let outcome = LeaseOutcome::Released;
            let _ = self.handle.send(Command::Settle { id, token, outcome, done: None });
        }
    }
}
