//! Events leased ahead of the consumers, the consumers that wait, and what both report to the
//! writer.
//!
//! All consumers share one buffer, so that none of them holds events that another could process. A
//! consumer receives an event and acknowledges it under the buffer's lock, without the writer. The
//! writer collects both before its next commit.

use std::collections::{BTreeMap, HashMap};
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::faults;
use crate::id::EventId;
use crate::storage::record::Stored;
use crate::writer::index::{EndedLease, NewLease};

#[derive(Debug, Default)]
pub(crate) struct Prefetch(Mutex<Inner>);

/// A prefetched event.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) lease: NewLease,
    pub(crate) stored: Arc<Stored>,
    /// The event's index among those stored of its delivery.
    pub(crate) index: usize,
}

impl Grant {
    fn bytes(&self) -> usize {
        self.stored.size()
    }
}

/// The place of a consumer in the queue. Given by [`Prefetch::poll_take`].
pub(crate) type Ticket = u64;

#[derive(Debug, Default)]
struct Inner {
    /// Events that any consumer may receive now. Empty while a consumer waits.
    available: BTreeMap<EventId, Grant>,
    /// With `Order::BySubscriber`, the subscribers with an event here or at a consumer.
    lines: HashMap<u32, Line>,
    /// Events that wait for the one before them, and the bytes of all events here.
    following: usize,
    bytes: usize,
    /// The consumers that wait, in the order in which they came, and the events reserved for those
    /// that were woken.
    waiting: BTreeMap<Ticket, Waker>,
    reserved: HashMap<Ticket, Grant>,
    last_ticket: Ticket,
    /// Events that consumers received, with the time, and acknowledged since the last collection.
    received: Vec<(NewLease, u64)>,
    acks: Vec<(EventId, u64)>,
    /// When the first of `acks` was queued.
    acked_at: Option<Instant>,
    /// Whether a consumer waits for the writer to apply `acks`.
    is_urgent: bool,
    /// The number of events below which the writer adds more: available and following ones.
    low: (usize, usize),
    /// Whether the writer has an available event, and one that an acknowledgement makes available.
    has_ready: bool,
    has_blocked: bool,
    /// Whether the writer was woken since it last looked, and a consumer received an event since
    /// the writer last added some.
    was_woken: bool,
    is_used: bool,
    /// Whether consumers receive no more events, and acknowledgements are refused.
    is_stopped: bool,
    is_ended: bool,
}

/// The events of one subscriber: the first is available, reserved or at a consumer.
#[derive(Debug)]
struct Line {
    first: u64,
    rest: BTreeMap<EventId, Grant>,
}

/// The consumers' actions since the last collection.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    pub(crate) received: Vec<(NewLease, u64)>,
    /// The ids and tokens of acknowledged leases.
    pub(crate) acks: Vec<(EventId, u64)>,
}

/// The number of events that consumers can use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// The number of consumers that wait.
    pub(crate) waiting: usize,
    pub(crate) available: usize,
    pub(crate) following: usize,
    pub(crate) bytes: usize,
    /// Whether a consumer waits, or has received an event since the writer last added some.
    pub(crate) is_used: bool,
}

/// The delay before queued acknowledgements are committed, unless a commit comes earlier. With the
/// commit itself, they are on disk within 5 ms.
const ACK_DELAY: Duration = Duration::from_millis(3);

impl Prefetch {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Receives the next event: `None` once the inbox is closed. Also returns whether the caller
    /// must wake the writer.
    pub(crate) fn poll_take(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &Context<'_>,
        now: impl FnOnce() -> u64,
    ) -> (Poll<Option<Grant>>, bool) {
        let mut inner = self.inner();
        if inner.is_stopped {
            *ticket = None;
            return (Poll::Ready(None), false);
        }
        let reserved = ticket.and_then(|ticket| inner.reserved.remove(&ticket));
        if reserved.is_none()
            && let Some(waker) = ticket.and_then(|ticket| inner.waiting.get_mut(&ticket))
        {
            // Dropped without the lock, as everywhere: a waker may drop a task with a consumer.
            let old = std::mem::replace(waker, cx.waker().clone());
            drop(inner);
            drop(old);
            return (Poll::Pending, false);
        }
        // An event that was reserved for too long has gone back; the consumer then queues again.
        *ticket = None;
        let Some(grant) = reserved.or_else(|| inner.available.pop_first().map(|(_, grant)| grant)) else {
            inner.last_ticket += 1;
            let number = inner.last_ticket;
            *ticket = Some(number);
            inner.waiting.insert(number, cx.waker().clone());
            let is_awaited = !inner.acks.is_empty() && inner.following == 0;
            let is_newly_urgent = inner.has_blocked && is_awaited && inner.set_urgent();
            return (Poll::Pending, inner.must_wake() || is_newly_urgent);
        };
        inner.bytes -= grant.bytes();
        inner.received.push((grant.lease, now()));
        inner.is_used = true;
        (Poll::Ready(Some(grant)), inner.must_wake())
    }

    /// Removes a consumer that waits no longer. An event reserved for it goes to the next one.
    pub(crate) fn leave(&self, ticket: Ticket) {
        let mut inner = self.inner();
        let own = inner.waiting.remove(&ticket);
        let grant = inner.reserved.remove(&ticket);
        let next = grant.and_then(|grant| inner.make_available(grant));
        drop(inner);
        drop(own);
        next.into_iter().for_each(Waker::wake);
    }

    /// Queues an acknowledgement. Returns whether the caller must wake the writer; `None` if the
    /// inbox is closed.
    pub(crate) fn ack(&self, id: EventId, token: u64, ordering_key: Option<u32>) -> Option<bool> {
        let mut inner = self.inner();
        if inner.is_ended {
            return None;
        }
        inner.acks.push((id, token));
        let (is_next, waker) = ordering_key.map_or((false, None), |key| inner.promote(key, token));
        let is_first = inner.acked_at.is_none();
        inner.acked_at.get_or_insert_with(Instant::now);
        let is_awaited = inner.is_stopped || inner.has_blocked && !is_next && !inner.waiting.is_empty();
        let is_newly_urgent = is_awaited && inner.set_urgent();
        drop(inner);
        waker.into_iter().for_each(Waker::wake);
        faults::point("ack-queued");
        Some(is_first || is_newly_urgent)
    }

    /// Returns the delay after which the writer must commit for the consumers' sake.
    pub(crate) fn due_in(&self) -> Duration {
        let mut inner = self.inner();
        inner.was_woken = false;
        if inner.is_urgent || inner.needs_more() {
            return Duration::ZERO;
        }
        inner.acked_at.map_or(Duration::MAX, |at| ACK_DELAY.saturating_sub(at.elapsed()))
    }

    /// Returns what consumers did since the last call.
    pub(crate) fn collect(&self) -> Reports {
        let mut inner = self.inner();
        (inner.acked_at, inner.is_urgent) = (None, false);
        Reports { received: take(&mut inner.received), acks: take(&mut inner.acks) }
    }

    /// Returns the number of received events that are not collected yet.
    pub(crate) fn uncollected(&self) -> usize {
        self.inner().received.len()
    }

    /// Takes back events that no consumer has received yet, and returns those that it took. Then
    /// makes the events available that follow the ended leases.
    pub(crate) fn recall(&self, recalls: Vec<EndedLease>, ended: &[EndedLease]) -> Vec<EndedLease> {
        let mut inner = self.inner();
        let recalled: Vec<_> = recalls.into_iter().filter(|lease| inner.remove(lease)).collect();
        ended.iter().filter(|lease| lease.was_prefetched).for_each(|lease| _ = inner.remove(lease));
        let mut wakers = Vec::new();
        for lease in recalled.iter().chain(ended) {
            wakers.extend(lease.ordering_key.and_then(|key| inner.promote(key, lease.token).1));
        }
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
        recalled
    }

    /// Returns how many events consumers can use.
    pub(crate) fn demand(&self) -> Demand {
        let mut inner = self.inner();
        inner.was_woken = false;
        let is_used = take(&mut inner.is_used) || !inner.waiting.is_empty();
        let (waiting, available) = (inner.waiting.len(), inner.available.len());
        Demand { waiting, available, following: inner.following, bytes: inner.bytes, is_used }
    }

    /// Adds events. `has_more` is whether the writer has more of them: events that are available,
    /// and ones that can follow others. `has_blocked` is whether an acknowledgement can make one
    /// available.
    pub(crate) fn add(&self, grants: Vec<Grant>, has_more: (bool, bool), has_blocked: bool) {
        let (mut inner, mut wakers) = (self.inner(), Vec::new());
        for grant in grants {
            inner.bytes += grant.bytes();
            wakers.extend(inner.add(grant));
        }
        let half = |has_more: bool, count: usize| if has_more { count / 2 } else { 0 };
        inner.low = (half(has_more.0, inner.available.len()), half(has_more.1, inner.following));
        (inner.has_ready, inner.has_blocked) = (has_more.0, has_blocked);
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ends all waiting consumers. No consumer receives an event from now on.
    pub(crate) fn stop(&self) {
        let mut inner = self.inner();
        inner.is_stopped = true;
        // Acknowledgements end the closing, so they must not wait.
        inner.is_urgent |= !inner.acks.is_empty();
        let mut wakers: Vec<_> = take(&mut inner.waiting).into_values().collect();
        drop(inner);
        wakers.drain(..).for_each(Waker::wake);
    }

    /// Refuses acknowledgements from now on.
    pub(crate) fn end(&self) {
        self.inner().is_ended = true;
    }

    /// Refuses acknowledgements from now on if none is queued. Returns whether it does.
    pub(crate) fn end_if_collected(&self) -> bool {
        let mut inner = self.inner();
        inner.is_ended |= inner.acks.is_empty() && inner.received.is_empty();
        inner.is_ended
    }
}

impl Inner {
    fn add(&mut self, grant: Grant) -> Option<Waker> {
        let NewLease { id, token, ordering_key, .. } = grant.lease;
        if let Some(key) = ordering_key {
            if let Some(line) = self.lines.get_mut(&key) {
                line.rest.insert(id, grant);
                self.following += 1;
                return None;
            }
            self.lines.insert(key, Line { first: token, rest: BTreeMap::new() });
        }
        self.make_available(grant)
    }

    /// Reserves the event for the consumer that has waited the longest, and returns its waker.
    fn make_available(&mut self, grant: Grant) -> Option<Waker> {
        match self.waiting.pop_first() {
            Some((ticket, waker)) => {
                self.reserved.insert(ticket, grant);
                Some(waker)
            }
            None => {
                self.available.insert(grant.lease.id, grant);
                None
            }
        }
    }

    /// Makes the next event of a subscriber available if the lease of the first one has ended.
    /// Returns whether there is a next one, and a consumer to wake.
    fn promote(&mut self, ordering_key: u32, token: u64) -> (bool, Option<Waker>) {
        let Some(line) = self.lines.get_mut(&ordering_key).filter(|line| line.first == token) else {
            return (false, None);
        };
        let Some((_, next)) = line.rest.pop_first() else {
            self.lines.remove(&ordering_key);
            return (false, None);
        };
        line.first = next.lease.token;
        self.following -= 1;
        (true, self.make_available(next))
    }

    /// Removes an event that no consumer has received.
    fn remove(&mut self, lease: &EndedLease) -> bool {
        let is_it = |grant: &Grant| grant.lease.token == lease.token;
        if let Some(available) = self.available.remove(&lease.id) {
            if is_it(&available) {
                self.bytes -= available.bytes();
                return true;
            }
            self.available.insert(lease.id, available);
        }
        let ticket = self.reserved.iter().find(|(_, grant)| is_it(grant)).map(|(ticket, _)| *ticket);
        if let Some(reserved) = ticket.and_then(|ticket| self.reserved.remove(&ticket)) {
            self.bytes -= reserved.bytes();
            return true;
        }
        let line = lease.ordering_key.and_then(|key| self.lines.get_mut(&key));
        let Some(following) = line.and_then(|line| line.rest.remove(&lease.id)) else { return false };
        self.following -= 1;
        self.bytes -= following.bytes();
        true
    }

    /// Has the writer apply the acknowledgements at once. Returns whether it would have waited.
    fn set_urgent(&mut self) -> bool {
        !std::mem::replace(&mut self.is_urgent, true)
    }

    fn needs_more(&self) -> bool {
        let is_low = self.available.len() < self.low.0 || self.following < self.low.1;
        !self.is_stopped && (is_low || self.has_ready && !self.waiting.is_empty())
    }

    fn must_wake(&mut self) -> bool {
        self.needs_more() && !std::mem::replace(&mut self.was_woken, true)
    }
}

#[cfg(test)]
mod tests;
