//! Forwarding events to another sink.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_inbox::{EventQuery, EventStatus, Order};
use birdhook_pipeline::{DedupeScope, Delivery, EventKey, EventSink, SinkError};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::{PATIENCE, Receiver, deletions, inbox_settings, post, posts, wait_until, webhook};

/// An event as the broker received it: its key, its subscriber and the post it is about.
type Taken = (EventKey, String, u64);

/// A message broker that can be unavailable.
#[derive(Clone, Default)]
struct Engine(Arc<Inside>);

#[derive(Default)]
struct Inside {
    taken: Mutex<Vec<Taken>>,
    is_down: AtomicBool,
    hangs: AtomicBool,
    refuses: Mutex<Option<u64>>,
    attempts: AtomicUsize,
    panics: AtomicUsize,
    is_fickle: AtomicBool,
}

impl EventSink for Engine {
    type Future = BoxFuture<'static, Result<(), SinkError>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        let inside = Arc::clone(&self.0);
        Box::pin(async move {
            let attempts = inside.attempts.fetch_add(1, SeqCst);
            assert!(attempts >= inside.panics.load(SeqCst), "the panic of the test");
            assert_eq!(delivery.events().len(), 1);
            let event = &delivery.events()[0];
            let is_fickle = inside.is_fickle.load(SeqCst);
            if is_fickle {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(..3))).await;
            }
            if inside.hangs.load(SeqCst) {
                std::future::pending::<()>().await;
            }
            if inside.is_down.load(SeqCst) || is_fickle && fastrand::u8(..4) == 0 {
                return Err(SinkError::failed("down"));
            }
            if *inside.refuses.lock().unwrap() == Some(post(event)) {
                return Err(SinkError::refused("too large"));
            }
            let taken = (event.dedupe_key(), event.subscriber().unwrap().to_owned(), post(event));
            inside.taken.lock().unwrap().push(taken);
            Ok(())
        })
    }
}

impl Engine {
    async fn has(&self, number: usize) -> Vec<Taken> {
        wait_until(|| self.0.taken.lock().unwrap().len() >= number).await;
        self.0.taken.lock().unwrap().clone()
    }
}

/// Closes the inbox, which ends its relay.
async fn end(receiver: Receiver, relaying: JoinHandle<()>) {
    receiver.close().await;
    relaying.await.unwrap();
}

async fn is_empty(receiver: &Receiver) {
    wait_until(|| receiver.inbox.stats().depth == 0).await;
}

#[tokio::test]
async fn an_event_that_the_sink_accepted_is_acknowledged_and_has_the_key_of_the_receiver() {
    let receiver = Receiver::new(inbox_settings()).await;
    let engine = Engine::default();
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
    assert_eq!(receiver.send(&deletions("7", 1..=100)).await, 200);
    let taken = engine.has(100).await;
    is_empty(&receiver).await;
    let delivery = Delivery::restore("default", deletions("7", 1..=100), 100).unwrap();
    let expected: HashMap<_, _> = delivery.events().iter().map(|event| (post(event), event.delivery_key())).collect();
    assert!(taken.iter().all(|(key, _, post)| *key == expected[post]));
    end(receiver, relaying).await;
}

#[tokio::test]
async fn keys_follow_the_dedupe_policy() {
    let settings = webhook().dedupe_scope(DedupeScope::Everywhere);
    let (engine, policy) = (Engine::default(), settings.dedupe_policy());
    let receiver = Receiver::with(settings).await;
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).dedupe_policy(policy).run());
    assert_eq!(receiver.send(&deletions("7", [1])).await, 200);
    let delivery = Delivery::restore("default", deletions("7", [1]), 1).unwrap();
    assert_eq!(engine.has(1).await[0].0, delivery.events()[0].delivery_key_in(DedupeScope::Everywhere));
    end(receiver, relaying).await;
}

#[tokio::test]
async fn an_unavailable_sink_costs_no_attempts() {
    let receiver = Receiver::new(inbox_settings().max_attempts(1).lease(Duration::from_millis(150))).await;
    let engine = Engine::default();
    engine.0.is_down.store(true, SeqCst);
    let (report, reported) = watch::channel(0);
    let on_error = move |error: &birdhook_inbox::RelayError<'_>| {
        assert!(!error.is_dead);
        report.send_modify(|most| *most = error.attempts.max(*most));
    };
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).on_error(on_error).concurrency(2).run());
    assert_eq!(receiver.send(&deletions("7", 1..=3)).await, 200);
    // Several times longer than the lease.
    tokio::time::timeout(PATIENCE, reported.clone().wait_for(|attempts| *attempts > 30)).await.unwrap().unwrap();
    let stats = receiver.inbox.stats();
    assert_eq!((stats.depth, stats.leased, stats.dead), (3, 2, 0), "two are forwarded at a time, and each waits");
    engine.0.is_down.store(false, SeqCst);
    let taken = engine.has(3).await;
    is_empty(&receiver).await;
    assert_eq!(taken.len(), 3, "each of them once");
    end(receiver, relaying).await;
}

#[tokio::test]
async fn a_sink_that_hangs_is_called_again() {
    let receiver = Receiver::new(inbox_settings().lease(Duration::from_millis(200))).await;
    let engine = Engine::default();
    engine.0.hangs.store(true, SeqCst);
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
    assert_eq!(receiver.send(&deletions("7", [1])).await, 200);
    wait_until(|| engine.0.attempts.load(SeqCst) >= 3).await;
    engine.0.hangs.store(false, SeqCst);
    engine.has(1).await;
    is_empty(&receiver).await;
    end(receiver, relaying).await;
}

#[tokio::test]
async fn a_sink_that_panics_does_not_end_the_relay() {
    let receiver = Receiver::new(inbox_settings().backoff(Duration::ZERO, Duration::ZERO)).await;
    let engine = Engine::default();
    engine.0.panics.store(3, SeqCst);
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).concurrency(2).run());
    assert_eq!(receiver.send(&deletions("7", 1..=3)).await, 200);
    assert_eq!(engine.has(3).await.len(), 3);
    is_empty(&receiver).await;
    end(receiver, relaying).await;
}

#[tokio::test]
async fn an_event_that_the_sink_refuses_is_a_dead_letter_and_delays_no_other() {
    let receiver = Receiver::new(inbox_settings().order(Order::BySubscriber)).await;
    let engine = Engine::default();
    *engine.0.refuses.lock().unwrap() = Some(2);
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
    assert_eq!(receiver.send(&deletions("7", 1..=3)).await, 200);
    assert_eq!(engine.has(2).await.iter().map(|taken| taken.2).collect::<Vec<_>>(), [1, 3]);
    is_empty(&receiver).await;
    let dead = receiver.list(EventQuery::all().status(EventStatus::Dead)).await;
    assert_eq!(posts(&dead), [2]);
    assert_eq!(engine.0.attempts.load(SeqCst), 3, "it is not retried");
    *engine.0.refuses.lock().unwrap() = None;
    receiver.inbox.requeue([dead[0].id]).await.unwrap();
    assert_eq!(engine.has(3).await[2].2, 2);
    end(receiver, relaying).await;
}

#[tokio::test]
async fn closing_does_not_wait_for_an_unavailable_sink_and_counts_no_attempt() {
    let receiver = Receiver::new(inbox_settings()).await;
    let engine = Engine::default();
    engine.0.is_down.store(true, SeqCst);
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
    assert_eq!(receiver.send(&deletions("7", 1..=3)).await, 200);
    // By now the delays between attempts are long.
    wait_until(|| engine.0.attempts.load(SeqCst) >= 20).await;
    let closed = receiver.inbox.close(PATIENCE);
    tokio::time::timeout(Duration::from_millis(900), closed).await.expect("waiting events are released at once");
    relaying.await.unwrap();
    let receiver = receiver.reopen(inbox_settings()).await;
    for expected in 1..=3 {
        let lease = receiver.next().await;
        assert_eq!((post(&lease), lease.attempts()), (expected, 1));
    }
}

#[tokio::test]
async fn an_event_that_was_accepted_but_not_acknowledged_is_forwarded_again_with_the_same_key() {
    let receiver = Receiver::new(inbox_settings()).await;
    let engine = Engine::default();
    assert_eq!(receiver.send(&deletions("7", [1])).await, 200);
    // Simulates the end of the process between the sink's `Ok` and the acknowledgement.
    let lease = receiver.next().await;
    let key = lease.delivery_key();
    let receiver = receiver.reopen(inbox_settings()).await;
    drop(lease);
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
    assert_eq!(engine.has(1).await[0].0, key);
    end(receiver, relaying).await;
}

#[tokio::test]
async fn the_events_of_each_subscriber_arrive_in_order_through_a_failing_sink() {
    let seed = birdhook_test_harness::seed::seed();
    fastrand::seed(seed);
    let settings = || inbox_settings().order(Order::BySubscriber);
    let mut receiver = Receiver::new(settings()).await;
    let engine = Engine::default();
    engine.0.is_fickle.store(true, SeqCst);
    let mut relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
    for round in 0..10 {
        for subscriber in 1..=10 {
            let posts = round * 3 + 1..=round * 3 + 3;
            assert_eq!(receiver.send(&deletions(&subscriber.to_string(), posts)).await, 200);
        }
        if round % 5 == 4 {
            receiver = receiver.reopen(settings()).await;
            relaying.await.unwrap();
            relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
        }
    }
    is_empty(&receiver).await;
    let mut last = HashMap::new();
    let mut seen = HashMap::new();
    for (key, subscriber, post) in engine.has(300).await {
        // A restart may repeat the last event.
        if seen.insert(key, ()).is_none() {
            let before = last.insert(subscriber.clone(), post).unwrap_or(0);
            assert_eq!(post, before + 1, "of {subscriber}, seed {seed}");
        }
    }
    assert_eq!(seen.len(), 300);
    end(receiver, relaying).await;
}
