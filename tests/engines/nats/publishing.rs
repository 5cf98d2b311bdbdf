//! Published events are consumed unchanged, and full streams refuse them.

use birdhook_core::codec::Format;
use birdhook_core::{ApiSource, Delivery};
use birdhook_nats::{ConsumerSettings, PublishFailure, Subjects};
use birdhook_pipeline::{EventSink, SinkError};
use birdhook_testkit::{MockEventKind, PayloadGenerator};
use serde_json::json;

use crate::fixture::{batch, body_of, deliver_posts, next, nothing, posts, report, reports, take};
use crate::nats::fixture::{Engine, answer, small, why};

#[tokio::test]
async fn a_delivery_s_events_come_one_by_one_in_their_order() {
    let engine = Engine::new().await;
    let (delivery, _) = batch(12, 600);
    engine.sink().deliver(delivery.clone()).await.unwrap();
    assert_eq!(engine.len().await, 600);
    assert_eq!(take(&mut engine.consumer().await, 600).await, reports(&[delivery]));
}

#[tokio::test]
async fn more_events_than_may_be_under_way_are_published_all_the_same() {
    let engine = Engine::new().await;
    let client = engine.jetstream.context().client();
    let context = async_nats::jetstream::context::ContextBuilder::new().max_ack_inflight(7).build(client);
    let sink = birdhook_nats::JetStream::new(context).sink();
    let deliveries = [batch(13, 100).0, batch(14, 100).0];
    let (one, other) = tokio::join!(sink.deliver(deliveries[0].clone()), sink.deliver(deliveries[1].clone()));
    one.unwrap();
    other.unwrap();
    assert_eq!(engine.len().await, 200);
}

#[tokio::test]
async fn whatever_x_and_the_app_call_things_they_cross() {
    let engine = Engine::new().await;
    let subscribers = ["", "a.b", "*", ">", "a b", "\r\nNats-Msg-Id: x", "日本", "~", "%7E", &"9".repeat(9000)];
    let apps = ["shop", "my shop.de", "*", "\n", "été", " ", "$SYS"];
    let mut consumer = engine.consumer().await;
    for (app, subscriber) in apps.iter().flat_map(|app| subscribers.map(|subscriber| (*app, subscriber))) {
        for format in [Format::Plain, Format::CloudEvents] {
            let id = serde_json::to_string(subscriber).unwrap();
            let body = format!(
                r#"{{"for_user_id":{id},"favorite_events":[{{"id":"{format:?}","user":{{"id":"7"}},"favorited_status":{{"id":"1"}}}}]}}"#
            );
            let delivery = Delivery::restore(app, body, 1).unwrap();
            engine.sink().format(format).deliver(delivery.clone()).await.unwrap();
            let message = next(&mut consumer).await;
            assert_eq!(
                (message.app(), report(&message)),
                (app, report(&delivery.events()[0])),
                "{app:?} {subscriber:?}"
            );
            assert_eq!(message.subject().split('.').count(), 4, "{}", message.subject());
            message.ack_durable().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_filter_from_the_template_is_the_subjects_of_those_events() {
    let engine = Engine::new().await;
    let subjects: Subjects = "birdhook.x.{subscriber}.{name}".parse().unwrap();
    let filter = subjects.matching(&[("subscriber", "2.2")]).unwrap();
    let mut consumer = engine.consumer_of(ConsumerSettings::new("some").filter(&filter)).await;
    let mut scene = PayloadGenerator::new(16);
    for subscriber in ["2.2", "2", "2.2"] {
        let body = scene.event(MockEventKind::Post, subscriber).reported_by(ApiSource::AccountActivity).unwrap();
        let delivery = Delivery::restore("shop", body, 1).unwrap();
        engine.sink().subject(subjects.clone()).deliver(delivery).await.unwrap();
    }
    for _ in 0..2 {
        let message = next(&mut consumer).await;
        assert_eq!(message.subscriber(), Some("2.2"));
        message.ack_durable().await.unwrap();
    }
    nothing(&mut consumer, 100).await;
}

#[tokio::test]
async fn without_a_stream_x_is_answered_503_and_the_reason_is_told() {
    let engine = Engine::bare().await;
    let (delivery, _) = batch(17, 3);
    let body = body_of(&delivery);
    let error = engine.sink().deliver(delivery).await.unwrap_err();
    assert!(matches!(error, SinkError::Failed(_)), "{error:?}");
    assert_eq!(*why(&error), PublishFailure::NoStream("birdhook.shop.post_created.2001".to_owned()));
    let receiver = engine.receiver();
    assert_eq!(answer(&receiver, &body).await, 503);
    engine.jetstream.ensure_stream(&small()).await.unwrap();
    assert_eq!(answer(&receiver, &body).await, 200);
    assert_eq!(engine.len().await, 3);
}

#[tokio::test]
async fn a_full_stream_refuses_and_keeps_what_it_has_until_there_is_room() {
    let engine = Engine::of(&small().max_bytes(64 << 10)).await;
    let receiver = engine.receiver();
    let mut posts = posts(31, 500).into_iter();
    let mut taken = 0;
    let refused = loop {
        let body = body_of(&posts.next().unwrap());
        match answer(&receiver, &body).await {
            200 => taken += 1,
            503 => break body,
            status => panic!("{status}"),
        }
    };
    assert!(taken > 5, "{taken}");
    assert_eq!(engine.len().await, taken);
    let delivery = Delivery::restore("shop", refused.clone(), 1).unwrap();
    let error = engine.sink().deliver(delivery).await.unwrap_err();
    assert!(matches!(error, SinkError::Full), "{error:?}");
    assert_eq!(answer(&receiver, &refused).await, 503);
    engine.ask("STREAM.PURGE.BIRDHOOK", json!({})).await;
    assert_eq!(answer(&receiver, &refused).await, 200);
    assert_eq!(engine.len().await, 1);
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_others_of_its_delivery_are_stored() {
    let engine = Engine::new().await;
    let like = |id: &str, text: &str| {
        format!(r#"{{"id":"{id}","user":{{"id":"7"}},"favorited_status":{{"id":"{id}","text":"{text}"}}}}"#)
    };
    let large = "x".repeat(1_100_000);
    let events = [like("1", "a"), like("2", &large), like("3", "c")].join(",");
    let body = format!(r#"{{"for_user_id":"2001","favorite_events":[{events}]}}"#);
    let delivery = Delivery::restore("shop", body, 3).unwrap();
    for _ in 0..2 {
        let error = engine.sink().deliver(delivery.clone()).await.unwrap_err();
        assert!(matches!(error, SinkError::Refused(_)), "{error:?}");
        assert!(matches!(why(&error), PublishFailure::TooLarge(_)), "{:?}", why(&error));
        assert_eq!(engine.len().await, 2);
    }
    // The connection is still usable.
    deliver_posts(&engine.sink(), 31, 1).await;
    // The stream's own size limit.
    let mut config = engine.config().await;
    config["max_msg_size"] = json!(100);
    engine.ask("STREAM.UPDATE.BIRDHOOK", config).await;
    let error = engine.sink().deliver(posts(32, 1).remove(0)).await.unwrap_err();
    assert!(matches!(error, SinkError::Refused(_)), "{error:?}");
}
