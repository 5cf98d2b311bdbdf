//! Tests of JetStream and Redis. Each test starts its own server.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod amplification;
mod both;
mod faults;
mod fixture;
mod lying;

/// Deduplication across several receivers with Redis.
mod dedupe {
    mod fixture;
    mod outages;
    mod receivers;
    mod store;
}

/// Publishing to JetStream and consuming from it.
mod nats {
    mod connecting;
    mod consuming;
    mod duplicates;
    mod ensuring;
    pub(crate) mod fixture;
    mod lying;
    mod publishing;
    mod restarts;
    mod settling;
}

/// Publishing to Redis and consuming from it.
mod redis {
    mod connecting;
    mod consuming;
    pub(crate) mod fixture;
    mod groups;
    mod lying;
    mod publishing;
    mod settling;
}
