//! The proof that the inbox loses nothing. Each module holds one kind of failure: a function that
//! causes it and returns what was violated. The tests run them all, and again with planted bugs.
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

pub mod aborts;
mod bed;
pub mod book;
pub mod clocks;
#[cfg(birdhook_faults)]
pub mod compaction;
pub mod consumed;
#[cfg(birdhook_faults)]
pub mod damage;
#[cfg(birdhook_faults)]
pub mod failed_sync;
pub mod full_disk;
pub mod kills;
pub mod load;
#[cfg(birdhook_faults)]
pub mod openers;
#[cfg(birdhook_faults)]
pub mod power;
pub mod process;
pub mod stopping;
pub mod syscalls;
mod violation;

use std::time::Duration;

use birdhook_pipeline::{App, Secret, Webhook};

pub use violation::{Violation, holds};

/// The timeout of operations that normally take a moment, so that only a hang exceeds it.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const SECRET: &str = "the-consumer-secret-of-the-proof";

/// The name that the simulated X gives its first app. It must match, because names are part of the
/// keys.
pub const APP: &str = "default";

/// Returns a webhook that remembers no keys itself, so that only the inbox recognises duplicates.
pub fn webhook() -> Webhook {
    let app = App::new(APP, Secret::new(SECRET).unwrap());
    Webhook::new(app).dedupe_window(0, Duration::ZERO).deadline(Duration::from_secs(30))
}
