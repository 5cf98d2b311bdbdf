//! A durable inbox for Twitter/X webhooks. An event answered 200 is not lost while its disk is
//! intact.
//!
//! X rarely repeats a delivery. An [`Inbox`] is an [`EventSink`](birdhook_pipeline::EventSink) that
//! answers 200 once the events and their deduplication keys are on the local disk, in one synced
//! commit. The app consumes them at its own pace and may crash, hang or be redeployed meanwhile.
//! There is nothing to install.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook}; pub mod adapter { pub use birdhook_pipeline::RequestHead; } pub mod inbox { pub use birdhook_inbox::Inbox; } }
//! use birdhook::{Secret, Webhook, adapter::RequestHead, inbox::Inbox};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let inbox = Inbox::open(folder).await?;
//! let pipeline = Webhook::new(Secret::new("consumer-secret")?).sink(inbox.clone());
//! # use birdhook_pipeline::{HeadResult, signature};
//! # let secret = Secret::new("consumer-secret")?;
//! # let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}}]}"#;
//! # let signed = signature::sign(&secret, body.as_bytes());
//! # let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
//! # let HeadResult::Body(incoming) = pipeline.begin(&head) else { panic!("refused") };
//! # let chunks = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(body.into())]);
//! # assert_eq!(pipeline.receive(incoming, chunks).await.status(), 200);
//! // Pass the pipeline to a receiver, then consume:
//! if let Some(lease) = inbox.recv().await {
//!     println!("{}", lease.kind());
//!     lease.ack().await?;
//! }
//! # Ok(()) }
//! ```
//!
//! | call | purpose |
//! |---|---|
//! | [`Inbox::recv`], [`Inbox::leases`] | lease events one by one: [`Lease::ack`], [`Lease::ack_durable`], [`Lease::nack`], [`Lease::extend`], [`Lease::reject`], [`Lease::release`] |
//! | [`Inbox::run`] | pass each event to an async function, several at a time |
//! | [`Inbox::relay`] | forward each event to another sink, such as a message broker's |
//! | [`Inbox::flush`] | wait until all acknowledgements are on disk |
//! | [`Inbox::list`], [`Inbox::requeue`], [`Inbox::discard`] | inspect and settle dead letters and other events |
//! | [`Inbox::purge`] | delete the events of one user's subscription |
//! | [`control`] | the same from another process, while the inbox is open |
//! | [`Inbox::backup`], [`Inbox::restore`] | write a backup while the inbox is open; create a folder from it |
//! | [`Inbox::stats`] | depth, age, dead letters, size |
//! | [`InboxSettings`] | order, retries, retention, limits |
//!
//! # Guarantees
//! - An event answered 200 is leased again until it is acknowledged, or until its attempts are used
//!   up and it becomes a dead letter. This survives crashes of the process and the machine, as long
//!   as the disk keeps what it has confirmed.
//! - An event is stored once within [`InboxSettings::dedupe_horizon`]. It is leased again if the process
//!   ends, or its lease expires, before it is acknowledged. [`Lease::ack`] is on disk within 5 ms,
//!   [`Lease::ack_durable`] before it returns.
//! - A folder belongs to one inbox in one process. A lock enforces this; it is taken before any
//!   other file in the folder is read. A damaged file is rejected, never opened with only some of
//!   its events. While the file is deleted, moved or replaced, deliveries are answered 503.
//!
//! # Features
//! - `metrics`: records
//!   - gauges `birdhook_inbox_depth`, `birdhook_inbox_oldest_seconds`,
//!     `birdhook_inbox_dead_letters`, `birdhook_inbox_remembered`, `birdhook_inbox_disk_bytes`
//!   - histograms `birdhook_inbox_commit_events`, `birdhook_inbox_commit_seconds`
//!   - counters `birdhook_inbox_failures_total` and `birdhook_inbox_relayed_total{outcome}`, where
//!     the result is `relayed`, `waiting` or `refused`
//! - `tracing`: records an event when the store fails or its files are gone, and when deliveries
//!   are accepted again

/// Implements `Debug` with these fields only.
macro_rules! debug_fields {
    ($type:ident $(<$parameter:ident>)?: $($field:ident),+) => {
        impl $(<$parameter>)? std::fmt::Debug for $type $(<$parameter>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))$(.field(stringify!($field), &self.$field))+.finish_non_exhaustive()
            }
        }
    };
}

mod admin;
#[doc(hidden)]
pub mod backend;
mod backup;
mod config;
mod consume;
pub mod control;
mod error;
#[cfg(not(birdhook_faults))]
mod faults;
#[cfg(birdhook_faults)]
#[doc(hidden)]
pub mod faults;
mod id;
mod inbox;
mod lease;
mod observe;
mod open;
mod seen_keys;
mod storage;
mod writer;

pub use admin::list::{EventQuery, EventStatus, ListedEvent};
pub use admin::stats::Stats;
pub use backup::error::BackupError;
pub use backup::report::Backup;
pub use birdhook_core::Event;
pub use config::clock::Clock;
pub use config::order::Order;
pub use config::settings::InboxSettings;
pub use consume::relay::{Relay, RelayError};
pub use error::{Closed, ExtendError, ListError, OpenError};
pub use id::{EventId, ParseEventIdError};
pub use inbox::Inbox;
pub use lease::{Lease, Leases};
pub use storage::error::StoreError;
pub use storage::lock_holder::LockHolder;
pub use storage::unreadable::UnreadableEvent;
