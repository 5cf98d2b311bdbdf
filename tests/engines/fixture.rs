//! Deliveries, and readers of either engine.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use birdhook_core::{ApiSource, Delivery, Event};
use birdhook_nats::{ConsumeError, Consumer, JetStreamMessage};
use birdhook_pipeline::{EventHandler, EventSink, SinkError};
use birdhook_redis::{Group, ReadError, StreamMessage};
use birdhook_test_harness::TIMEOUT;
use birdhook_testkit::{MockEvent, MockEventKind, PayloadGenerator};
use bytes::Bytes;
use tokio::time::timeout;

/// Returns a scene at a time that depends on the seed, because the ids of events depend on the
/// time.
pub(crate) fn scene(seed: u64) -> PayloadGenerator {
    let mut scene = PayloadGenerator::new(seed);
    scene.advance(Duration::from_secs(seed % 1_000_000 * 3600));
    scene
}

/// Returns posts, each in its own delivery. Another seed gives other posts.
pub(crate) fn posts(seed: u64, count: usize) -> Vec<Delivery> {
    let mut scene = scene(seed);
    let mut post = || scene.event(MockEventKind::Post, "2001").reported_by(ApiSource::XActivity).unwrap();
    (0..count).map(|_| Delivery::restore("shop", post(), 1).unwrap()).collect()
}

/// Returns one delivery with several posts, and the same posts, each in its own delivery.
pub(crate) fn batch(seed: u64, count: usize) -> (Delivery, Vec<Delivery>) {
    let mut scene = scene(seed);
    let posts: Vec<_> = (0..count).map(|_| scene.event(MockEventKind::Post, "2001")).collect();
    let alone = |post| Delivery::restore("shop", MockEvent::batch([post]).unwrap(), 1).unwrap();
    let all: Bytes = MockEvent::batch(&posts).unwrap();
    (Delivery::restore("shop", all, count).unwrap(), posts.iter().map(alone).collect())
}

pub(crate) fn body_of(delivery: &Delivery) -> Bytes {
    delivery.body().as_str().to_owned().into()
}

/// Returns an event as the app sees it.
pub(crate) fn report(event: &Event) -> String {
    serde_json::to_string(&event.report()).unwrap()
}

pub(crate) fn reports(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().flat_map(Delivery::events).map(report).collect()
}

pub(crate) fn sorted(mut reports: Vec<String>) -> Vec<String> {
    reports.sort();
    reports
}

pub(crate) async fn deliver(sink: &impl EventSink, deliveries: &[Delivery]) -> Vec<Result<(), SinkError>> {
    let mut answers = Vec::new();
    for delivery in deliveries {
        answers.push(sink.deliver(delivery.clone()).await);
    }
    answers
}

pub(crate) async fn deliver_all(sink: &impl EventSink, deliveries: &[Delivery]) {
    deliver(sink, deliveries).await.into_iter().for_each(Result::unwrap);
}

/// Delivers posts, each in its own delivery, and returns them.
pub(crate) async fn deliver_posts(sink: &impl EventSink, seed: u64, count: usize) -> Vec<Delivery> {
    let posts = posts(seed, count);
    deliver_all(sink, &posts).await;
    posts
}

/// A consumer of NATS, or a group of Redis.
pub(crate) trait Reader {
    type Message: Message;
    type Error: fmt::Debug;

    async fn read(&mut self) -> Result<Self::Message, Self::Error>;

    /// Returns whether the engine has confirmed all acknowledgements.
    async fn flush(&self) -> bool;

    /// Runs a handler until `stop` resolves.
    async fn run<H>(&mut self, handler: H, concurrency: usize, stop: impl Future<Output = ()>)
    where
        H: EventHandler + Send + Sync + 'static,
        H::Future: Send;
}

/// A message of either engine.
pub(crate) trait Message: Deref<Target = Event> + fmt::Debug {
    /// Returns the number of delivery attempts, including this one.
    fn attempts(&self) -> u64;
    /// Returns whether the acknowledgement is queued.
    async fn ack(self) -> bool;
    /// Returns whether the engine has confirmed it.
    async fn ack_durable(self) -> bool;
    async fn extend(&self);
}

macro_rules! reader {
    ($reader:ty, $message:ty, $error:ty, |$received:ident| $next:expr) => {
        impl Reader for $reader {
            type Message = $message;
            type Error = $error;

            async fn read(&mut self) -> Result<$message, $error> {
                let $received = self.recv().await;
                $next
            }

            async fn flush(&self) -> bool {
                self.flush().await.is_ok()
            }

            async fn run<H>(&mut self, handler: H, concurrency: usize, stop: impl Future<Output = ()>)
            where
                H: EventHandler + Send + Sync + 'static,
                H::Future: Send,
            {
                // JetStream's consumer may be removed from the server.
                let _ = self.run_until(handler, concurrency, stop).await;
            }
        }

        impl Message for $message {
            fn attempts(&self) -> u64 {
                self.attempts().into()
            }

            async fn ack(self) -> bool {
                self.ack().await.is_ok()
            }

            async fn ack_durable(self) -> bool {
                self.ack_durable().await.is_ok()
            }

            async fn extend(&self) {
                self.extend().await.unwrap();
            }
        }
    };
}

reader!(Consumer, JetStreamMessage, ConsumeError, |received| received.expect("a consumer"));
reader!(Group, StreamMessage, ReadError, |received| received);

pub(crate) async fn next_or_error<R: Reader>(reader: &mut R) -> Result<R::Message, R::Error> {
    timeout(TIMEOUT, reader.read()).await.expect("an event")
}

pub(crate) async fn next<R: Reader>(reader: &mut R) -> R::Message {
    next_or_error(reader).await.unwrap()
}

/// Receives and acknowledges `count` events. Returns them as the app sees them.
pub(crate) async fn take<R: Reader>(reader: &mut R, count: usize) -> Vec<String> {
    let mut taken = Vec::new();
    for _ in 0..count {
        let message = next(reader).await;
        taken.push(report(&message));
        assert!(message.ack().await);
    }
    assert!(reader.flush().await);
    taken
}

/// Checks that no message arrives in this time.
pub(crate) async fn nothing<R: Reader>(reader: &mut R, millis: u64) {
    if let Ok(next) = timeout(Duration::from_millis(millis), reader.read()).await {
        panic!("{next:?}");
    }
}
