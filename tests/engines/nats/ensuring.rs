//! Creating and updating streams and consumers.

use std::time::Duration;

use birdhook_nats::{ConsumerSettings, EnsureStreamError, EnsuredStream, StreamSettings};
use serde_json::json;

use crate::fixture::{deliver_all, deliver_posts, nothing, reports, take};
use crate::nats::fixture::{Engine, small};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_stream_is_created_changed_and_left_alone() {
    let engine = Engine::bare().await;
    let ensure = async |settings: &StreamSettings| engine.jetstream.ensure_stream(settings).await.unwrap();
    assert_eq!(ensure(&small()).await, EnsuredStream::Created);
    assert_eq!(ensure(&small()).await, EnsuredStream::Unchanged);
    let config = engine.config().await;
    for (name, value) in [
        ("subjects", json!(["birdhook.>"])),
        ("retention", json!("limits")),
        ("storage", json!("file")),
        ("discard", json!("new")),
        ("max_age", json!(7 * 86_400_000_000_000_u64)),
        ("max_bytes", json!(64 << 20)),
        ("duplicate_window", json!(7_200_000_000_000_u64)),
        ("num_replicas", json!(1)),
        ("max_msgs", json!(-1)),
    ] {
        assert_eq!(config[name], value, "{name}");
    }
    let deliveries = deliver_posts(&engine.sink(), 41, 3).await;
    // Settings that other tools have changed are preserved.
    let mut config = config;
    config["deny_delete"] = json!(true);
    config["max_consumers"] = json!(9);
    config["description"] = json!("ours");
    config.as_object_mut().unwrap().remove("duplicate_window");
    config["discard"] = json!("old");
    engine.ask("STREAM.DELETE.BIRDHOOK", json!({})).await;
    engine.ask("STREAM.CREATE.BIRDHOOK", config).await;
    deliver_all(&engine.sink(), &deliveries).await;
    let wanted = small().max_age(DAY).subjects(["birdhook.>", "birds.>"]);
    let EnsuredStream::Updated(names) = ensure(&wanted).await else { panic!("not updated") };
    assert_eq!(names, ["subjects", "discard", "max_age", "duplicate_window"]);
    assert_eq!(ensure(&wanted).await, EnsuredStream::Unchanged);
    let config = engine.config().await;
    assert_eq!(
        (&config["deny_delete"], &config["max_consumers"], &config["description"]),
        (&json!(true), &json!(9), &json!("ours"))
    );
    assert_eq!(engine.len().await, 3);
}

#[tokio::test]
async fn a_stream_that_is_there_is_left_as_it_is_by_who_only_needs_one() {
    let engine = Engine::bare().await;
    let create = async |settings: &StreamSettings| engine.jetstream.create_stream(settings).await;
    assert!(create(&small().max_age(DAY)).await.unwrap());
    assert!(!create(&small()).await.unwrap());
    let config = engine.config().await;
    assert_eq!(config["max_age"], json!(86_400_000_000_000_u64), "somebody wanted it so");
    let overlapping = create(&small().name("OTHER")).await.unwrap_err();
    assert!(matches!(overlapping, EnsureStreamError::Overlap(_)), "{overlapping}");
    let wrong = create(&small().name("a b")).await.unwrap_err();
    assert!(matches!(wrong, EnsureStreamError::Settings(_)), "{wrong}");
}

#[tokio::test]
async fn what_cannot_be_had_is_told_with_the_cure() {
    let engine = Engine::new().await;
    let refused = async |settings: StreamSettings| engine.jetstream.ensure_stream(&settings).await.unwrap_err();
    let other = |name| small().name(name).subjects([name]);
    for (settings, expected, word) in [
        (small().name("OTHER").subjects(["birdhook.a.>"]), "Overlap", "birdhook.a.>"),
        (small().max_bytes(1 << 60), "NoRoom", "max_bytes"),
        (other("LARGE").max_bytes(1 << 60), "NoRoom", "max_bytes"),
        (other("SAFE").replicas(3), "Replicas", "replicas"),
        (small().max_age(Duration::from_secs(60)), "Settings", "max_age"),
    ] {
        let error = refused(settings).await;
        assert!(format!("{error:?}").starts_with(expected) && error.to_string().contains(word), "{expected}: {error}");
    }
    for (setting, value) in [("retention", "workqueue"), ("storage", "memory")] {
        engine.ask("STREAM.CREATE.THEIRS", json!({"name": "THEIRS", "subjects": ["theirs"], setting: value})).await;
        let error = refused(other("THEIRS").subjects(["theirs"])).await;
        assert!(
            matches!(error, EnsureStreamError::Unchangeable { .. }) && error.to_string().contains(value),
            "{error}"
        );
        engine.ask("STREAM.DELETE.THEIRS", json!({})).await;
    }
    // The first stream is unchanged.
    assert_eq!(engine.jetstream.ensure_stream(&small()).await.unwrap(), EnsuredStream::Unchanged);
}

#[tokio::test]
async fn two_that_make_a_stream_at_once_both_have_it() {
    let engine = Engine::bare().await;
    let other = small().max_age(DAY);
    let settings = small();
    let made = tokio::join!(engine.jetstream.ensure_stream(&settings), engine.jetstream.ensure_stream(&other));
    made.0.unwrap();
    made.1.unwrap();
}

#[tokio::test]
async fn a_consumer_is_made_changed_and_goes_on_where_it_was() {
    let engine = Engine::new().await;
    let deliveries = deliver_posts(&engine.sink(), 42, 4).await;
    let reported = reports(&deliveries);
    assert_eq!(take(&mut engine.consumer().await, 2).await, reported[..2]);
    let settings = ConsumerSettings::new("app").in_order().ack_wait(Duration::from_secs(7)).max_deliver(3);
    let mut consumer = engine.consumer_of(settings).await;
    let config = engine.ask("CONSUMER.INFO.BIRDHOOK.app", json!({})).await["config"].take();
    assert_eq!(
        (&config["max_ack_pending"], &config["ack_wait"], &config["max_deliver"], &config["ack_policy"]),
        (&json!(1), &json!(7_000_000_000_u64), &json!(3), &json!("explicit"))
    );
    assert_eq!(take(&mut consumer, 2).await, reported[2..]);
    nothing(&mut consumer, 100).await;
}

#[tokio::test]
async fn a_consumer_that_cannot_be_had_is_told() {
    let engine = Engine::new().await;
    let push = json!({"durable_name": "push", "deliver_subject": "x", "ack_policy": "explicit"});
    let question = json!({"stream_name": "BIRDHOOK", "config": push});
    engine.ask("CONSUMER.DURABLE.CREATE.BIRDHOOK.push", question).await;
    for (settings, expected) in [
        (ConsumerSettings::new("a.b"), "Name"),
        (ConsumerSettings::new("app").stream("NONE"), "NoStream"),
        (ConsumerSettings::new("push"), "OfAnotherKind"),
        (ConsumerSettings::new("app").filter("elsewhere.>"), "Api(Refused"),
    ] {
        let error = engine.jetstream.consumer(&settings).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{expected}: {error:?}");
    }
}
