//! An engine, NATS or Redis, with a stream of events.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use birdhook_core::EventKey;
use birdhook_inbox::{Inbox, InboxSettings};
use birdhook_inbox_proof::Violation;
use birdhook_nats::{ConsumeError, ConsumerSettings, JetStream, JetStreamSink, StreamSettings};
use birdhook_redis::{GroupSettings, ReadError, StreamSink};
use redis::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::diary::Diary;
use crate::servers::{Nats, Redis, Server};
use crate::webhook;

/// The name of the stream.
pub const STREAM: &str = "BIRDHOOK";

/// The name of the group of consumers.
const GROUP: &str = "proof";

/// The time after which an unsettled message is delivered again.
const IN_HAND: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nats,
    Redis,
}

#[derive(Debug)]
pub enum Engine {
    Nats(Nats),
    Redis(Redis),
}

impl Engine {
    pub fn start(kind: Kind) -> Self {
        match kind {
            Kind::Nats => Self::Nats(Nats::start()),
            Kind::Redis => Self::Redis(Redis::start()),
        }
    }

    pub fn url(&self) -> String {
        self.url_at(self.port())
    }

    /// Returns the engine's URL with the port of a proxy.
    pub fn url_at(&self, port: u16) -> String {
        match self {
            Self::Nats(_) => format!("nats://127.0.0.1:{port}"),
            Self::Redis(_) => format!("redis://127.0.0.1:{port}/"),
        }
    }

    /// Returns the number of messages that the stream has ever stored.
    pub async fn taken(&self) -> usize {
        match self {
            Self::Nats(_) => {
                let jetstream = async_nats::jetstream::new(async_nats::connect(self.url()).await.unwrap());
                let Ok(stream) = jetstream.get_stream(STREAM).await else { return 0 };
                stream.cached_info().state.last_sequence.try_into().unwrap()
            }
            Self::Redis(_) => {
                let client = redis::Client::open(self.url()).unwrap();
                let mut connection = client.get_multiplexed_async_connection().await.unwrap();
                let asked = redis::cmd("XINFO").arg("STREAM").arg(STREAM).query_async(&mut connection).await;
                let Ok(Value::Array(facts)) = asked else { return 0 };
                let name = Value::BulkString(b"entries-added".to_vec());
                let at = facts.iter().position(|fact| *fact == name).expect("Redis 7");
                redis::from_redis_value(facts[at + 1].clone()).unwrap()
            }
        }
    }

    /// Checks that no event is stored as two messages. Only for NATS: Redis deletes consumed
    /// messages, so the consumers detect duplicates.
    pub async fn has_no_event_twice(&self) -> Result<(), Violation> {
        let Self::Nats(_) = self else { return Ok(()) };
        let jetstream = async_nats::jetstream::new(async_nats::connect(self.url()).await.unwrap());
        let stream = jetstream.get_stream(STREAM).await.unwrap();
        let mut places = HashMap::new();
        for place in 1..=stream.cached_info().state.last_sequence {
            let message = stream.get_raw_message(place).await.unwrap();
            let key: EventKey = message.headers.get("Birdhook-Key").unwrap().as_str().parse().unwrap();
            if let Some(first) = places.insert(key, place) {
                return Err(Violation::StoredTwice(key, first.to_string(), place.to_string()));
            }
        }
        Ok(())
    }

    /// Starts consumers that survive failures of the engine. They record each event before they
    /// acknowledge it, and sometimes skip the acknowledgement.
    ///
    /// Dropping the set stops them.
    pub fn consumers(&self, count: usize, diary: &Diary) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let (url, diary) = (self.url(), diary.clone());
            match self {
                Self::Nats(_) => tasks.spawn(consume_nats(url, diary)),
                Self::Redis(_) => tasks.spawn(consume_redis(url, diary)),
            };
        }
        tasks
    }
}

impl Deref for Engine {
    type Target = Server;

    fn deref(&self) -> &Server {
        match self {
            Self::Nats(server) => server,
            Self::Redis(server) => server,
        }
    }
}

impl DerefMut for Engine {
    fn deref_mut(&mut self) -> &mut Server {
        match self {
            Self::Nats(server) => server,
            Self::Redis(server) => server,
        }
    }
}

async fn jetstream(url: &str) -> JetStream {
    let jetstream = connected(|| JetStream::connect(url)).await;
    let settings = StreamSettings::new().name(STREAM);
    connected(|| jetstream.ensure_stream(&settings)).await;
    jetstream
}

pub async fn nats_sink(url: &str) -> JetStreamSink {
    jetstream(url).await.sink()
}

pub async fn redis_sink(url: &str) -> StreamSink {
    connected(|| birdhook_redis::Redis::connect(url)).await.sink(STREAM)
}

pub fn inbox_options() -> InboxSettings {
    let backoff = Duration::from_millis(10);
    // Each crash of the process during a relayed delivery counts as an attempt.
    InboxSettings::new().free_space(0).max_attempts(u32::MAX).backoff(backoff, backoff)
}

/// Relays the events of an inbox to the engine with this URL.
pub async fn relay(inbox: Inbox, url: String) {
    let policy = webhook().dedupe_policy();
    if url.starts_with("redis") {
        inbox.relay(redis_sink(&url).await).dedupe_policy(policy).run().await;
    } else {
        inbox.relay(nats_sink(&url).await).dedupe_policy(policy).run().await;
    }
}

/// Repeats until it succeeds: the engine may be unavailable.
async fn connected<T, E, F: Future<Output = Result<T, E>>>(mut connect: impl FnMut() -> F) -> T {
    loop {
        match connect().await {
            Ok(connected) => return connected,
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

fn forgets() -> bool {
    fastrand::u8(..50) == 0
}

async fn consume_nats(url: String, diary: Diary) {
    let jetstream = jetstream(&url).await;
    let settings = ConsumerSettings::new(GROUP).stream(STREAM).ack_wait(IN_HAND);
    let mut consumer = connected(|| jetstream.consumer(&settings)).await;
    while let Some(next) = consumer.recv().await {
        match next {
            Ok(message) => {
                // A message does not contain its position, so the stream is checked for duplicates
                // at the end.
                diary.write(message.key().to_string(), message.event());
                if !forgets() {
                    // An unconfirmed message is delivered again.
                    let _: Result<(), birdhook_nats::SettleError> = message.ack().await;
                }
            }
            Err(ConsumeError::UnrecognizedMessage(foreign)) => panic!("a foreign message: {foreign:?}"),
            Err(_) => {}
        }
    }
    panic!("the consumer was removed");
}

async fn consume_redis(url: String, diary: Diary) {
    let redis = connected(|| birdhook_redis::Redis::connect(&url)).await;
    let settings = GroupSettings::new(STREAM, GROUP).claim_after(IN_HAND);
    let mut group = connected(|| redis.group(settings.clone())).await;
    loop {
        match group.recv().await {
            Ok(message) => {
                diary.write(message.id().to_owned(), message.event());
                if !forgets() {
                    // An unconfirmed message is delivered again.
                    let _: Result<(), birdhook_redis::SettleError> = message.ack().await;
                }
            }
            Err(ReadError::UnrecognizedMessage(foreign)) => panic!("a foreign entry: {foreign:?}"),
            Err(_) => {}
        }
    }
}
