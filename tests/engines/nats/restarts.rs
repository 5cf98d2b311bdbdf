//! The server stops, restarts or hangs.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use birdhook_nats::PublishFailure;
use birdhook_pipeline::{EventSink, SinkError};
use birdhook_test_harness::TIMEOUT;

use crate::fixture::{batch, body_of, deliver_all, next, nothing, posts, report, reports, take};
use crate::nats::fixture::{Engine, answer, why};

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_waits_goes_on_when_the_server_is_back() {
    let mut engine = Engine::new().await;
    let mut consumer = engine.consumer().await;
    let deliveries = posts(81, 30);
    for round in deliveries.chunks(10) {
        nothing(&mut consumer, 100).await;
        engine.server.kill();
        nothing(&mut consumer, 100).await;
        engine.server.restart();
        let start = Instant::now();
        deliver_all(&engine.sink(), round).await;
        assert_eq!(take(&mut consumer, 10).await, reports(round));
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_a_delivery_is_answered_503_within_the_deadline_and_nothing_is_sent_later() {
    let mut engine = Engine::new().await;
    let (delivery, _) = batch(83, 2);
    let body = body_of(&delivery);
    let receiver = engine.receiver();
    let start = Instant::now();
    engine.server.kill();
    while engine.jetstream.is_connected() {
        assert!(start.elapsed() < TIMEOUT);
        tokio::task::yield_now().await;
    }
    assert!(!engine.sink().is_open());
    let start = Instant::now();
    let error = engine.sink().deliver(delivery).await.unwrap_err();
    assert_eq!(*why(&error), PublishFailure::NotConnected);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(answer(&receiver, &body).await, 503);
    engine.server.restart();
    while !engine.jetstream.is_connected() {
        assert!(start.elapsed() < TIMEOUT);
        tokio::task::yield_now().await;
    }
    assert!(engine.sink().is_open());
    assert_eq!(engine.len().await, 0);
    assert_eq!(answer(&receiver, &body).await, 200);
    assert_eq!(engine.len().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_is_not_waited_for_beyond_the_deadline() {
    let engine = Engine::new().await;
    let (delivery, _) = batch(84, 5);
    let body = body_of(&delivery);
    let receiver = engine.receiver();
    engine.server.pause();
    let start = Instant::now();
    assert_eq!(answer(&receiver, &body).await, 503);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    let error = engine.sink().deliver(delivery).await.unwrap_err();
    assert!(matches!(error, SinkError::Failed(_)), "{error:?}");
    assert_eq!(*why(&error), PublishFailure::NoReceipt);
    engine.server.resume();
    assert_eq!(answer(&receiver, &body).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_goes_on_when_the_server_has_stood_still() {
    let engine = Engine::new().await;
    let mut consumer = engine.consumer().await;
    let deliveries = posts(85, 5);
    nothing(&mut consumer, 100).await;
    engine.server.pause();
    // Longer than the consumer waits for a heartbeat.
    nothing(&mut consumer, 12_000).await;
    engine.server.resume();
    deliver_all(&engine.sink(), &deliveries).await;
    let (reported, mut taken) = (reports(&deliveries), HashSet::new());
    while taken.len() < 5 {
        let message = next(&mut consumer).await;
        assert!(reported.contains(&report(&message)), "{message:?}");
        taken.insert(report(&message));
        message.ack_durable().await.unwrap();
    }
}
