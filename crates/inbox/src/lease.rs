//! An event that is handed out, for a while.

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use birdhook_core::Event;
use futures_core::Stream;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::clock::millis;
use crate::command::Command;
use crate::desk::{Desk, Granted};
use crate::index::Outcome;
use crate::{Closed, EventId, ExtendError};

/// An event that nobody else gets until it is settled or the lease is over. Dereferences to the [`Event`].
///
/// Dropped without a word, as by a panic, it counts as failed and is tried again. What is acknowledged is never handed out
/// again once [`ack`](Self::ack) has returned; before that the process may end, and so **a consumer may see an event twice,
/// and must not mind**: the second time [`tries`](Self::tries) is higher.
#[must_use = "an event that is not acknowledged comes again"]
pub struct Lease {
    event: Event,
    id: EventId,
    token: u64,
    tries: u32,
    ends: Instant,
    desk: Option<Desk>,
}

impl Lease {
    /// The event. It outlives the lease.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Its id in the inbox.
    pub fn id(&self) -> EventId {
        self.id
    }

    /// How often it was handed out, this time too. Counted on disk before it is handed out, so that an event that ends the
    /// process is a dead letter in the end.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// When the lease is over, and the event is handed out again.
    pub fn ends(&self) -> Instant {
        self.ends
    }

    /// The event is done with. Resolves when that is on the disk.
    ///
    /// It counts even if the lease is over.
    ///
    /// # Errors
    /// When the inbox was closed before; the event then comes again.
    pub async fn ack(self) -> Result<(), Closed> {
        self.settle(Outcome::Acknowledged).await
    }

    /// The event is to be tried again: after `retry_after`, or when that is `None` as [`Options::backoff`](crate::Options::backoff) says. It is a dead
    /// letter once it was tried often enough.
    ///
    /// # Errors
    /// When the inbox was closed before; the event comes again all the same.
    pub async fn nack(self, retry_after: impl Into<Option<Duration>>) -> Result<(), Closed> {
        let after = retry_after.into().map(millis);
        self.settle(Outcome::Failed(after)).await
    }

    /// The event will fail however often it is tried: makes it a dead letter.
    ///
    /// # Errors
    /// When the inbox was closed before; the event then comes again.
    pub async fn reject(self) -> Result<(), Closed> {
        self.settle(Outcome::Rejected).await
    }

    /// Gives the event back for somebody else, now, and as if it had not been handed out: the try does not count.
    ///
    /// # Errors
    /// When the inbox was closed before; the event then comes again, and the try counts.
    pub async fn release(self) -> Result<(), Closed> {
        self.settle(Outcome::NotHandedOut).await
    }

    /// Makes the lease end so long from now.
    ///
    /// # Errors
    /// When it is over already and the event may be somebody else's, or the inbox is closed.
    pub async fn extend(&mut self, by: Duration) -> Result<(), ExtendError> {
        let desk = self.desk.as_ref().ok_or(Closed)?;
        let (id, token) = (self.id, self.token);
        let outcome = Outcome::Extended(millis(by));
        if !desk.ask(|done| Command::Settle { id, token, outcome, done: Some(done) }).await? {
            return Err(ExtendError::Over);
        }
        self.ends = after(by);
        Ok(())
    }

    async fn settle(mut self, outcome: Outcome) -> Result<(), Closed> {
        let desk = self.desk.take().ok_or(Closed)?;
        let (id, token) = (self.id, self.token);
        desk.ask(|done| Command::Settle { id, token, outcome, done: Some(done) }).await.map(|_| ())
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
        if let Some(desk) = self.desk.take() {
            let outcome = Outcome::Failed(None);
            // A closed inbox hands it out when it is opened again.
            let _ = desk.send(Command::Settle { id: self.id, token: self.token, outcome, done: None });
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("id", &self.id).field("tries", &self.tries).finish_non_exhaustive()
    }
}

/// Waits for events. Made by [`Inbox::leases`](crate::Inbox::leases); also a [`Stream`], which ends when the inbox is closed.
///
/// Dropping it gives back what it was handed out but did not give to anybody.
#[derive(Debug)]
pub struct Leases {
    desk: Desk,
    waiting: Option<oneshot::Receiver<Granted>>,
}

impl Leases {
    pub(crate) fn new(desk: Desk) -> Self {
        Self { desk, waiting: None }
    }

    /// The next event; `None` once the inbox is closed. Cancel safe.
    pub async fn recv(&mut self) -> Option<Lease> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Lease>> {
        loop {
            let waiting = match &mut self.waiting {
                Some(waiting) => waiting,
                None => {
                    let (answer, answered) = oneshot::channel();
                    if self.desk.send(Command::Take(answer)).is_err() {
                        return Poll::Ready(None);
                    }
                    self.waiting.insert(answered)
                }
            };
            let granted = ready!(Pin::new(waiting).poll(cx));
            self.waiting = None;
            let Ok(granted) = granted else { return Poll::Ready(None) };
            if let Some(lease) = lease(&self.desk, &granted) {
                return Poll::Ready(Some(lease));
            }
        }
    }
}

/// So long from now. What has no end ends in thirty years, which is as far as timers go.
fn after(time: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);
    Instant::now() + time.min(LONGEST)
}

fn lease(desk: &Desk, granted: &Granted) -> Option<Lease> {
    let Granted { id, token, tries, at, stored, place } = granted;
    // Nobody may have asked for it since it was handed out.
    let Some(left) = desk.shared.lease.checked_sub(at.elapsed()) else {
        let _ = desk.send(Command::Settle { id: *id, token: *token, outcome: Outcome::NotHandedOut, done: None });
        return None;
    };
    let Some(event) = stored.event(*place) else {
        // Trying again changes nothing: a dead letter, which is listed as what it is.
        let outcome = Outcome::Rejected;
        let _ = desk.send(Command::Settle { id: *id, token: *token, outcome, done: None });
        return None;
    };
    Some(Lease { event, id: *id, token: *token, tries: *tries, ends: after(left), desk: Some(desk.clone()) })
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
        if let Ok(Granted { id, token, .. }) = waiting.try_recv() {
            let outcome = Outcome::NotHandedOut;
            let _ = self.desk.send(Command::Settle { id, token, outcome, done: None });
        }
    }
}
