//! The store in one file of redb's.

use std::fs::{self, File};
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use bytes::Bytes;
#[cfg(not(birdhook_faults))]
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition};

use super::{Change, Store, StoreError, Table};
use crate::private;

/// A [`Store`] in one file, by [redb](https://docs.rs/redb). The file is readable by its owner only.
#[derive(Debug)]
pub struct RedbStore {
    database: Database,
    path: Option<PathBuf>,
}

/// Of the pages that redb keeps in memory. The inbox reads what it has just written from its own memory.
const CACHE: usize = 16 << 20;

impl RedbStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when it is open already; [`StoreError::Corrupt`] when it cannot be recovered.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let database = match path.metadata() {
            Ok(about) if about.len() > 0 => not_panicking(|| database(private::open(path)?))?,
            _ => make(path)?,
        };
        Ok(Self { database, path: Some(path.to_owned()) })
    }

    /// Opens a disk that is only simulated.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    #[cfg(birdhook_faults)]
    pub fn simulated(disk: crate::faults::Disk) -> Result<Self, StoreError> {
        let open = || builder().create_with_backend(disk).map_err(opening);
        Ok(Self { database: not_panicking(open)?, path: None })
    }
}

/// Made beside its place, and moved there once it is whole: a process that ends in the middle leaves nothing that cannot be
/// opened. Held open all the time, for that keeps others away.
fn make(path: &Path) -> Result<Database, StoreError> {
    let unfinished = path.with_extension("new");
    let handle = private::open(&unfinished)?;
    let backend = backend(handle.try_clone()?)?;
    if path.metadata().is_ok_and(|about| about.len() > 0) {
        // Another process was faster.
        fs::remove_file(&unfinished)?;
        return database(private::open(path)?);
    }
    handle.set_len(0)?;
    let database = builder().create_with_backend(backend).map_err(opening)?;
    fs::rename(&unfinished, path)?;
    Ok(database)
}

fn database(file: File) -> Result<Database, StoreError> {
    forget_cached(&file);
    builder().create_with_backend(backend(file)?).map_err(opening)
}

#[cfg(not(birdhook_faults))]
fn backend(file: File) -> Result<FileBackend, StoreError> {
    FileBackend::new(file).map_err(opening)
}

#[cfg(birdhook_faults)]
fn backend(file: File) -> Result<crate::faults::Watched, StoreError> {
    crate::faults::Watched::new(file).map_err(opening)
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    builder
}

/// After a failed fsync the system's cache may hold pages as clean that never reached the disk. What the file holds is what
/// the disk says.
fn forget_cached(file: &File) {
    // Only advice, and nothing follows from a refusal but that the cache is believed.
    #[cfg(all(unix, not(target_vendor = "apple")))]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    let _ = file;
}

fn table(table: Table) -> TableDefinition<'static, u64, &'static [u8]> {
    TableDefinition::new(match table {
        Table::Deliveries => "deliveries",
        Table::Progress => "progress",
        Table::Keys => "keys",
        Table::About => "about",
    })
}

/// Redb panics at some pages that are damaged.
fn not_panicking<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let done = std::panic::catch_unwind(AssertUnwindSafe(work));
    done.unwrap_or_else(|_| Err(StoreError::corrupt("a page makes no sense")))
}

impl Store for RedbStore {
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        not_panicking(|| {
            let transaction = self.database.begin_write().map_err(other)?;
            for kind in Table::ALL {
                let mut changes = changes.iter().filter(|change| change.table == kind).peekable();
                if changes.peek().is_none() {
                    continue;
                }
                let mut table = transaction.open_table(table(kind)).map_err(other)?;
                for change in changes {
                    match &change.value {
                        Some(value) => table.insert(change.key, value.as_ref()),
                        None => table.remove(change.key),
                    }
                    .map_err(storage)?;
                }
            }
            transaction.commit().map_err(other)
        })
    }

    fn get(&self, kind: Table, key: u64) -> Result<Option<Bytes>, StoreError> {
        let mut found = None;
        self.scan(kind, key, &mut |first, value| {
            found = (first == key).then_some(value);
            false
        })?;
        Ok(found)
    }

    fn scan(&self, kind: Table, from: u64, visit: &mut dyn FnMut(u64, Bytes) -> bool) -> Result<(), StoreError> {
        not_panicking(|| {
            let transaction = self.database.begin_read().map_err(other)?;
            let table = match transaction.open_table(table(kind)) {
                Ok(table) => table,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(()),
                Err(error) => return Err(other(error)),
            };
            for record in table.range(from..).map_err(storage)? {
                let (key, value) = record.map_err(storage)?;
                if !visit(key.value(), Bytes::copy_from_slice(value.value())) {
                    break;
                }
            }
            Ok(())
        })
    }

    fn size(&self) -> Result<u64, StoreError> {
        let Some(path) = &self.path else { return Ok(0) };
        let about = path.metadata()?;
        #[cfg(unix)]
        return Ok(std::os::unix::fs::MetadataExt::blocks(&about) * 512);
        #[cfg(not(unix))]
        Ok(about.len())
    }

    fn reclaim(&mut self) -> Result<(), StoreError> {
        not_panicking(|| self.database.compact().map(|_| ()).map_err(other))
    }

    fn verify(&mut self) -> Result<(), StoreError> {
        match not_panicking(|| self.database.check_integrity().map_err(opening))? {
            true => Ok(()),
            false => Err(StoreError::corrupt("checksums of pages do not hold, and an earlier state was taken")),
        }
    }
}

fn opening(error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => StoreError::InUse,
        DatabaseError::Storage(error) => storage(error),
        DatabaseError::RepairAborted => StoreError::corrupt("it could not be repaired"),
        error => StoreError::Other(error.into()),
    }
}

fn storage(error: StorageError) -> StoreError {
    match error {
        StorageError::Corrupted(what) => StoreError::Corrupt(what),
        // What is no file of redb's.
        StorageError::Io(error) if error.kind() == io::ErrorKind::InvalidData => StoreError::Corrupt(error.to_string()),
        StorageError::Io(error) => StoreError::Io(error),
        error => StoreError::Other(error.into()),
    }
}

fn other(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Corrupted(what) => StoreError::Corrupt(what),
        redb::Error::Io(error) => StoreError::Io(error),
        redb::Error::DatabaseAlreadyOpen => StoreError::InUse,
        error => StoreError::Other(error.into()),
    }
}
