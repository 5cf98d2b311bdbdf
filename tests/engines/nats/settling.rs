//! Acknowledging, rejecting and delaying messages.

use std::time::{Duration, Instant};

use birdhook_nats::{ConsumerSettings, SettleError};
use serde_json::json;

use crate::fixture::{deliver_posts, next, nothing, report, reports};
use crate::nats::fixture::Engine;

const WAIT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_late_acknowledgement_counts() {
    let engine = Engine::new().await;
    deliver_posts(&engine.sink(), 72, 1).await;
    let mut consumer = engine.consumer_of(ConsumerSettings::new("app").ack_wait(WAIT)).await;
    let late = next(&mut consumer).await;
    assert_eq!(next(&mut consumer).await.attempts(), 2);
    late.ack_durable().await.unwrap();
    nothing(&mut consumer, 1200).await;
}

#[tokio::test]
async fn a_nack_brings_it_back_at_once_or_after_the_time_it_asks_for() {
    let engine = Engine::new().await;
    deliver_posts(&engine.sink(), 73, 1).await;
    let mut consumer = engine.consumer().await;
    next(&mut consumer).await.nack(None).await.unwrap();
    let message = next(&mut consumer).await;
    assert_eq!(message.attempts(), 2);
    let at = Instant::now();
    message.nack(Duration::from_millis(700)).await.unwrap();
    let message = next(&mut consumer).await;
    assert!(at.elapsed() >= Duration::from_millis(600), "{:?}", at.elapsed());
    assert_eq!(message.attempts(), 3);
    message.term().await.unwrap();
    nothing(&mut consumer, 300).await;
}

#[tokio::test]
async fn in_order_the_next_one_waits_for_the_one_before() {
    let engine = Engine::new().await;
    let deliveries = deliver_posts(&engine.sink(), 75, 30).await;
    let settings = ConsumerSettings::new("app").in_order();
    let mut pair = [engine.consumer_of(settings.clone()).await, engine.consumer_of(settings).await];
    let mut tried = Vec::new();
    let mut taken = Vec::new();
    while taken.len() < 30 {
        let [one, other] = &mut pair;
        let message = tokio::select! {
            message = one.recv() => message,
            message = other.recv() => message,
        };
        let message = message.unwrap().unwrap();
        let reported = report(&message);
        // Every third event fails at the first attempt.
        if taken.len() % 3 == 0 && message.attempts() == 1 {
            tried.push(reported);
            message.nack(Duration::from_millis(30)).await.unwrap();
            continue;
        }
        taken.push(reported);
        message.ack_durable().await.unwrap();
    }
    assert_eq!(taken, reports(&deliveries));
    assert_eq!(tried.len(), 10);
}

#[tokio::test]
async fn what_nobody_confirms_is_not_acknowledged() {
    let mut engine = Engine::new().await;
    deliver_posts(&engine.sink(), 76, 2).await;
    let mut consumer = engine.consumer().await;
    let (one, two) = (next(&mut consumer).await, next(&mut consumer).await);
    engine.ask("CONSUMER.DELETE.BIRDHOOK.app", json!({})).await;
    assert_eq!(one.ack_durable().await, Err(SettleError::Gone));
    engine.server.kill();
    assert_eq!(two.ack_durable().await, Err(SettleError::Unanswered));
}
