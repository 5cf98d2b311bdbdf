//! Twitter/X webhooks and Redis: events appended to a stream, each once, and read by groups of consumers; and duplicates removed
//! across receivers whose events go elsewhere.
//!
//! ```no_run
//! # async fn handle(event: &birdhook_core::Event) -> bool { true }
//! use std::time::Duration;
//!
//! use birdhook_pipeline::{Secret, Webhook};
//! use birdhook_redis::{GroupSettings, ReadError, Redis};
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
//!         Ok(message) if message.tries() < 5 => message.nack(Duration::from_secs(10)).await?,
//!         Ok(message) => message.reject().await?,
//!         Err(ReadError::Foreign(entry)) => entry.reject().await?,
//!         Err(error) => eprintln!("{error}"),
//!     }
//! }
//! # }
//! ```
//!
//! | call | what it does |
//! |---|---|
//! | [`Redis::connect`] | a connection that is made anew when it breaks; `rediss://` with the feature `tls`, to which `Redis::connect_with_roots` belongs |
//! | [`Redis::weaknesses`] | settings of the server that may lose events |
//! | [`Redis::sink`] | appends events to a stream, [each once](StreamSink) |
//! | [`Redis::group`] | reads a stream as one of a group; what a consumer had that is gone comes to another |
//! | [`Message::ack`], [`nack`](Message::nack), [`reject`](Message::reject), [`extend`](Message::extend) | done, later, never, not yet |
//! | [`SharedDedupe`] | duplicates removed across receivers, for any other sink |
//!
//! # What 200 is worth
//! Redis has carried out what it was told, and answers before or after it is on the disk, as it is set:
//!
//! | setting | lost when the server ends without warning |
//! |---|---|
//! | `appendonly no` | what came after the last snapshot |
//! | `appendfsync no` | what the system had not written, some 30 s |
//! | `appendfsync everysec` | about a second |
//! | `appendfsync always` | nothing but with the disk |
//!
//! Replicas are told after the answer: what the old server had not told the new one is lost in a failover, and a mark is never without its
//! event, for both are told as one. `min-replicas-to-write` makes a server refuse when it has lost its replicas.
//!
//! Set `maxmemory-policy noeviction`, which is Redis's default: under any other, memory that is full costs marks, so that
//! events come twice, or the stream with all that is in it. With it, memory that is full is answered 503, and goes on when events have been
//! acknowledged.
//!
//! # What it takes
//! A call of one script for each delivery, however many events it has. A mark takes about 200 bytes of the server's memory for the
//! [horizon](StreamSink::horizon): a million events a day are 200 MB. Of commands, a user of an access list needs `+ping +info
//! +evalsha +script|load +exists +set +xlen +xadd` to append, and `+@stream +@sortedset +evalsha +script|load +exists +time` to read. Redis 6.2
//! or later.

mod connection;
mod dedupe;
mod error;
mod stream;
mod weakness;

pub use connection::Redis;
pub use dedupe::{Dedupe, DedupeError, HandOver, SharedDedupe, WhenDown};
pub use error::ConnectError;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use stream::fuzzing;
pub use stream::{Foreign, Group, GroupSettings, Message, Publishing, ReadError, SettleError, StreamSink};
pub use weakness::Weakness;
