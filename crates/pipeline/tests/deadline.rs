//! The deadline, the body and its limits.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use crate::support::{SECRET, asking, assert_took, deleted, deliver, incoming, secret, webhook, whole};
use birdhook_pipeline::{ChannelSink, HeadResult, IncomingDelivery, Outcome, Pipeline, RequestHead, signature};
use bytes::Bytes;
use futures_core::Stream;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::{Instant, sleep};

const MILLIS: Duration = Duration::from_millis(1);

/// Returns a body whose pieces arrive this far apart.
fn slow(body: &str, pieces: usize, every: Duration) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let size = body.len().div_ceil(pieces);
    let pieces: Vec<_> = body.as_bytes().chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).then(move |piece| sleep(every).map(|()| piece))
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_answered_408_at_the_deadline() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    let body = deleted(&["1"]);
    let started = Instant::now();
    let reply = pipeline.receive(incoming(&pipeline, &body), whole(&body).chain(stream::pending())).await;
    assert_eq!((reply.outcome(), reply.status()), (Outcome::BodyTooSlow, 408));
    assert_took(started, 2500 * MILLIS);
    assert!(deliveries.recv().now_or_never().is_none(), "nothing was delivered");
    assert_eq!(pipeline.health().in_flight, 0);
    assert_eq!(deliver(&pipeline, &body).await, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_accepted_just_before_the_deadline_and_not_just_after_it() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let body = deleted(&["1"]);
    let reply = pipeline.receive(incoming(&pipeline, &body), slow(&body, 10, 251 * MILLIS)).await;
    assert_eq!(reply.outcome(), Outcome::BodyTooSlow);
    let reply = pipeline.receive(incoming(&pipeline, &body), slow(&body, 10, 249 * MILLIS)).await;
    assert_eq!(reply.outcome(), Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_counts_from_the_head_whenever_the_body_is_read() {
    for (name, webhook, pause, expected) in [
        ("a deadline of 700 ms", webhook().deadline(700 * MILLIS), Duration::ZERO, 700 * MILLIS),
        ("the body is read 2 s after the head", webhook(), 2000 * MILLIS, 2500 * MILLIS),
    ] {
        let (pipeline, _deliveries) = webhook.channel(8);
        let (started, incoming) = (Instant::now(), incoming(&pipeline, "{}"));
        sleep(pause).await;
        let reply = pipeline.receive(incoming, stream::pending::<Result<Bytes, Infallible>>()).await;
        assert_eq!(reply.outcome(), Outcome::BodyTooSlow, "{name}");
        assert_took(started, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_sink_is_answered_503_and_its_claim_is_released() {
    let ((pipeline, mut asked), body) = (asking(webhook()), deleted(&["1"]));
    let started = Instant::now();
    let reply = pipeline.receive(incoming(&pipeline, &body), whole(&body)).await;
    assert_eq!((reply.outcome(), reply.status()), (Outcome::SinkTooSlow, 503));
    assert!(reply.headers().any(|header| header == ("retry-after", "3")));
    assert_took(started, 2500 * MILLIS);
    assert!(asked.now().unwrap().1.is_moot(), "the hand-over was given up");
    let started = Instant::now();
    assert_eq!(asked.answer(Ok(()), deliver(&pipeline, &body)).await, Outcome::Accepted);
    assert_took(started, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_is_dropped_at_the_deadline() {
    let (done, mut finished) = tokio::sync::mpsc::unbounded_channel();
    let pipeline = webhook().delivery_handler(move |_| {
        let done = done.clone();
        async move {
            sleep(2501 * MILLIS).await;
            done.send(()).unwrap();
            Ok::<(), Infallible>(())
        }
    });
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::SinkTooSlow);
    sleep(10_000 * MILLIS).await;
    assert!(finished.try_recv().is_err(), "it went on in secret");
}

/// 1.5 s for the body leave 1 s for the sink.
#[tokio::test(start_paused = true)]
async fn one_deadline_covers_body_and_sink_together() {
    for (patience, expected) in [(999, Outcome::Accepted), (1001, Outcome::SinkTooSlow)] {
        let pipeline = webhook().delivery_handler(move |_| sleep(patience * MILLIS).map(Ok::<(), Infallible>));
        let body = deleted(&["1"]);
        let started = Instant::now();
        let reply = pipeline.receive(incoming(&pipeline, &body), slow(&body, 3, 500 * MILLIS)).await;
        assert_eq!(reply.outcome(), expected);
        assert_took(started, (1500 + patience.min(1000)) * MILLIS);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_cut_off_is_answered_400() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    let body = deleted(&["1"]);
    for whole_before in [false, true] {
        let good = stream::iter(whole_before.then(|| Ok(Bytes::from(body.clone()))));
        let broken = good.chain(stream::iter([Err("connection reset"), Ok(Bytes::new())]));
        let reply = pipeline.receive(incoming(&pipeline, &body), broken).await;
        assert_eq!((reply.outcome(), reply.status()), (Outcome::BodyCutOff, 400));
    }
    assert_eq!(pipeline.health().answered(Outcome::BodyCutOff), 2);
    assert!(deliveries.recv().now_or_never().is_none());
    assert_eq!(deliver(&pipeline, &body).await, Outcome::Accepted);
}

fn begin(pipeline: &Pipeline<ChannelSink>, body: &str, length: &str) -> HeadResult<IncomingDelivery> {
    let signed = signature::sign(&secret(SECRET), body.as_bytes());
    let headers = [(signature::HEADER, signed.as_bytes()), ("content-length", length.as_bytes())];
    pipeline.begin(&RequestHead::new("POST", "/", None).with_headers(headers))
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_length_than_its_content_length_is_answered_400() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let body = deleted(&["1"]);
    for (wrong, expected) in [(-1, Outcome::BodyCutOff), (1, Outcome::BodyCutOff), (0, Outcome::Accepted)] {
        let length = (body.len() as isize + wrong).to_string();
        let HeadResult::Body(incoming) = begin(&pipeline, &body, &length) else { panic!("refused") };
        assert_eq!(pipeline.receive(incoming, whole(&body)).await.outcome(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_over_the_limit_is_answered_413_and_not_read_further() {
    let body = deleted(&["1"]);
    let (pipeline, _deliveries) = webhook().body_limit(body.len()).channel(8);
    let over = (body.len() + 1).to_string();
    let HeadResult::Reply(reply) = begin(&pipeline, &body, &over) else { panic!("not refused") };
    assert_eq!((reply.outcome(), reply.status()), (Outcome::BodyTooLarge, 413));
    assert_eq!(pipeline.health().in_flight, 0);
    assert_eq!(deliver(&pipeline, &body).await, Outcome::Accepted, "exactly the limit is not over it");

    let further = stream::once(async { panic!("read on behind the limit") });
    let over = whole(&body).chain(stream::iter([Ok(Bytes::from_static(b" "))])).chain(further);
    let reply = pipeline.receive(incoming(&pipeline, &body), over).await;
    assert_eq!((reply.outcome(), reply.status()), (Outcome::BodyTooLarge, 413));
}

#[tokio::test(start_paused = true)]
async fn the_body_limit_defaults_to_one_mebibyte() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let padded = |length: usize| format!("{}{}", deleted(&["1"]), " ".repeat(length - deleted(&["1"]).len()));
    assert_eq!(deliver(&pipeline, &padded((1 << 20) + 1)).await, Outcome::BodyTooLarge);
    assert_eq!(deliver(&pipeline, &padded(1 << 20)).await, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn unverified_bodies_and_bodies_without_an_object_do_not_reach_the_sink() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    let forged = pipeline.receive(incoming(&pipeline, &deleted(&["1"])), whole(&deleted(&["2"]))).await;
    assert_eq!((forged.outcome(), forged.status()), (Outcome::SignatureWrong, 401));
    assert!(forged.body().is_empty());
    for odd in ["[]", "", "null", "{\"a\":1"] {
        assert_eq!(deliver(&pipeline, odd).await, Outcome::NotAnObject, "{odd:?}");
    }
    assert!(deliveries.recv().now_or_never().is_none());
    assert_eq!(pipeline.health().remembered, 0);
    assert_eq!(deliver(&pipeline, r#"{"new_things":[1]}"#).await, Outcome::Accepted, "unknown is delivered");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_applies_to_a_body_that_is_always_ready() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let started = Instant::now();
    // Another empty chunk is always ready, each after one millisecond, for a minute.
    let endless = stream::repeat_with(|| {
        // The first poll of `advance` moves the clock; a second would only yield.
        let moved = pin!(tokio::time::advance(MILLIS));
        let _ = moved.poll(&mut Context::from_waker(Waker::noop()));
        Ok::<_, Infallible>(Bytes::new())
    });
    let reply = pipeline.receive(incoming(&pipeline, "{}"), endless.take(60_000)).await;
    assert!(started.elapsed() < Duration::from_secs(30), "read for {:?}", started.elapsed());
    assert_eq!(reply.outcome(), Outcome::BodyTooSlow);
}
