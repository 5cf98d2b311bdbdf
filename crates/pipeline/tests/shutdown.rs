//! Shutdown: refused requests, waiting and the report.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::support::{
    SECRET, asking, assert_took, begin_signed, deleted, deliver, get, halting, ids, incoming, pending, read_to_end,
    webhook, whole,
};
use birdhook_pipeline::{Backlog, Delivery, EventSink, HeadResult, Outcome, RequestHead, SinkError};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn deliveries_are_rejected_and_challenges_answered() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let before = get(&pipeline, "crc_token=abc");
    assert!(pipeline.health().ready);
    assert!(pipeline.shutdown(SECOND).await.is_empty());
    assert!(!pipeline.health().ready);
    let HeadResult::Reply(reply) = begin_signed(&pipeline, SECRET, &deleted(&["1"])) else { panic!("not refused") };
    assert_eq!((reply.outcome(), reply.status()), (Outcome::ShuttingDown, 503));
    assert!(reply.headers().any(|header| header == ("retry-after", "3")));
    let after = get(&pipeline, "crc_token=abc");
    assert_eq!((after.status(), after.outcome()), (200, Outcome::ChallengeAnswered));
    assert_eq!(after.body(), before.body());
    assert!(after.headers().any(|header| header == ("content-type", "application/json")));
    let health = pipeline.health();
    assert_eq!((health.in_flight, health.unanswered, health.answered(Outcome::ShuttingDown)), (0, 0, 1));
    let HeadResult::Reply(reply) = pipeline.begin(&RequestHead::new("POST", "/", None)) else { panic!("not refused") };
    assert_eq!(reply.status(), 401, "a stranger hears the same as ever");
}

/// Also while the shutdown still waits, and for clones of the pipeline.
#[tokio::test(start_paused = true)]
async fn deliveries_are_rejected_as_soon_as_the_shutdown_begins() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    let body = deleted(&["1"]);
    let in_flight = incoming(&pipeline, &body);
    let shutdown = pending(pipeline.shutdown(SECOND));
    assert_eq!(deliver(&pipeline.clone(), &deleted(&["2"])).await, Outcome::ShuttingDown);
    assert_eq!(get(&pipeline, "crc_token=abc").status(), 200);
    assert_eq!(pipeline.receive(in_flight, whole(&body)).await.outcome(), Outcome::Accepted);
    let (left, delivery) = tokio::join!(shutdown, deliveries.recv());
    assert!(left.is_empty());
    assert_eq!(ids(&delivery.unwrap()), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn deliveries_in_flight_complete_before_the_channel_ends() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    let body = deleted(&["2", "3"]);
    let slow = whole(&body).chain(stream::once(async {
        sleep(2 * SECOND).await;
        Ok(Bytes::new())
    }));
    let started = Instant::now();
    let reader = timeout(60 * SECOND, async {
        let mut seen = Vec::new();
        while let Some(delivery) = deliveries.recv().await {
            seen.extend(ids(&delivery));
            sleep(SECOND).await;
        }
        seen
    });
    let receiving = pipeline.receive(incoming(&pipeline, &body), slow);
    let (reply, left, seen) = tokio::join!(receiving, pipeline.shutdown(10 * SECOND), reader);
    let seen = seen.expect("the channel does not end");
    assert_eq!((reply.outcome(), left.is_empty()), (Outcome::Accepted, true));
    assert_eq!(seen, ["1", "2", "3"]);
    assert_took(started, 3 * SECOND);
    assert!(deliveries.recv().await.is_none(), "the pipeline is still there, and the end is the end");
    drop(pipeline);
}

#[tokio::test(start_paused = true)]
async fn events_are_drained_one_by_one() {
    let (pipeline, deliveries) = webhook().channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2", "3"])).await, Outcome::Accepted);
    let mut events = deliveries.events();
    let mut shutdown = pipeline.shutdown(10 * SECOND).boxed();
    for _ in 0..3 {
        assert!((&mut shutdown).now_or_never().is_none());
        events.recv().await.unwrap();
    }
    assert!(shutdown.now_or_never().is_some_and(|left| left.is_empty()));
    assert!(events.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn unconsumed_events_are_reported() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    for body in [&["1"][..], &["2", "3"], &["4"]] {
        assert_eq!(deliver(&pipeline, &deleted(body)).await, Outcome::Accepted);
    }
    deliveries.recv().await.unwrap();
    let started = Instant::now();
    let left = pipeline.shutdown(5 * SECOND).await;
    assert_took(started, 5 * SECOND);
    assert!(!left.is_empty());
    assert_eq!((left.in_flight, left.unconsumed.deliveries, left.unconsumed.events), (0, 2, 3));
    // Not lost if the process continues.
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["2", "3"]);
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["4"]);
    assert!(deliveries.recv().await.is_none());
    assert!(pipeline.shutdown(SECOND).await.is_empty(), "called again, it sees that");
}

/// A delivery of which one event was consumed still counts as unconsumed.
#[tokio::test(start_paused = true)]
async fn the_unread_events_of_a_delivery_are_reported() {
    for (name, read, consumer_is_dropped, patience, expected) in [
        ("one was read", 1, false, SECOND, SECOND),
        ("the consumer is dropped between two events", 1, true, 60 * SECOND, Duration::ZERO),
        ("without patience", 0, false, Duration::ZERO, Duration::ZERO),
    ] {
        let (pipeline, deliveries) = webhook().channel(8);
        assert_eq!(deliver(&pipeline, &deleted(&["1", "2", "3"])).await, Outcome::Accepted);
        let mut events = deliveries.events();
        for _ in 0..read {
            events.recv().await.unwrap();
        }
        let _events = Some(events).filter(|_| !consumer_is_dropped);
        let started = Instant::now();
        let left = pipeline.shutdown(patience).await;
        assert_took(started, expected);
        assert_eq!((left.in_flight, left.unconsumed), (0, Backlog { deliveries: 1, events: 3 - read }), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn deliveries_still_in_flight_are_reported() {
    let (pipeline, mut asked) = asking(webhook().deadline(60 * SECOND));
    let hanging = pending(deliver(&pipeline, &deleted(&["1"])));
    let reading = incoming(&pipeline, &deleted(&["2"]));
    let started = Instant::now();
    let left = pipeline.shutdown(5 * SECOND).await;
    assert_took(started, 5 * SECOND);
    assert_eq!((left.in_flight, left.unconsumed), (2, Backlog::default()));
    assert!(!left.is_empty());
    asked.now().unwrap().1.say(Ok(()));
    assert_eq!(hanging.await, Outcome::Accepted);
    drop(reading);
    assert!(pipeline.shutdown(SECOND).await.is_empty());
}

/// Deliveries that wait for a slot when the shutdown begins still get it.
#[tokio::test(start_paused = true)]
async fn a_delivery_that_waits_for_the_channel_is_in_flight() {
    let (pipeline, mut deliveries) = webhook().channel(1);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    let waiting = pending(deliver(&pipeline, &deleted(&["2"])));
    let reader = timeout(60 * SECOND, async {
        sleep(SECOND).await;
        read_to_end(&mut deliveries).await
    });
    let (left, answer, seen) = tokio::join!(pipeline.shutdown(10 * SECOND), waiting, reader);
    let seen = seen.expect("the channel does not end");
    assert_eq!((left.is_empty(), answer), (true, Outcome::Accepted));
    assert_eq!(seen, ["1", "2"]);
}

/// A client that hangs up must not delay the shutdown.
#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_a_dropped_request() {
    let (pipeline, _deliveries) = webhook().channel(1);
    let body = deleted(&["1"]);
    let reading = pending(pipeline.receive(incoming(&pipeline, &body), halting(&body, 4)));
    let started = Instant::now();
    let (left, ()) = tokio::join!(pipeline.shutdown(10 * SECOND), async {
        sleep(SECOND).await;
        drop(reading);
    });
    assert!(left.is_empty());
    assert_took(started, SECOND);
    assert_eq!(pipeline.health().unanswered, 1);
}

#[tokio::test(start_paused = true)]
async fn shutdown_can_be_called_twice_and_concurrently() {
    let (pipeline, mut deliveries) = webhook().channel(1);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    let (first, second, ()) = tokio::join!(pipeline.shutdown(10 * SECOND), pipeline.shutdown(SECOND), async {
        sleep(2 * SECOND).await;
        deliveries.recv().await.unwrap();
    });
    assert!(first.is_empty());
    assert_eq!((second.in_flight, second.unconsumed.events), (0, 1));
    let started = Instant::now();
    assert_eq!(pipeline.shutdown(10 * SECOND).await, first);
    assert_took(started, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_a_dropped_consumer() {
    let (pipeline, deliveries) = webhook().channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2"])).await, Outcome::Accepted);
    let started = Instant::now();
    let (left, ()) = tokio::join!(pipeline.shutdown(60 * SECOND), async {
        sleep(SECOND).await;
        drop(deliveries);
    });
    assert_took(started, SECOND);
    assert_eq!((left.unconsumed.deliveries, left.unconsumed.events), (1, 2), "what it left behind is reported");
}

/// Users set `Duration::MAX` for "as long as it takes", and tokio's own `timeout` accepts it.
#[tokio::test(start_paused = true)]
async fn the_longest_deadline_and_patience_do_not_panic() {
    let (pipeline, mut deliveries) = webhook().deadline(Duration::MAX).channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    deliveries.recv().await.unwrap();
    assert!(pipeline.shutdown(Duration::MAX).await.is_empty());
}

/// When the patience expires, the channel still ends for its reader, and for deliveries in flight.
#[tokio::test(start_paused = true)]
async fn the_channel_ends_when_the_patience_expires() {
    let (pipeline, mut deliveries) = webhook().deadline(60 * SECOND).channel(1);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    let body = deleted(&["2"]);
    let reading = incoming(&pipeline, &body);
    let waiting = pending(deliver(&pipeline, &deleted(&["3"])));
    let left = pipeline.shutdown(SECOND).await;
    assert_eq!((left.in_flight, left.unconsumed.events), (2, 1));

    assert_eq!(pipeline.receive(reading, whole(&body)).await.outcome(), Outcome::SinkClosed);
    // A delivery that already waited for a slot may still get it. If it is answered 200, it is
    // read.
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["1"]);
    let answer = waiting.await;
    let rest = read_to_end(&mut deliveries).await;
    assert_eq!(rest.len(), usize::from(answer == Outcome::Accepted), "{answer:?}");
    assert!(pipeline.shutdown(SECOND).await.is_empty());
}

/// Accepts everything and records whether it was closed. Not `Send`, as in actix-web.
struct Closing(Rc<Cell<bool>>);

impl EventSink for Closing {
    type Future = LocalBoxFuture<'static, Result<(), SinkError>>;

    fn deliver(&self, _: Delivery) -> Self::Future {
        assert!(!self.0.get(), "a delivery behind the end");
        std::future::ready(Ok(())).boxed_local()
    }

    fn close(&self) {
        self.0.set(true);
    }
}

/// As documented for `EventSink::close`.
#[tokio::test(start_paused = true)]
async fn a_sink_is_closed_after_the_last_delivery() {
    let closed = Rc::new(Cell::new(false));
    let pipeline = webhook().sink(Closing(Rc::clone(&closed)));
    let body = deleted(&["1"]);
    let in_flight = incoming(&pipeline, &body);
    let shutdown = pending(pipeline.shutdown(SECOND));
    assert!(!closed.get(), "one is still to come");
    assert_eq!(pipeline.receive(in_flight, whole(&body)).await.outcome(), Outcome::Accepted);
    assert!(shutdown.await.is_empty());
    assert!(closed.get());
}

fn runtimes() -> impl Iterator<Item = Runtime> {
    let builders = [Builder::new_current_thread(), Builder::new_multi_thread()];
    builders.into_iter().map(|mut builder| builder.worker_threads(1).enable_all().build().unwrap())
}

/// An accepted delivery is still there; any other leaves no trace.
#[test]
fn a_runtime_dropped_during_a_delivery_loses_no_accepted_event() {
    for runtime in runtimes() {
        let (pipeline, mut deliveries) = webhook().channel(1);
        assert_eq!(runtime.block_on(deliver(&pipeline, &deleted(&["1"]))), Outcome::Accepted);
        let waiting = runtime.spawn(deliver(&pipeline, &deleted(&["2"])));
        runtime.block_on(async {
            while pipeline.health().in_flight == 0 {
                tokio::task::yield_now().await;
            }
        });
        drop(runtime);
        let ended = waiting.now_or_never().unwrap();
        assert!(ended.unwrap_err().is_cancelled());
        let health = pipeline.health();
        assert_eq!((health.in_flight, health.unanswered, health.backlog.unwrap().events), (0, 1, 1));

        // On another runtime, as after a restart of the server.
        let next = runtimes().next().unwrap();
        next.block_on(async {
            assert_eq!(ids(&deliveries.recv().await.unwrap()), ["1"]);
            assert_eq!(deliver(&pipeline, &deleted(&["2"])).await, Outcome::Accepted, "its claim was given up");
            assert_eq!(ids(&deliveries.recv().await.unwrap()), ["2"]);
            assert!(pipeline.shutdown(SECOND).await.is_empty());
        });
    }
}

/// The tick at whose end the app is woken may be the runtime's last.
#[test]
fn a_dropped_runtime_wakes_a_consumer_on_another_runtime() {
    for runtime in runtimes() {
        let (pipeline, mut deliveries) = webhook().channel(1);
        let (asks, asked) = std::sync::mpsc::channel();
        let app = std::thread::spawn(move || {
            let own = Builder::new_current_thread().enable_all().build().unwrap();
            own.block_on(async {
                let next = pending(deliveries.recv());
                asks.send(()).unwrap();
                timeout(20 * SECOND, next).await.expect("the app is not woken").map(|delivery| ids(&delivery))
            })
        });
        asked.recv().unwrap();
        assert_eq!(runtime.block_on(deliver(&pipeline, &deleted(&["1"]))), Outcome::Accepted);
        drop(runtime);
        assert_eq!(app.join().unwrap().unwrap(), ["1"]);
    }
}
