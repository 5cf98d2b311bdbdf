//! The buffer alone, without a writer.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on")]

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Wake;

use birdhook_core::Delivery;

use super::*;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A consumer of the buffer.
#[derive(Default)]
struct Consumer {
    ticket: Option<Ticket>,
    wakes: Arc<Wakes>,
}

impl Consumer {
    /// Returns the token of the event that it receives, or `Err` if it is closed. Second, whether the
    /// writer must be woken.
    fn poll(&mut self, prefetch: &Prefetch) -> (Poll<Option<u64>>, bool) {
        let waker = Waker::from(Arc::clone(&self.wakes));
        let (taken, must_wake) = prefetch.poll_take(&mut self.ticket, &Context::from_waker(&waker), || 5);
        (taken.map(|grant| grant.map(|grant| grant.lease.token)), must_wake)
    }

    fn take(&mut self, prefetch: &Prefetch) -> Option<u64> {
        match self.poll(prefetch).0 {
            Poll::Ready(token) => token,
            Poll::Pending => None,
        }
    }

    fn wakes(&self) -> usize {
        self.wakes.0.load(SeqCst)
    }
}

fn id(token: u64) -> EventId {
    EventId { batch: token, index: 0 }
}

/// A prefetched event whose id and token are equal numbers.
fn grant(token: u64, ordering_key: Option<u32>) -> Grant {
    let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#;
    let stored = Arc::new(Stored::new(Delivery::restore("shop", body, 1).unwrap()));
    Grant { lease: NewLease { id: id(token), token, attempts: 1, ordering_key }, stored, index: 0 }
}

fn ended(token: u64, ordering_key: Option<u32>, was_prefetched: bool) -> EndedLease {
    EndedLease { id: id(token), token, ordering_key, was_prefetched }
}

fn holding(tokens: impl IntoIterator<Item = u64>, ordering_key: Option<u32>) -> Prefetch {
    let prefetch = Prefetch::default();
    let grants = tokens.into_iter().map(|token| grant(token, ordering_key)).collect();
    prefetch.add(grants, (false, false), false);
    prefetch
}

#[test]
fn waiting_consumers_are_served_in_their_order_and_the_rest_is_kept() {
    let prefetch = Prefetch::default();
    let [mut first, mut second] = [Consumer::default(), Consumer::default()];
    assert!(first.poll(&prefetch).0.is_pending() && second.poll(&prefetch).0.is_pending());
    prefetch.add([1, 2, 3].map(|token| grant(token, None)).into(), (false, false), false);
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    assert_eq!(Consumer::default().take(&prefetch), Some(3), "1 and 2 are reserved");
    assert_eq!((second.take(&prefetch), first.take(&prefetch)), (Some(2), Some(1)));
    let received: Vec<_> = prefetch.collect().received.iter().map(|(lease, at)| (lease.token, *at)).collect();
    assert_eq!(received, [(3, 5), (2, 5), (1, 5)]);
    assert_eq!(prefetch.demand().bytes, 0);
}

#[test]
fn a_consumer_that_gives_up_leaves_nothing_behind_and_its_event_to_the_next() {
    let prefetch = Prefetch::default();
    let [mut first, mut gone, mut next] = [Consumer::default(), Consumer::default(), Consumer::default()];
    assert!(first.poll(&prefetch).0.is_pending());
    assert!(gone.poll(&prefetch).0.is_pending());
    prefetch.leave(gone.ticket.unwrap());
    assert!(next.poll(&prefetch).0.is_pending());
    assert_eq!(prefetch.demand().waiting, 2);
    prefetch.add(vec![grant(1, None)], (false, false), false);
    prefetch.leave(first.ticket.unwrap());
    assert_eq!((next.wakes(), next.take(&prefetch)), (1, Some(1)));
}

#[test]
fn the_next_event_of_a_subscriber_is_available_once_the_one_before_is_acknowledged() {
    let prefetch = holding([1, 2, 3], Some(7));
    let mut consumer = Consumer::default();
    assert_eq!(consumer.take(&prefetch), Some(1));
    assert!(consumer.poll(&prefetch).0.is_pending());
    assert_eq!(prefetch.ack(id(9), 9, Some(7)), Some(true), "a late acknowledgement of an earlier lease");
    assert_eq!(consumer.wakes(), 0);
    assert_eq!(prefetch.ack(id(1), 1, Some(7)), Some(false), "the writer knows of the first");
    assert_eq!((consumer.wakes(), consumer.take(&prefetch)), (1, Some(2)));
    assert_eq!(prefetch.collect().acks, [(id(9), 9), (id(1), 1)]);
}

#[test]
fn the_events_after_a_failed_one_go_back_and_are_not_available_meanwhile() {
    let prefetch = holding([1, 2, 3], Some(7));
    let mut consumer = Consumer::default();
    assert_eq!(consumer.take(&prefetch), Some(1));
    let recalls = [2, 3].map(|token| ended(token, Some(7), true));
    assert_eq!(prefetch.recall(recalls.into(), &[ended(1, Some(7), false)]), recalls);
    assert!(consumer.poll(&prefetch).0.is_pending());
    prefetch.add(vec![grant(4, Some(7))], (false, false), false);
    assert_eq!(consumer.take(&prefetch), Some(4));
}

#[test]
fn an_event_that_a_consumer_has_received_cannot_be_recalled() {
    let prefetch = holding([1, 2], None);
    let mut waiting = Consumer::default();
    assert_eq!(Consumer::default().take(&prefetch), Some(1));
    assert_eq!(prefetch.recall(vec![ended(1, None, true), ended(2, None, true)], &[]), [ended(2, None, true)]);
    assert!(waiting.poll(&prefetch).0.is_pending());
    prefetch.add(vec![grant(3, None)], (false, false), false);
    assert_eq!(prefetch.recall(vec![ended(3, None, true)], &[]).len(), 1, "it was only reserved");
    assert!(waiting.poll(&prefetch).0.is_pending(), "it waits again");
    prefetch.add(vec![grant(4, None)], (false, false), false);
    assert_eq!((waiting.wakes(), waiting.take(&prefetch)), (2, Some(4)));
}

#[test]
fn an_event_that_is_settled_in_the_buffer_is_removed_and_the_next_is_available() {
    let prefetch = holding([1, 2], Some(7));
    assert!(prefetch.recall(Vec::new(), &[ended(1, Some(7), true)]).is_empty());
    assert_eq!(Consumer::default().take(&prefetch), Some(2));
}

#[test]
fn the_writer_is_woken_once_when_half_of_the_events_are_gone() {
    let prefetch = Prefetch::default();
    prefetch.add((0..10).map(|token| grant(token, None)).collect(), (true, false), false);
    let woken: Vec<_> = (0..10).filter(|_| Consumer::default().poll(&prefetch).1).collect();
    assert_eq!(woken, [5]);
    assert_eq!(prefetch.due_in(), Duration::ZERO);
    assert!(prefetch.demand().is_used && !prefetch.demand().is_used);
}

#[test]
fn without_more_events_a_waiting_consumer_wakes_no_writer() {
    let prefetch = Prefetch::default();
    assert_eq!(Consumer::default().poll(&prefetch), (Poll::Pending, false));
    prefetch.add(Vec::new(), (true, false), false);
    assert_eq!(Consumer::default().poll(&prefetch), (Poll::Pending, true));
    assert_eq!(Consumer::default().poll(&prefetch), (Poll::Pending, false));
}

#[test]
fn an_acknowledgement_is_due_within_milliseconds_or_at_once_if_a_consumer_waits_for_it() {
    let prefetch = Prefetch::default();
    assert_eq!(prefetch.due_in(), Duration::MAX);
    assert_eq!(prefetch.ack(id(1), 1, None), Some(true));
    assert!(prefetch.due_in() <= ACK_DELAY);
    prefetch.collect();
    assert_eq!(prefetch.due_in(), Duration::MAX);
    prefetch.add(Vec::new(), (false, false), true);
    assert!(Consumer::default().poll(&prefetch).0.is_pending());
    assert_eq!(prefetch.ack(id(2), 2, None), Some(true));
    assert_eq!(prefetch.due_in(), Duration::ZERO);
}

#[test]
fn a_stopped_buffer_delivers_nothing_and_takes_acknowledgements_until_it_ends() {
    let prefetch = holding([1], None);
    let mut waiting = Consumer::default();
    assert_eq!(Consumer::default().take(&prefetch), Some(1));
    assert!(waiting.poll(&prefetch).0.is_pending());
    prefetch.stop();
    assert_eq!((waiting.wakes(), waiting.poll(&prefetch).0), (1, Poll::Ready(None)));
    assert_eq!(prefetch.ack(id(1), 1, None), Some(true));
    assert_eq!(prefetch.due_in(), Duration::ZERO, "closing does not wait for it");
    assert!(!prefetch.end_if_collected());
    prefetch.collect();
    assert!(prefetch.end_if_collected());
    assert_eq!(prefetch.ack(id(1), 1, None), None);
}
