//! The tests of the inbox in PostgreSQL, against a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::panic, clippy::print_stdout, reason = "tests")]
#![cfg(unix)]

mod acknowledging;
mod consuming;
mod crashing;
mod storing;
