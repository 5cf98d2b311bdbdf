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

pub mod encrypted;
pub mod engine;
pub mod faults;
pub mod fleet;
pub mod instance;
pub mod ledgers;
pub mod network;
