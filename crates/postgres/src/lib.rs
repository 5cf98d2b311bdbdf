//! An inbox for Twitter/X webhooks in the PostgreSQL database that the app already has.
//!
//! Several receivers store events in one queue and recognise each other's duplicates. An app
//! acknowledges an event **in the transaction that holds the event's effects**, so both are
//! committed, or neither is. Otherwise it is the [`Inbox`](birdhook_inbox::Inbox) that keeps its
//! events in a folder: the same leases, handlers, relay, settings, dead letters and counters.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # mod birdhook {
//! #     pub use birdhook_pipeline::{Secret, Webhook};
//! #     pub mod inbox { pub use birdhook_inbox::InboxSettings; }
//! #     pub mod postgres { pub use birdhook_postgres::{AckIn, Postgres}; }
//! # }
//! use birdhook::postgres::{AckIn, Postgres};
//! use birdhook::{Secret, Webhook, inbox::InboxSettings};
//!
//! # let mut client: tokio_postgres::Client = unimplemented!();
//! let database = Postgres::connect("postgres://app@localhost/app").await?;
//! database.migrate().await?;
//! let inbox = database.open_inbox(InboxSettings::new()).await?;
//! let pipeline = Webhook::new(Secret::new("consumer-secret")?).sink(inbox.clone());
//! # let _ = pipeline;
//! // Pass the pipeline to a receiver, then consume, in this or any other process:
//! while let Some(lease) = inbox.recv().await {
//!     let transaction = client.transaction().await?;
//!     transaction.execute("INSERT INTO posts (id) VALUES ($1)", &[&lease.id().to_string()]).await?;
//!     lease.ack_in(&transaction).await?;
//!     transaction.commit().await?;
//! }
//! # Ok(()) }
//! ```
//!
//! | call | purpose |
//! |---|---|
//! | [`Postgres::connect`] | connects to the database |
//! | [`Postgres::migrate`], [`Postgres::pending_migrations`] | creates or updates the schema; lists the statements |
//! | [`Postgres::open_inbox`] | opens the inbox |
//! | [`AckIn::ack_in`], [`AckIn::transact`] | acknowledges an event in the app's transaction |
//! | [`Postgres::weaknesses`] | returns server settings that may lose events |
//!
//! # What 200 is worth
//! The transaction with the events and their keys was committed. The server's settings decide
//! whether it survives a crash:
//!
//! | setting | lost |
//! |---|---|
//! | `synchronous_commit` `on` (the default) or higher | nothing, unless the disk fails |
//! | `synchronous_commit = off` | the last 0.6 s, when the server ends without warning |
//! | no synchronous standby | at a failover, commits that had not reached the new primary |
//! | `fsync = off` | anything, when the machine ends without warning |
//!
//! While the database is away, slow, read-only or full, deliveries are answered 503 within the
//! deadline.
//!
//! # Guarantees
//! - An event is stored once within the [horizon](birdhook_inbox::InboxSettings::dedupe_horizon),
//!   by whichever receiver. A receiver that gets an event while another one is storing it waits for
//!   that transaction, and is answered 503 if it does not end within the deadline.
//! - An event is leased to one consumer at a time, until it is settled or its lease expires. Each
//!   lease has a token, so a consumer whose lease has expired changes nothing.
//! - All times are the server's.
//!
//! # Connections
//! Statements are functions in the database, one transaction each, without session state. So they
//! work through `PgBouncer` in transaction mode; set [`Postgres::poll_only`] there.
//!
//! # Features
//! - `tls`: TLS connections, with rustls and Mozilla's root certificates
//! - `sqlx`: `AckInSqlx`, for transactions of `sqlx`

mod acknowledging;
mod buffer;
mod connection;
mod database;
mod error;
mod fetching;
mod listening;
mod record;
mod remote;
mod schema;
mod settling;
mod upkeep;
mod weakness;
mod writing;

#[cfg(feature = "sqlx")]
pub use acknowledging::AckInSqlx;
pub use acknowledging::{AckIn, AckInError, TransactError};
pub use database::Postgres;
pub use error::{Cause, DatabaseError};
pub use schema::Migration;
pub use weakness::Weakness;
