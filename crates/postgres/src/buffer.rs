//! Events leased ahead of the consumers of this process, and the consumers that wait.

use std::collections::{BTreeMap, VecDeque};
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use birdhook_inbox::EventId;
use birdhook_inbox::backend::Grant;
use tokio::sync::Notify;
use tokio::time::Instant;

#[derive(Debug, Default)]
pub(crate) struct Buffer {
    inner: Mutex<Inner>,
    /// Notified when events are needed.
    pub(crate) demand: Notify,
    /// Notified when a consumer has settled its lease.
    pub(crate) settled: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    available: VecDeque<Grant>,
    waiting: BTreeMap<u64, Waker>,
    last_ticket: u64,
    /// The number of leases that consumers hold.
    held: usize,
    /// The number of events below which more are fetched.
    low: usize,
    /// Whether a consumer received an event since some were last added.
    is_used: bool,
    is_stopped: bool,
    /// The event that was leased alone and is not settled, and the end of its lease.
    alone: Option<(EventId, Instant)>,
}

/// What the consumers need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// Whether a consumer waits.
    pub(crate) is_waiting: bool,
    /// Whether the events that no consumer has received are few, and consumers receive some.
    pub(crate) is_low: bool,
    /// Whether an event that was leased alone is not settled.
    pub(crate) has_alone: bool,
    pub(crate) is_stopped: bool,
}

impl Buffer {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Receives the next event, `None` once the inbox is closed.
    pub(crate) fn poll_take(&self, ticket: &mut Option<u64>, cx: &Context<'_>) -> Poll<Option<Grant>> {
        let mut inner = self.inner();
        let old = ticket.take().and_then(|ticket| inner.waiting.remove(&ticket));
        if inner.is_stopped {
            return Poll::Ready(None);
        }
        let now = Instant::now();
        // An expired lease may be another consumer's by now.
        let taken = std::iter::from_fn(|| inner.available.pop_front()).find(|grant| grant.expires_at > now);
        let is_low = inner.available.len() <= inner.low;
        let result = if let Some(grant) = taken {
            inner.held += 1;
            inner.is_used = true;
            Poll::Ready(Some(grant))
        } else {
            inner.last_ticket += 1;
            let number = inner.last_ticket;
            *ticket = Some(number);
            inner.waiting.insert(number, cx.waker().clone());
            Poll::Pending
        };
        drop(inner);
        // Dropped without the lock: a waker may drop a task with a consumer.
        drop(old);
        if is_low {
            self.demand.notify_one();
        }
        result
    }

    /// Removes a consumer that waits no longer, and wakes another one for the event it was woken for.
    pub(crate) fn leave(&self, ticket: u64) {
        let mut inner = self.inner();
        let own = inner.waiting.remove(&ticket);
        let next = if own.is_none() && !inner.available.is_empty() { inner.waiting.pop_first() } else { None };
        drop(inner);
        drop(own);
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }

    /// Adds leased events, and wakes as many consumers. Returns the events if the inbox was closed.
    pub(crate) fn add(&self, grants: Vec<Grant>) -> Vec<Grant> {
        let mut inner = self.inner();
        if inner.is_stopped {
            return grants;
        }
        inner.low = grants.len() / 2;
        inner.is_used = false;
        inner.available.extend(grants);
        let number = inner.available.len().min(inner.waiting.len());
        let woken: Vec<Waker> = (0..number).filter_map(|_| Some(inner.waiting.pop_first()?.1)).collect();
        drop(inner);
        woken.into_iter().for_each(Waker::wake);
        Vec::new()
    }

    pub(crate) fn demand(&self) -> Demand {
        let inner = self.inner();
        Demand {
            is_waiting: !inner.waiting.is_empty(),
            is_low: inner.is_used && inner.available.len() <= inner.low,
            has_alone: inner.alone.is_some_and(|(_, until)| until > Instant::now()),
            is_stopped: inner.is_stopped,
        }
    }

    /// Records that a consumer has settled its lease.
    pub(crate) fn release(&self, id: EventId) {
        let mut inner = self.inner();
        inner.alone = inner.alone.filter(|(alone, _)| *alone != id);
        inner.held = inner.held.saturating_sub(1);
        drop(inner);
        self.settled.notify_waiters();
    }

    /// Adds an event whose last lease expired.
    pub(crate) fn add_alone(&self, grant: Grant) -> Vec<Grant> {
        self.inner().alone = Some((grant.id, grant.expires_at));
        self.add(vec![grant])
    }

    /// Returns the number of leases that consumers hold.
    pub(crate) fn held(&self) -> usize {
        self.inner().held
    }

    /// Gives out no more events. Returns those that no consumer has received.
    pub(crate) fn stop(&self) -> Vec<Grant> {
        let mut inner = self.inner();
        inner.is_stopped = true;
        let (left, waiting) = (take(&mut inner.available), take(&mut inner.waiting));
        drop(inner);
        waiting.into_values().for_each(Waker::wake);
        self.demand.notify_one();
        left.into()
    }
}
