//! The store: one redb file with four tables. An ordered map with atomic, durable commits.

use std::fs::{self, File};
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase, TableDefinition};

use crate::faults;
use crate::storage::error::StoreError;
use crate::storage::lock::{self, Lock};
use crate::storage::private_file::{self, FileIdentity};
use crate::storage::snapshots::{OpenSnapshot, Snapshots};

/// The name of the store's file.
pub(crate) const FILE: &str = "inbox.redb";

/// The map that holds a record. Records are keyed by the number of a batch: deliveries that were
/// stored together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Table {
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
    pub(crate) const ALL: [Self; 4] = [Self::Deliveries, Self::Progress, Self::Keys, Self::About];
}

/// One record to write or remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) table: Table,
    pub(crate) key: u64,
    /// The new value. `None` removes the record, which need not exist.
    pub(crate) value: Option<Bytes>,
}

/// Opens the database in the store's file. Tests replace it, to simulate a disk.
pub(crate) type OpenDatabase = Box<dyn Fn(File) -> Result<Database, DatabaseError> + Send>;

/// The memory limit of redb's page cache, in bytes. Small, because the inbox caches what it has
/// just written itself.
const CACHE: usize = 16 << 20;

pub(crate) fn open_file(file: File) -> Result<Database, DatabaseError> {
    Database::builder().set_cache_size(CACHE).create_with_backend(FileBackend::new(file)?)
}

/// The store. Only the file's owner may read it. A lock file with the same name and `.lock`
/// appended is held while the store is open.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    identity: FileIdentity,
    /// `None` for a backup, which no inbox opens.
    lock: Option<Lock>,
    snapshots: Arc<Snapshots>,
}

/// The contents of a store at one moment.
///
/// Commits continue meanwhile, but do not reuse the space that they free. When the store closes,
/// [`scan`](Self::scan) fails, and the store waits until the snapshot is dropped.
pub(crate) struct Snapshot {
    // Dropped before the count.
    transaction: ReadTransaction,
    count: OpenSnapshot,
}

impl Snapshot {
    /// Calls `visit` for each record of a table, in the order of the keys, until it returns `false`.
    pub(crate) fn scan(&self, table: Table, visit: &mut dyn FnMut(u64, Bytes) -> bool) -> Result<(), StoreError> {
        let mut is_closing = false;
        scan(&self.transaction, table, 0, &mut |key, value| {
            is_closing = self.count.is_closing();
            !is_closing && visit(key, value)
        })?;
        if is_closing { Err(StoreError::Other("the store was closed".into())) } else { Ok(()) }
    }
}

impl Drop for Store {
    /// Waits for the snapshots: the file stays locked as long as one of them exists.
    fn drop(&mut self) {
        self.snapshots.close();
    }
}

impl Store {
    /// Opens the file, or creates it.
    pub(crate) fn open(path: &Path, database: &OpenDatabase) -> Result<Self, StoreError> {
        // Redb locks the file only once it is open, which does not protect its creation and
        // replacement.
        let lock = Lock::take(&lock::lock_path(path))?;
        let exists = private_file::metadata(path)?.is_some_and(|file| file.len() > 0);
        faults::point("looked");
        let open = |file| catch_panics(|| database(file).map_err(store_error));
        let (database, identity) = if exists {
            let (file, identity) = private_file::open(path)?;
            drop_page_cache(&file);
            (open(file)?, identity)
        } else {
            create(path, open)?
        };
        Ok(Self { database, identity, lock: Some(lock), snapshots: Arc::default() })
    }

    /// Opens the file of a backup, or creates it. The caller makes sure that it is the only opener.
    pub(crate) fn open_backup(path: &Path) -> Result<Self, StoreError> {
        let (file, identity) = private_file::open(path)?;
        drop_page_cache(&file);
        let database = catch_panics(|| open_file(file).map_err(store_error))?;
        Ok(Self { database, identity, lock: None, snapshots: Arc::default() })
    }

    /// Returns a snapshot of what is committed.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let transaction = catch_panics(|| self.database.begin_read().map_err(store_error))?;
        Ok(Snapshot { transaction, count: self.snapshots.begin() })
    }

    pub(crate) fn has_snapshots(&self) -> bool {
        self.snapshots.are_open()
    }

    /// Applies the changes in their order, all or none. `Ok` means that they survive a power loss.
    ///
    /// After any error it is unknown whether the changes were applied. The store must then be
    /// dropped without another call, and opened again.
    pub(crate) fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        catch_panics(|| {
            let transaction = self.database.begin_write().map_err(store_error)?;
            for table in Table::ALL {
                let mut changes = changes.iter().filter(|change| change.table == table).peekable();
                if changes.peek().is_none() {
                    continue;
                }
                let mut table = transaction.open_table(definition(table)).map_err(store_error)?;
                for change in changes {
                    let changed = match &change.value {
                        Some(value) => table.insert(change.key, value.as_ref()),
                        None => table.remove(change.key),
                    };
                    changed.map_err(store_error)?;
                }
            }
            transaction.commit().map_err(store_error)
        })
    }

    pub(crate) fn get(&self, table: Table, key: u64) -> Result<Option<Bytes>, StoreError> {
        Ok(self.first(table, key)?.filter(|(first, _)| *first == key).map(|(_, value)| value))
    }

    /// Returns the first record with a key of at least `from`.
    pub(crate) fn first(&self, table: Table, from: u64) -> Result<Option<(u64, Bytes)>, StoreError> {
        let mut first = None;
        self.scan(table, from, &mut |key, value| {
            first = Some((key, value));
            false
        })?;
        Ok(first)
    }

    /// Calls `visit` for each record with a key of at least `from`, in the order of the keys, until
    /// it returns `false`.
    pub(crate) fn scan(
        &self,
        table: Table,
        from: u64,
        visit: &mut dyn FnMut(u64, Bytes) -> bool,
    ) -> Result<(), StoreError> {
        let transaction = catch_panics(|| self.database.begin_read().map_err(store_error))?;
        scan(&transaction, table, from, visit)
    }

    /// Returns the size on disk, in bytes.
    pub(crate) fn size(&self) -> Result<u64, StoreError> {
        let metadata = self.identity.path().metadata()?;
        #[cfg(unix)]
        return Ok(std::os::unix::fs::MetadataExt::blocks(&metadata) * 512);
        #[cfg(not(unix))]
        Ok(metadata.len())
    }

    /// Returns unused space to the disk, as far as possible. May take long; called when space is
    /// low. Does nothing while a snapshot exists, which redb does not allow.
    pub(crate) fn reclaim(&mut self) -> Result<(), StoreError> {
        if self.has_snapshots() {
            return Ok(());
        }
        catch_panics(|| self.database.compact().map(|_| ()).map_err(store_error))
    }

    /// Checks that the file is where it was opened, so that the next opener finds what was
    /// committed. Takes the lock again if its file was deleted.
    pub(crate) fn check(&mut self) -> Result<(), StoreError> {
        self.identity.check()?;
        self.lock.as_mut().map_or(Ok(()), Lock::keep)
    }

    /// Reads everything and verifies redb's checksums.
    pub(crate) fn verify(&mut self) -> Result<(), StoreError> {
        match catch_panics(|| self.database.check_integrity().map_err(store_error))? {
            true => Ok(()),
            false => Err(StoreError::corrupt("checksums of pages are wrong; redb restored an earlier state")),
        }
    }
}

fn scan(
    transaction: &ReadTransaction,
    table: Table,
    from: u64,
    visit: &mut dyn FnMut(u64, Bytes) -> bool,
) -> Result<(), StoreError> {
    catch_panics(|| {
        let table = match transaction.open_table(definition(table)) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(store_error(error)),
        };
        for record in table.range(from..).map_err(store_error)? {
            let (key, value) = record.map_err(store_error)?;
            if !visit(key.value(), Bytes::copy_from_slice(value.value())) {
                break;
            }
        }
        Ok(())
    })
}

/// Creates the file under a temporary name and renames it once it is complete: a process that ends
/// halfway leaves nothing that cannot be opened. The caller holds the lock, so a leftover file has
/// no other owner.
fn create(
    path: &Path,
    open: impl FnOnce(File) -> Result<Database, StoreError>,
) -> Result<(Database, FileIdentity), StoreError> {
    let unfinished = path.with_extension("new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let (file, identity) = private_file::open(&unfinished)?;
    let database = open(file)?;
    fs::rename(&unfinished, path)?;
    let identity = identity.renamed(path);
    identity.check()?;
    Ok((database, identity))
}

/// Drops the file from the system's page cache. After a failed fsync the cache may hold pages as
/// clean that never reached the disk.
fn drop_page_cache(file: &File) {
    // Only advice: if it is refused, the cached pages are read.
    #[cfg(all(unix, not(target_vendor = "apple")))]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    let _ = file;
}

fn definition(table: Table) -> TableDefinition<'static, u64, &'static [u8]> {
    TableDefinition::new(match table {
        Table::Deliveries => "deliveries",
        Table::Progress => "progress",
        Table::Keys => "keys",
        Table::About => "about",
    })
}

/// Turns a panic into an error, because redb panics on some damaged pages.
fn catch_panics<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let done = std::panic::catch_unwind(AssertUnwindSafe(work));
    done.unwrap_or_else(|_| Err(StoreError::corrupt("redb cannot read a page")))
}

fn store_error(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Corrupted(what) => StoreError::Corrupt(what),
        // The file is not a redb file.
        redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => StoreError::Corrupt(error.to_string()),
        redb::Error::Io(error) => StoreError::Io(error),
        redb::Error::RepairAborted => StoreError::corrupt("redb could not repair it"),
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => StoreError::InUse(None),
        error => StoreError::Other(error.into()),
    }
}

#[cfg(test)]
mod tests;
