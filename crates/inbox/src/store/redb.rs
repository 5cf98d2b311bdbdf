//! The store in one file of redb's.

use std::fs::{self, File};
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use bytes::Bytes;
#[cfg(not(birdhook_faults))]
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition};

use super::{Change, Store, StoreError, Table};
use crate::faults;
use crate::lock::{self, Lock};
use crate::private::{self, Place};

/// A [`Store`] in one file, by [redb](https://docs.rs/redb). The file is readable by its owner only. Beside it is a file with
/// `.lock` behind the same name, whose lock is held while the store is open.
#[derive(Debug)]
pub struct RedbStore {
    database: Database,
    /// `None` on a simulated disk.
    held: Option<(Place, Lock)>,
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
        // Redb locks a file only once it is open: too late for an opener that makes or replaces it.
        let lock = Lock::take(&lock::beside(path))?;
        let is_there = private::look(path)?.is_some_and(|about| about.len() > 0);
        faults::point("looked");
        let (database, place) = if is_there { not_panicking(|| existing(path))? } else { make(path)? };
        Ok(Self { database, held: Some((place, lock)) })
    }

    /// Opens a disk that is only simulated.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    #[cfg(birdhook_faults)]
    pub fn simulated(disk: crate::faults::Disk) -> Result<Self, StoreError> {
        let open = || builder().create_with_backend(disk).map_err(opening);
        Ok(Self { database: not_panicking(open)?, held: None })
    }
}

fn existing(path: &Path) -> Result<(Database, Place), StoreError> {
    let (file, place) = private::open(path)?;
    forget_cached(&file);
    Ok((database(file)?, place))
}

/// Makes the file beside its place and moves it there once it is whole: a process that ends in the middle leaves nothing that
/// cannot be opened. Called with the lock held, so an unfinished file belongs to nobody.
fn make(path: &Path) -> Result<(Database, Place), StoreError> {
    let unfinished = path.with_extension("new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let (file, place) = private::open(&unfinished)?;
    let database = database(file)?;
    fs::rename(&unfinished, path)?;
    let place = place.renamed(path);
    place.check()?;
    Ok((database, place))
}

fn database(file: File) -> Result<Database, StoreError> {
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
        let Some((place, _)) = &self.held else { return Ok(0) };
        let about = place.path().metadata()?;
        #[cfg(unix)]
        return Ok(std::os::unix::fs::MetadataExt::blocks(&about) * 512);
        #[cfg(not(unix))]
        Ok(about.len())
    }

    fn reclaim(&mut self) -> Result<(), StoreError> {
        not_panicking(|| self.database.compact().map(|_| ()).map_err(other))
    }

    fn check(&mut self) -> Result<(), StoreError> {
        let Some((place, lock)) = &mut self.held else { return Ok(()) };
        place.check()?;
        lock.keep()
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
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => StoreError::InUse(None),
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
        redb::Error::DatabaseAlreadyOpen => StoreError::InUse(None),
        error => StoreError::Other(error.into()),
    }
}
