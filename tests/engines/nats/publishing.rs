//! Published events are consumed unchanged.

use birdhook_core::codec::Format;
use birdhook_core::{ApiSource, Delivery, EventKey};
use birdhook_nats::{ConsumerSettings, PublishFailure, Subjects};
use birdhook_pipeline::{EventSink, Keys, SinkError};
use birdhook_testkit::{MockEventKind, PayloadGenerator};

use crate::nats::bed::*;

#[tokio::test]
async fn every_kind_in_either_form_is_consumed_as_it_was_told() {
    let bed = Bed::new().await;
    let mut consumer = bed.consumer().await;
    let sinks = [Format::Plain, Format::CloudEvents].map(|format| bed.sink().format(format));
    let mut scene = PayloadGenerator::new(11);
    let mut kinds = 0;
    for kind in MockEventKind::ALL {
        for generation in kind.api_sources() {
            for sink in &sinks {
                let body = scene.event(*kind, "2001").reported_by(*generation).unwrap();
                let delivery = Delivery::restore("shop", body, 1).unwrap();
                sink.deliver(delivery.clone()).await.unwrap();
                let event = &delivery.events()[0];
                let message = next(&mut consumer).await;
                assert_eq!(told(&message), told(event));
                assert_eq!(message.key(), event.delivery_key());
                assert_eq!((message.app(), message.kind(), message.attempts()), ("shop", event.kind(), 1));
                let subscriber = event.subscriber().unwrap_or("~");
                assert_eq!(message.subject(), format!("birdhook.shop.{}.{subscriber}", event.kind()));
                message.ack().await.unwrap();
                kinds += 1;
            }
        }
    }
    assert!(kinds > 40, "{kinds}");
    nothing(&mut consumer, 100).await;
}

#[tokio::test]
async fn a_delivery_s_events_come_one_by_one_in_their_order() {
    let bed = Bed::new().await;
    let (_, delivery) = batch(12, 600);
    bed.sink().deliver(delivery.clone()).await.unwrap();
    assert_eq!(bed.len().await, 600);
    assert_eq!(take(&mut bed.consumer().await, 600).await, all_told(&[delivery]));
}

#[tokio::test]
async fn more_events_than_may_be_under_way_are_published_all_the_same() {
    let bed = Bed::new().await;
    let client = bed.jetstream.context().client();
    let context = async_nats::jetstream::context::ContextBuilder::new().max_ack_inflight(7).build(client);
    let sink = birdhook_nats::JetStream::new(context).sink();
    let deliveries = [batch(13, 100).1, batch(14, 100).1];
    let (one, other) = tokio::join!(sink.deliver(deliveries[0].clone()), sink.deliver(deliveries[1].clone()));
    one.unwrap();
    other.unwrap();
    assert_eq!(bed.len().await, 200);
}

#[tokio::test]
async fn the_keys_are_the_pipeline_s() {
    let bed = Bed::new().await;
    let deliveries = posts(15, 2);
    let keys = [EventKey::from([0xab; 32])];
    for delivery in &deliveries {
        bed.sink().deliver_keyed(delivery.clone(), Keys::from(&keys[..])).await.unwrap();
    }
    let mut consumer = bed.consumer().await;
    let message = next(&mut consumer).await;
    assert_eq!(message.key(), keys[0]);
    message.ack().await.unwrap();
    nothing(&mut consumer, 100).await;
}

#[tokio::test]
async fn keys_of_another_number_than_the_events_do_not_count() {
    let bed = Bed::new().await;
    let (_, delivery) = batch(16, 2);
    let keys = [1, 2, 3].map(|byte| EventKey::from([byte; 32]));
    for keys in [&keys[..1], &keys] {
        bed.sink().deliver_keyed(delivery.clone(), Keys::from(keys)).await.unwrap();
    }
    assert_eq!(bed.len().await, 2);
    let mut consumer = bed.consumer().await;
    for event in delivery.events() {
        let message = next(&mut consumer).await;
        assert_eq!(message.key(), event.delivery_key());
        message.ack().await.unwrap();
    }
}

#[tokio::test]
async fn whatever_x_and_the_app_call_things_they_cross() {
    let bed = Bed::new().await;
    let subscribers = ["", "a.b", "*", ">", "a b", "\r\nNats-Msg-Id: x", "日本", "~", "%7E", &"9".repeat(9000)];
    let apps = ["shop", "my shop.de", "*", "\n", "été", " ", "$SYS"];
    let mut consumer = bed.consumer().await;
    for (app, subscriber) in apps.iter().flat_map(|app| subscribers.map(|subscriber| (*app, subscriber))) {
        for format in [Format::Plain, Format::CloudEvents] {
            let id = serde_json::to_string(subscriber).unwrap();
            let body = format!(
                r#"{{"for_user_id":{id},"favorite_events":[{{"id":"{format:?}","user":{{"id":"7"}},"favorited_status":{{"id":"1"}}}}]}}"#
            );
            let delivery = Delivery::restore(app, body, 1).unwrap();
            bed.sink().format(format).deliver(delivery.clone()).await.unwrap();
            let message = next(&mut consumer).await;
            assert_eq!((message.app(), told(&message)), (app, told(&delivery.events()[0])), "{app:?} {subscriber:?}");
            assert_eq!(message.subject().split('.').count(), 4, "{}", message.subject());
            message.ack().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_filter_from_the_template_is_the_subjects_of_those_events() {
    let bed = Bed::new().await;
    let subjects: Subjects = "birdhook.x.{subscriber}.{name}".parse().unwrap();
    let filter = subjects.matching(&[("subscriber", "2.2")]).unwrap();
    let mut consumer = bed.consumer_of(ConsumerSettings::new("some").filter(&filter)).await;
    let mut scene = PayloadGenerator::new(16);
    for subscriber in ["2.2", "2", "2.2"] {
        let body = scene.event(MockEventKind::Post, subscriber).reported_by(ApiSource::AccountActivity).unwrap();
        let delivery = Delivery::restore("shop", body, 1).unwrap();
        bed.sink().subject(subjects.clone()).deliver(delivery).await.unwrap();
    }
    for _ in 0..2 {
        let message = next(&mut consumer).await;
        assert_eq!(message.subscriber(), Some("2.2"));
        message.ack().await.unwrap();
    }
    nothing(&mut consumer, 100).await;
}

#[tokio::test]
async fn without_a_stream_x_is_answered_503_and_the_reason_is_told() {
    let bed = Bed::bare(&[]).await;
    let (body, delivery) = batch(17, 3);
    let error = bed.sink().deliver(delivery).await.unwrap_err();
    assert!(matches!(error, SinkError::Failed(_)), "{error:?}");
    assert_eq!(*why(&error), PublishFailure::NoStream("birdhook.shop.post_created.2001".to_owned()));
    let receiver = receiver(bed.sink());
    assert_eq!(answer(&receiver, &body).await, 503);
    bed.jetstream.ensure_stream(&small()).await.unwrap();
    assert_eq!(answer(&receiver, &body).await, 200);
    assert_eq!(bed.len().await, 3);
}
