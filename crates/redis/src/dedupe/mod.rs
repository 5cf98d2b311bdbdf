//! Deduplication across receivers. See [`SharedDedupe`].

mod claim;
mod link;
mod settings;
mod sink;
mod store;

pub use settings::{DedupeSettings, WhenDown};
pub use sink::{SharedDedupe, SharedDedupeFuture};
pub use store::DedupeError;
