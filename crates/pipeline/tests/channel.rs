//! The channel: waiting, refusing and receiving.

use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use crate::support::{Alarm, assert_took, deleted, deliver, id, ids, pending, poll, webhook};
use birdhook_pipeline::{Backlog, ChannelSink, Deliveries, Delivery, EventSink, Outcome, Pipeline};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep};

/// A channel for one delivery that holds event 1.
async fn full() -> (Pipeline<ChannelSink>, Deliveries) {
    let (pipeline, deliveries) = webhook().channel(1);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    (pipeline, deliveries)
}

fn backlog(deliveries: usize, events: usize) -> Backlog {
    Backlog { deliveries, events }
}

/// Lets the runtime finish its tick, and the one after it, in which the wake-up is delivered.
async fn tick() {
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_channel_waits_until_the_deadline_and_frees_the_claim() {
    let (pipeline, mut deliveries) = full().await;
    let started = Instant::now();
    let second = deleted(&["2"]);
    let reason = deliver(&pipeline, &second).await;
    assert_eq!((reason, reason.status()), (Outcome::SinkFull, 503));
    assert_took(started, Duration::from_millis(2500));
    assert_eq!(pipeline.health().backlog, Some(backlog(1, 1)));
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["1"]);
    assert!(deliveries.recv().now_or_never().is_none(), "what was answered 503 is not in the channel");
    let started = Instant::now();
    assert_eq!(deliver(&pipeline, &second).await, Outcome::Accepted, "the redelivery");
    assert_took(started, Duration::ZERO);
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["2"]);
    assert_eq!((pipeline.health().events, pipeline.health().duplicates), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn deliveries_that_wait_for_a_free_slot_are_accepted_in_order() {
    let (pipeline, mut deliveries) = full().await;
    let started = Instant::now();
    let (second, third) = (deliver(&pipeline, &deleted(&["2"])), deliver(&pipeline, &deleted(&["3"])));
    let (second, third, ()) = tokio::join!(second, third, async {
        sleep(Duration::from_millis(2000)).await;
        assert_eq!(ids(&deliveries.recv().await.unwrap()), ["1"]);
        sleep(Duration::from_millis(400)).await;
        assert_eq!(ids(&deliveries.recv().await.unwrap()), ["2"], "who waited first is first");
    });
    assert_eq!((second, third), (Outcome::Accepted, Outcome::Accepted));
    assert_took(started, Duration::from_millis(2400));
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["3"]);
}

/// A free slot goes to the delivery that has waited, not to one that arrives at the right moment.
#[tokio::test(start_paused = true)]
async fn a_new_delivery_does_not_overtake_waiting_ones() {
    let (pipeline, mut deliveries) = full().await;
    let waiting = pending(deliver(&pipeline, &deleted(&["2"])));
    deliveries.recv().await.unwrap();
    let latecomer = pending(deliver(&pipeline, &deleted(&["3"])));
    assert_eq!(waiting.await, Outcome::Accepted);
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["2"]);
    assert_eq!(latecomer.await, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn deliveries_are_answered_503_at_once_after_the_receiver_is_dropped() {
    let (pipeline, deliveries) = webhook().channel(1);
    drop(deliveries);
    let started = Instant::now();
    for _ in 0..2 {
        let reason = deliver(&pipeline, &deleted(&["1"])).await;
        assert_eq!((reason, reason.status()), (Outcome::SinkClosed, 503), "the claim is free again each time");
    }
    assert_took(started, Duration::ZERO);
    assert_eq!((pipeline.health().backlog, pipeline.health().remembered), (Some(backlog(0, 0)), 0));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_delivery_is_woken_when_the_receiver_is_dropped() {
    let (pipeline, deliveries) = full().await;
    let started = Instant::now();
    let (reason, ()) = tokio::join!(deliver(&pipeline, &deleted(&["2"])), async {
        sleep(Duration::from_millis(100)).await;
        drop(deliveries);
    });
    assert_eq!(reason, Outcome::SinkClosed);
    assert_took(started, Duration::from_millis(100));
}

/// Returns a channel with two, one and two events, whose pipeline is dropped.
async fn three_deliveries() -> Deliveries {
    let (pipeline, deliveries) = webhook().channel(8);
    for body in [&["1", "2"][..], &["3"], &["4", "5"]] {
        assert_eq!(deliver(&pipeline, &deleted(body)).await, Outcome::Accepted);
    }
    deliveries
}

#[tokio::test(start_paused = true)]
async fn deliveries_and_events_are_yielded_in_order() {
    let mut deliveries = three_deliveries().await;
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["1", "2"]);
    let rest: Vec<_> = deliveries.by_ref().map(|delivery| ids(&delivery)).collect().await;
    assert_eq!(rest, [vec!["3"], vec!["4", "5"]]);
    assert!(deliveries.recv().await.is_none() && deliveries.next().await.is_none(), "the end stays the end");

    let mut events = three_deliveries().await.events();
    assert_eq!(id(&events.recv().await.unwrap()), "1");
    let rest: Vec<_> = events.by_ref().map(|event| id(&event)).collect().await;
    assert_eq!(rest, ["2", "3", "4", "5"]);
    assert!(events.recv().await.is_none() && events.next().await.is_none(), "the end stays the end");
}

#[tokio::test(start_paused = true)]
async fn the_backlog_counts_unconsumed_deliveries_and_events() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    let seen = |pipeline: &Pipeline<_>| pipeline.health().backlog.unwrap();
    assert_eq!(seen(&pipeline), backlog(0, 0));
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2", "3"])).await, Outcome::Accepted);
    assert_eq!(deliver(&pipeline, &deleted(&["4", "5"])).await, Outcome::Accepted);
    assert_eq!(deliver(&pipeline, &deleted(&["5", "6"])).await, Outcome::Accepted);
    assert_eq!(deliver(&pipeline, &deleted(&["6"])).await, Outcome::Duplicate);
    assert_eq!(seen(&pipeline), backlog(3, 6));
    deliveries.recv().await.unwrap();
    assert_eq!(seen(&pipeline), backlog(2, 3));
    let mut events = deliveries.events();
    assert_eq!(seen(&pipeline), backlog(2, 3));
    for expected in [backlog(2, 2), backlog(1, 1), backlog(0, 0)] {
        events.recv().await.unwrap();
        assert_eq!(seen(&pipeline), expected);
    }
}

/// A delivery that waits for a slot is never part of the backlog.
#[tokio::test(start_paused = true)]
async fn the_backlog_does_not_count_waiting_deliveries() {
    let (pipeline, mut deliveries) = full().await;
    let waiting = pending(deliver(&pipeline, &deleted(&["2", "3"])));
    assert_eq!(pipeline.health().backlog, Some(backlog(1, 1)));
    drop(waiting);
    assert_eq!(pipeline.health().backlog, Some(backlog(1, 1)));
    deliveries.recv().await.unwrap();
    assert_eq!(pipeline.health().backlog, Some(backlog(0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_recv_loses_nothing() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    for round in 0..3 {
        let (alarm, waker) = Alarm::new();
        let mut recv = Box::pin(deliveries.recv());
        assert!(recv.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(deliver(&pipeline, &deleted(&[&round.to_string(), "x"])).await, Outcome::Accepted);
        tick().await;
        assert_eq!(alarm.rung(), 1, "the waiting delivery is woken at the end of the tick");
        drop(recv);
        assert_eq!(pipeline.health().backlog.unwrap().deliveries, 1, "woken, not read");
        drop(Box::pin(deliveries.recv()));
        // Ready at the first poll, so there is no point at which dropping it would lose something.
        let delivery = deliveries.recv().now_or_never().expect("it is there").unwrap();
        assert_eq!(ids(&delivery)[0], round.to_string());
    }
    let mut events = deliveries.events();
    assert_eq!(deliver(&pipeline, &deleted(&["7", "8", "9"])).await, Outcome::Accepted);
    for expected in ["7", "8", "9"] {
        drop(Box::pin(events.recv()));
        let event = events.recv().now_or_never().expect("it is there").unwrap();
        assert_eq!(id(&event), expected);
    }
    assert!(events.recv().now_or_never().is_none());
}

#[tokio::test]
async fn one_tick_wakes_the_consumer_once_for_all_its_deliveries() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    let (alarm, waker) = Alarm::new();
    let mut read = Vec::new();
    let mut recv = Box::pin(deliveries.recv_many(&mut read, 5));
    assert!(recv.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let (server, rung) = (pipeline.clone(), Arc::clone(&alarm));
    let one_turn = tokio::spawn(async move {
        for at in 0..7 {
            assert_eq!(deliver(&server, &deleted(&[&format!("{at}a"), &format!("{at}b")])).await, Outcome::Accepted);
        }
        rung.rung()
    });
    assert_eq!(one_turn.await.unwrap(), 0);
    tick().await;
    assert_eq!(alarm.rung(), 1);
    assert_eq!(recv.await, 5, "no more than asked for");
    assert_eq!(pipeline.health().backlog, Some(Backlog { deliveries: 2, events: 4 }));
    assert_eq!(deliveries.recv_many(&mut read, 5).await, 2);
    let first_ids: Vec<_> = read.iter().map(|delivery| ids(delivery)[0].clone()).collect();
    assert_eq!(first_ids, ["0a", "1a", "2a", "3a", "4a", "5a", "6a"]);
    assert_eq!(pipeline.health().backlog, Some(Backlog::default()));
    assert!(pipeline.shutdown(Duration::from_secs(1)).await.is_empty());
    assert_eq!(deliveries.recv_many(&mut read, 5).await, 0, "all was read");
}

/// A synchronous server creates a runtime for each request and stops it afterwards.
#[test]
fn the_consumer_is_woken_even_if_the_runtime_stops_running_after_a_request() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    let (alarm, waker) = Alarm::new();
    let mut recv = Box::pin(deliveries.recv());
    assert!(recv.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    assert_eq!(runtime.block_on(deliver(&pipeline, &deleted(&["1"]))), Outcome::Accepted);
    assert_eq!(alarm.rung(), 1);
}

#[tokio::test(start_paused = true)]
async fn select_between_recv_and_a_tick_loses_nothing() {
    let (pipeline, deliveries) = webhook().channel(8);
    let mut events = deliveries.events();
    let sender = async {
        for at in 0..50 {
            sleep(Duration::from_millis(7)).await;
            assert_eq!(deliver(&pipeline, &deleted(&[&format!("{at}a"), &format!("{at}b")])).await, Outcome::Accepted);
        }
    };
    let reader = async {
        let (mut seen, mut ticks) = (Vec::new(), 0);
        while seen.len() < 100 {
            tokio::select! {
                event = events.recv() => seen.push(id(&event.unwrap())),
                () = sleep(Duration::from_millis(1)) => ticks += 1,
            }
        }
        assert!(ticks > 200);
        seen
    };
    let ((), seen) = tokio::join!(sender, reader);
    let expected: Vec<_> = (0..50).flat_map(|at| [format!("{at}a"), format!("{at}b")]).collect();
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn a_capacity_of_zero_is_treated_as_one() {
    let (pipeline, mut deliveries) = webhook().channel(0);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    assert_eq!(deliver(&pipeline, &deleted(&["2"])).await, Outcome::SinkFull);
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["1"]);
    assert_eq!(deliver(&pipeline, &deleted(&["2"])).await, Outcome::Accepted);
}

/// The largest is treated as the maximum of tokio.
#[tokio::test(start_paused = true)]
async fn the_capacity_counts_deliveries() {
    for (capacity, fourth) in [(3, Outcome::SinkFull), (usize::MAX, Outcome::Accepted)] {
        let (pipeline, _deliveries) = webhook().channel(capacity);
        for body in [&["1", "2", "3"][..], &["4", "5", "6"], &["7"]] {
            assert_eq!(deliver(&pipeline, &deleted(body)).await, Outcome::Accepted);
        }
        let started = Instant::now();
        assert_eq!(deliver(&pipeline, &deleted(&["8"])).await, fourth, "{capacity}");
        assert_took(started, Duration::from_millis(if capacity == 3 { 2500 } else { 0 }));
    }
}

/// An event stays valid when the pipeline and the rest of its delivery are dropped.
#[tokio::test(start_paused = true)]
async fn an_event_outlives_the_pipeline_and_the_channel() {
    let (pipeline, mut deliveries) = webhook().channel(3);
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2"])).await, Outcome::Accepted);
    let event = deliveries.recv().await.unwrap().into_events().pop().unwrap();
    drop((pipeline, deliveries));
    let event = tokio::spawn(async move { event }).await.unwrap();
    assert_eq!((id(&event).as_str(), event.app(), event.subscriber()), ("2", "bees", Some("7")));
}

/// Each of thousands of events is ready at once, and the app may await nothing else.
#[tokio::test]
async fn other_tasks_run_between_the_events_of_a_long_delivery() {
    let (pipeline, deliveries) = webhook().channel(8);
    let ids: Vec<String> = (0..1000).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(deliver(&pipeline, &deleted(&ids)).await, Outcome::Accepted);
    let mut events = deliveries.events();
    let (mut read, mut most) = (Vec::new(), 0);
    while read.len() < ids.len() {
        let before = read.len();
        while let Some(event) = events.recv().now_or_never() {
            read.push(id(&event.unwrap()));
        }
        most = most.max(read.len() - before);
    }
    assert_eq!(read, ids);
    assert_eq!(most, 128, "and no turn without an event");
}

#[test]
#[should_panic = "polled after completion"]
fn polling_a_completed_send_panics_as_the_futures_of_std_do() {
    let (sink, _deliveries) = webhook().channel(1);
    let mut sending = Box::pin(sink.sink().deliver(restored("1")));
    assert!(poll(&mut sending).is_ready());
    let _ = poll(&mut sending);
}

/// The same for a send that had to wait, which is another future inside.
#[test]
#[should_panic = "resumed after completion"]
fn polling_a_completed_send_that_waited_panics() {
    let (sink, mut deliveries) = webhook().channel(1);
    assert!(poll(&mut Box::pin(sink.sink().deliver(restored("1")))).is_ready());
    let mut sending = pending(sink.sink().deliver(restored("2")));
    assert!(poll(&mut Box::pin(deliveries.recv())).is_ready());
    assert!(poll(&mut sending).is_ready());
    let _ = poll(&mut sending);
}

fn restored(id: &str) -> Delivery {
    Delivery::restore("bees", deleted(&[id]), 1).unwrap()
}
