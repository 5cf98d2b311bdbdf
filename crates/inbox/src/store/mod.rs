//! The storage of an inbox: an ordered map with atomic, durable commits.

#[cfg(feature = "conformance")]
pub mod conformance;
mod redb;

use std::io;
use std::path::PathBuf;

use bytes::Bytes;

pub use self::redb::RedbStore;
use crate::lock::LockHolder;

/// The format of the records that the inbox writes, and the latest one that it reads.
pub(crate) const FORMAT: u8 = 1;

/// The map a record is in. Records are keyed by the number of a batch: deliveries that were stored
/// together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// The deliveries of a batch: mostly less than 64 KiB, at most the largest body.
    Deliveries,
    /// The states of a batch's events.
    Progress,
    /// The deduplication keys of a batch's events.
    Keys,
    /// The format, the number of the next batch, and the time of the last commit without
    /// deliveries.
    About,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 4] = [Self::Deliveries, Self::Progress, Self::Keys, Self::About];
}

/// One record to write or remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The table of the record.
    pub table: Table,
    /// The key of the record.
    pub key: u64,
    /// The new value. `None` removes the record, which need not exist.
    pub value: Option<Bytes>,
}

/// An ordered map from numbers to bytes for each [`Table`], with atomic and durable commits.
///
/// The inbox uses it from one thread. The suite [`conformance`](crate::conformance) (feature
/// `conformance`) tests its rules: run it on your own store.
pub trait Store: Send + 'static {
    /// Applies the changes in their order, all or none. `Ok` means that they survive a power loss.
    ///
    /// # Errors
    /// After any error it is unknown whether the changes were applied. The inbox then drops the
    /// store without another call, and opens it again.
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError>;

    /// Returns the value of a key.
    ///
    /// # Errors
    /// If it cannot be read.
    fn get(&self, table: Table, key: u64) -> Result<Option<Bytes>, StoreError>;

    /// Calls `visit` for each record with a key of at least `from`, in the order of the keys, until
    /// it returns `false`.
    ///
    /// # Errors
    /// If the records cannot be read.
    fn scan(&self, table: Table, from: u64, visit: &mut dyn FnMut(u64, Bytes) -> bool) -> Result<(), StoreError>;

    /// Returns the size on disk, in bytes.
    ///
    /// # Errors
    /// If the size cannot be read.
    fn size(&self) -> Result<u64, StoreError>;

    /// Returns unused space to the disk, as far as possible. May take long; called when space is
    /// low.
    ///
    /// # Errors
    /// The same as [`commit`](Self::commit).
    fn reclaim(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Checks that the store's files are where they were opened, so that the next opener finds what
    /// was committed.
    ///
    /// Must be cheap: called after each commit and at least every second. Deliveries are answered
    /// 503 while it fails.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if a file was deleted, moved or replaced.
    fn check(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Reads everything and verifies the store's own checksums.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if something differs from what was written.
    fn verify(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Store for Box<dyn Store> {
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        (**self).commit(changes)
    }

    fn get(&self, table: Table, key: u64) -> Result<Option<Bytes>, StoreError> {
        (**self).get(table, key)
    }

    fn scan(&self, table: Table, from: u64, visit: &mut dyn FnMut(u64, Bytes) -> bool) -> Result<(), StoreError> {
        (**self).scan(table, from, visit)
    }

    fn size(&self) -> Result<u64, StoreError> {
        (**self).size()
    }

    fn reclaim(&mut self) -> Result<(), StoreError> {
        (**self).reclaim()
    }

    fn check(&mut self) -> Result<(), StoreError> {
        (**self).check()
    }

    fn verify(&mut self) -> Result<(), StoreError> {
        (**self).verify()
    }
}

/// The errors of a store.
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

fn holder(holder: Option<&LockHolder>) -> String {
    holder.map_or_else(|| "this process or another one".to_owned(), LockHolder::to_string)
}

impl StoreError {
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }

    /// The error when a batch's deliveries and its progress differ in the number of events.
    pub(crate) fn differing(batch: u64) -> Self {
        Self::corrupt(format!("the deliveries of batch {batch} and their progress differ"))
    }
}
