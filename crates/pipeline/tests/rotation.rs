//! Apps and their secrets are replaced while requests run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use crate::support::{app, begin_signed, deleted, deliver_signed, get, incoming, secret, webhook, whole};
use birdhook_pipeline::{Apps, HeadResult, Outcome, RequestHead, Webhook, crc};
use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt};

/// Returns the answer that X expects to a challenge.
fn answer(key: &str) -> String {
    crc::respond(&secret(key), "abc", crc::TokenPolicy::default()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn new_secrets_apply_from_the_next_request() {
    let (pipeline, _deliveries) = Webhook::new(app("bees", "old")).channel(8);
    assert_eq!(*get(&pipeline, "crc_token=abc").body(), answer("old"));
    assert_eq!(deliver_signed(&pipeline, "old", &deleted(&["1"])).await, Outcome::Accepted);
    assert_eq!(deliver_signed(&pipeline, "new", &deleted(&["2"])).await, Outcome::SignatureWrong);

    let clone = pipeline.clone();
    pipeline.replace_apps(app("bees", "new").add_consumer_secret(secret("old")));
    assert_eq!(*get(&clone, "crc_token=abc").body(), answer("new"), "clones too");
    assert_eq!(deliver_signed(&clone, "new", &deleted(&["2"])).await, Outcome::Accepted);
    assert_eq!(deliver_signed(&clone, "old", &deleted(&["3"])).await, Outcome::Accepted);
    assert_eq!(deliver_signed(&clone, "new", &deleted(&["1"])).await, Outcome::Duplicate, "the window stays");
    assert_eq!(pipeline.health().duplicates, 1);

    clone.replace_apps(secret("newest"));
    let HeadResult::Reply(reply) = pipeline.begin(&RequestHead::new("POST", "/", None)) else { panic!("not refused") };
    assert_eq!((reply.outcome(), reply.body().len()), (Outcome::SignatureMissing, 0));
    assert_eq!(deliver_signed(&pipeline, "old", &deleted(&["4"])).await, Outcome::SignatureWrong);
    assert_eq!(deliver_signed(&pipeline, "newest", &deleted(&["4"])).await, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_request_keeps_the_secrets_with_which_it_began() {
    let (pipeline, mut deliveries) = Webhook::new(app("bees", "old")).channel(8);
    let body = deleted(&["1"]);
    let HeadResult::Body(begun) = begin_signed(&pipeline, "old", &body) else { panic!("refused") };
    pipeline.replace_apps(app("wasps", "new"));
    assert_eq!(pipeline.receive(begun, whole(&body)).await.outcome(), Outcome::Accepted);
    assert_eq!(deliveries.recv().await.unwrap().app(), "bees");
}

#[tokio::test(start_paused = true)]
async fn without_apps_every_request_is_answered_503() {
    let (pipeline, _deliveries) = Webhook::new(Apps::none()).channel(8);
    let body = deleted(&["1"]);
    for _ in 0..2 {
        let reply = get(&pipeline, "crc_token=abc");
        assert_eq!((reply.outcome(), reply.status()), (Outcome::NoSecret, 503));
        assert!(reply.headers().any(|header| header == ("retry-after", "3")));
        let HeadResult::Reply(reply) = begin_signed(&pipeline, "new", &body) else { panic!("not refused") };
        assert_eq!((reply.outcome(), reply.status()), (Outcome::NoSecret, 503));
        assert!(!pipeline.health().ready);

        pipeline.replace_apps(app("bees", "new"));
        assert!(pipeline.health().ready);
        assert_eq!(*get(&pipeline, "crc_token=abc").body(), answer("new"));
        assert_eq!(deliver_signed(&pipeline, "new", &body).await.status(), 200);
        pipeline.replace_apps(Apps::none());
    }
    assert_eq!(pipeline.health().answered(Outcome::NoSecret), 4);
    assert_eq!(pipeline.health().events, 1);
}

/// Every set accepts both secrets, so no request may fail while sets are replaced.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rotation_under_load_rejects_no_request() {
    let sets = || {
        [app("bees", "old").add_consumer_secret(secret("new")), app("bees", "new").add_consumer_secret(secret("old"))]
    };
    let (pipeline, deliveries) = Webhook::new(sets()[0].clone()).channel(1000);
    let over = Arc::new(AtomicBool::new(false));
    let (rotated, is_over) = (pipeline.clone(), Arc::clone(&over));
    let rotation = tokio::spawn(async move {
        let mut times = 0;
        while !is_over.load(SeqCst) {
            sets().into_iter().for_each(|app| rotated.replace_apps(app));
            times += 1;
            tokio::task::yield_now().await;
        }
        times
    });
    let requests = (0..4).map(|worker| {
        let pipeline = pipeline.clone();
        tokio::spawn(async move {
            for at in 0..200 {
                let (key, token) = (["old", "new"][at % 2], get(&pipeline, "crc_token=abc"));
                assert!([answer("old"), answer("new")].iter().any(|answer| token.body() == answer.as_bytes()));
                let body = deleted(&[&format!("{worker}-{at}")]);
                assert_eq!(deliver_signed(&pipeline, key, &body).await, Outcome::Accepted);
            }
        })
    });
    join_all(requests).await.into_iter().for_each(|ended| ended.unwrap());
    over.store(true, SeqCst);
    assert!(rotation.await.unwrap() > 0);
    assert_eq!((pipeline.health().events, pipeline.health().answered(Outcome::ChallengeAnswered)), (800, 800));
    drop(pipeline);
    assert_eq!(deliveries.count().await, 800);
}

/// It was verified for the apps of the other pipeline, and claimed in its window.
#[tokio::test]
async fn a_pipeline_rejects_a_delivery_that_began_at_another_one() {
    let (one, mut deliveries) = webhook().channel(1);
    let (other, mut of_other) = webhook().channel(1);
    let body = deleted(&["1"]);
    let reply = other.receive(incoming(&one, &body), whole(&body)).await;
    assert_eq!((reply.outcome(), reply.status()), (Outcome::SinkFailed, 503));
    assert_eq!((one.health().answered(Outcome::SinkFailed), one.health().in_flight), (1, 0));
    assert!(deliveries.recv().now_or_never().is_none() && of_other.recv().now_or_never().is_none());
    let reply = one.clone().receive(incoming(&one, &body), whole(&body)).await;
    assert_eq!(reply.outcome(), Outcome::Accepted, "a clone is the same pipeline");
}
