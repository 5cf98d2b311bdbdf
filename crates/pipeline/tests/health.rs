//! The numbers that `health()` reports.

use std::collections::HashMap;
use std::time::Duration;

use crate::support::{SECRET, app, asking, deleted, deliver, get, incoming, pending, secret, webhook, whole};
use birdhook_pipeline::{Apps, HeadResult, Outcome, RequestHead, SecretKind, Webhook, signature};
use futures_util::FutureExt;
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn all_counts_of_a_new_pipeline_are_zero() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let health = pipeline.health();
    assert!(health.ready);
    assert_eq!((health.in_flight, health.unanswered, health.events, health.duplicates), (0, 0, 0, 0));
    assert_eq!((health.remembered, health.since_last_challenge, health.since_last_event), (0, None, None));
    assert_eq!(health.backlog, Some(birdhook_pipeline::Backlog::default()));
    assert_eq!(health.answers().count(), 0);
    let without_memory = webhook().delivery_handler(|_| async { Ok::<(), std::io::Error>(()) });
    assert_eq!((without_memory.health().backlog, webhook().gate().health().backlog), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_is_ready_if_it_has_an_app_and_an_open_sink_and_is_not_stopping() {
    let gate = Webhook::new(Apps::none()).gate();
    assert!(!gate.health().ready);
    gate.replace_apps(app("bees", "s"));
    assert!(gate.health().ready);
    gate.stop();
    assert!(!gate.health().ready);
    gate.replace_apps(secret("t"));
    assert!(!gate.health().ready, "no way back");

    // Every delivery is answered 503 from here on, so the load balancer must notice.
    let (pipeline, deliveries) = webhook().channel(8);
    assert!(pipeline.health().ready);
    drop(deliveries.events());
    assert!(!pipeline.health().ready);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::SinkClosed);
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_counted_under_its_outcome() {
    let (pipeline, _deliveries) = webhook().channel(8);
    for query in ["crc_token=a", "crc_token=b", "", "crc_token=", "crc_token=a&crc_token=b", "crc_token=%7B"] {
        get(&pipeline, query);
    }
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2"])).await, Outcome::Accepted);
    assert_eq!(deliver(&pipeline, &deleted(&["2", "3"])).await, Outcome::Accepted);
    assert_eq!(deliver(&pipeline, &deleted(&["3"])).await, Outcome::Duplicate);
    assert_eq!(deliver(&pipeline, "[]").await, Outcome::NotAnObject);
    let forged = pipeline.receive(incoming(&pipeline, "{}"), whole("{ }")).await;
    assert_eq!(forged.outcome(), Outcome::SignatureWrong);
    for method in ["POST", "PUT", "HEAD"] {
        assert!(matches!(pipeline.begin(&RequestHead::new(method, "/", None)), HeadResult::Reply(_)));
    }
    let expected = HashMap::from([
        (Outcome::ChallengeAnswered, 2),
        (Outcome::TokenMissing, 1),
        (Outcome::TokenEmpty, 1),
        (Outcome::TokenRepeated, 1),
        (Outcome::TokenRefused, 1),
        (Outcome::Accepted, 2),
        (Outcome::Duplicate, 1),
        (Outcome::NotAnObject, 1),
        (Outcome::SignatureWrong, 1),
        (Outcome::SignatureMissing, 1),
        (Outcome::MethodNotAllowed, 2),
    ]);
    let health = pipeline.health();
    assert_eq!(health.answers().collect::<HashMap<_, _>>(), expected);
    for &reason in Outcome::ALL {
        assert_eq!(health.answered(reason), expected.get(&reason).copied().unwrap_or(0), "{reason:?}");
    }
    assert_eq!((health.events, health.duplicates, health.remembered), (3, 2, 3));
    assert_eq!((health.in_flight, health.unanswered), (0, 0));
    assert_eq!(health.backlog.unwrap().events, 3);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_in_flight_from_its_head_to_its_answer() {
    let (pipeline, mut asked) = asking(webhook());
    let (one, two) = (deleted(&["1"]), deleted(&["2"]));
    let first = incoming(&pipeline, &one);
    assert_eq!(pipeline.health().in_flight, 1);
    let first = pending(pipeline.receive(first, whole(&one)));
    let second = incoming(&pipeline, &two);
    assert_eq!(pipeline.health().in_flight, 2);
    get(&pipeline, "crc_token=a");
    assert_eq!(pipeline.health().in_flight, 2, "a challenge never is");
    asked.now().unwrap().1.say(Ok(()));
    assert_eq!(first.await.outcome(), Outcome::Accepted);
    assert_eq!((pipeline.health().in_flight, pipeline.health().unanswered), (1, 0));
    drop(second);
    assert_eq!((pipeline.health().in_flight, pipeline.health().unanswered), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn only_answered_challenges_reset_the_time_since_the_last_one() {
    let (pipeline, _deliveries) = webhook().channel(8);
    advance(SECOND).await;
    get(&pipeline, "crc_token=");
    assert_eq!(pipeline.health().since_last_challenge, None, "refused");
    get(&pipeline, "crc_token=a");
    assert_eq!(pipeline.health().since_last_challenge, Some(Duration::ZERO));
    advance(3600 * SECOND).await;
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    get(&pipeline, "crc_token=%7B");
    assert_eq!(pipeline.health().since_last_challenge, Some(3600 * SECOND));
    get(&pipeline, "crc_token=b");
    advance(Duration::from_millis(1)).await;
    assert_eq!(pipeline.health().since_last_challenge, Some(Duration::from_millis(1)));
}

#[tokio::test(start_paused = true)]
async fn challenges_signed_by_x_are_counted_separately() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let query = "crc_token=a&nonce=n";
    for (key, of_x) in [(SECRET, 1), ("stranger", 1), (SECRET, 2)] {
        let signed = signature::sign(&secret(key), query.as_bytes());
        let head = RequestHead::new("GET", "/", Some(query)).with_headers([(signature::HEADER, signed.as_bytes())]);
        assert!(matches!(pipeline.begin(&head), HeadResult::Reply(_)));
        assert_eq!(pipeline.health().challenges_by_x, of_x);
    }
    get(&pipeline, query);
    let health = pipeline.health();
    assert_eq!((health.challenges_by_x, health.answered(Outcome::ChallengeAnswered)), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn deliveries_signed_with_another_kind_than_answers_are_counted() {
    let both = || app("bees", "consumer").add_client_secret(secret("client"));
    let (pipeline, _deliveries) = Webhook::new(both()).channel(8);
    assert_eq!(pipeline.health().signed_with_other_kind, 0);
    let post = async |id: &str, signatures: &[(&str, &str)]| {
        let body = deleted(&[id]);
        let made: Vec<_> =
            signatures.iter().map(|(name, key)| (*name, signature::sign(&secret(key), body.as_bytes()))).collect();
        let headers = made.iter().map(|(name, value)| (*name, value.as_bytes()));
        match pipeline.begin(&RequestHead::new("POST", "/", None).with_headers(headers)) {
            HeadResult::Body(incoming) => pipeline.receive(incoming, whole(&body)).await.outcome(),
            HeadResult::Reply(reply) => reply.outcome(),
        }
    };
    let (old, new) = (signature::HEADER, signature::HEADER_OAUTH2);
    for (id, signatures, reason, counted) in [
        ("1", [(new, "client")].as_slice(), Outcome::Accepted, 0),
        ("2", &[(new, "client"), (old, "consumer")], Outcome::Accepted, 0),
        ("3", &[(old, "consumer")], Outcome::Accepted, 1),
        ("3", &[(old, "consumer")], Outcome::Duplicate, 2),
        ("4", &[(old, "stranger")], Outcome::SignatureWrong, 2),
    ] {
        assert_eq!(post(id, signatures).await, reason);
        assert_eq!(pipeline.health().signed_with_other_kind, counted, "{signatures:?}");
    }
    pipeline.replace_apps(both().answer_challenges_with(SecretKind::Consumer));
    assert_eq!(post("5", &[(old, "consumer")]).await, Outcome::Accepted);
    assert_eq!(pipeline.health().signed_with_other_kind, 2, "now it is the kind that answers");
    assert_eq!(post("6", &[(new, "client")]).await, Outcome::Accepted);
    assert_eq!(pipeline.health().signed_with_other_kind, 3);
}

#[tokio::test(start_paused = true)]
async fn only_delivered_events_reset_the_time_since_the_last_one() {
    let (pipeline, mut asked) = asking(webhook());
    let body = deleted(&["1"]);
    assert_eq!(deliver(&pipeline, &body).await, Outcome::SinkTooSlow);
    assert_eq!(pipeline.health().since_last_event, None);
    drop(asked.now().unwrap());
    let reason = asked.answer(Ok(()), deliver(&pipeline, &body)).await;
    assert_eq!((reason, pipeline.health().since_last_event), (Outcome::Accepted, Some(Duration::ZERO)));
    advance(60 * SECOND).await;
    assert_eq!(deliver(&pipeline, &body).await, Outcome::Duplicate);
    assert_eq!(pipeline.health().since_last_event, Some(60 * SECOND), "a duplicate is no event");
}

/// An event dropped at the app's request counts neither as an event nor as a duplicate.
#[tokio::test(start_paused = true)]
async fn dropped_events_are_answered_200_and_counted_separately() {
    let (pipeline, mut deliveries) = Webhook::new(app("bees", SECRET).drop_echoes_of("55")).channel(8);
    let echo = crate::support::message_for("30", "1").replace(r#""sender_id""#, r#""source_app_id":"55","sender_id""#);
    let reason = deliver(&pipeline, &echo).await;
    assert_eq!((reason, reason.status()), (Outcome::Dropped, 200));
    let health = pipeline.health();
    assert_eq!((health.events, health.duplicates, health.remembered), (0, 0, 0));
    assert!(deliveries.recv().now_or_never().is_none());
}
