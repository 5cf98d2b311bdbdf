//! The backend of birdhook-inbox: a redb file in a folder.

use std::fs::File;
use std::io::{self, Error};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use birdhook_inbox::{Inbox, InboxSettings, OpenError};
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, StorageBackend, StorageError};
use tempfile::TempDir;

use crate::support::backend::{Backend, Fate, Switch};

#[derive(Clone, Debug)]
pub(crate) struct RedbFile(Arc<TempDir>);

impl RedbFile {
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Backend for RedbFile {
    type Inbox = Inbox;

    fn create() -> Self {
        Self(Arc::new(tempfile::tempdir().unwrap()))
    }

    async fn open(&self, settings: InboxSettings) -> Result<Inbox, OpenError> {
        settings.open(self.path()).await
    }

    async fn open_failing(&self, settings: InboxSettings, switch: &Switch) -> Result<Inbox, OpenError> {
        let switch = switch.clone();
        self.open(settings.database(move |file| open(file, &switch))).await
    }

    async fn end(inbox: Inbox) {
        inbox.close(Duration::ZERO).await;
    }
}

fn open(file: File, switch: &Switch) -> Result<Database, DatabaseError> {
    if !switch.open() {
        return Err(DatabaseError::Storage(StorageError::Io(Error::other("the disk is away"))));
    }
    let is_open = Arc::new(AtomicBool::new(false));
    let disk = FailingDisk {
        file: FileBackend::new(file)?,
        switch: switch.clone(),
        is_open: Arc::clone(&is_open),
        has_failed: AtomicBool::new(false),
    };
    let database = Database::builder().create_with_backend(disk)?;
    is_open.store(true, SeqCst);
    Ok(database)
}

/// Fails as the switch says, once the database is open.
#[derive(Debug)]
struct FailingDisk {
    file: FileBackend,
    switch: Switch,
    is_open: Arc<AtomicBool>,
    has_failed: AtomicBool,
}

impl FailingDisk {
    fn use_it(&self) {
        if self.has_failed.load(SeqCst) {
            self.switch.note_use_after_failure();
        }
    }

    fn fail(&self) -> io::Result<()> {
        if !self.has_failed.swap(true, SeqCst) {
            self.switch.count_failure();
        }
        Err(Error::other("the disk failed"))
    }
}

impl StorageBackend for FailingDisk {
    fn len(&self) -> io::Result<u64> {
        self.use_it();
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.use_it();
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.use_it();
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.use_it();
        match if self.is_open.load(SeqCst) { self.switch.fate() } else { Fate::Done } {
            Fate::Done | Fate::Stuck => self.file.sync_data(),
            Fate::Lost => self.fail(),
            Fate::Unheard => self.file.sync_data().and_then(|()| self.fail()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.use_it();
        if self.is_open.load(SeqCst) && self.switch.is_lost() { self.fail() } else { self.file.write(offset, data) }
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}
