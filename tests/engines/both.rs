//! The rules that hold for both engines.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use birdhook_core::codec::Format;
use birdhook_core::{Delivery, Event, EventKey};
use birdhook_engines_proof::engine::stored;
use birdhook_engines_proof::network::Proxy;
use birdhook_pipeline::{EventHandler, EventSink};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::servers::Server;
use birdhook_testkit::MockEventKind;
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::fixture::{
    Message, Reader, batch, deliver_all, deliver_posts, next, nothing, posts, report, reports, scene, sorted, take,
};

/// A server with a stream, and a connection to it.
pub(crate) trait Engine: Sized {
    type Sink: EventSink;
    type Reader: Reader;

    async fn start() -> Self;
    fn server(&mut self) -> &mut Server;
    /// Waits until a restarted server responds.
    async fn reconnected(&self);
    fn sink_of(&self, format: Format) -> Self::Sink;
    /// Returns a sink with its own connection.
    async fn other_sink(&self) -> Self::Sink;
    /// Returns a reader, to which an unsettled message is delivered again after this time.
    async fn reader(&self, lease: Duration) -> Self::Reader;
    /// Returns a reader with its own connection, through this port.
    async fn reader_at(port: u16, lease: Duration) -> Self::Reader;
    /// Returns the number of messages that readers have not settled.
    async fn unsettled(&self) -> usize;
    /// Returns the number of messages that were delivered to readers and not settled.
    async fn delivered(&self) -> usize;
    /// The attempts of an event that was fetched once and given back unseen, and is received.
    const GIVEN_BACK: u64;
    /// Checks the parts that only messages of this engine have.
    fn check(_message: &<Self::Reader as Reader>::Message, _event: &Event) {}
}

const MINUTE: Duration = Duration::from_secs(60);

/// Generates each test for both engines.
macro_rules! of_both {
    ($($name:ident;)*) => {
        of_both! { nats: $($name)* }
        of_both! { redis: $($name)* }
    };
    ($engine:ident: $($name:ident)*) => {
        mod $engine {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name::<crate::$engine::fixture::Engine>().await;
                }
            )*
        }
    };
}

of_both! {
    what_is_published_in_either_form_is_consumed_as_it_was;
    a_message_is_stored_once_for_each_dedupe_key;
    events_keep_their_dedupe_keys_when_others_are_removed;
    a_copy_is_stored_once_whichever_sink_takes_it;
    what_is_dropped_half_way_is_stored_once_in_the_end;
    what_is_extended_is_not_handed_out_meanwhile;
    what_is_acknowledged_never_comes_again_and_what_is_not_does;
    an_ack_takes_effect_without_another_call;
    flush_fails_while_the_engine_is_down_and_the_acks_arrive_later;
    one_consumer_in_turn_is_not_bound_by_a_round_trip_per_event;
    a_slow_consumer_leaves_events_to_others;
    the_lease_of_an_event_begins_when_the_app_receives_it;
    a_dropped_consumer_gives_its_events_back;
    an_event_that_kills_the_process_takes_no_other_event_along;
    acks_are_confirmed_before_an_event_that_may_kill_the_process;
    an_event_that_kills_a_handlers_process_runs_alone_afterwards;
    a_handler_gets_each_event_until_it_succeeds;
    an_engine_that_is_killed_again_and_again_loses_nothing_and_stores_nothing_twice;
}

async fn what_is_published_in_either_form_is_consumed_as_it_was<E: Engine>() {
    let engine = E::start().await;
    let mut reader = engine.reader(MINUTE).await;
    for (seed, format) in [(7, Format::Plain), (8, Format::CloudEvents)] {
        let mut scene = scene(seed);
        let unknown = format!(r#"{{"something":"new","of":["{seed}"]}}"#);
        let mut all = vec![batch(seed + 2, 5).0, Delivery::restore("shop", unknown, 10).unwrap()];
        for &kind in MockEventKind::ALL {
            for &source in kind.api_sources() {
                let body = scene.event(kind, "2001").reported_by(source).unwrap();
                all.push(Delivery::restore("shop é \"1\"", body, 10).unwrap());
            }
        }
        deliver_all(&engine.sink_of(format), &all).await;
        let events: Vec<_> = all.iter().flat_map(Delivery::events).collect();
        assert!(events.len() > 30, "{}", events.len());
        for event in events {
            let message = next(&mut reader).await;
            assert_eq!((report(&message), message.app(), message.kind()), (report(event), event.app(), event.kind()));
            assert_eq!((message.dedupe_key(), message.delivery_key()), (event.delivery_key(), event.delivery_key()));
            assert_eq!((message.raw().as_str(), message.attempts()), (event.raw().as_str(), 1));
            E::check(&message, event);
            assert!(message.ack_durable().await);
        }
        assert_eq!(engine.unsettled().await, 0, "everything is given back");
    }
    nothing(&mut reader, 100).await;
}

async fn a_message_is_stored_once_for_each_dedupe_key<E: Engine>() {
    let mut engine = E::start().await;
    let sink = engine.sink_of(Format::Plain);
    let (mut all, _) = batch(5, 4);
    let keys = [1, 2, 1, 3].map(|byte| EventKey::from([byte; 32]));
    all.set_dedupe_keys(|event| keys[event.index()]);
    deliver_all(&sink, &[all.clone()]).await;
    for mut other in posts(15, 2) {
        other.set_dedupe_keys(|_| keys[1]);
        deliver_all(&sink, &[other]).await;
    }
    let mut reader = engine.reader(MINUTE).await;
    for at in [0, 1, 3] {
        let message = next(&mut reader).await;
        assert_eq!((message.dedupe_key(), report(&message)), (keys[at], report(&all.events()[at])));
        assert!(message.ack_durable().await);
    }
    nothing(&mut reader, 100).await;
    assert_eq!(stored(engine.server()).await, 3, "the same key twice in one delivery is one event");
}

async fn events_keep_their_dedupe_keys_when_others_are_removed<E: Engine>() {
    let mut engine = E::start().await;
    let (mut all, _) = batch(16, 4);
    let keys = [1, 2, 3, 4].map(|byte| EventKey::from([byte; 32]));
    all.set_dedupe_keys(|event| keys[event.index()]);
    all.retain(|event| event.index() % 2 == 1);
    deliver_all(&engine.sink_of(Format::Plain), &[all.clone()]).await;
    assert_eq!(stored(engine.server()).await, 2);
    let mut reader = engine.reader(MINUTE).await;
    for (event, key) in all.events().iter().zip([keys[1], keys[3]]) {
        let message = next(&mut reader).await;
        assert_eq!((message.dedupe_key(), report(&message)), (key, report(event)));
        assert!(message.ack_durable().await);
    }
}

async fn a_copy_is_stored_once_whichever_sink_takes_it<E: Engine>() {
    let mut engine = E::start().await;
    let sinks = [engine.sink_of(Format::Plain), engine.other_sink().await, engine.sink_of(Format::Plain)];
    let first = posts(21, 20);
    for sink in &sinks {
        deliver_all(sink, &first).await;
    }
    assert_eq!(stored(engine.server()).await, 20);
    // Concurrently.
    let second = posts(22, 200);
    let copies = sinks.iter().flat_map(|sink| second.iter().map(|post| sink.deliver(post.clone())));
    join_all(copies).await.into_iter().for_each(Result::unwrap);
    assert_eq!(stored(engine.server()).await, 220);
    // The engine remembers the keys across a kill.
    engine.server().restart();
    engine.reconnected().await;
    deliver_all(&sinks[0], &second).await;
    let taken = take(&mut engine.reader(MINUTE).await, 220).await;
    assert_eq!(sorted(taken), sorted(reports(&[first, second].concat())));
    assert_eq!(engine.unsettled().await, 0);
}

async fn what_is_dropped_half_way_is_stored_once_in_the_end<E: Engine>() {
    let mut engine = E::start().await;
    let (delivery, _) = batch(24, 50);
    let sink = engine.sink_of(Format::Plain);
    for polls in 0..20 {
        let mut future = Box::pin(sink.deliver(delivery.clone()));
        for _ in 0..polls {
            if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    sink.deliver(delivery.clone()).await.unwrap();
    assert_eq!(stored(engine.server()).await, 50);
    let taken = take(&mut engine.reader(MINUTE).await, 50).await;
    assert_eq!(sorted(taken), sorted(reports(&[delivery])));
}

async fn what_is_acknowledged_never_comes_again_and_what_is_not_does<E: Engine>() {
    let engine = E::start().await;
    let posts = reports(&deliver_posts(&engine.sink_of(Format::Plain), 71, 20).await);
    let lease = Duration::from_millis(500);
    let mut gone = engine.reader(lease).await;
    assert_eq!(take(&mut gone, 1).await, posts[..1]);
    let (held, at) = (next(&mut gone).await, Instant::now());
    assert_eq!((report(&held), held.attempts()), (posts[1].clone(), 1));
    // Fetches more than it takes.
    let mut acknowledged = 2;
    while engine.delivered().await < 3 {
        assert_eq!(take(&mut gone, 1).await, posts[acknowledged..=acknowledged]);
        acknowledged += 1;
    }
    drop((gone, held));
    let mut reader = engine.reader(lease).await;
    let mut came = HashMap::new();
    while came.len() < 21 - acknowledged {
        let message = next(&mut reader).await;
        let is_held = report(&message) == posts[1];
        if is_held {
            assert!(at.elapsed() >= lease - Duration::from_millis(100), "{:?}", at.elapsed());
        }
        assert!(message.attempts() <= if is_held { 2 } else { E::GIVEN_BACK }, "{message:?}");
        came.insert(report(&message), message.attempts());
        assert!(message.ack_durable().await);
    }
    assert!(posts[acknowledged..].iter().chain(&posts[1..2]).all(|post| came.contains_key(post)));
    drop(reader);
    // Another reader does not receive the messages either.
    nothing(&mut engine.reader(lease).await, 1200).await;
    assert_eq!(engine.unsettled().await, 0);
}

async fn an_ack_takes_effect_without_another_call<E: Engine>() {
    let engine = E::start().await;
    deliver_posts(&engine.sink_of(Format::Plain), 31, 3).await;
    let mut reader = engine.reader(MINUTE).await;
    for _ in 0..3 {
        assert!(next(&mut reader).await.ack().await);
    }
    let all_confirmed = async { while engine.unsettled().await > 0 {} };
    timeout(TIMEOUT, all_confirmed).await.expect("the acknowledgements are sent");
}

async fn flush_fails_while_the_engine_is_down_and_the_acks_arrive_later<E: Engine>() {
    let mut engine = E::start().await;
    deliver_posts(&engine.sink_of(Format::Plain), 32, 2).await;
    let mut reader = engine.reader(MINUTE).await;
    let (one, two) = (next(&mut reader).await, next(&mut reader).await);
    // Not killed, because JetStream stores later that it has delivered the events.
    engine.server().stop();
    assert!(one.ack().await && two.ack().await, "they are queued");
    assert!(!timeout(TIMEOUT, reader.flush()).await.expect("it ends"));
    engine.server().restart();
    engine.reconnected().await;
    timeout(TIMEOUT, async { while !reader.flush().await {} }).await.expect("they are sent again");
    assert_eq!(engine.unsettled().await, 0);
}

/// A round trip takes 40 ms.
async fn one_consumer_in_turn_is_not_bound_by_a_round_trip_per_event<E: Engine>() {
    const EVENTS: usize = 200;
    let mut engine = E::start().await;
    let posts = reports(&deliver_posts(&engine.sink_of(Format::Plain), 33, EVENTS).await);
    let network = Proxy::start(vec![engine.server().port()]).await;
    let mut reader = E::reader_at(network.port(), MINUTE).await;
    let latency = Duration::from_millis(20);
    network.slow(latency);
    let start = Instant::now();
    assert_eq!(take(&mut reader, EVENTS).await, posts);
    let took = start.elapsed();
    assert!(took < latency * 2 * u32::try_from(EVENTS / 2).unwrap(), "{took:?}");
    assert_eq!(engine.unsettled().await, 0);
}

async fn a_slow_consumer_leaves_events_to_others<E: Engine>() {
    let engine = E::start().await;
    let posts = reports(&deliver_posts(&engine.sink_of(Format::Plain), 34, 10).await);
    let (mut slow, mut other) = (engine.reader(MINUTE).await, engine.reader(MINUTE).await);
    let held = next(&mut slow).await;
    assert_eq!(report(&held), posts[0]);
    assert_eq!(take(&mut other, 9).await, posts[1..]);
    // After a pause, one event is fetched at a time.
    nothing(&mut other, 100).await;
    let posts = reports(&deliver_posts(&engine.sink_of(Format::Plain), 35, 10).await);
    let first = next(&mut other).await;
    let rest = take(&mut slow, 9).await;
    assert_eq!(sorted([vec![report(&first)], rest].concat()), sorted(posts));
}

async fn the_lease_of_an_event_begins_when_the_app_receives_it<E: Engine>() {
    let engine = E::start().await;
    let posts = reports(&deliver_posts(&engine.sink_of(Format::Plain), 36, 60).await);
    let lease = Duration::from_secs(2);
    let (mut reader, mut other) = (engine.reader(lease).await, engine.reader(lease).await);
    let mut taken = take(&mut reader, 1).await;
    while engine.delivered().await == 0 {
        taken.extend(take(&mut reader, 1).await);
    }
    // One event stays in the buffer.
    let buffered = engine.delivered().await;
    taken.extend(take(&mut reader, buffered - 1).await);
    taken.extend(take(&mut other, posts.len() - taken.len() - 1).await);
    nothing(&mut other, 1_400).await;
    let message = next(&mut reader).await;
    assert_eq!(message.attempts(), 1, "it was in the buffer");
    nothing(&mut other, 1_400).await;
    taken.push(report(&message));
    assert!(message.ack_durable().await);
    assert_eq!(sorted(taken), sorted(posts));
    nothing(&mut other, 2_500).await;
}

/// Runs work with a reader in its own runtime, which then ends as if the process was killed.
async fn until_killed<E: Engine, T>(engine: &mut E, lease: Duration, work: impl AsyncFnOnce(&mut E::Reader) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let port = engine.server().port();
    let done = tokio::task::block_in_place(|| {
        runtime.block_on(async {
            let mut reader = E::reader_at(port, lease).await;
            let done = work(&mut reader).await;
            std::mem::forget(reader);
            done
        })
    });
    runtime.shutdown_background();
    done
}

/// Delivers many posts. Consuming them takes longer than the lease of the tests that need them.
async fn deliver_backlog(sink: &impl EventSink, seed: u64) -> Vec<String> {
    let deliveries: Vec<_> = (0..30).map(|at| batch(seed + at, 100).0).collect();
    deliver_all(sink, &deliveries).await;
    reports(&deliveries)
}

/// Much is fetched at once when the events of the killed process are due.
async fn an_event_that_kills_the_process_takes_no_other_event_along<E: Engine>() {
    const KILLS: u64 = 4;
    let mut engine = E::start().await;
    let posts = deliver_backlog(&engine.sink_of(Format::Plain), 1_000).await;
    let killer = &posts[300];
    let (mut attempts, mut kills) = (HashMap::new(), 0);
    while attempts.len() < posts.len() {
        until_killed(&mut engine, Duration::from_millis(600), async |reader| {
            while attempts.len() < posts.len() {
                let message = next(reader).await;
                if report(&message) == *killer && kills < KILLS {
                    kills += 1;
                    return;
                }
                sleep(Duration::from_millis(1)).await;
                attempts.insert(report(&message), message.attempts());
                assert!(message.ack().await);
            }
            assert!(reader.flush().await);
        })
        .await;
    }
    let killer = attempts.remove(killer).unwrap();
    assert!((KILLS + 1..=KILLS * E::GIVEN_BACK + 1).contains(&killer), "{killer}");
    let lost = attempts.values().filter(|&&attempts| attempts > 1).count();
    assert!(lost > 0, "no event was fetched together with it");
    // One attempt ended with the first kill. JetStream may have returned others with it once more.
    let most = attempts.values().max().unwrap();
    assert!(*most <= 1 + E::GIVEN_BACK, "{most}");
    assert_eq!(engine.unsettled().await, 0);
}

async fn acks_are_confirmed_before_an_event_that_may_kill_the_process<E: Engine>() {
    let mut engine = E::start().await;
    deliver_backlog(&engine.sink_of(Format::Plain), 3_000).await;
    let lease = Duration::from_millis(400);
    let received = async |reader: &mut E::Reader| {
        let message = next(reader).await;
        report(&message)
    };
    let killer = until_killed(&mut engine, lease, received).await;
    let mut reader = engine.reader(lease).await;
    loop {
        let message = next(&mut reader).await;
        if report(&message) == killer {
            break;
        }
        sleep(Duration::from_millis(1)).await;
        assert!(message.ack().await);
    }
    assert_eq!(engine.delivered().await, 1, "the others are acknowledged");
}

async fn an_event_that_kills_a_handlers_process_runs_alone_afterwards<E: Engine>() {
    const KILLS: usize = 4;
    let mut engine = E::start().await;
    let posts = deliver_backlog(&engine.sink_of(Format::Plain), 2_000).await;
    let killer = posts[300].clone();
    let done = Arc::<Mutex<HashSet<String>>>::default();
    // The number of events that were processed at the time of each kill.
    let kills = Arc::<Mutex<Vec<usize>>>::default();
    while done.lock().unwrap().len() < posts.len() {
        until_killed(&mut engine, Duration::from_millis(600), async |reader| {
            let (running, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
            let (all, kills, done) = (posts.len(), Arc::clone(&kills), Arc::clone(&done));
            let (killer, end) = (killer.clone(), Arc::clone(&ended));
            let handler = move |event: Event| {
                let is_killer = report(&event) == killer;
                let (running, kills, done) = (Arc::clone(&running), Arc::clone(&kills), Arc::clone(&done));
                let end = Arc::clone(&end);
                async move {
                    let others = running.fetch_add(1, SeqCst);
                    if is_killer && kills.lock().unwrap().len() < KILLS {
                        kills.lock().unwrap().push(others);
                        end.notify_one();
                        std::future::pending::<()>().await;
                    }
                    sleep(Duration::from_millis(8)).await;
                    running.fetch_sub(1, SeqCst);
                    let mut done = done.lock().unwrap();
                    done.insert(report(&event));
                    if done.len() == all {
                        end.notify_one();
                    }
                    Ok::<_, &str>(())
                }
            };
            // Dropping the future drops the events that are being processed.
            tokio::select! {
                () = reader.run(handler, 8, std::future::pending()) => {}
                () = ended.notified() => {}
            }
        })
        .await;
    }
    let kills = kills.lock().unwrap();
    // At the first time, nothing was known about it.
    assert_eq!(kills[1..], [0; KILLS - 1]);
}

async fn a_dropped_consumer_gives_its_events_back<E: Engine>() {
    let engine = E::start().await;
    let posts = reports(&deliver_posts(&engine.sink_of(Format::Plain), 39, 60).await);
    // Longer than `next` waits.
    let lease = TIMEOUT * 3;
    let mut gone = engine.reader(lease).await;
    let mut taken = take(&mut gone, 1).await;
    while engine.delivered().await == 0 {
        taken.extend(take(&mut gone, 1).await);
    }
    drop(gone);
    taken.extend(take(&mut engine.reader(lease).await, posts.len() - taken.len()).await);
    assert_eq!(sorted(taken), sorted(posts));
    assert_eq!(engine.unsettled().await, 0);
}

async fn what_is_extended_is_not_handed_out_meanwhile<E: Engine>() {
    let engine = E::start().await;
    deliver_posts(&engine.sink_of(Format::Plain), 5, 1).await;
    let lease = Duration::from_secs(2);
    let held = next(&mut engine.reader(lease).await).await;
    let mut other = engine.reader(lease).await;
    for _ in 0..30 {
        nothing(&mut other, 100).await;
        held.extend().await;
    }
    drop(held);
    let again = next(&mut other).await;
    assert_eq!(again.attempts(), 2, "extending is no try");
    assert!(again.ack_durable().await);
    nothing(&mut other, 2_500).await;
}

async fn a_handler_gets_each_event_until_it_succeeds<E: Engine>() {
    const CONCURRENCY: usize = 4;
    let engine = E::start().await;
    let posts = reports(&deliver_posts(&engine.sink_of(Format::Plain), 91, 30).await);
    let calls: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
    let (running, most, failures) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (of_calls, of_running, of_most, of_failures) =
        (Arc::clone(&calls), Arc::clone(&running), Arc::clone(&most), Arc::clone(&failures));
    let third = posts[2].clone();
    // The third event fails the first time, and panics the second time.
    let handler = move |event: Event| {
        let (calls, running, most) = (Arc::clone(&of_calls), Arc::clone(&of_running), Arc::clone(&of_most));
        let third = third.clone();
        async move {
            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            sleep(Duration::from_millis(5)).await;
            running.fetch_sub(1, SeqCst);
            let report = report(&event);
            let call = {
                let mut calls = calls.lock().unwrap();
                let call = calls.entry(report.clone()).or_default();
                *call += 1;
                *call
            };
            match call {
                1 if report == third => Err("no database"),
                2 if report == third => panic!("planted"),
                _ => Ok(()),
            }
        }
    };
    let handler = handler.on_error(move |_, error| {
        assert_eq!(*error, "no database");
        of_failures.fetch_add(1, SeqCst);
    });
    let of_calls = Arc::clone(&calls);
    let all = posts.len() + 2;
    let stop = async move {
        while of_calls.lock().unwrap().values().sum::<usize>() < all {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let mut reader = engine.reader(Duration::from_millis(1500)).await;
    timeout(TIMEOUT, reader.run(handler, CONCURRENCY, stop)).await.expect("it ends once it is stopped");
    let calls = calls.lock().unwrap().clone();
    let expected = posts.iter().map(|post| (post.clone(), if *post == posts[2] { 3 } else { 1 }));
    assert_eq!(calls, expected.collect());
    assert_eq!((failures.load(SeqCst), running.load(SeqCst)), (1, 0), "a panic is not an error, and nothing runs on");
    let most = most.load(SeqCst);
    assert!((2..=CONCURRENCY).contains(&most), "{most} at once");
    assert_eq!(engine.unsettled().await, 0, "the events that were being processed are acknowledged");
}

async fn an_engine_that_is_killed_again_and_again_loses_nothing_and_stores_nothing_twice<E: Engine>() {
    let mut engine = E::start().await;
    let seed = birdhook_test_harness::seed::seed();
    let (deliveries, mut random) = (posts(seed, 400), fastrand::Rng::with_seed(seed));
    let mut missing: HashSet<String> = reports(&deliveries).into_iter().collect();
    let (sink, mut reader) = (engine.sink_of(Format::Plain), engine.reader(Duration::from_secs(1)).await);
    let publishing = async {
        for delivery in &deliveries {
            while sink.deliver(delivery.clone()).await.is_err() {
                tokio::task::yield_now().await;
            }
        }
    };
    let consuming = async {
        while !missing.is_empty() {
            // An error: the server is gone for a moment.
            let Ok(message) = reader.read().await else { continue };
            let report = report(&message);
            // Unconfirmed acknowledgements are sent again.
            if message.ack().await {
                missing.remove(&report);
            }
        }
    };
    let killing = async {
        for _ in 0..6 {
            sleep(Duration::from_millis(random.u64(20..120))).await;
            engine.server().kill();
            engine.server().restart();
        }
    };
    let all = async { tokio::join!(publishing, consuming, killing) };
    timeout(TIMEOUT * 4, all).await.expect("everything is published and consumed");
    engine.reconnected().await;
    timeout(TIMEOUT, async { while !reader.flush().await {} }).await.expect("all are acknowledged in the end");
    assert_eq!(stored(engine.server()).await, 400);
    assert_eq!(engine.unsettled().await, 0);
}
