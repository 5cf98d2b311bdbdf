//! An engine, NATS or Redis, with a stream of events.

use std::collections::HashMap;
use std::time::Duration;

use birdhook_core::EventKey;
use birdhook_inbox::{Inbox, InboxSettings};
use birdhook_nats::{ConsumeError, ConsumerSettings, JetStream, JetStreamSink, StreamSettings};
use birdhook_redis::{GroupSettings, ReadError, StreamSink};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::consumption::Consumption;
use birdhook_test_harness::fixture::webhook;
use birdhook_test_harness::servers::{Kind, Server};
use birdhook_test_harness::violation::{Violation, holds};
use redis::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub const STREAM: &str = "BIRDHOOK";

const GROUP: &str = "proof";

/// The time after which an unsettled message is delivered again.
const IN_HAND: Duration = Duration::from_secs(1);

/// Returns the number of messages that the stream has ever stored.
pub async fn stored(engine: &Server) -> usize {
    match engine.kind() {
        Kind::Nats => {
            let jetstream = async_nats::jetstream::new(async_nats::connect(engine.url()).await.unwrap());
            let Ok(stream) = jetstream.get_stream(STREAM).await else { return 0 };
            stream.cached_info().state.last_sequence.try_into().unwrap()
        }
        Kind::Redis => {
            let client = redis::Client::open(engine.url()).unwrap();
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            let asked = redis::cmd("XINFO").arg("STREAM").arg(STREAM).query_async(&mut connection).await;
            let Ok(Value::Array(facts)) = asked else { return 0 };
            let name = Value::BulkString(b"entries-added".to_vec());
            let at = facts.iter().position(|fact| *fact == name).expect("Redis 7");
            redis::from_redis_value(facts[at + 1].clone()).unwrap()
        }
    }
}

/// Waits until consumers have received all messages that the engine has stored.
pub async fn all_consumed(engine: &Server, consumption: &Consumption) -> Result<(), Violation> {
    let (begun, taken) = (Instant::now(), stored(engine).await);
    while consumption.counts().0 < taken {
        let seen = || format!("{} of {taken} messages are delivered", consumption.counts().0);
        holds(begun.elapsed() < TIMEOUT, seen)?;
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Checks that no event is stored as two messages. Only for NATS: Redis deletes consumed
/// messages, so the consumers detect duplicates.
pub async fn has_no_event_twice(engine: &Server) -> Result<(), Violation> {
    if engine.kind() == Kind::Redis {
        return Ok(());
    }
    let jetstream = async_nats::jetstream::new(async_nats::connect(engine.url()).await.unwrap());
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
pub fn consumers(engine: &Server, count: usize, consumption: &Consumption) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (url, consumption) = (engine.url(), consumption.clone());
        match engine.kind() {
            Kind::Nats => tasks.spawn(consume_nats(url, consumption)),
            Kind::Redis => tasks.spawn(consume_redis(url, consumption)),
        };
    }
    tasks
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

async fn consume_nats(url: String, consumption: Consumption) {
    let jetstream = jetstream(&url).await;
    let settings = ConsumerSettings::new(GROUP).stream(STREAM).ack_wait(IN_HAND);
    let mut consumer = connected(|| jetstream.consumer(&settings)).await;
    while let Some(next) = consumer.recv().await {
        match next {
            Ok(message) => {
                // A message does not contain its position, so the stream is checked for duplicates
                // at the end.
                consumption.write(message.dedupe_key(), message.event());
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

async fn consume_redis(url: String, consumption: Consumption) {
    let redis = connected(|| birdhook_redis::Redis::connect(&url)).await;
    let settings = GroupSettings::new(STREAM, GROUP).claim_after(IN_HAND);
    let mut group = connected(|| redis.group(settings.clone())).await;
    loop {
        match group.recv().await {
            Ok(message) => {
                consumption.write(message.id(), message.event());
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
