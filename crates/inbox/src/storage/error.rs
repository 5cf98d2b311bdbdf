//! The errors of the store and of the files beside it.

use std::io;
use std::path::PathBuf;

use crate::storage::lock_holder::LockHolder;

/// The format of the records that the inbox writes, and the latest one that it reads.
pub(crate) const FORMAT: u8 = 1;

/// The error when an inbox's files cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process, or this one, has the store open. `None` if the holder is unknown.
    #[error("it is in use by {}; only one process at a time can open it", holder(.0.as_ref()))]
    InUse(Option<LockHolder>),
    /// A file is a link, or everyone may write to the folder.
    #[error("{0}")]
    Unsafe(String),
    /// A file was deleted, moved or replaced while it was open.
    #[error("{} was deleted, moved or replaced while it was in use; put it back, or restart with what is there", .0.display())]
    Gone(PathBuf),
    /// The data read is not the data written.
    #[error("it is damaged: {0}")]
    Corrupt(String),
    /// The store was written by a later version of birdhook, in this format.
    #[error("it has format {0}, but this version of birdhook reads formats up to {FORMAT}: upgrade birdhook")]
    TooNew(u8),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Any other error.
    #[error("the store failed: {0}")]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// Names the process that has a store open.
pub(crate) fn holder(holder: Option<&LockHolder>) -> String {
    holder.map_or_else(|| "this process or another one".to_owned(), LockHolder::to_string)
}

impl StoreError {
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }

    /// The error when a batch's deliveries and its progress differ in the number of events.
    pub(crate) fn event_count_differs(batch: u64) -> Self {
        Self::corrupt(format!("the deliveries and the progress of batch {batch} have different numbers of events"))
    }
}
