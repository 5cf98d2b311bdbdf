//! A redb file backend with fault points at its writes and syncs.

use std::fs::File;
use std::io;
use std::ops::Bound;

use redb::backends::FileBackend;
use redb::{BackendError, Database, DatabaseError, StorageBackend};

use super::planted::point;

pub fn open_watched(file: File) -> Result<Database, DatabaseError> {
    // The cache of the inbox's own database.
    Database::builder().set_cache_size(16 << 20).create_with_backend(Watched(FileBackend::new(file)?))
}

#[derive(Debug)]
struct Watched(FileBackend);

type Edge = Bound<u64>;

/// Passes calls without a fault point to the file.
macro_rules! pass {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> $result { self.0.$name($($argument),*) })*
    };
}

impl StorageBackend for Watched {
    pass! {
        len() -> io::Result<u64>;
        read(offset: u64, out: &mut [u8]) -> io::Result<()>;
        close() -> io::Result<()>;
        try_lock_range(start: Edge, end: Edge) -> Result<bool, BackendError>;
        try_lock_shared_range(start: Edge, end: Edge) -> Result<bool, BackendError>;
        lock_range(start: Edge, end: Edge) -> Result<(), BackendError>;
        lock_shared_range(start: Edge, end: Edge) -> Result<(), BackendError>;
        unlock_range(start: Edge, end: Edge) -> Result<(), BackendError>;
        query_lock_range(start: Edge, end: Edge) -> Result<bool, BackendError>;
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
}
