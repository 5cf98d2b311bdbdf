//! Deduplication across several receivers with Redis.

mod fixture;
mod outages;
mod receivers;
mod store;
