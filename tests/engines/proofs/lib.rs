//! The proof that each event crosses an engine exactly once.
#![allow(missing_docs, missing_debug_implementations, clippy::print_stdout, reason = "only tests use it")]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

pub mod encrypted;
pub mod engine;
pub mod faults;
pub mod fleet;
pub mod instance;
pub mod ledgers;
pub mod network;
