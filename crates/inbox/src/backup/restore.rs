//! Creates the folder of an inbox from a backup.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::backup::error::BackupError;
use crate::backup::report::Backup;
use crate::backup::write::{describe, sync};
use crate::storage::error::StoreError;
use crate::storage::lock::Lock;
use crate::storage::record::{ABOUT_BACKUP, read_number};
use crate::storage::redb::{Change, FILE, Store, Table};
use crate::storage::{folder, private_file};

/// The lock of an inbox's folder.
const LOCK: &str = "inbox.lock";

pub(crate) fn restore(file: &Path, folder: &Path) -> Result<Backup, BackupError> {
    let source = File::open(file).map_err(BackupError::of_file(file))?;
    check_empty(folder)?;
    let created = folder::create(folder)?;
    let in_use = |error| match error {
        StoreError::InUse(holder) => BackupError::InUse { folder: folder.to_owned(), holder },
        error => error.into(),
    };
    // Nothing is removed before the lock is held: another restoration may be using the folder.
    let _lock = Lock::take(&folder.join(LOCK)).map_err(in_use)?;
    if folder.join(FILE).exists() {
        return Err(BackupError::NotEmpty(folder.to_owned()));
    }
    let unfinished = folder.join(FILE).with_extension("new");
    let restored = fill(source, file, folder, &unfinished).and_then(|backup| {
        fs::rename(&unfinished, folder.join(FILE))?;
        folder::sync(folder, &created)?;
        Ok(backup)
    });
    if restored.is_err() {
        for file in [unfinished, folder.join(LOCK)] {
            let _ = fs::remove_file(file);
        }
        created.iter().for_each(|created| _ = fs::remove_dir(created));
    }
    restored
}

fn check_empty(folder: &Path) -> Result<(), BackupError> {
    match fs::read_dir(folder).map(|mut files| files.next().is_some()) {
        Ok(false) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(true) => {}
        Err(error) => return Err(error.into()),
    }
    let lock = folder.join(LOCK);
    if private_file::metadata(&lock)?.is_some()
        && let Err(StoreError::InUse(holder)) = Lock::take(&lock)
    {
        return Err(BackupError::InUse { folder: folder.to_owned(), holder });
    }
    Err(BackupError::NotEmpty(folder.to_owned()))
}

/// Copies the file and verifies the copy, so that the backup itself is only read.
fn fill(mut source: File, file: &Path, folder: &Path, unfinished: &Path) -> Result<Backup, BackupError> {
    let failed = BackupError::of_file(file);
    let bytes = source.metadata().map_err(BackupError::of_file(file))?.len();
    BackupError::check_space(folder, folder, bytes)?;
    let (mut copy, _) = private_file::open(unfinished)?;
    if io::copy(&mut source, &mut copy).map_err(BackupError::of_file(file))? == 0 {
        // An empty file would become a new store.
        return Err(BackupError::Incomplete(file.to_owned()));
    }
    drop(copy);
    let mut store = Store::open_backup(unfinished).map_err(&failed)?;
    let taken_at = store.get(Table::About, ABOUT_BACKUP).map_err(&failed)?;
    let taken_at = taken_at.map(read_number).transpose().map_err(&failed)?;
    let taken_at = taken_at.ok_or_else(|| BackupError::Incomplete(file.to_owned()))?;
    store.verify().map_err(&failed)?;
    let backup = describe(&store, taken_at).map_err(&failed)?;
    store.commit(&[Change { table: Table::About, key: ABOUT_BACKUP, value: None }])?;
    drop(store);
    sync(unfinished)?;
    Ok(Backup { bytes, ..backup })
}
