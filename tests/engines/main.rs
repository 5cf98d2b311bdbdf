//! Tests of JetStream and Redis. Each test starts its own server.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod amplification;
mod both;
mod dedupe;
mod faults;
mod fixture;
mod lying;
mod nats;
mod redis;
