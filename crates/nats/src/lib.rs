//! Twitter/X webhooks into NATS JetStream: a [`Sink`] that publishes each event, the stream that keeps them, and a [`Consumer`] that
//! reads them as [`Event`](birdhook_core::Event)s again.
//!
//! ```no_run
//! use birdhook_nats::{ConsumeError, ConsumerSettings, JetStream, StreamSettings};
//! use birdhook_pipeline::{Secret, Webhook};
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
//!         Err(ConsumeError::Foreign(foreign)) => foreign.term().await?,
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! | call | does |
//! |---|---|
//! | [`JetStream::connect`], [`JetStream::new`] | a connection of its own, or one that there is (TLS, credentials files, a domain) |
//! | [`JetStream::ensure_stream`], [`JetStream::create_stream`] | makes the stream; one that is there gets the settings that are wanted, or is left as it is |
//! | [`JetStream::sink`] | a sink for a `Webhook`, or for an inbox's relay |
//! | [`Sink::subject`], [`Sink::format`] | where events are published, and how they are written |
//! | [`JetStream::consumer`] | makes a durable consumer, or changes it, and hands out events |
//! | [`Message::ack`], [`nack`](Message::nack), [`term`](Message::term), [`extend`](Message::extend) | settles an event; each resolves when the server has confirmed it |
//!
//! A message has the headers `Nats-Msg-Id` (the event's key, in 64 hex digits), `Content-Type`, and `Birdhook-App`, `Birdhook-Kind`, `Birdhook-Subscriber`,
//! `Birdhook-Occurred-At` and so on for whatever else [is told of an event](birdhook_core::message::Message::facts). What is not printable ASCII in a header,
//! and a space and `%`, is percent-encoded.
//!
//! # What 200 means
//! That JetStream has acknowledged every event of the delivery. An event that comes again within
//! [`duplicate_window`](StreamSettings::duplicate_window) is not stored again, whichever receiver takes it.
//!
//! This is why the stream is made with the retention `limits`, which keeps what was consumed until it is old: a server that starts reads the ids that
//! it recognises from the messages in the stream. From a work queue what was consumed is gone, and after a restart a late copy of it is stored and
//! consumed once more; that was tried with nats-server 2.9.10 and is a test. So a stream needs room for all events of its
//! [`max_age`](StreamSettings::max_age), and refuses events when it is full.
//!
//! # What a `PubAck` is worth
//! JetStream acknowledges an event when it has written it to a file, **and not when it is on the disk**: the system holds it in memory until the
//! server syncs the file, every two minutes by default.
//!
//! | what happens | acknowledged events |
//! |---|---|
//! | the server is killed, or crashes | are there: the system has them. Tested with nats-server 2.9.10, one server, SIGKILL |
//! | power loss or a crash of the system, one replica | those since the last sync may be lost |
//! | the same on one of three servers, with processes that stand still or a network that is cut at the wrong time; or on several at once | may be lost, and servers may disagree for good on what the stream holds |
//! | a damaged file, on any number of servers | may be lost, many at once |
//!
//! All but the first row are the findings of [Jepsen on NATS 2.12.1](https://jepsen.io/analyses/nats-2.12.1) of December 2025 and of NATS'
//! [own documentation](https://docs.nats.io/reference/config/jetstream/sync_interval). What helps:
//!
//! - `sync_interval: always` in the `jetstream` block of the server's configuration: each message is on the disk before it is acknowledged.
//!   It costs speed. nats-server 2.9 does not know the setting (2.9.10, which Debian 12 has, refuses to start with it).
//! - [`replicas(3)`](StreamSettings::replicas) on servers that do not fail together.
//! - An inbox in front, with `Inbox::relay` to the sink: 200 then means that events are on this machine's disk, whatever JetStream is doing.
//!   What the relay has handed on it gives up, so this helps while the engine is away, and not against what that loses later.

mod api;
mod connection;
mod consumer;
mod events;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod headers;
mod message;
mod sink;
mod stream;
mod subject;

pub use api::ApiError;
pub use connection::{ConnectError, JetStream, Servers};
pub use consumer::{ConsumerError, ConsumerSettings};
pub use events::{ConsumeError, Consumer};
pub use message::{Foreign, Message, Unconfirmed};
pub use sink::{PublishFailure, Sink};
pub use stream::{EnsureError, Ensured, StreamSettings};
pub use subject::{SubjectError, Subjects};
