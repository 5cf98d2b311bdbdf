//! The fixture of these tests.

use std::time::{Duration, Instant};

use birdhook_core::codec::Format;
use birdhook_redis::{Group, GroupSettings, Redis, StreamSink};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::servers::{Kind, Server};
use redis::{FromRedisValue, Value};

use crate::both;

pub(crate) use birdhook_engines_proof::engine::STREAM;

/// A server and a connection to it.
pub(crate) struct Engine {
    pub(crate) server: Server,
    pub(crate) redis: Redis,
}

impl Engine {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(more: &[&str]) -> Self {
        let server = Kind::Redis.start_with(more);
        let redis = Redis::connect(&server.url()).await.unwrap();
        Self { server, redis }
    }

    /// Sends a command to the server, bypassing birdhook.
    pub(crate) async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.server.url()).unwrap();
        let mut line = client.get_multiplexed_async_connection().await.unwrap();
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut line).await.unwrap()
    }

    /// Sends a command and ignores the response.
    pub(crate) async fn run(&self, words: &[&str]) {
        self.ask::<Value>(words).await;
    }

    /// Waits until Redis returns this value.
    pub(crate) async fn until<T: FromRedisValue + PartialEq>(&self, words: &[&str], expected: T) {
        let start = Instant::now();
        while self.ask::<T>(words).await != expected {
            assert!(start.elapsed() < TIMEOUT, "{words:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn memory(&self) -> u64 {
        let facts: String = self.ask(&["INFO", "memory"]).await;
        let used = facts.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
        used.trim().parse().unwrap()
    }

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

impl both::Engine for Engine {
    type Sink = StreamSink;
    type Reader = Group;

    async fn start() -> Self {
        Self::new().await
    }

    fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    async fn reconnected(&self) {}

    fn sink_of(&self, format: Format) -> StreamSink {
        self.redis.sink(STREAM).format(format)
    }

    async fn other_sink(&self) -> StreamSink {
        Redis::connect(&self.server.url()).await.unwrap().sink(STREAM)
    }

    async fn reader(&self, lease: Duration) -> Group {
        self.group_of(GroupSettings::new(STREAM, "app").claim_after(lease)).await
    }

    async fn reader_at(port: u16, lease: Duration) -> Group {
        let redis = Redis::connect(&format!("redis://127.0.0.1:{port}/")).await.unwrap();
        redis.group(GroupSettings::new(STREAM, "app").claim_after(lease)).await.unwrap()
    }

    async fn delivered(&self) -> usize {
        self.pending("app").await
    }

    /// Redis takes the attempt back.
    const GIVEN_BACK: u64 = 1;

    async fn unsettled(&self) -> usize {
        self.len().await + self.pending("app").await
    }
}
