//! The tests of the examples, in one binary.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests"
)]

mod app;
#[cfg(unix)]
mod bot;
#[cfg(unix)]
mod servers;
