//! Inspects and settles the events of an inbox, from its process or from another one.
//!
//! With [`InboxSettings::control_socket`](crate::InboxSettings::control_socket), the process that
//! has an inbox open serves the socket `control.sock` in its folder (Unix only). A [`Client`] sends
//! requests to it. [`InboxAccess`] is either the open inbox or a client.
//!
//! # Protocol
//! A request is one line of JSON of at most 64 KiB, and so is its reply. Further requests may
//! follow on the same connection, which ends after 10 s without one. At most 16 connections are
//! open at once. Only processes of the socket's owner, and root, are served.
//!
//! ```text
//! {"version":1,"request":"stats"}
//! {"version":1,"result":{"stats":{"depth":3,...},"failure":null}}
//! ```
//!
//! | request | members | result |
//! |---|---|---|
//! | `stats` | | `stats`, and `failure`: why deliveries are refused |
//! | `list` | `status`, `kind`, `subscriber`, `after` (an id), `limit`; all optional | `events`, and `next`: the id from which the list continues |
//! | `show` | `id` | `events`, with at most one |
//! | `requeue`, `discard` | `ids` | `count`: the number of events changed |
//! | `purge` | `subscriber` | `count` |
//! | `verify` | | `count` |
//! | `backup` | `file` (an absolute path of the process that has the inbox open) | `backup`: `events`, `dead`, `bytes` and `taken_at` |
//!
//! A failed request is replied to with `error`, an object with `code` and `message`. The codes are
//! `invalid_request`, `unsupported_version`, `too_large`, `busy`, `closed`, `corrupt` and `failed`.

mod access;
mod backup;
mod client;
pub(crate) mod error;
pub(crate) mod page;
mod protocol;
#[cfg(unix)]
pub(crate) mod server;

pub use access::{InboxAccess, Snapshot};
pub use client::Client;
pub use error::ControlError;
pub use page::EventPage;
