//! The integration tests of birdhook-inbox, in one binary.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests"
)]

#[cfg(feature = "conformance")]
mod conformance;
mod consuming;
mod failing;
mod golden;
#[cfg(unix)]
mod gone;
mod horizon;
mod limits;
#[cfg(feature = "metrics")]
mod metrics;
mod opening;
mod parallel;
mod racing;
mod relaying;
mod retention;
mod secrecy;
mod support;
mod unreadable;
