//! Deduplication across receivers. See [`SharedDedupe`].

mod claim;
mod settings;
mod sink;
mod store;
mod verdict;

pub use settings::{DedupeSettings, WhenDown};
pub use sink::{SharedDedupe, SharedDedupeFuture};
pub use store::DedupeError;
