//! The harness of the tests: it starts servers and clients, and compares what was sent with what
//! was consumed.
//!
//! A module that needs other packages is behind a feature, so that a test compiles only what it
//! uses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "it runs in tests only")]
#![allow(missing_docs, missing_debug_implementations, reason = "it runs in tests only")]
#![allow(clippy::panic, clippy::print_stdout, reason = "it runs in tests only")]

#[cfg(feature = "traffic")]
pub mod consumption;
#[cfg(feature = "traffic")]
pub mod fixture;
#[cfg(feature = "http")]
pub mod http_client;
pub mod journal;
#[cfg(feature = "traffic")]
pub mod load;
#[cfg(feature = "traffic")]
pub mod payloads;
#[cfg(all(feature = "servers", unix))]
pub mod postgres;
#[cfg(feature = "process")]
pub mod proc;
#[cfg(feature = "process")]
pub mod process;
pub mod seed;
#[cfg(feature = "process")]
pub mod server_process;
#[cfg(feature = "servers")]
pub mod servers;
pub mod statistics;
#[cfg(feature = "traffic")]
pub mod violation;

use std::time::Duration;

/// The time limit for operations that normally take a moment, so that only a hang exceeds it.
pub const TIMEOUT: Duration = Duration::from_secs(60);
