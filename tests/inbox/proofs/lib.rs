//! The proof that the inbox loses nothing: each module is one way in which things can go wrong, and a function that makes
//! them go wrong and tells what was violated. The tests run them, and once more with mistakes planted.
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

/// How long something may take that takes a moment: only what hangs takes longer.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const SECRET: &str = "the consumer secret of the proof";

/// The name that the mock X gives its first app too: names are part of the keys.
pub const APP: &str = "default";

/// A webhook that remembers nothing in the process, so that what is recognised the inbox recognises.
pub fn webhook() -> Webhook {
    let app = App::new(APP, Secret::new(SECRET).unwrap());
    Webhook::new(app).dedupe_window(0, Duration::ZERO).deadline(Duration::from_secs(30))
}
