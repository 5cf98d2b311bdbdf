//! The integration tests of birdhook-inbox, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::panic, clippy::print_stdout, reason = "tests")]

mod behaviour;
mod files;
mod support;
