//! Twitter/X webhooks and NATS JetStream: publishing, storing and consuming events.
//!
//! A [`JetStreamSink`] publishes each event, a stream stores them, and a [`Consumer`] reads them back as
//! [`Event`](birdhook_core::Event)s.
//!
//! ```no_run
//! # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook}; pub mod nats { pub use birdhook_nats::{ConsumeError, ConsumerSettings, JetStream, StreamSettings}; } }
//! use birdhook::{Secret, Webhook, nats::{ConsumeError, ConsumerSettings, JetStream, StreamSettings}};
//!
//! # async fn receive() -> Result<(), Box<dyn std::error::Error>> {
//! let jetstream = JetStream::connect("nats://127.0.0.1:4222").await?;
//! jetstream.ensure_stream(&StreamSettings::new()).await?;
//! let secret = Secret::new(std::env::var("BIRDHOOK_CONSUMER_SECRET")?)?;
//! let pipeline = Webhook::new(secret).sink(jetstream.sink());
//! # let _ = pipeline; Ok(()) }
//!
//! // In the same process, or in another one.
//! # async fn consume() -> Result<(), Box<dyn std::error::Error>> {
//! let jetstream = JetStream::connect("nats://127.0.0.1:4222").await?;
//! let mut consumer = jetstream.consumer(&ConsumerSettings::new("mailer")).await?;
//! while let Some(next) = consumer.recv().await {
//!     match next {
//!         Ok(message) => {
//!             println!("{} of {:?}", message.kind(), message.subscriber());
//!             message.ack().await?;
//!         }
//!         Err(ConsumeError::UnrecognizedMessage(message)) => message.term().await?,
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! | call | what it does |
//! |---|---|
//! | [`JetStream::connect`], [`JetStream::new`] | opens a connection, or uses one of yours (TLS, credentials files, a domain) |
//! | [`JetStream::ensure_stream`] | creates the stream, or updates its settings |
//! | [`JetStream::create_stream`] | creates the stream, or leaves an existing one as it is |
//! | [`JetStream::sink`] | returns a sink for a `Webhook`, or for an inbox's relay |
//! | [`JetStreamSink::subject`], [`JetStreamSink::format`] | sets where events are published, and in which format |
//! | [`JetStream::consumer`] | creates or updates a durable consumer, and returns its events |
//! | [`JetStreamMessage::ack`], [`Consumer::flush`] | acknowledges an event within 5 ms, together with others; waits for the server to confirm all |
//! | [`JetStreamMessage::ack_durable`], [`nack`](JetStreamMessage::nack), [`term`](JetStreamMessage::term), [`extend`](JetStreamMessage::extend) | settles an event, and waits for the server to confirm it |
//!
//! A message has the headers `Nats-Msg-Id` (the event's key, in 64 hex digits), `Content-Type`, and
//! `Birdhook-App`, `Birdhook-Kind`, `Birdhook-Subscriber`, `Birdhook-Occurred-At` and so on for all
//! other [attributes of an event](birdhook_core::codec::EncodedEvent::attributes). In header values, spaces, `%`
//! and everything except printable ASCII are percent-encoded.
//!
//! # What 200 means
//! JetStream has acknowledged every event of the delivery. An event that comes again within
//! [`duplicate_window`](StreamSettings::duplicate_window) is not stored again, regardless of which
//! receiver publishes it.
//!
//! For this reason the stream has the retention `limits`, which keeps consumed events until they
//! are old: when a server starts, it reads the ids that it recognises from the messages in the
//! stream. A work queue drops consumed events, so after a restart a late copy is stored and
//! consumed once more; a test shows this with nats-server 2.9.10. Therefore a stream needs space
//! for all events of its [`max_age`](StreamSettings::max_age), and refuses events when it is full.
//!
//! # What a `PubAck` is worth
//! JetStream acknowledges an event after writing it to a file, **not after syncing it to disk**:
//! the operating system holds it in memory until the server syncs the file, every two minutes by
//! default.
//!
//! | failure | acknowledged events |
//! |---|---|
//! | the server is killed, or crashes | are kept by the operating system; tested with nats-server 2.9.10, one server, SIGKILL |
//! | power loss or a system crash, one replica | those since the last sync may be lost |
//! | the same on one of three servers, with suspended processes or a network partition at the wrong time; or on several at once | may be lost, and servers may permanently disagree on the stream's content |
//! | a damaged file, on any number of servers | may be lost, many at once |
//!
//! All rows except the first are findings of [Jepsen on NATS
//! 2.12.1](https://jepsen.io/analyses/nats-2.12.1) of December 2025 and of NATS' [own
//! documentation](https://docs.nats.io/reference/config/jetstream/sync_interval). Countermeasures:
//!
//! - `sync_interval: always` in the `jetstream` block of the server's configuration: each message
//!   is on disk before it is acknowledged. It is slower. nats-server 2.9 does not know the setting:
//!   2.9.10, the version in Debian 12, refuses to start with it.
//! - [`replicas(3)`](StreamSettings::replicas) on servers that do not fail together.
//! - An inbox in front, with `Inbox::relay` to the sink: 200 then means that events are on this
//!   machine's disk, regardless of JetStream's state. The relay discards events that it has
//!   forwarded, so this covers times when JetStream is unreachable, but not events that JetStream
//!   loses later.

/// Implements `Debug` with these fields, and `..` for the others.
macro_rules! debug_fields {
    ($type:ident, |$this:ident| $($name:ident: $value:expr),+) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let $this = self;
                f.debug_struct(stringify!($type))$(.field(stringify!($name), &$value))+.finish_non_exhaustive()
            }
        }
    };
}

mod acks;
mod api;
mod connection;
mod consumer;
mod events;
mod fetcher;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod headers;
mod message;
mod run;
mod settle;
mod shared;
mod sink;
mod stream;
mod subject;

pub use api::ApiError;
pub use connection::{ConnectError, JetStream, Servers};
pub use consumer::{ConsumerError, ConsumerSettings};
pub use events::{ConsumeError, Consumer};
pub use message::{JetStreamMessage, UnrecognizedMessage};
pub use settle::SettleError;
pub use sink::{JetStreamSink, PublishFailure};
pub use stream::{EnsureStreamError, EnsuredStream, StreamSettings};
pub use subject::{SubjectError, Subjects};
