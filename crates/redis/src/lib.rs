//! Twitter/X webhooks and Redis: streams of events, and deduplication across receivers.
//!
//! A sink appends each event to a Redis stream once, and groups of consumers read it. For events
//! that go elsewhere, Redis can hold the deduplication state that several receivers share.
//!
//! ```no_run
//! # async fn handle(event: &birdhook_core::Event) -> bool { true }
//! use std::time::Duration;
//!
//! # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook}; pub mod redis { pub use birdhook_redis::{GroupSettings, ReadError, Redis}; } }
//! use birdhook::{Secret, Webhook, redis::{GroupSettings, ReadError, Redis}};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let redis = Redis::connect("redis://127.0.0.1:6379/").await?;
//!
//! // In every receiver.
//! let pipeline = Webhook::new(Secret::new(std::env::var("BIRDHOOK_CONSUMER_SECRET")?)?).sink(redis.sink("events"));
//! # let _ = pipeline;
//!
//! // In every worker.
//! let mut group = redis.group(GroupSettings::new("events", "bot")).await?;
//! loop {
//!     match group.recv().await {
//!         Ok(message) if handle(message.event()).await => message.ack().await?,
//!         Ok(message) if message.attempts() < 5 => message.nack(Duration::from_secs(10)).await?,
//!         Ok(message) => message.reject().await?,
//!         Err(ReadError::UnrecognizedMessage(entry)) => entry.reject().await?,
//!         Err(error) => eprintln!("{error}"),
//!     }
//! }
//! # }
//! ```
//!
//! | call | what it does |
//! |---|---|
//! | [`Redis::connect`] | connects, and reconnects when the connection breaks; `rediss://` needs the feature `tls` |
//! | `Redis::connect_with_roots` | connects with root certificates of your own (feature `tls`) |
//! | [`Redis::weaknesses`] | returns server settings that may lose events |
//! | [`Redis::sink`] | appends events to a stream, [each once](StreamSink) |
//! | [`Redis::group`] | reads a stream as a consumer of a group; events of a consumer that is gone go to another |
//! | [`StreamMessage::ack`], [`Group::flush`] | acknowledges an event within 5 ms, together with others; waits until Redis has executed all |
//! | [`StreamMessage::ack_durable`], [`nack`](StreamMessage::nack), [`reject`](StreamMessage::reject), [`extend`](StreamMessage::extend) | completes an event, retries it later, makes it a dead letter, takes more time; waits until Redis has executed it |
//! | [`SharedDedupe`] | removes duplicates across receivers, for any other sink |
//!
//! # What 200 is worth
//! Redis has executed the script that appends the events. Its settings decide whether they are on
//! disk when it replies:
//!
//! | setting | lost when the server ends without warning |
//! |---|---|
//! | `appendonly no` | everything since the last snapshot |
//! | `appendfsync no` | writes that the system had not flushed, some 30 s |
//! | `appendfsync everysec` | about a second |
//! | `appendfsync always` | nothing, unless the disk fails |
//!
//! Replication happens after the reply. A failover loses the writes that had not reached the new
//! primary; an event and its seen key are lost together, because they are replicated as one. With
//! `min-replicas-to-write` a server refuses writes when it has lost its replicas.
//!
//! Set `maxmemory-policy noeviction`, which is the default of Redis. Under any other policy, a
//! server that runs out of memory deletes seen keys, so that events come twice, or the stream with
//! all its events. With `noeviction`, deliveries are answered 503 while memory is full, until
//! events have been acknowledged.
//!
//! # Cost
//! Each delivery calls one script; a large delivery calls several. A consumer calls one script to
//! fetch up to 128 events, and one to acknowledge those of 5 ms. A seen key takes about 200 bytes
//! of the server's memory for the [horizon](StreamSink::horizon): a million events a day are 200
//! MB. An ACL user needs the commands `+ping +info +evalsha +script|load +exists +set +xlen +xadd`
//! to append, and `+@stream +@sortedset +evalsha +script|load +exists +time` to read. Requires
//! Redis 6.2 or later.

/// Implements `Debug` with these fields, and `..` for the others.
macro_rules! debug_fields {
    ($type:ident, |$this:ident| $($name:ident: $value:expr),*) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let $this = self;
                f.debug_struct(stringify!($type))$(.field(stringify!($name), &$value))*.finish_non_exhaustive()
            }
        }
    };
}

mod connection;
mod dedupe;
mod error;
#[cfg(test)]
mod recorder;
mod stream;
mod weakness;

pub use connection::Redis;
pub use dedupe::{DedupeError, DedupeSettings, SharedDedupe, SharedDedupeFuture, WhenDown};
pub use error::ConnectError;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use stream::fuzzing;
pub use stream::{
    Group, GroupSettings, PublishFuture, ReadError, SettleError, StreamMessage, StreamSink, UnrecognizedMessage,
};
pub use weakness::Weakness;
