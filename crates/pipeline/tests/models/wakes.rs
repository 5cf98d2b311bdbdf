//! Model tests of wake-ups: no task misses one. Run under every schedule if small enough.

use std::sync::Arc;

use shuttle::future::{block_on, spawn};

use super::deliveries::{delivery, ids};
use super::run;
use super::sync::Runtime;
use crate::sink::{EventSink, channel};

fn one_delivery_and_the_end(runtime: Runtime) {
    runtime.set();
    block_on(async {
        let (sink, mut deliveries) = channel(1);
        let sender = spawn(async move {
            sink.deliver(delivery(&["1"])).await.unwrap();
            sink.close();
        });
        assert!(deliveries.recv().await.is_some());
        assert!(deliveries.recv().await.is_none());
        sender.await.unwrap();
    });
}

fn the_end(runtime: Runtime) {
    runtime.set();
    block_on(async {
        let (sink, mut deliveries) = channel(1);
        let closer = spawn(async move { sink.close() });
        assert!(deliveries.recv().await.is_none());
        closer.await.unwrap();
    });
}

/// The app is woken for a delivery, and for the end of the channel.
#[test]
fn the_consumer_is_woken_without_a_runtime() {
    run::under_all(|| one_delivery_and_the_end(Runtime::Absent));
}

/// The same with the wake-up delayed to the end of the tick.
#[test]
fn the_consumer_is_woken_at_the_end_of_a_tick() {
    run::under_all(|| the_end(Runtime::Runs));
    run::at_random(|| one_delivery_and_the_end(Runtime::Runs));
}

/// The same with a runtime that ends and drops the delayed wake-up.
#[test]
fn a_runtime_that_ends_wakes_the_consumer() {
    run::under_all(|| the_end(Runtime::Ends));
    run::at_random(|| one_delivery_and_the_end(Runtime::Ends));
}

/// A shutdown is woken when the app has consumed everything.
#[test]
fn a_shutdown_is_woken_when_the_app_has_consumed_everything() {
    run::under_all(|| {
        Runtime::Absent.set();
        block_on(async {
            let (sink, mut deliveries) = channel(1);
            sink.deliver(delivery(&["1"])).await.unwrap();
            let reader = spawn(async move {
                deliveries.recv().await;
                deliveries
            });
            sink.drained().await;
            assert_eq!(sink.backlog(), Some(Default::default()));
            drop(reader.await);
        });
    });
}

/// A shutdown is woken when the app drops its half of the channel.
#[test]
fn a_shutdown_is_woken_when_the_app_drops_the_channel() {
    run::under_all(|| {
        Runtime::Absent.set();
        block_on(async {
            let (sink, deliveries) = channel(1);
            sink.deliver(delivery(&["1"])).await.unwrap();
            let reader = spawn(async move { drop(deliveries) });
            sink.drained().await;
            reader.await.unwrap();
        });
    });
}

/// A consumer that drops its `recv` at any moment and continues in another task misses nothing.
#[test]
fn a_consumer_that_moves_to_another_task_is_woken_there() {
    run::at_random(|| {
        Runtime::any().set();
        block_on(async {
            let (sink, mut deliveries) = channel(1);
            let sender = spawn(async move {
                for id in ["1", "2"] {
                    sink.deliver(delivery(&[id])).await.unwrap();
                }
                sink.close();
            });
            // Polled once by this task, then never again.
            let first = spawn(async move {
                let polled = std::future::poll_fn(|cx| {
                    let mut recv = Box::pin(deliveries.recv());
                    std::task::Poll::Ready(recv.as_mut().poll(cx))
                });
                let read = match polled.await {
                    std::task::Poll::Ready(delivery) => delivery,
                    std::task::Poll::Pending => None,
                };
                (deliveries, read)
            });
            let (mut deliveries, read) = first.await.unwrap();
            let mut read: Vec<_> = read.iter().flat_map(ids).collect();
            let second = spawn(async move {
                while let Some(delivery) = deliveries.recv().await {
                    read.extend(ids(&delivery));
                }
                read
            });
            assert_eq!(second.await.unwrap(), ["1", "2"]);
            sender.await.unwrap();
        });
    });
}

/// A delivery that arrives during a delayed wake-up causes another one.
#[test]
fn a_delivery_between_two_ticks_wakes_the_consumer() {
    run::at_random(|| {
        Runtime::any().set();
        block_on(async {
            let (sink, mut deliveries) = channel(2);
            let sink = Arc::new(sink);
            let senders = ["1", "2", "3"].map(|id| {
                let sink = Arc::clone(&sink);
                spawn(async move { sink.deliver(delivery(&[id])).await.unwrap() })
            });
            for _ in 0..3 {
                deliveries.recv().await.unwrap();
            }
            for sender in senders {
                sender.await.unwrap();
            }
        });
    });
}
