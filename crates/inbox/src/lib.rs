//! A durable inbox for Twitter/X webhooks: nothing that was answered 200 is lost, as long as its disk is not.
//!
//! X repeats a delivery little or not at all. An [`Inbox`] is an [`EventSink`](birdhook_pipeline::EventSink) that answers 200 once the events are on the local disk,
//! together with the keys that tell their duplicates, in one synced commit; the app consumes them at its own pace, and may
//! crash, deploy or hang meanwhile. There is nothing to install.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use birdhook_inbox::Inbox;
//! use birdhook_pipeline::{RequestHead, Secret, Webhook};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let inbox = Inbox::open(folder)?;
//! let pipeline = Webhook::new(Secret::new("consumer secret")?).sink(inbox.clone());
//! # use birdhook_pipeline::{Begun, signature};
//! # let secret = Secret::new("consumer secret")?;
//! # let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}}]}"#;
//! # let signed = signature::sign(&secret, body.as_bytes());
//! # let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
//! # let Begun::Delivery(reception) = pipeline.begin(&head) else { panic!("refused") };
//! # let chunks = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(body.into())]);
//! # assert_eq!(pipeline.receive(reception, chunks).await.status(), 200);
//! // Give the pipeline to a receiver, and consume:
//! if let Some(lease) = inbox.recv().await {
//!     println!("{}", lease.kind());
//!     lease.ack().await?;
//! }
//! # Ok(()) }
//! ```
//!
//! | call | what |
//! |---|---|
//! | [`Inbox::recv`], [`Inbox::leases`] | an event for a while: [`Lease::ack`], [`Lease::nack`], [`Lease::extend`], [`Lease::reject`], [`Lease::release`] |
//! | [`Inbox::run`] | each event to an async function, so many at a time |
//! | [`Inbox::relay`] | each event to another sink, such as an engine's, for as long as that takes |
//! | [`Inbox::list`], [`Inbox::requeue`], [`Inbox::discard`] | dead letters, and anything else |
//! | [`Inbox::purge`] | deletes what came by one user's subscription |
//! | [`Inbox::stats`] | depth, age, dead letters, size |
//! | [`Options`] | order, retries, retention, limits |
//!
//! # What is promised
//! - A delivery that was answered 200 is handed out until it is acknowledged, whatever happens to the process or the machine, as
//!   long as the disk keeps what it has confirmed.
//! - An event is stored once within [`Options::dedupe_horizon`]; it may be handed out again when the process ends, or a
//!   lease is over, before it was acknowledged.
//! - A folder belongs to one inbox of one process, by a lock that is taken before anything in it is looked at. A damaged file
//!   is refused, never taken for less than it was. While its file is deleted, moved or replaced, deliveries are answered 503.
//!
//! # Features
//! `metrics`: gauges `birdhook_inbox_depth`, `birdhook_inbox_oldest_seconds`, `birdhook_inbox_dead_letters`,
//! `birdhook_inbox_remembered`, `birdhook_inbox_disk_bytes`; histograms `birdhook_inbox_commit_events`,
//! `birdhook_inbox_commit_seconds`; counters `birdhook_inbox_failures_total`,
//! `birdhook_inbox_relayed_total{result}`, where a result is `relayed`, `waiting` or `refused`.
//!
//! `tracing`: an event when the store fails or its files are gone, and when deliveries are taken again.
//!
//! `conformance`: the suite for a [`Store`] of your own.

mod clock;
mod command;
mod committer;
mod contents;
mod crowd;
mod desk;
mod error;
#[cfg(not(birdhook_faults))]
mod faults;
#[cfg(birdhook_faults)]
pub mod faults;
mod id;
mod inbox;
mod index;
mod lease;
mod list;
mod lock;
mod memory;
mod observe;
mod options;
mod prepared;
mod private;
mod record;
mod relay;
mod round;
mod run;
mod seal;
mod slot;
mod space;
mod stats;
mod store;
mod unreadable;

pub use birdhook_core::Event;
pub use clock::Clock;
pub use error::{Closed, ExtendError, OpenError};
pub use id::{EventId, ParseIdError};
pub use inbox::{Inbox, ListError};
pub use lease::{Lease, Leases};
pub use list::{Listed, Query, Standing};
pub use lock::Holder;
pub use options::{Options, Order};
pub use relay::{Relay, Trouble};
pub use stats::Stats;
#[cfg(feature = "conformance")]
pub use store::conformance;
pub use store::{Change, RedbStore, Store, StoreError, Table};
pub use unreadable::Unreadable;
