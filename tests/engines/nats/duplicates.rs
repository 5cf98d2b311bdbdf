//! The stream recognises an event that is published again.

use std::time::Duration;

use birdhook_core::Delivery;
use birdhook_nats::ConsumerSettings;
use serde_json::json;

use crate::both::Engine as _;
use crate::fixture::{batch, body_of, deliver_all, deliver_posts, nothing, posts, reports, take};
use crate::nats::fixture::{Engine, answer, small};

#[tokio::test]
async fn a_delivery_that_was_published_in_part_is_completed_when_it_is_told_again() {
    let engine = Engine::new().await;
    let body = body_of(&batch(23, 10).0);
    let receiver = engine.receiver();
    // Room for 4 of the 10 events.
    let mut config = engine.config().await;
    config["max_msgs"] = json!(4);
    engine.ask("STREAM.UPDATE.BIRDHOOK", config.clone()).await;
    for _ in 0..2 {
        assert_eq!(answer(&receiver, &body).await, 503);
        assert_eq!(engine.len().await, 4);
    }
    config["max_msgs"] = json!(-1);
    engine.ask("STREAM.UPDATE.BIRDHOOK", config).await;
    for _ in 0..2 {
        assert_eq!(answer(&receiver, &body).await, 200);
    }
    assert_eq!(engine.len().await, 10);
    let mut consumer = engine.consumer().await;
    let delivery = Delivery::restore(birdhook_test_harness::consumption::APP, body, 10).unwrap();
    assert_eq!(take(&mut consumer, 10).await, reports(&[delivery]));
}

#[tokio::test]
async fn after_the_window_a_copy_is_another_message() {
    let window = Duration::from_millis(300);
    let engine = Engine::of(&small().duplicate_window(window)).await;
    let deliveries = deliver_posts(&engine.sink(), 25, 1).await;
    assert_eq!(engine.len().await, 1);
    let start = std::time::Instant::now();
    while engine.len().await < 2 {
        assert!(start.elapsed() < birdhook_test_harness::TIMEOUT);
        deliver_all(&engine.sink(), &deliveries).await;
    }
}

/// The reason for streams with the retention policy `limits`.
#[tokio::test]
async fn a_restart_forgets_what_was_consumed_from_a_work_queue_and_nothing_of_a_stream_with_limits() {
    for (retention, copies) in [("limits", 0), ("workqueue", 1)] {
        let mut engine = made_by_hand(retention).await;
        let deliveries = posts(26, 5);
        deliver_all(&engine.sink(), &deliveries).await;
        let mut consumer = engine.consumer_of(ConsumerSettings::new("app")).await;
        assert_eq!(take(&mut consumer, 5).await, reports(&deliveries));
        // While the server runs, it recognises duplicates with either policy.
        deliver_all(&engine.sink(), &deliveries).await;
        nothing(&mut consumer, 200).await;
        engine.server.stop();
        engine.server.restart();
        engine.reconnected().await;
        deliver_all(&engine.sink(), &deliveries).await;
        let again: Vec<Delivery> = std::iter::repeat_n(deliveries, copies).flatten().collect();
        assert_eq!(take(&mut consumer, again.len()).await, reports(&again), "{retention}");
        nothing(&mut consumer, 200).await;
    }
}

async fn made_by_hand(retention: &str) -> Engine {
    let engine = Engine::bare().await;
    let window = Duration::from_secs(7200).as_nanos().to_string().parse::<u64>().unwrap();
    let config = json!({
        "name": "BIRDHOOK", "subjects": ["birdhook.>"], "retention": retention, "storage": "file", "discard": "new",
        "max_age": window, "duplicate_window": window, "num_replicas": 1, "max_bytes": 1 << 20, "max_msgs": -1,
    });
    engine.ask("STREAM.CREATE.BIRDHOOK", config).await;
    engine
}
