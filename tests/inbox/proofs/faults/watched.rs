//! A redb file backend with fault points at its writes and syncs.

use std::fs::File;
use std::io::{self, Error};
use std::ops::Bound;

use redb::backends::FileBackend;
use redb::{BackendError, Database, DatabaseError, StorageBackend};

use super::planted::point;

/// Opens the database of an inbox, with fault points.
///
/// # Errors
/// If it cannot be opened.
pub fn open_watched(file: File) -> Result<Database, DatabaseError> {
    // The cache of the inbox's own database.
    Database::builder().set_cache_size(16 << 20).create_with_backend(Watched(FileBackend::new(file)?))
}

#[derive(Debug)]
struct Watched(FileBackend);

type Edge = Bound<u64>;

impl StorageBackend for Watched {
    fn len(&self) -> Result<u64, Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        point("store-grow");
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        point("store-sync");
        self.0.sync_data()?;
        point("store-synced");
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        point("store-write");
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Edge, end: Edge) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Edge, end: Edge) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Edge, end: Edge) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Edge, end: Edge) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Edge, end: Edge) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Edge, end: Edge) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}
