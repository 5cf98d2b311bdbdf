//! The rules that hold for both engines.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use birdhook_core::codec::Format;
use birdhook_core::{Delivery, Event, EventKey};
use birdhook_engines_proof::engine::stored;
use birdhook_pipeline::EventSink;
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::seed::seed;
use birdhook_test_harness::servers::Server;
use birdhook_testkit::MockEventKind;
use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::fixture::{Message, Reader, batch, deliver_all, next, nothing, posts, report, reports, scene, sorted, take};

/// A server with a stream, and a connection to it.
pub(crate) trait Engine: Sized {
    type Sink: EventSink<Future: Send> + Clone + Send + Sync + 'static;
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
    /// Returns the number of messages that readers have not settled.
    async fn unsettled(&self) -> usize;
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
    whenever_the_server_is_killed_all_is_consumed_and_nothing_is_stored_twice;
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
            assert!(message.ack().await);
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
        assert!(message.ack().await);
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
        assert!(message.ack().await);
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

async fn what_is_extended_is_not_handed_out_meanwhile<E: Engine>() {
    let engine = E::start().await;
    deliver_all(&engine.sink_of(Format::Plain), &posts(5, 1)).await;
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
    assert!(again.ack().await);
    nothing(&mut other, 2_500).await;
}

/// Any call may fail before its reply arrives, on either side.
async fn whenever_the_server_is_killed_all_is_consumed_and_nothing_is_stored_twice<E: Engine>() {
    let seed = seed();
    let mut engine = E::start().await;
    let posts = posts(seed, 600);
    let keys: HashSet<_> = posts.iter().map(|post| post.events()[0].delivery_key()).collect();
    let sink = engine.sink_of(Format::Plain);
    let kills = Arc::new(AtomicU64::new(0));
    let killed = kills.clone();
    let publisher = tokio::spawn(async move {
        for (chunk, number) in posts.chunks(4).zip(0..) {
            // On a fast disk too, the server is killed while events are published.
            while killed.load(SeqCst) < number / 30 {
                sleep(Duration::from_millis(5)).await;
            }
            join_all(chunk.iter().map(|post| async {
                while sink.deliver(post.clone()).await.is_err() {
                    sleep(Duration::from_millis(5)).await;
                }
            }))
            .await;
        }
    });
    let (send, mut received) = tokio::sync::mpsc::unbounded_channel();
    let mut consumers = JoinSet::new();
    for _ in 0..2 {
        let (mut reader, send) = (engine.reader(Duration::from_millis(500)).await, send.clone());
        consumers.spawn(async move {
            loop {
                let Ok(message) = reader.read().await else { continue };
                send.send(message.dedupe_key()).unwrap();
                message.ack().await;
            }
        });
    }
    let (mut consumed, mut rng) = (HashSet::new(), fastrand::Rng::with_seed(seed));
    while consumed.len() < keys.len() {
        sleep(Duration::from_millis(rng.u64(20..120))).await;
        consumed.extend(std::iter::from_fn(|| received.try_recv().ok()));
        if !publisher.is_finished() && kills.load(SeqCst) < 8 {
            engine.server().restart();
            kills.fetch_add(1, SeqCst);
        }
    }
    publisher.await.unwrap();
    assert_eq!(consumed, keys);
    assert_eq!(stored(engine.server()).await, 600, "stored twice");
    let start = Instant::now();
    while engine.unsettled().await > 0 {
        assert!(start.elapsed() < TIMEOUT, "not settled");
        sleep(Duration::from_millis(20)).await;
    }
}
