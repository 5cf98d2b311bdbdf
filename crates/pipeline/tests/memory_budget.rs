//! The memory budget for the bodies of all deliveries in progress.

use std::time::Duration;

use crate::support::{asking, deleted, deliver, get, halting, incoming, pending, webhook, whole};
use birdhook_pipeline::{Outcome, Pipeline, Reply};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};

const KIB: usize = 1 << 10;

type Channel = Pipeline<birdhook_pipeline::ChannelSink>;

/// Returns a valid delivery of this length.
fn body(length: usize) -> String {
    padded("1", length)
}

fn padded(id: &str, length: usize) -> String {
    let delivery = deleted(&[id]);
    delivery.clone() + &" ".repeat(length - delivery.len())
}

/// Starts a delivery whose body arrives completely but never ends.
fn under_way(pipeline: &Channel, body: &str) -> Result<BoxFuture<'static, Reply>, Outcome> {
    let (incoming, chunks) = (incoming(pipeline, body), whole(body).chain(stream::pending()));
    let pipeline = pipeline.clone();
    let mut receiving = async move { pipeline.receive(incoming, chunks).await }.boxed();
    match (&mut receiving).now_or_never() {
        None => Ok(receiving),
        Some(reply) => Err(reply.outcome()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_over_the_budget_is_answered_503_until_memory_is_released() {
    let (pipeline, _deliveries) = webhook().body_limit(32 * KIB).memory_budget(100 * KIB).channel(8);
    let body = body(32 * KIB);
    let mut held: Vec<_> = (0..3).map(|_| under_way(&pipeline, &body).map_err(Outcome::as_str).unwrap()).collect();
    assert_eq!(pipeline.health().body_bytes, 96 * KIB);
    for _ in 0..3 {
        assert_eq!(deliver(&pipeline, &body).await, Outcome::OverMemoryBudget);
        assert_eq!(pipeline.health().body_bytes, 96 * KIB, "what is refused takes nothing");
    }
    assert_eq!(Outcome::OverMemoryBudget.status(), 503);
    assert_eq!(deliver(&pipeline, &deleted(&["2"])).await, Outcome::Accepted, "a small one has room");
    drop(held.pop());
    assert_eq!(deliver(&pipeline, &body).await, Outcome::Accepted);
    assert_eq!(held.pop().unwrap().await.outcome(), Outcome::BodyTooSlow);
    assert_eq!(pipeline.health().body_bytes, 32 * KIB, "whatever the answer is");
    drop(held);
    assert_eq!(pipeline.health().body_bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn the_upload_with_the_least_progress_is_answered_503_when_a_newcomer_needs_its_memory() {
    let (pipeline, _deliveries) = webhook().body_limit(32 * KIB).memory_budget(100 * KIB).channel(8);
    let body = body(32 * KIB);
    let mut held: Vec<_> = (0..3).map(|_| under_way(&pipeline, &body).map_err(Outcome::as_str).unwrap()).collect();
    tokio::time::advance(Duration::from_millis(251)).await;
    assert_eq!(deliver(&pipeline, &body).await, Outcome::Accepted);
    let ended: Vec<_> = held.iter_mut().map(|one| one.now_or_never().map(|reply| reply.outcome())).collect();
    assert_eq!(ended, [Some(Outcome::OverMemoryBudget), None, None]);
    assert_eq!(pipeline.health().body_bytes, 64 * KIB);
    drop(held);
    assert_eq!(pipeline.health().body_bytes, 0);
}

/// While many large bodies are ready, a challenge waits for the parsing of at most one.
#[tokio::test]
async fn other_requests_run_between_the_parsing_of_two_large_bodies() {
    const COUNT: usize = 20;
    let (pipeline, mut deliveries) = webhook().channel(COUNT);
    let receiving: Vec<_> = (0..COUNT)
        .map(|number| {
            let body = padded(&number.to_string(), 100 * KIB);
            let (pipeline, incoming) = (pipeline.clone(), incoming(&pipeline, &body));
            tokio::spawn(async move { pipeline.receive(incoming, whole(&body)).await.outcome() })
        })
        .collect();
    let mut read = 0;
    while read < COUNT {
        tokio::task::yield_now().await;
        assert_eq!(get(&pipeline, "crc_token=a").outcome(), Outcome::ChallengeAnswered);
        let before = read;
        while deliveries.recv().now_or_never().flatten().is_some() {
            read += 1;
        }
        assert!(read - before <= 2, "{} bodies between two challenges", read - before);
    }
    for one in receiving {
        assert_eq!(one.await.unwrap(), Outcome::Accepted);
    }
}

/// Complete bodies are not ended in favour of another one.
#[tokio::test(start_paused = true)]
async fn a_delivery_that_waits_for_the_sink_is_not_ended_for_a_newcomer() {
    let (pipeline, mut asked) = asking(webhook().body_limit(10 * KIB).memory_budget(25 * KIB));
    let bodies = ["1", "2"].map(|id| padded(id, 10 * KIB));
    let mut receiving =
        bodies.each_ref().map(|body| pipeline.receive(incoming(&pipeline, body), halting(body, 2)).boxed());
    for _ in 0..5 {
        assert!(receiving.iter_mut().all(|one| one.now_or_never().is_none()), "the sink has not answered");
    }
    assert_eq!(pipeline.health().body_bytes, 20 * KIB);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(deliver(&pipeline, &body(10 * KIB)).await, Outcome::OverMemoryBudget);
    for receiving in receiving {
        asked.now().unwrap().1.say(Ok(()));
        assert_eq!(receiving.await.outcome(), Outcome::Accepted);
    }
}

#[tokio::test(start_paused = true)]
async fn large_bodies_leave_half_of_the_budget_to_the_others() {
    let (pipeline, _deliveries) = webhook().memory_budget(2 << 20).channel(8);
    let (large, small) = (body(200 * KIB), body(64 * KIB));
    let mut held = Vec::new();
    let refused = (0..100).find_map(|_| under_way(&pipeline, &large).map(|receiving| held.push(receiving)).err());
    // Half of 2 MiB has no room for a sixth.
    assert_eq!((held.len(), refused), (5, Some(Outcome::OverMemoryBudget)));
    let small = (0..100).map_while(|_| under_way(&pipeline, &small).ok()).collect::<Vec<_>>();
    assert_eq!(small.len(), (2048 - 1000) / 64);
    assert_eq!(pipeline.health().body_bytes, 1000 * KIB + small.len() * 64 * KIB);
    drop((small, held));
    assert_eq!(pipeline.health().body_bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_at_least_twice_the_body_limit() {
    let (pipeline, _deliveries) = webhook().body_limit(100 * KIB).memory_budget(0).channel(8);
    let body = body(100 * KIB);
    let _first = under_way(&pipeline, &body).map_err(Outcome::as_str).unwrap();
    assert_eq!(deliver(&pipeline, &body).await, Outcome::OverMemoryBudget, "half of it is for large ones");
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_body_uses_the_budget_until_the_answer() {
    let (pipeline, mut asked) = asking(webhook());
    let body = body(10 * KIB);
    let receiving = pending(pipeline.receive(incoming(&pipeline, &body), whole(&body)));
    assert_eq!(pipeline.health().body_bytes, 10 * KIB, "the sink has not answered");
    asked.now().unwrap().1.say(Ok(()));
    assert_eq!(receiving.await.outcome(), Outcome::Accepted);
    assert_eq!(pipeline.health().body_bytes, 0);
}
