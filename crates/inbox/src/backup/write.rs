//! Writes a backup from a snapshot of the store.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use birdhook_core::Timestamp;

use crate::backup::error::BackupError;
use crate::backup::report::Backup;
use crate::config::settings::InboxSettings;
use crate::error::Closed;
use crate::seen_keys::SeenKeys;
use crate::storage::error::StoreError;
use crate::storage::record::{ABOUT_BACKUP, write_number};
use crate::storage::redb::{Change, Snapshot, Store, Table};
use crate::storage::{folder, private_file};
use crate::writer::state::State;

/// The size of the records that are written with one commit, in bytes.
const CHUNK: usize = 16 << 20;

/// The size of an empty store, in bytes.
const EMPTY: u64 = 4 << 20;

/// What to copy, and the space that the copy takes.
pub(crate) struct Source {
    pub(crate) snapshot: Snapshot,
    /// The inbox's time, in milliseconds.
    pub(crate) taken_at: u64,
    /// The size of the stored deliveries and keys, in bytes.
    pub(crate) bytes: u64,
    /// The bytes that must stay free on the disk of the backup.
    pub(crate) free_space: u64,
}

/// Writes the backup to `file`, which must not exist. Stops early once `is_wanted` returns false.
pub(crate) fn write(source: Source, file: &Path, is_wanted: impl Fn() -> bool) -> Result<Backup, BackupError> {
    check_absent(file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let needed = source.bytes.saturating_add(source.bytes / 2).saturating_add(EMPTY);
    BackupError::check_space(file, folder, needed.saturating_add(source.free_space))?;
    let partial = partial_path(file);
    remove_leftover(&partial).map_err(BackupError::of_file(&partial))?;
    let written = fill(source, file, folder, &partial, is_wanted).and_then(|taken_at| {
        let failed = BackupError::of_file(file);
        let store = Store::open_backup(&partial).map_err(&failed)?;
        let backup = describe(&store, taken_at).map_err(&failed)?;
        drop(store);
        sync(&partial).map_err(BackupError::of_file(file))?;
        check_absent(file)?;
        fs::rename(&partial, file).map_err(BackupError::of_file(file))?;
        folder::sync(folder, &[]).map_err(BackupError::of_file(file))?;
        let bytes = fs::metadata(file).map_err(BackupError::of_file(file))?.len();
        Ok(Backup { bytes, ..backup })
    });
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

fn check_absent(file: &Path) -> Result<(), BackupError> {
    match fs::symlink_metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(BackupError::Exists(file.to_owned())),
        Err(error) => Err(BackupError::of_file(file)(error)),
    }
}

fn partial_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// Removes what a backup left whose process was killed. Fails if that backup is still being written.
fn remove_leftover(partial: &Path) -> Result<(), StoreError> {
    if private_file::metadata(partial)?.is_some() {
        let (file, _) = private_file::open(partial)?;
        match file.try_lock() {
            Ok(()) => fs::remove_file(partial)?,
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(None)),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Writes all records. The last commit adds the record that only a complete backup has. Returns the
/// time of the snapshot.
fn fill(
    source: Source,
    file: &Path,
    folder: &Path,
    partial: &Path,
    is_wanted: impl Fn() -> bool,
) -> Result<u64, BackupError> {
    let Source { snapshot, taken_at, free_space, .. } = source;
    let mut store = Store::open_backup(partial).map_err(BackupError::of_file(file))?;
    let (mut changes, mut size) = (Vec::new(), 0);
    for table in Table::ALL {
        let mut result = Ok(());
        let scanned = snapshot.scan(table, &mut |key, value| {
            size += value.len();
            changes.push(Change { table, key, value: Some(value) });
            if !is_wanted() {
                result = Err(Closed.into());
            } else if size >= CHUNK {
                // Deliveries must not be refused because of the backup.
                result = BackupError::check_space(file, folder, free_space)
                    .and_then(|()| store.commit(&changes).map_err(BackupError::of_file(file)));
                changes.clear();
                size = 0;
            }
            result.is_ok()
        });
        result?;
        scanned?;
    }
    drop(snapshot);
    changes.push(Change { table: Table::About, key: ABOUT_BACKUP, value: Some(write_number(taken_at)) });
    store.commit(&changes).map_err(BackupError::of_file(file))?;
    Ok(taken_at)
}

/// Reads everything in a backup and returns its description, except for its size.
pub(super) fn describe(store: &Store, taken_at: u64) -> Result<Backup, StoreError> {
    let state = State::read(store, &InboxSettings::new(), None, &SeenKeys::new())?;
    Ok(Backup {
        events: state.index.batches(0).map(|(_, batch)| batch.progress.entries.len()).sum(),
        dead: state.index.dead.len(),
        bytes: 0,
        taken_at: Timestamp::from_millis(i64::try_from(taken_at).unwrap_or(i64::MAX)),
    })
}

/// Syncs the file after the store has closed, because closing writes to it.
pub(super) fn sync(file: &Path) -> io::Result<()> {
    File::options().write(true).open(file)?.sync_all()
}
