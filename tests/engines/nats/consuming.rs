//! Messages that are not events, and consumers that are removed.

use birdhook_core::codec::DecodeError;
use birdhook_nats::{ConsumeError, ConsumerSettings};
use serde_json::json;

use crate::fixture::{deliver_all, deliver_posts, next_or_error, nothing, posts, reports, sorted, take};
use crate::nats::fixture::Engine;

#[tokio::test]
async fn what_is_no_event_is_handed_out_as_that_and_holds_nothing_up() {
    let engine = Engine::new().await;
    let deliveries = posts(61, 2);
    deliver_all(&engine.sink(), &deliveries[..1]).await;
    engine.publish("birdhook.a", &[], "hello").await;
    engine.publish("birdhook.b", &[("Birdhook-App", "shop")], "{}").await;
    engine.publish("birdhook.c", &[("Birdhook-App", "shop"), ("Nats-Msg-Id", "1")], "[]").await;
    deliver_all(&engine.sink(), &deliveries[1..]).await;
    let mut consumer = engine.consumer_of(ConsumerSettings::new("app").in_order()).await;
    assert_eq!(take(&mut consumer, 1).await, reports(&deliveries[..1]));
    let reasons = [DecodeError::Fact("app"), DecodeError::Fact("key"), DecodeError::Payload];
    for (reason, (subject, payload)) in
        reasons.iter().zip([("birdhook.a", "hello"), ("birdhook.b", "{}"), ("birdhook.c", "[]")])
    {
        for tries in 1..3 {
            let error = next_or_error(&mut consumer).await.unwrap_err();
            assert!(error.to_string().contains(subject), "{error}");
            let ConsumeError::UnrecognizedMessage(foreign) = error else { panic!("{error:?}") };
            assert_eq!((foreign.reason, foreign.subject(), foreign.attempts()), (*reason, subject, tries));
            assert_eq!(foreign.payload(), payload);
            match tries {
                1 => foreign.nack(None).await.unwrap(),
                _ => foreign.term().await.unwrap(),
            }
        }
    }
    assert_eq!(take(&mut consumer, 1).await, reports(&deliveries[1..]));
    nothing(&mut consumer, 100).await;
}

#[tokio::test]
async fn a_consumer_that_was_removed_says_so_and_ends() {
    let engine = Engine::new().await;
    let mut waiting = engine.consumer().await;
    nothing(&mut waiting, 100).await;
    engine.ask("CONSUMER.DELETE.BIRDHOOK.app", json!({})).await;
    assert!(matches!(next_or_error(&mut waiting).await, Err(ConsumeError::Removed)));
    assert!(waiting.recv().await.is_none());
    // The stream is deleted before the consumer requested a message.
    let mut fresh = engine.consumer().await;
    engine.ask("STREAM.DELETE.BIRDHOOK", json!({})).await;
    assert!(matches!(next_or_error(&mut fresh).await, Err(ConsumeError::Removed)));
    assert!(fresh.recv().await.is_none());
}

#[tokio::test]
async fn two_of_one_name_share_the_events_and_two_names_each_get_all() {
    let engine = Engine::new().await;
    let deliveries = deliver_posts(&engine.sink(), 63, 40).await;
    let settings = ConsumerSettings::new("shared").batch(1);
    let mut pair = [engine.consumer_of(settings.clone()).await, engine.consumer_of(settings).await];
    let mut taken = Vec::new();
    for turn in 0..40 {
        taken.extend(take(&mut pair[turn % 2], 1).await);
    }
    assert_eq!(take(&mut engine.consumer().await, 40).await, reports(&deliveries));
    assert_eq!(sorted(taken), sorted(reports(&deliveries)));
}
