//! Events cross JetStream and Redis, whose servers each test starts for itself.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod amplification;
mod dedupe;
mod faults;
mod nats;
mod redis;
