//! What the inbox keeps its records in: an ordered map with atomic, durable commits.

#[cfg(feature = "conformance")]
pub mod conformance;
mod redb;

use std::io;
use std::path::PathBuf;

use bytes::Bytes;

pub use self::redb::RedbStore;
use crate::lock::Holder;

/// Which map a record is in. Each is keyed by the number of a batch: some deliveries that were stored together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// The deliveries of a batch: mostly less than 64 KiB, up to the largest body.
    Deliveries,
    /// What became of their events.
    Progress,
    /// By what they are recognised as duplicates.
    Keys,
    /// The format, and the number of the next batch.
    About,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Deliveries, Self::Progress, Self::Keys, Self::About];
}

/// One record to be written, or to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The map.
    pub table: Table,
    /// The key.
    pub key: u64,
    /// The new value; `None` removes the record, whether or not it is there.
    pub value: Option<Bytes>,
}

/// An ordered map of numbers to bytes for each [`Table`], with commits that are atomic and durable.
///
/// The inbox owns it from one thread. What it must hold to is tested by [`conformance`](crate::conformance), a public
/// suite (feature `conformance`): run it on a store of your own.
pub trait Store: Send + 'static {
    /// Makes the changes, all or none, in their order. `Ok` means that they survive the loss of power.
    ///
    /// # Errors
    /// After any error it is not known whether they were made. The inbox then drops the store, without a further call, and
    /// opens it again.
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError>;

    /// The value of a key.
    ///
    /// # Errors
    /// When it cannot be read.
    fn get(&self, table: Table, key: u64) -> Result<Option<Bytes>, StoreError>;

    /// Shows the records whose keys are at least `from`, in the order of the keys, until `visit` says `false`.
    ///
    /// # Errors
    /// When they cannot be read.
    fn scan(&self, table: Table, from: u64, visit: &mut dyn FnMut(u64, Bytes) -> bool) -> Result<(), StoreError>;

    /// The bytes that it takes on the disk.
    ///
    /// # Errors
    /// When that cannot be told.
    fn size(&self) -> Result<u64, StoreError>;

    /// Gives space that is not used back to the disk, as far as it can. May take long; called when space is low.
    ///
    /// # Errors
    /// As for [`commit`](Self::commit).
    fn reclaim(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Checks at little cost that the store is still where it was opened, so that what is committed is found again by the
    /// next opener. Called after each commit and at least every second; deliveries are answered 503 while it fails.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when a file was deleted, moved or replaced.
    fn check(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Reads everything and holds it against the store's own checksums.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when something is not as it was written.
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

/// Why a store does not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process, or this one, has it open; `None` when it does not say which.
    #[error("it is in use by {}; only one process at a time can open it", holder(.0.as_ref()))]
    InUse(Option<Holder>),
    /// A file or folder is not what an inbox may be kept in: a link in place of a file, or a folder that everyone may write to.
    #[error("{0}")]
    Unsafe(String),
    /// Its file was deleted, moved or replaced while it was open.
    #[error("{} was deleted, moved or replaced while it was in use; put it back, or restart with what is there", .0.display())]
    Gone(PathBuf),
    /// What was read is not what was written.
    #[error("it is damaged: {0}")]
    Corrupt(String),
    /// It was written by a later version of birdhook.
    #[error("it has format {0}, of a later version of birdhook")]
    TooNew(u8),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Anything else.
    #[error("the store failed: {0}")]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

fn holder(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "this process or another one".to_owned(), Holder::to_string)
}

impl StoreError {
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }

    /// The deliveries of a batch are not as many events as are known of it.
    pub(crate) fn differing(batch: u64) -> Self {
        Self::corrupt(format!("the deliveries of batch {batch} and their progress differ"))
    }
}
