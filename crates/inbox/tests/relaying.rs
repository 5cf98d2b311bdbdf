//! Forwarding events to another sink.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{PATIENCE, Receiver, deletions, options, post, webhook};
use birdhook_inbox::{EventQuery, EventStatus, Inbox, Order};
use birdhook_pipeline::{DedupeScope, Delivery, EventKey, EventSink, Keys, SinkError};
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, watch};

/// An event as the broker received it: its key, its subscriber and the post it is about.
type Taken = (EventKey, String, u64);

/// A message broker that can be unavailable.
#[derive(Clone, Default)]
struct Engine(Arc<Inside>);

#[derive(Default)]
struct Inside {
    taken: Mutex<Vec<Taken>>,
    grows: Notify,
    is_down: AtomicBool,
    hangs: AtomicBool,
    refuses: Mutex<Option<u64>>,
    attempts: AtomicUsize,
    panics: AtomicUsize,
    is_fickle: AtomicBool,
}

impl EventSink for Engine {
    type Future = BoxFuture<'static, Result<(), SinkError>>;

    fn deliver(&self, _: Delivery) -> Self::Future {
        panic!("keys are given")
    }

    fn deliver_keyed(&self, delivery: Delivery, keys: Keys<'_>) -> Self::Future {
        let inside = Arc::clone(&self.0);
        let keys: Vec<_> = keys.collect();
        Box::pin(async move {
            let attempts = inside.attempts.fetch_add(1, SeqCst);
            assert!(attempts >= inside.panics.load(SeqCst), "the panic of the test");
            assert_eq!((keys.len(), delivery.events().len()), (1, 1));
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
            let taken = (keys[0], event.subscriber().unwrap().to_owned(), post(event));
            inside.taken.lock().unwrap().push(taken);
            inside.grows.notify_waiters();
            Ok(())
        })
    }
}

impl Engine {
    async fn has(&self, number: usize) -> Vec<Taken> {
        self.until(|inside| inside.taken.lock().unwrap().len() >= number).await;
        self.0.taken.lock().unwrap().clone()
    }

    async fn was_tried(&self, times: usize) {
        self.until(|inside| inside.attempts.load(SeqCst) >= times).await;
    }

    async fn until(&self, is_so: impl Fn(&Inside) -> bool) {
        let waited = async {
            while !is_so(&self.0) {
                let _ = tokio::time::timeout(Duration::from_millis(5), self.0.grows.notified()).await;
            }
        };
        tokio::time::timeout(PATIENCE, waited).await.unwrap();
    }
}

async fn depth(inbox: &Inbox, expected: usize) {
    let waited = async {
        while inbox.stats().depth != expected {
            inbox.requeue([]).await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.unwrap();
}

#[tokio::test]
async fn what_the_engine_has_taken_is_acknowledged_and_has_the_key_that_the_receiver_knows_it_by() {
    let receiver = Receiver::new(options());
    let (engine, running) = (Engine::default(), receiver.inbox.clone());
    let relaying = tokio::spawn(running.relay(engine.clone()).run());
    assert_eq!(receiver.send(&deletions("7", 1..=100)).await, 200);
    let taken = engine.has(100).await;
    depth(&receiver.inbox, 0).await;
    let delivery = Delivery::restore("default", deletions("7", 1..=100), 100).unwrap();
    let expected: HashMap<_, _> = delivery.events().iter().map(|event| (post(event), event.delivery_key())).collect();
    for (key, _, post) in taken {
        assert_eq!(key, expected[&post]);
    }
    receiver.close().await;
    relaying.await.unwrap();
}

#[tokio::test]
async fn keys_are_as_the_receiver_is_set_to() {
    let settings = webhook().dedupe_scope(DedupeScope::Everywhere);
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let inbox = options().open(folder.path()).unwrap();
    let engine = Engine::default();
    let relaying = tokio::spawn(inbox.relay(engine.clone()).dedupe_policy(settings.dedupe_policy()).run());
    let receiver = Receiver::behind(&folder, inbox, settings);
    assert_eq!(receiver.send(&deletions("7", [1])).await, 200);
    let delivery = Delivery::restore("default", deletions("7", [1]), 1).unwrap();
    assert_eq!(engine.has(1).await[0].0, delivery.events()[0].delivery_key_in(DedupeScope::Everywhere));
    receiver.close().await;
    relaying.await.unwrap();
}

#[tokio::test]
async fn an_engine_that_is_gone_for_long_costs_no_event_a_try() {
    let receiver = Receiver::new(options().max_attempts(1).lease(Duration::from_millis(150)));
    let engine = Engine::default();
    engine.0.is_down.store(true, SeqCst);
    let (told, troubles) = watch::channel(0);
    let tell = move |trouble: &birdhook_inbox::RelayError<'_>| {
        assert!(!trouble.is_dead);
        told.send_modify(|most| *most = trouble.attempts.max(*most));
    };
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).on_trouble(tell).concurrency(2).run());
    assert_eq!(receiver.send(&deletions("7", 1..=3)).await, 200);
    // Several times longer than the lease.
    tokio::time::timeout(PATIENCE, troubles.clone().wait_for(|attempts| *attempts > 30)).await.unwrap().unwrap();
    let stats = receiver.inbox.stats();
    assert_eq!((stats.depth, stats.leased, stats.dead), (3, 2, 0), "two at a time, and each waits");
    engine.0.is_down.store(false, SeqCst);
    let taken = engine.has(3).await;
    depth(&receiver.inbox, 0).await;
    assert_eq!(taken.len(), 3, "each of them once");
    receiver.close().await;
    relaying.await.unwrap();
}

#[tokio::test]
async fn an_engine_that_hangs_is_tried_again() {
    let receiver = Receiver::new(options().lease(Duration::from_millis(200)));
    let engine = Engine::default();
    engine.0.hangs.store(true, SeqCst);
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
    assert_eq!(receiver.send(&deletions("7", [1])).await, 200);
    engine.was_tried(3).await;
    engine.0.hangs.store(false, SeqCst);
    engine.has(1).await;
    depth(&receiver.inbox, 0).await;
    receiver.close().await;
    relaying.await.unwrap();
}

#[tokio::test]
async fn an_engine_that_panics_does_not_end_the_relay() {
    let receiver = Receiver::new(options().backoff(Duration::ZERO, Duration::ZERO));
    let engine = Engine::default();
    engine.0.panics.store(3, SeqCst);
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).concurrency(2).run());
    assert_eq!(receiver.send(&deletions("7", 1..=3)).await, 200);
    assert_eq!(engine.has(3).await.len(), 3);
    depth(&receiver.inbox, 0).await;
    receiver.close().await;
    relaying.await.unwrap();
}

#[tokio::test]
async fn what_the_engine_refuses_is_a_dead_letter_and_holds_nothing_up() {
    let receiver = Receiver::new(options().order(Order::BySubscriber));
    let engine = Engine::default();
    *engine.0.refuses.lock().unwrap() = Some(2);
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
    assert_eq!(receiver.send(&deletions("7", 1..=3)).await, 200);
    assert_eq!(engine.has(2).await.iter().map(|taken| taken.2).collect::<Vec<_>>(), [1, 3]);
    depth(&receiver.inbox, 0).await;
    let dead = receiver.inbox.list(EventQuery::all().status(EventStatus::Dead)).await.unwrap();
    assert_eq!(dead.iter().map(|listed| post(listed.event.as_ref().unwrap())).collect::<Vec<_>>(), [2]);
    assert_eq!(engine.0.attempts.load(SeqCst), 3, "it is not tried again");
    *engine.0.refuses.lock().unwrap() = None;
    receiver.inbox.requeue([dead[0].id]).await.unwrap();
    assert_eq!(engine.has(3).await[2].2, 2);
    receiver.close().await;
    relaying.await.unwrap();
}

#[tokio::test]
async fn closing_does_not_wait_for_an_engine_that_is_gone_and_counts_no_try() {
    let receiver = Receiver::new(options());
    let engine = Engine::default();
    engine.0.is_down.store(true, SeqCst);
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
    assert_eq!(receiver.send(&deletions("7", 1..=3)).await, 200);
    // By now the delays between attempts are long.
    engine.was_tried(20).await;
    let closed = receiver.inbox.close(PATIENCE);
    tokio::time::timeout(Duration::from_millis(900), closed).await.expect("what waits is given back at once");
    relaying.await.unwrap();
    let receiver = receiver.reopen(options()).await;
    for expected in 1..=3 {
        let lease = receiver.next().await;
        assert_eq!((post(&lease), lease.attempts()), (expected, 1));
    }
}

#[tokio::test]
async fn what_was_taken_but_not_acknowledged_is_handed_on_again_under_the_same_key() {
    let receiver = Receiver::new(options());
    let engine = Engine::default();
    assert_eq!(receiver.send(&deletions("7", [1])).await, 200);
    // Simulates the end of the process between the sink's `Ok` and the acknowledgement.
    let lease = receiver.next().await;
    let key = lease.delivery_key();
    let receiver = receiver.reopen(options()).await;
    drop(lease);
    let relaying = tokio::spawn(receiver.inbox.relay(engine.clone()).run());
    assert_eq!(engine.has(1).await[0].0, key);
    receiver.close().await;
    relaying.await.unwrap();
}

#[tokio::test]
async fn each_subscribers_events_arrive_in_order_however_the_engine_behaves() {
    let seed = birdhook_test_harness::seed::seed();
    fastrand::seed(seed);
    let settings = || options().order(Order::BySubscriber);
    let mut receiver = Receiver::new(settings());
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
    depth(&receiver.inbox, 0).await;
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
    receiver.close().await;
    relaying.await.unwrap();
}
