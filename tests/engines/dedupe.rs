//! Deduplication across several receivers with Redis.

mod bed;
mod outages;
mod receivers;
mod store;
