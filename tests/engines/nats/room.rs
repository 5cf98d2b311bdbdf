//! Full streams, and events that are too large.

use birdhook_core::{ApiSource, Delivery};
use birdhook_nats::PublishFailure;
use birdhook_pipeline::{EventSink, SinkError};
use birdhook_testkit::{MockEventKind, PayloadGenerator};
use serde_json::json;

use crate::nats::bed::*;

#[tokio::test]
async fn a_full_stream_refuses_and_keeps_what_it_has_until_there_is_room() {
    let bed = Bed::of(&small().max_bytes(64 << 10)).await;
    let receiver = receiver(bed.sink());
    let mut scene = PayloadGenerator::new(31);
    let mut bodies =
        std::iter::repeat_with(|| scene.event(MockEventKind::Post, "2001").reported_by(ApiSource::XActivity).unwrap());
    let mut taken = 0;
    let refused = loop {
        let body = bodies.next().unwrap();
        match answer(&receiver, &body).await {
            200 => taken += 1,
            503 => break body,
            status => panic!("{status}"),
        }
    };
    assert!(taken > 5, "{taken}");
    assert_eq!(bed.len().await, taken);
    let delivery = Delivery::restore("shop", refused.clone(), 1).unwrap();
    let error = bed.sink().deliver(delivery).await.unwrap_err();
    assert!(matches!(error, SinkError::Full), "{error:?}");
    assert_eq!(answer(&receiver, &refused).await, 503);
    bed.ask("STREAM.PURGE.BIRDHOOK", json!({})).await;
    assert_eq!(answer(&receiver, &refused).await, 200);
    assert_eq!(bed.len().await, 1);
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_others_of_its_delivery_are_stored() {
    let bed = Bed::new().await;
    let like = |id: &str, text: &str| {
        format!(r#"{{"id":"{id}","user":{{"id":"7"}},"favorited_status":{{"id":"{id}","text":"{text}"}}}}"#)
    };
    let large = "x".repeat(1_100_000);
    let events = [like("1", "a"), like("2", &large), like("3", "c")].join(",");
    let body = format!(r#"{{"for_user_id":"2001","favorite_events":[{events}]}}"#);
    let delivery = Delivery::restore("shop", body, 3).unwrap();
    for _ in 0..2 {
        let error = bed.sink().deliver(delivery.clone()).await.unwrap_err();
        assert!(matches!(error, SinkError::Refused(_)), "{error:?}");
        assert!(matches!(why(&error), PublishFailure::TooLarge(_)), "{:?}", why(&error));
        assert_eq!(bed.len().await, 2);
    }
    // The connection is still usable.
    all_taken(&bed.sink(), &posts(31, 1)).await;
    // The stream's own size limit.
    let mut config = bed.ask("STREAM.INFO.BIRDHOOK", json!({})).await["config"].take();
    config["max_msg_size"] = json!(100);
    bed.ask("STREAM.UPDATE.BIRDHOOK", config).await;
    let error = bed.sink().deliver(posts(32, 1).remove(0)).await.unwrap_err();
    assert!(matches!(error, SinkError::Refused(_)), "{error:?}");
}
