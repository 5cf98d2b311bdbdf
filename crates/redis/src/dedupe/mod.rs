//! Deduplication across receivers. See [`SharedDedupe`].

mod claim;
mod settings;
mod sink;
mod store;
mod verdict;

pub use settings::{Dedupe, WhenDown};
pub use sink::{HandOver, SharedDedupe};
pub use store::DedupeError;
