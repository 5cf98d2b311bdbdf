//! Duplicates are recognised by what several receivers share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "dedupe/bed.rs"]
mod bed;
#[path = "dedupe/outages.rs"]
mod outages;
#[path = "dedupe/receivers.rs"]
mod receivers;
#[path = "dedupe/store.rs"]
mod store;
