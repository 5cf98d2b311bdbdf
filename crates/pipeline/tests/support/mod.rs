//! Helpers of the integration tests: signed requests, bodies, streams and manual polling.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper that fails fails its test")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use birdhook_pipeline::{
    App, Deliveries, Delivery, Event, EventSink, HeadResult, IncomingDelivery, Outcome, Pipeline, Reply, RequestHead,
    Secret, SinkError, Webhook, signature,
};
use bytes::Bytes;
use futures_core::Stream;
use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{Barrier, mpsc};

pub(crate) const SECRET: &str = "consumer-secret-of-the-tests";

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

pub(crate) fn app(name: &str, key: &str) -> App {
    App::new(name, secret(key))
}

pub(crate) fn webhook() -> Webhook {
    Webhook::new(app("bees", SECRET))
}

/// Returns a body with one event for each of these ids.
pub(crate) fn deleted(ids: &[&str]) -> String {
    deleted_for("7", ids)
}

pub(crate) fn deleted_for(subscriber: &str, ids: &[&str]) -> String {
    let events: Vec<_> = ids.iter().map(|id| format!(r#"{{"status":{{"id":"{id}","user_id":"9"}}}}"#)).collect();
    format!(r#"{{"for_user_id":"{subscriber}","tweet_delete_events":[{}]}}"#, events.join(","))
}

/// Returns one message from 30 to 40, as X reports it to one of the two.
pub(crate) fn message_for(subscriber: &str, id: &str) -> String {
    let content = r#"{"target":{"recipient_id":"40"},"sender_id":"30","message_data":{"text":"hello"}}"#;
    format!(
        r#"{{"for_user_id":"{subscriber}","direct_message_events":[{{"type":"message_create","id":"{id}","created_timestamp":"1678000000001","message_create":{content}}}]}}"#
    )
}

/// Returns the first id in the event's JSON.
pub(crate) fn id(event: &Event) -> String {
    let raw = event.raw().as_str();
    let (_, rest) = raw.split_once(r#""id":""#).unwrap_or_else(|| panic!("no id in {raw}"));
    rest.split('"').next().unwrap().to_owned()
}

pub(crate) fn ids(delivery: &Delivery) -> Vec<String> {
    delivery.events().iter().map(id).collect()
}

/// Calls `begin` with the head of a POST of this body, signed with this secret.
pub(crate) fn with_signed_head<T>(key: &str, body: &str, begin: impl FnOnce(&RequestHead<'_>) -> T) -> T {
    let signed = signature::sign(&secret(key), body.as_bytes());
    begin(&RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]))
}

pub(crate) fn begin_signed<S: EventSink>(
    pipeline: &Pipeline<S>,
    key: &str,
    body: &str,
) -> HeadResult<IncomingDelivery> {
    with_signed_head(key, body, |head| pipeline.begin(head))
}

pub(crate) fn incoming<S: EventSink>(pipeline: &Pipeline<S>, body: &str) -> IncomingDelivery {
    match begin_signed(pipeline, SECRET, body) {
        HeadResult::Body(incoming) => incoming,
        HeadResult::Reply(reply) => panic!("refused: {:?}", reply.outcome()),
    }
}

/// Sends a whole POST, its body in one chunk, signed with this secret.
///
/// The future owns what it needs, so that it can run in a task.
pub(crate) fn deliver_signed<S: EventSink>(
    pipeline: &Pipeline<S>,
    key: &str,
    body: &str,
) -> impl Future<Output = Outcome> + use<S> {
    let (pipeline, key, body) = (pipeline.clone(), key.to_owned(), body.to_owned());
    async move {
        match begin_signed(&pipeline, &key, &body) {
            HeadResult::Reply(reply) => reply.outcome(),
            HeadResult::Body(incoming) => pipeline.receive(incoming, whole(&body)).await.outcome(),
        }
    }
}

pub(crate) fn deliver<S: EventSink>(pipeline: &Pipeline<S>, body: &str) -> impl Future<Output = Outcome> + use<S> {
    deliver_signed(pipeline, SECRET, body)
}

/// Delivers each body in its own task, all started at once. Fails if they take more than 20 s.
pub(crate) async fn race<S>(pipeline: &Pipeline<S>, bodies: &[String]) -> Vec<Outcome>
where
    S: EventSink<Future: Send> + Send + Sync + 'static,
{
    let barrier = Arc::new(Barrier::new(bodies.len()));
    let tasks = bodies.iter().map(|body| {
        let (delivery, barrier) = (deliver(pipeline, body), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            delivery.await
        })
    });
    let answers = tokio::time::timeout(Duration::from_secs(20), join_all(tasks)).await.expect("they hang");
    answers.into_iter().map(Result::unwrap).collect()
}

/// Returns the number of answers with each of these outcomes.
pub(crate) fn count<const N: usize>(answers: &[Outcome], outcomes: [Outcome; N]) -> [usize; N] {
    outcomes.map(|outcome| answers.iter().filter(|&&answer| answer == outcome).count())
}

pub(crate) fn get<S: EventSink>(pipeline: &Pipeline<S>, query: &str) -> Reply {
    match pipeline.begin(&RequestHead::new("GET", "/", Some(query))) {
        HeadResult::Reply(reply) => reply,
        HeadResult::Body(_) => panic!("a GET has no body"),
    }
}

pub(crate) fn whole(body: &str) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    futures_util::stream::iter([Ok(Bytes::copy_from_slice(body.as_bytes()))])
}

/// Returns a body in several chunks, with a pending poll before each of them and before the end.
pub(crate) fn halting(body: &str, chunks: usize) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let size = body.len().div_ceil(chunks);
    let chunks: VecDeque<_> = body.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
    futures_util::stream::unfold(chunks, async |mut left| {
        halt(1).await;
        left.pop_front().map(|chunk| (Ok(chunk), left))
    })
}

/// Resolves after `halts` pending polls.
pub(crate) async fn halt(mut halts: usize) {
    std::future::poll_fn(|cx| {
        if halts == 0 {
            return Poll::Ready(());
        }
        halts -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Counts its wake-ups.
#[derive(Default)]
pub(crate) struct Alarm(AtomicUsize);

impl Alarm {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let alarm = Arc::new(Self::default());
        (Arc::clone(&alarm), Waker::from(alarm))
    }

    pub(crate) fn rung(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Polls once, with a no-op waker.
pub(crate) fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Returns a future that is pending when polled once.
#[track_caller]
pub(crate) fn pending<F: Future>(future: F) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(poll(&mut future).is_pending());
    future
}

/// Returns the ids of all events up to the end of the channel.
pub(crate) async fn read_to_end(deliveries: &mut Deliveries) -> Vec<String> {
    deliveries.map(|delivery| ids(&delivery)).concat().await
}

/// Runs sequences of deliveries. Each has a name, a webhook, and its steps in one line.
///
/// `+x` is a delivery that is accepted, `=x` is a duplicate, and a number is a pause in
/// milliseconds. `body` returns the body for `x`. The channel receives one delivery for each `+`.
pub(crate) async fn run_sequences<const N: usize>(
    body: impl Fn(&str) -> String,
    sequences: [(&str, Webhook, &str); N],
) {
    for (name, webhook, steps) in sequences {
        let (pipeline, mut deliveries) = webhook.channel(64);
        for step in steps.split(' ') {
            let (expected, body) = match step.split_at(1) {
                ("+", accepted) => (Outcome::Accepted, body(accepted)),
                ("=", duplicate) => (Outcome::Duplicate, body(duplicate)),
                _ => {
                    tokio::time::advance(Duration::from_millis(step.parse().unwrap())).await;
                    continue;
                }
            };
            assert_eq!(deliver(&pipeline, &body).await, expected, "{name}: {step} in {steps}");
        }
        assert_eq!(taken(&mut deliveries).await.len(), steps.matches('+').count(), "{name}: {steps}");
    }
}

/// Returns the deliveries that are in the channel right now.
pub(crate) async fn taken(deliveries: &mut Deliveries) -> Vec<Delivery> {
    // tokio reports an empty channel to a task that has used up its budget, until the task yields.
    tokio::task::yield_now().await;
    std::iter::from_fn(|| deliveries.recv().now_or_never().flatten()).collect()
}

/// A sink controlled by the test: each delivery waits for its own [`Verdict`].
pub(crate) struct Asking(mpsc::UnboundedSender<(Delivery, Verdict)>);

/// The test's control of one delivery. If it is dropped unused, the delivery never completes.
pub(crate) struct Verdict(tokio::sync::oneshot::Sender<Result<(), SinkError>>);

impl Verdict {
    pub(crate) fn say(self, outcome: Result<(), SinkError>) {
        self.0.send(outcome).unwrap_or_else(|_| panic!("the delivery was dropped"));
    }

    /// Returns whether the delivery was dropped.
    pub(crate) fn is_moot(&self) -> bool {
        self.0.is_closed()
    }
}

/// The test's side of an [`Asking`] sink.
pub(crate) struct Asked(mpsc::UnboundedReceiver<(Delivery, Verdict)>);

impl Asked {
    /// Waits for the next delivery. Fails instead of hanging if none comes.
    pub(crate) async fn next(&mut self) -> (Delivery, Verdict) {
        let next = tokio::time::timeout(Duration::from_secs(120), self.0.recv());
        next.await.expect("no delivery reached the sink").unwrap()
    }

    /// Answers the delivery that this request causes. Returns the request's result.
    pub(crate) async fn answer<T>(&mut self, outcome: Result<(), SinkError>, request: impl Future<Output = T>) -> T {
        tokio::join!(request, async { self.next().await.1.say(outcome) }).0
    }

    /// Returns the next delivery that has reached the sink, if any.
    pub(crate) fn now(&mut self) -> Option<(Delivery, Verdict)> {
        self.0.try_recv().ok()
    }
}

/// Returns a pipeline with an [`Asking`] sink.
pub(crate) fn asking(webhook: Webhook) -> (Pipeline<Asking>, Asked) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (webhook.sink(Asking(sender)), Asked(receiver))
}

impl EventSink for Asking {
    type Future = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let _ = self.0.send((delivery, Verdict(sender)));
        Box::pin(async move {
            match receiver.await {
                Ok(outcome) => outcome,
                Err(_) => std::future::pending().await,
            }
        })
    }
}

/// Asserts that about this much time passed on the paused clock, whose timers round up to 1 ms.
#[track_caller]
pub(crate) fn assert_took(since: tokio::time::Instant, expected: Duration) {
    let took = since.elapsed();
    assert!(took >= expected && took <= expected + Duration::from_millis(2), "took {took:?}, not {expected:?}");
}
