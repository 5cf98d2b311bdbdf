//! The fixture of these tests.

use std::time::Duration;

use birdhook_core::{ApiSource, Delivery, Event, Timestamp};
use birdhook_engines_proof::PATIENCE;
use birdhook_engines_proof::servers;
use birdhook_pipeline::{EventSink, SinkError};
use birdhook_redis::{Group, GroupSettings, Redis, StreamMessage};
use birdhook_testkit::{MockEventKind, PayloadGenerator};
use redis::{FromRedisValue, Value};

pub(crate) const STREAM: &str = "events";

/// A server and a connection to it.
pub(crate) struct Bed {
    pub(crate) server: servers::Redis,
    pub(crate) redis: Redis,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(more: &[&str]) -> Self {
        let server = servers::Redis::start_with(more);
        let redis = Redis::connect(&server.url()).await.unwrap();
        Self { server, redis }
    }

    /// Sends a command to the server, bypassing birdhook.
    pub(crate) async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.server.url()).unwrap();
        let mut line = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd(words[0]);
        words[1..].iter().for_each(|word| _ = command.arg(word));
        command.query_async(&mut line).await.unwrap()
    }

    pub(crate) async fn tell(&self, words: &[&str]) {
        self.ask::<Value>(words).await;
    }

    /// Returns the number of entries in the stream.
    pub(crate) async fn len(&self) -> usize {
        self.ask(&["XLEN", STREAM]).await
    }

    pub(crate) async fn marks(&self) -> usize {
        self.ask::<Vec<String>>(&["KEYS", "*seen:*"]).await.len()
    }

    pub(crate) async fn group(&self, claim_after: u64) -> Group {
        self.group_of(GroupSettings::new(STREAM, "app").claim_after(Duration::from_millis(claim_after))).await
    }

    pub(crate) async fn group_of(&self, settings: GroupSettings) -> Group {
        self.redis.group(settings).await.unwrap()
    }

    pub(crate) async fn pending(&self, group: &str) -> usize {
        self.ask::<Vec<Value>>(&["XPENDING", STREAM, group, "-", "+", "1000"]).await.len()
    }
}

/// Returns a scene on a day that depends on the seed, because X's ids contain the time.
fn scene(seed: u64) -> PayloadGenerator {
    let day = i64::try_from(seed % 1_000).unwrap();
    PayloadGenerator::new(seed).at(Timestamp::from_millis(1_795_426_200_000 + day * 86_400_000))
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
    let alone = |post| Delivery::restore("shop", birdhook_testkit::MockEvent::batch([post]).unwrap(), 1).unwrap();
    let all = birdhook_testkit::MockEvent::batch(&posts).unwrap();
    (Delivery::restore("shop", all, count).unwrap(), posts.iter().map(alone).collect())
}

/// Returns an event as the app sees it.
pub(crate) fn told(event: &Event) -> String {
    serde_json::to_string(&event.report()).unwrap()
}

pub(crate) async fn deliver(sink: &impl EventSink, deliveries: &[Delivery]) -> Vec<Result<(), SinkError>> {
    let mut answers = Vec::new();
    for delivery in deliveries {
        answers.push(sink.deliver(delivery.clone()).await);
    }
    answers
}

pub(crate) async fn all_taken(sink: &impl EventSink, deliveries: &[Delivery]) {
    for delivery in deliveries {
        sink.deliver(delivery.clone()).await.unwrap();
    }
}

pub(crate) async fn next(group: &mut Group) -> StreamMessage {
    tokio::time::timeout(PATIENCE, group.recv()).await.expect("an event").unwrap()
}

/// Receives and acknowledges `count` events. Returns them as the app sees them.
pub(crate) async fn take(group: &mut Group, count: usize) -> Vec<String> {
    let mut taken = Vec::new();
    for _ in 0..count {
        let message = next(group).await;
        taken.push(told(&message));
        message.ack().await.unwrap();
    }
    taken
}

/// Checks that no message arrives in this time.
pub(crate) async fn nothing(group: &mut Group, millis: u64) {
    if let Ok(next) = tokio::time::timeout(Duration::from_millis(millis), group.recv()).await {
        panic!("{next:?}");
    }
}

pub(crate) fn all_told(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().flat_map(Delivery::events).map(told).collect()
}
