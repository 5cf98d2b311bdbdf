//! The proof that each event crosses an engine exactly once.
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on"
)]

pub mod balancer;
pub mod chaos;
pub mod copies;
pub mod diary;
pub mod encrypted;
pub mod engine;
pub mod engine_kills;
pub mod fleet;
pub mod instance;
pub mod instance_kills;
pub mod ledgers;
pub mod partitions;
pub mod proxy;
pub mod servers;
pub mod slow_engine;
pub mod traffic;

use std::time::Duration;

use birdhook_inbox_proof::{APP, SECRET};
use birdhook_pipeline::{App, Secret, Webhook};

/// The time limit for steps that normally take a moment: only a hang takes longer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Returns a webhook without in-process deduplication, so that only the engine recognises
/// duplicates.
pub fn webhook() -> Webhook {
    Webhook::new(App::new(APP, Secret::new(SECRET).unwrap())).dedupe_window(0, Duration::ZERO)
}
