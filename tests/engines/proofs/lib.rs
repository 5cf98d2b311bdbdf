//! The proof that events cross an engine once each.
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

pub mod servers;

use std::time::Duration;

/// How long something may take that takes a moment: only what hangs takes longer.
pub const PATIENCE: Duration = Duration::from_secs(60);
