//! Duplicates removed across receivers: [`SharedDedupe`] says how.

mod claim;
mod settings;
mod sink;
mod store;
mod verdict;

pub use settings::{Dedupe, WhenDown};
pub use sink::{HandOver, SharedDedupe};
pub use store::DedupeError;
