//! Model tests of shutdowns while deliveries begin, continue and are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use birdhook_core::Outcome;
use shuttle::future::{JoinHandle, block_on, spawn, yield_now};

use super::deliveries::{SignedPost, webhook};
use super::run;
use super::sink::Journal;
use super::sync::{Runtime, may_fire};
use crate::{Deliveries, Delivery, EventSink, Pipeline};

const PATIENCE: Duration = Duration::from_secs(1);

/// The requests' observations of a shutdown.
#[derive(Clone, Debug, Default)]
struct Seen {
    over: Arc<AtomicBool>,
    accepted: Arc<AtomicUsize>,
}

impl Seen {
    fn send<S>(&self, post: SignedPost, pipeline: &Pipeline<S>) -> JoinHandle<Outcome>
    where
        S: EventSink<Future: Send> + Send + Sync + 'static,
    {
        let (seen, pipeline) = (self.clone(), pipeline.clone());
        spawn(async move {
            let began_late = seen.over.load(SeqCst);
            let outcome = post.send(&pipeline).await;
            if outcome == Outcome::Accepted {
                assert!(!began_late, "accepted after the shutdown");
                seen.accepted.fetch_add(1, SeqCst);
            }
            outcome
        })
    }
}

fn reader(mut deliveries: Deliveries) -> JoinHandle<usize> {
    spawn(async move {
        let mut read = 0;
        while deliveries.recv().await.is_some() {
            read += 1;
        }
        read
    })
}

fn nothing_is_in_flight<S: EventSink>(pipeline: &Pipeline<S>) {
    let health = pipeline.health();
    assert_eq!((health.in_flight, health.body_bytes), (0, 0));
}

/// With enough patience: when the shutdown returns, nothing is in flight, everything accepted was
/// read, and nothing more is accepted.
#[test]
fn a_patient_shutdown_leaves_nothing() {
    run::at_random(|| {
        Runtime::any().set();
        block_on(async {
            let (pipeline, deliveries) = webhook().channel(1);
            let seen = Seen::default();
            let requests = [SignedPost::of(&["1"]), SignedPost::of(&["2"])].map(|post| seen.send(post, &pipeline));
            let reader = reader(deliveries);
            let shutdown = spawn({
                let (pipeline, seen) = (pipeline.clone(), seen.clone());
                async move {
                    let left = pipeline.shutdown(PATIENCE).await;
                    assert!(left.is_empty(), "{left:?}");
                    assert_eq!(pipeline.health().body_bytes, 0);
                    seen.over.store(true, SeqCst);
                    assert_eq!(SignedPost::of(&["3"]).send(&pipeline).await, Outcome::ShuttingDown);
                }
            });
            for request in requests {
                let outcome = request.await.unwrap();
                assert!([Outcome::Accepted, Outcome::ShuttingDown].contains(&outcome), "{outcome:?}");
            }
            shutdown.await.unwrap();
            assert_eq!(reader.await.unwrap(), seen.accepted.load(SeqCst), "read and accepted");
            nothing_is_in_flight(&pipeline);
        });
    });
}

/// With a handler: when the shutdown returns, no handler runs, and none starts.
#[test]
fn no_handler_runs_after_a_patient_shutdown() {
    run::at_random(|| {
        block_on(async {
            let (journal, over) = (Journal::default(), Arc::new(AtomicBool::new(false)));
            let is_over = Arc::clone(&over);
            let pipeline = webhook().delivery_handler(move |delivery: Delivery| {
                let (journal, over) = (journal.clone(), Arc::clone(&is_over));
                async move {
                    yield_now().await;
                    assert!(!over.load(SeqCst), "delivered after the shutdown");
                    journal.enter(&delivery);
                    Ok::<_, std::io::Error>(())
                }
            });
            let requests = [SignedPost::of(&["1"]), SignedPost::of(&["1", "2"])].map(|post| {
                let pipeline = pipeline.clone();
                spawn(async move { post.send(&pipeline).await })
            });
            assert_eq!(pipeline.gate().shutdown(PATIENCE).await, 0);
            over.store(true, SeqCst);
            for request in requests {
                assert_ne!(request.await.unwrap(), Outcome::SinkPanicked, "the handler's own assertion is caught");
            }
            nothing_is_in_flight(&pipeline);
        });
    });
}

/// X hangs up at any moment during a shutdown: it returns, and all counts are decremented.
#[test]
fn dropped_requests_do_not_delay_a_shutdown() {
    run::at_random(|| {
        block_on(async {
            let (pipeline, deliveries) = webhook().channel(1);
            let seen = Seen::default();
            let requests = [SignedPost::of(&["1"]), SignedPost::of(&["2"]), SignedPost::of(&["2"])]
                .map(|post| seen.send(post, &pipeline));
            let reader = reader(deliveries);
            let shutdown = spawn({
                let pipeline = pipeline.clone();
                async move { pipeline.shutdown(PATIENCE).await }
            });
            requests[0].abort();
            requests[1].abort();
            assert!(shutdown.await.unwrap().is_empty());
            for request in requests {
                let _ = request.await;
            }
            nothing_is_in_flight(&pipeline);
            reader.await.unwrap();
        });
    });
}

/// Patience and deadlines that expire at any moment: a delivery accepted after the shutdown was
/// reported as in flight, each accepted delivery is read or counted as unconsumed, and every count
/// returns to zero.
#[test]
fn an_impatient_shutdown_reports_what_remains() {
    run::at_random(|| {
        may_fire(3);
        Runtime::any().set();
        block_on(async {
            let (pipeline, deliveries) = webhook().channel(1);
            let seen = Seen::default();
            let requests = [SignedPost::of(&["1"]), SignedPost::of(&["2"])].map(|post| seen.send(post, &pipeline));
            let reader = reader(deliveries);
            let left = pipeline.shutdown(PATIENCE).await;
            // The outcome is counted before the request leaves the in-flight count.
            let before = usize::try_from(pipeline.health().answered(Outcome::Accepted)).unwrap();
            seen.over.store(true, SeqCst);
            for request in requests {
                request.await.unwrap();
            }
            let late = seen.accepted.load(SeqCst) - before;
            assert!(late <= left.in_flight, "{late} accepted late, {left:?}");
            assert_eq!(reader.await.unwrap(), seen.accepted.load(SeqCst), "read and accepted");
            assert_eq!(pipeline.sink().backlog(), Some(Default::default()));
            nothing_is_in_flight(&pipeline);
        });
    });
}

/// Several bodies at once: a body that does not fit is rejected, and all memory is released.
#[test]
fn body_memory_is_released_however_a_request_ends() {
    run::at_random(|| {
        block_on(async {
            let posts = [SignedPost::of(&["1"]), SignedPost::of(&["2"]), SignedPost::of(&["3"])];
            let room = posts[0].len() * 2;
            let (pipeline, deliveries) = webhook().body_limit(room / 2).memory_budget(room).channel(8);
            let seen = Seen::default();
            let reader = reader(deliveries);
            let requests = posts.map(|post| seen.send(post, &pipeline));
            requests[2].abort();
            for request in requests {
                if let Ok(outcome) = request.await {
                    assert!([Outcome::Accepted, Outcome::OverMemoryBudget].contains(&outcome), "{outcome:?}");
                }
            }
            nothing_is_in_flight(&pipeline);
            assert!(pipeline.shutdown(PATIENCE).await.is_empty());
            assert_eq!(reader.await.unwrap(), seen.accepted.load(SeqCst));
        });
    });
}
