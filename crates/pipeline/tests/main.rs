//! The integration tests of birdhook-pipeline, in one binary.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod channel;
mod copies;
mod deadline;
mod dedupe;
mod dedupe_keys;
mod drop_everywhere;
mod dual_mode;
mod handlers;
mod health;
mod memory_budget;
#[cfg(feature = "metrics")]
mod metrics;
mod observer;
#[cfg(all(feature = "metrics", feature = "tracing"))]
mod privacy;
mod rotation;
mod send;
mod shutdown;
mod support;
