//! Many senders and consumers at once, and the end of an inbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use birdhook_inbox::{Event, InboxSettings};
use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;

use crate::Tested;
use crate::support::backend::Backend;
use crate::support::clock::SetClock;
use crate::support::{PATIENCE, Receiver, consumers, deletions, inbox_settings, post, send, wait_until, webhook};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_event_is_leased_to_one_of_many_consumers() {
    const EVENTS: usize = 3000;
    let receiver = Receiver::new(inbox_settings()).await;
    let (seen, consumers) = consumers(&receiver.inbox, 16);
    let senders = (0..30).map(|sender| {
        let pipeline = receiver.pipeline.clone();
        tokio::spawn(async move {
            for number in 0..EVENTS / 30 {
                let number = (sender * EVENTS / 30 + number) as u64;
                assert_eq!(send(&pipeline, &deletions("7", [number])).await, 200);
            }
        })
    });
    join_all(senders).await.into_iter().for_each(|sent| sent.unwrap());
    wait_until(|| receiver.inbox.stats().acknowledged == EVENTS as u64).await;
    receiver.inbox.close(PATIENCE).await;
    consumers.join_all().await;
    let seen = seen.lock().unwrap();
    assert_eq!((seen.len(), seen.values().max()), (EVENTS, Some(&1)));
}

#[tokio::test]
async fn a_delivery_is_answered_without_a_consumer() {
    let receiver = Receiver::new(inbox_settings()).await;
    for thousand in 0..3 {
        let bodies: Vec<_> = (0..1000).map(|number| deletions("7", [thousand * 1000 + number])).collect();
        let answers = join_all(bodies.iter().map(|body| receiver.send(body))).await;
        assert!(answers.iter().all(|status| *status == 200));
    }
    assert_eq!(receiver.inbox.stats().depth, 3000);
    // A consumer that hangs does not block the sender either.
    let _held = receiver.next().await;
    assert_eq!(receiver.send(&deletions("7", [5000])).await, 200);
}

#[tokio::test]
async fn a_function_that_hangs_is_cancelled_when_its_lease_expires_and_called_again() {
    let receiver = Receiver::holding(short_lease(), [1]).await;
    let (calls, ended, inbox) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default(), receiver.inbox.clone());
    let (counted, ends) = (Arc::clone(&calls), Arc::clone(&ended));
    let handle = move |_: Event| {
        let (call, ended) = (counted.fetch_add(1, SeqCst), Ending(Arc::clone(&ends)));
        async move {
            let _ended = ended;
            if call < 2 {
                std::future::pending::<()>().await;
            }
            Ok::<_, ()>(())
        }
    };
    let running = tokio::spawn(async move { inbox.run(handle, 1).await });
    wait_until(|| receiver.inbox.stats().acknowledged == 1).await;
    assert_eq!((calls.load(SeqCst), ended.load(SeqCst)), (3, 3));
    receiver.inbox.close(PATIENCE).await;
    running.await.unwrap();
}

fn short_lease() -> InboxSettings {
    inbox_settings().lease(Duration::from_millis(50)).backoff(Duration::from_millis(1), Duration::from_millis(1))
}

/// Counts drops.
struct Ending(Arc<AtomicUsize>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[tokio::test]
async fn events_of_a_dropped_run_are_leased_again() {
    let receiver = Receiver::holding(inbox_settings().backoff(Duration::ZERO, Duration::ZERO), 1..=5).await;
    let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begins, ends) = (Arc::clone(&begun), Arc::clone(&ended));
    let handle = move |_: Event| {
        begins.fetch_add(1, SeqCst);
        let ending = Ending(Arc::clone(&ends));
        async move {
            let _ending = ending;
            std::future::pending::<Result<(), ()>>().await
        }
    };
    {
        let mut running = std::pin::pin!(receiver.inbox.run(handle, 3));
        tokio::select! {
            () = &mut running => unreachable!("the inbox is open"),
            () = wait_until(|| begun.load(SeqCst) == 3) => {}
        }
    }
    wait_until(|| ended.load(SeqCst) == 3).await;
    let mut attempts = Vec::new();
    for _ in 0..5 {
        attempts.push(receiver.ack_next().await);
    }
    attempts.sort_unstable();
    assert_eq!(attempts, [(1, 2), (2, 2), (3, 2), (4, 1), (5, 1)]);
}

#[tokio::test]
async fn run_never_exceeds_its_concurrency() {
    let receiver = Receiver::holding(inbox_settings(), 1..=40).await;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inbox, peak) = (receiver.inbox.clone(), Arc::clone(&most));
    let four = Arc::new(tokio::sync::Barrier::new(4));
    let handle = move |_: Event| {
        let (now, peak, four) = (Arc::clone(&now), Arc::clone(&peak), Arc::clone(&four));
        async move {
            peak.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            four.wait().await;
            now.fetch_sub(1, SeqCst);
            Ok::<_, ()>(())
        }
    };
    let running = tokio::spawn(async move { inbox.run(handle, 4).await });
    wait_until(|| receiver.inbox.stats().acknowledged == 40).await;
    assert_eq!(most.load(SeqCst), 4);
    receiver.inbox.close(PATIENCE).await;
    running.await.unwrap();
}

#[tokio::test]
async fn closing_waits_for_leased_events_and_leases_no_more() {
    let receiver = Receiver::holding(inbox_settings(), [1, 2]).await;
    let lease = receiver.next().await;
    let mut closing = receiver.inbox.close(PATIENCE).boxed();
    let mut closing_too = receiver.inbox.close(PATIENCE).boxed();
    assert!((&mut closing).now_or_never().is_none() && (&mut closing_too).now_or_never().is_none());
    assert_eq!(receiver.send(&deletions("7", [3])).await, 503);
    assert!(timeout(PATIENCE, receiver.inbox.recv()).await.unwrap().is_none());
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert!((&mut closing).now_or_never().is_none(), "an event is leased");
        assert!((&mut closing_too).now_or_never().is_none(), "an event is leased");
    }
    lease.ack().await.unwrap();
    timeout(PATIENCE, closing).await.unwrap();
    timeout(PATIENCE, closing_too).await.unwrap();
    let receiver = Receiver::open(&receiver.place, inbox_settings()).await;
    assert_eq!(post(&*receiver.next().await), 2);
}

#[tokio::test]
async fn closing_ends_after_its_patience() {
    let receiver = Receiver::holding(inbox_settings(), [1]).await;
    let lease = receiver.next().await;
    let started = Instant::now();
    receiver.inbox.close(Duration::from_millis(50)).await;
    assert!(started.elapsed() >= Duration::from_millis(50) && started.elapsed() < PATIENCE);
    assert!(lease.ack().await.is_err());
    let receiver = Receiver::open(&receiver.place, inbox_settings()).await;
    let lease = receiver.next().await;
    assert_eq!((post(&lease), lease.attempts()), (1, 2));
}

#[tokio::test]
async fn closing_ends_every_waiting_consumer() {
    let receiver = Receiver::new(inbox_settings()).await;
    let waiting: Vec<_> = (0..200)
        .map(|_| {
            let inbox = receiver.inbox.clone();
            tokio::spawn(async move { inbox.recv().await.is_none() })
        })
        .collect();
    tokio::task::yield_now().await;
    receiver.inbox.close(PATIENCE).await;
    let ended = timeout(PATIENCE, join_all(waiting)).await.unwrap();
    assert!(ended.into_iter().all(|ended| ended.unwrap()));
    assert!(receiver.inbox.leases().next().await.is_none());
    receiver.inbox.close(PATIENCE).await;
}

#[tokio::test]
async fn a_lease_keeps_the_inbox_open() {
    let place = Tested::create();
    let inbox = place.open(inbox_settings()).await.unwrap();
    let lease = {
        let receiver = Receiver::behind(&Tested::create(), inbox, webhook());
        receiver.send(&deletions("7", [1])).await;
        receiver.next().await
    };
    assert!(place.open(inbox_settings()).await.is_err(), "it is open");
    lease.ack().await.unwrap();
    let inbox = place.open(inbox_settings()).await.unwrap();
    assert_eq!(inbox.stats().depth, 0);
}

#[tokio::test]
async fn a_dropped_inbox_can_be_opened_again_at_once() {
    let place = Tested::create();
    for number in 0..100 {
        let inbox = place.open(inbox_settings()).await.unwrap();
        let receiver = Receiver::behind(&Tested::create(), inbox, webhook());
        assert_eq!(receiver.send(&deletions("7", [number])).await, 200);
    }
    assert_eq!(place.open(inbox_settings()).await.unwrap().stats().depth, 100);
}

#[tokio::test]
async fn a_lease_that_expired_before_it_was_received_is_not_yielded() {
    let receiver = Receiver::new(short_lease()).await;
    let mut slow = receiver.inbox.leases();
    assert!(slow.next().now_or_never().is_none());
    receiver.send(&deletions("7", [1])).await;
    // The event is reserved for the stream until its lease expires and another consumer gets it.
    let lease = receiver.next().await;
    assert_eq!((post(&lease), lease.attempts()), (1, 1), "no consumer had seen it");
    let late = slow.next().now_or_never().flatten();
    assert!(late.is_none(), "the lease expired in the stream");
    lease.ack().await.unwrap();
}

#[tokio::test]
async fn a_lease_can_be_extended_by_any_duration() {
    let clock = SetClock::at(1000 * SECOND);
    let receiver = Receiver::holding(inbox_settings().clock(clock.clone()), [1]).await;
    let mut lease = receiver.next().await;
    lease.extend(Duration::MAX).await.unwrap();
    clock.advance(1_000_000_000 * SECOND);
    assert!(receiver.is_quiet().await);
    lease.ack().await.unwrap();
}

/// The cost per event of a large delivery is about that of a small one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_events_of_a_large_delivery_are_leased_at_the_rate_of_small_ones() {
    let receiver = Receiver::holding(inbox_settings(), 0..10_000).await;
    assert_eq!(receiver.inbox.stats().depth, 10_000);
    let inbox = receiver.inbox.clone();
    let started = Instant::now();
    let running = tokio::spawn(async move { inbox.run(async |_: Event| Ok::<_, ()>(()), 64).await });
    let mut quarters = Vec::new();
    for quarter in 1..=4 {
        wait_until(|| receiver.inbox.stats().acknowledged >= quarter * 2500).await;
        quarters.push(started.elapsed());
    }
    println!("2,500 events each: {quarters:?}, {} commits", receiver.inbox.stats().commits);
    receiver.inbox.close(PATIENCE).await;
    running.await.unwrap();
}

/// Another opener holds the place, so the second opening waits.
#[tokio::test(flavor = "current_thread")]
async fn opening_does_not_block_other_tasks_while_it_waits_for_the_lock() {
    let place = Tested::create();
    let first = place.open(inbox_settings()).await.unwrap();
    let second = place.clone();
    let second = tokio::spawn(async move { second.open(inbox_settings()).await });
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(!second.is_finished());
    }
    first.close(Duration::ZERO).await;
    let second = timeout(PATIENCE, second).await.unwrap().unwrap();
    assert!(second.is_ok(), "{second:?}");
}

#[tokio::test]
async fn an_opening_that_is_dropped_leaves_the_place_free() {
    let place = Tested::create();
    let first = place.open(inbox_settings()).await.unwrap();
    let waited = timeout(Duration::from_millis(20), place.open(inbox_settings())).await;
    assert!(waited.is_err(), "{waited:?}");
    first.close(Duration::ZERO).await;
    assert!(place.open(inbox_settings()).await.is_ok());
}
