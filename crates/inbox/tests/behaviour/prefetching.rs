//! Events that are leased ahead of the consumers, and queued acknowledgements.

use std::collections::HashMap;
use std::time::Duration;

use birdhook_inbox::{Closed, EventQuery, EventStatus, Lease, Order};
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;

use crate::support::clock::SetClock;
use crate::support::{PATIENCE, Receiver, deletions, inbox_settings, post, wait_until};

const SECOND: Duration = Duration::from_secs(1);

fn clock() -> SetClock {
    SetClock::at(Duration::from_secs(1_000_000))
}

/// Returns the next event if one is available now.
async fn available(receiver: &Receiver) -> Option<Lease> {
    let mut leases = receiver.inbox.leases();
    let asked = receiver.read_the_clock();
    tokio::select! {
        biased;
        lease = leases.recv() => lease,
        () = asked => None,
    }
}

#[tokio::test]
async fn one_commit_leases_many_events_and_acknowledges_them() {
    let receiver = Receiver::holding(inbox_settings(), 0..200).await;
    let before = receiver.inbox.stats().commits;
    for number in 0..200 {
        assert_eq!(receiver.ack_next().await, (number, 1));
    }
    receiver.inbox.flush().await.unwrap();
    let commits = receiver.inbox.stats().commits - before;
    assert!(commits < 50, "{commits} commits");
    assert_eq!(receiver.inbox.stats().depth, 0);
}

#[tokio::test]
async fn without_prefetching_each_event_is_leased_with_a_commit_of_its_own() {
    let receiver = Receiver::holding(inbox_settings().prefetch(0), 1..=5).await;
    let before = receiver.inbox.stats().commits;
    for number in 1..=5 {
        let lease = receiver.next().await;
        assert_eq!((post(&lease), receiver.inbox.stats().commits), (number, before + number));
        std::mem::forget(lease);
    }
}

#[tokio::test]
async fn a_prefetched_event_is_listed_as_ready_without_an_attempt() {
    let receiver = Receiver::holding(inbox_settings(), [1, 2, 3]).await;
    let held = receiver.next().await;
    assert_eq!(receiver.inbox.stats().leased, 1);
    let listed = receiver.list(EventQuery::all()).await;
    let listed: Vec<_> = listed.iter().map(|listed| (listed.status, listed.attempts)).collect();
    assert_eq!(listed, [(EventStatus::Leased, 1), (EventStatus::Ready, 0), (EventStatus::Ready, 0)]);
    let stats = receiver.inbox.stats();
    assert_eq!((stats.depth, stats.leased), (3, 1));
    held.ack().await.unwrap();
}

#[tokio::test]
async fn the_lease_of_a_prefetched_event_starts_when_a_consumer_receives_it() {
    let clock = clock();
    let settings = inbox_settings().clock(clock.clone()).lease(30 * SECOND).backoff(SECOND, SECOND);
    let receiver = Receiver::holding(settings, [1, 2]).await;
    let first = receiver.next().await;
    clock.advance(20 * SECOND);
    let second = receiver.next().await;
    assert!(second.expires_at() >= tokio::time::Instant::now() + 29 * SECOND);
    clock.advance(20 * SECOND);
    receiver.read_the_clock().await;
    let statuses: Vec<_> = receiver.list(EventQuery::all()).await.iter().map(|listed| listed.status).collect();
    assert_eq!(statuses, [EventStatus::Waiting, EventStatus::Leased]);
    clock.advance(10 * SECOND);
    receiver.read_the_clock().await;
    let listed = receiver.list(EventQuery::all()).await;
    assert!(listed.iter().all(|listed| listed.status != EventStatus::Leased && listed.attempts == 1), "{listed:?}");
    drop((first, second));
}

#[tokio::test]
async fn a_lease_that_ends_in_the_buffer_goes_back_and_counts_no_attempt() {
    let clock = clock();
    let settings = inbox_settings().clock(clock.clone()).lease(30 * SECOND).max_attempts(1);
    let receiver = Receiver::holding(settings, [1, 2]).await;
    receiver.next().await.ack_durable().await.unwrap();
    for _ in 0..3 {
        clock.advance(31 * SECOND);
        receiver.read_the_clock().await;
    }
    assert_eq!(receiver.inbox.stats().dead, 0);
    assert_eq!(receiver.ack_next().await, (2, 1));
}

#[tokio::test]
async fn closing_returns_prefetched_events_without_an_attempt_and_keeps_queued_acknowledgements() {
    for patience in [Duration::ZERO, PATIENCE] {
        let receiver = Receiver::holding(inbox_settings(), 1..=10).await;
        assert_eq!(receiver.ack_next().await, (1, 1));
        receiver.inbox.close(patience).await;
        let receiver = Receiver::open(&receiver.place, inbox_settings()).await;
        for number in 2..=10 {
            assert_eq!(receiver.ack_next().await, (number, 1), "{patience:?}");
        }
        receiver.inbox.flush().await.unwrap();
        assert_eq!(receiver.inbox.stats().depth, 0, "{patience:?}");
    }
}

#[tokio::test]
async fn dropping_the_inbox_keeps_queued_acknowledgements() {
    let receiver = Receiver::holding(inbox_settings(), [1, 2]).await;
    assert_eq!(receiver.ack_next().await, (1, 1));
    let place = receiver.place.clone();
    drop(receiver);
    let receiver = Receiver::open(&place, inbox_settings()).await;
    assert_eq!(receiver.ack_next().await, (2, 1));
}

#[tokio::test]
async fn a_queued_acknowledgement_is_on_disk_soon_without_another_command() {
    let receiver = Receiver::holding(inbox_settings(), [1]).await;
    assert_eq!(receiver.ack_next().await, (1, 1));
    wait_until(|| receiver.inbox.stats().acknowledged == 1).await;
}

#[tokio::test]
async fn a_closed_inbox_refuses_acknowledgements_and_flushes() {
    let receiver = Receiver::holding(inbox_settings(), [1, 2]).await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    receiver.inbox.close(Duration::ZERO).await;
    assert_eq!(first.ack().await, Err(Closed));
    assert_eq!(second.ack_durable().await, Err(Closed));
    assert_eq!(receiver.inbox.flush().await, Err(Closed));
}

#[tokio::test]
async fn two_consumers_share_the_events_that_one_commit_leased() {
    let receiver = Receiver::holding(inbox_settings(), 1..=4).await;
    let (mut one, mut other) = (receiver.inbox.leases(), receiver.inbox.leases());
    for expected in [1, 3] {
        let (first, second) = (one.recv().await.unwrap(), other.recv().await.unwrap());
        assert_eq!((post(&first), post(&second)), (expected, expected + 1));
        first.ack().await.unwrap();
        second.ack().await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_consumer_leaves_prefetched_events_to_the_others() {
    let receiver = Receiver::holding(inbox_settings(), 1..=3).await;
    let mut one = receiver.inbox.leases();
    one.recv().await.unwrap().ack().await.unwrap();
    drop(one);
    assert_eq!(receiver.ack_next().await, (2, 1));
    assert_eq!(receiver.ack_next().await, (3, 1));
}

/// Subscriber 7 has events 1 to 3, subscriber 8 has 4.
async fn ordered(clock: &SetClock) -> Receiver {
    let settings = inbox_settings().clock(clock.clone()).order(Order::BySubscriber).lease(30 * SECOND);
    let receiver = Receiver::holding(settings, [1, 2, 3]).await;
    receiver.send(&deletions("8", [4])).await;
    receiver
}

#[tokio::test]
async fn in_order_the_next_event_is_received_once_the_one_before_is_acknowledged() {
    let clock = clock();
    let receiver = ordered(&clock).await;
    let (one, four) = (receiver.next().await, receiver.next().await);
    assert_eq!((post(&one), post(&four)), (1, 4));
    assert!(available(&receiver).await.is_none(), "2 waits for 1");
    // In this process, it is enough that the acknowledgement is queued.
    one.ack().await.unwrap();
    let two = receiver.inbox.recv().now_or_never().flatten().unwrap();
    assert_eq!((post(&two), two.attempts()), (2, 1));
    four.ack().await.unwrap();
    two.ack_durable().await.unwrap();
    assert_eq!(receiver.ack_next().await, (3, 1));
}

#[tokio::test]
async fn in_order_the_events_after_a_failed_one_go_back_unseen() {
    let clock = clock();
    let receiver = ordered(&clock).await;
    let (one, four) = (receiver.next().await, receiver.next().await);
    one.nack(10 * SECOND).await.unwrap();
    assert!(available(&receiver).await.is_none());
    let listed = receiver.list(EventQuery::all()).await;
    let attempts: Vec<_> = listed.iter().map(|listed| listed.attempts).collect();
    assert_eq!(attempts, [1, 0, 0, 1]);
    clock.advance(10 * SECOND);
    assert_eq!(receiver.ack_next().await, (1, 2));
    assert_eq!(receiver.ack_next().await, (2, 1));
    assert_eq!(receiver.ack_next().await, (3, 1));
    four.ack().await.unwrap();
}

#[tokio::test]
async fn in_order_the_events_after_an_expired_one_go_back_unseen() {
    let clock = clock();
    let receiver = ordered(&clock).await;
    let (one, four) = (receiver.next().await, receiver.next().await);
    clock.advance(29 * SECOND);
    receiver.read_the_clock().await;
    clock.advance(SECOND);
    assert!(available(&receiver).await.is_none(), "1 waits for its retry");
    clock.advance(SECOND);
    let again = available(&receiver).await.unwrap();
    assert_eq!((post(&again), again.attempts()), (1, 2));
    // A late acknowledgement of the first lease counts, and 2 may follow.
    one.ack().await.unwrap();
    receiver.inbox.flush().await.unwrap();
    let mut next = Vec::new();
    while let Some(lease) = available(&receiver).await {
        next.push((post(&lease), lease.attempts()));
        lease.ack().await.unwrap();
    }
    next.sort_unstable();
    assert_eq!(next, [(2, 1), (3, 1), (4, 2)]);
    drop((again, four));
}

#[tokio::test]
async fn in_order_an_extended_lease_keeps_the_next_event_waiting() {
    let clock = clock();
    let receiver = ordered(&clock).await;
    let mut one = receiver.next().await;
    receiver.ack_next().await;
    one.extend(1000 * SECOND).await.unwrap();
    clock.advance(500 * SECOND);
    assert!(available(&receiver).await.is_none());
    one.ack().await.unwrap();
    assert_eq!(receiver.ack_next().await, (2, 1));
}

#[tokio::test]
async fn in_order_a_requeued_event_comes_before_prefetched_later_ones() {
    let clock = clock();
    let receiver = ordered(&clock).await;
    let one = receiver.next().await;
    let id = one.id();
    one.reject().await.unwrap();
    let two = receiver.next().await;
    assert_eq!(post(&two), 2);
    assert_eq!(receiver.inbox.requeue([id]).await, Ok(1));
    two.ack().await.unwrap();
    let mut next = Vec::new();
    while let Some(lease) = available(&receiver).await {
        next.push(post(&lease));
        lease.ack().await.unwrap();
    }
    let of_seven: Vec<_> = next.into_iter().filter(|post| *post != 4).collect();
    assert_eq!(of_seven, [1, 3]);
}

/// Slow events of one subscriber do not delay the others.
#[tokio::test]
async fn in_order_a_subscriber_with_many_events_leaves_room_for_others() {
    let clock = clock();
    let settings = inbox_settings().clock(clock.clone()).order(Order::BySubscriber).prefetch(8);
    let receiver = Receiver::holding(settings, 1..=100).await;
    let held = receiver.next().await;
    for subscriber in 8..=20 {
        receiver.send(&deletions(&subscriber.to_string(), [1000 + subscriber])).await;
    }
    for subscriber in 8..=20 {
        assert_eq!(receiver.ack_next().await, (1000 + subscriber, 1));
    }
    held.ack().await.unwrap();
}

#[tokio::test]
async fn a_purged_or_discarded_event_is_not_delivered_from_the_buffer() {
    for order in [Order::Unordered, Order::BySubscriber] {
        let receiver = Receiver::holding(inbox_settings().order(order), [1, 2, 3]).await;
        receiver.send(&deletions("8", [4])).await;
        let one = receiver.next().await;
        let listed = receiver.list(EventQuery::all()).await;
        assert_eq!(receiver.inbox.discard([listed[1].id]).await, Ok(1));
        one.ack().await.unwrap();
        let mut next = vec![receiver.ack_next().await.0, receiver.ack_next().await.0];
        next.sort_unstable();
        assert_eq!(next, [3, 4], "{order:?}");

        receiver.send(&deletions("7", 5..=9)).await;
        receiver.send(&deletions("8", [10])).await;
        let five = receiver.next().await;
        assert_eq!((post(&five), receiver.inbox.purge("7").await.unwrap()), (5, 5));
        assert_eq!(receiver.ack_next().await.0, 10, "{order:?}");
        assert!(available(&receiver).await.is_none(), "{order:?}");
        five.ack().await.unwrap();
    }
}

/// Several consumers, failures, expired leases and restarts at random: each subscriber's events are
/// first received in order, and one at a time.
#[tokio::test]
async fn in_order_no_consumer_receives_an_event_while_an_earlier_one_is_open() {
    let seed = birdhook_test_harness::seed::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let clock = clock();
    let settings = || {
        let settings = inbox_settings().clock(clock.clone()).order(Order::BySubscriber).lease(30 * SECOND);
        settings.prefetch(10).max_attempts(u32::MAX).backoff(SECOND, SECOND)
    };
    let mut receiver = Receiver::new(settings()).await;
    let (mut number, mut held) = (0, Vec::<(Lease, bool)>::new());
    let (mut open, mut acknowledged) = (HashMap::<String, Vec<u64>>::new(), 0);
    for step in 0..1500 {
        match random.u8(..20) {
            0..3 if number < 400 => {
                let (subscriber, count) = (random.u32(1..4).to_string(), random.u64(1..6));
                receiver.send(&deletions(&subscriber, number..number + count)).await;
                open.entry(subscriber).or_default().extend(number..number + count);
                number += count;
            }
            3..9 => {
                let Some(lease) = receiver.inbox.recv().now_or_never().flatten() else { continue };
                let subscriber = lease.subscriber().unwrap().to_owned();
                assert_eq!(open[&subscriber].first(), Some(&post(&lease)), "seed {seed}, step {step}: the oldest");
                let others = held.iter().filter(|(_, is_valid)| *is_valid);
                let mut others = others.filter(|(other, _)| other.subscriber() == Some(&subscriber));
                assert!(others.next().is_none(), "seed {seed}, step {step}: one at a time");
                held.push((lease, true));
            }
            9..15 if !held.is_empty() => {
                let (lease, is_valid) = held.swap_remove(random.usize(..held.len()));
                if random.u8(..4) > 0 {
                    let of = open.get_mut(lease.subscriber().unwrap()).unwrap();
                    let before = of.len();
                    of.retain(|other| *other != post(&lease));
                    acknowledged += before - of.len();
                    // The event may be leased again meanwhile.
                    held.iter_mut().for_each(|(other, is_valid)| *is_valid &= other.id() != lease.id());
                    if random.bool() { lease.ack().await.unwrap() } else { lease.ack_durable().await.unwrap() }
                } else if is_valid && random.bool() {
                    lease.release().await.unwrap();
                } else {
                    lease.nack(None).await.unwrap();
                }
            }
            15 => {
                clock.advance(random.u32(..20) * SECOND);
                receiver.read_the_clock().await;
                let listed = receiver.list(EventQuery::all().limit(usize::MAX)).await;
                let leased = |id| listed.iter().any(|one| one.id == id && one.status == EventStatus::Leased);
                held.iter_mut().for_each(|(lease, is_valid)| *is_valid &= leased(lease.id()));
            }
            16 if random.u8(..8) == 0 => {
                receiver.inbox.flush().await.unwrap();
                held.clear();
                receiver = receiver.reopen(settings()).await;
            }
            _ => receiver.read_the_clock().await,
        }
    }
    held.clear();
    let mut leases = receiver.inbox.leases();
    while acknowledged < number as usize {
        clock.advance(SECOND);
        receiver.read_the_clock().await;
        while let Some(lease) = leases.next().now_or_never().flatten() {
            let of = open.get_mut(lease.subscriber().unwrap()).unwrap();
            assert_eq!(of.remove(0), post(&lease), "seed {seed}, at last");
            acknowledged += 1;
            lease.ack().await.unwrap();
        }
    }
    receiver.inbox.flush().await.unwrap();
    assert_eq!(receiver.inbox.stats().depth, 0, "seed {seed}");
}

#[tokio::test]
async fn a_task_that_consumes_a_backlog_lets_others_run() {
    let receiver = Receiver::holding(inbox_settings(), 0..1000).await;
    let inbox = receiver.inbox.clone();
    let consuming = tokio::spawn(async move {
        for _ in 0..1000 {
            inbox.recv().await.unwrap().ack().await.unwrap();
        }
    });
    let mut turns = 0;
    while !consuming.is_finished() {
        tokio::task::yield_now().await;
        turns += 1;
    }
    timeout(PATIENCE, consuming).await.unwrap().unwrap();
    assert!(turns > 5, "{turns} turns");
    assert_eq!(receiver.list(EventQuery::all().status(EventStatus::Ready)).await.len(), 0);
}
