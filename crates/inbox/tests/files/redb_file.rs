//! The folder of an inbox, on a disk whose failures a test controls.

use std::fs::File;
use std::io::{self, Error};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use birdhook_inbox::{Inbox, InboxSettings, OpenError};
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, StorageBackend, StorageError};
use tempfile::TempDir;

use crate::support::backend::{Backend, Fate, Switch};

/// A folder that outlives the handles of its inbox. Clones are the same folder.
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

    async fn open_failing(&self, settings: InboxSettings, switch: &Arc<Switch>) -> Result<Inbox, OpenError> {
        let switch = Arc::clone(switch);
        self.open(settings.database(move |file| open_failing(&switch, file))).await
    }
}

fn open_failing(switch: &Arc<Switch>, file: File) -> Result<Database, DatabaseError> {
    switch.opened.fetch_add(1, SeqCst);
    if switch.cannot_open.load(SeqCst) {
        return Err(DatabaseError::Storage(StorageError::Io(Error::other("the disk is away"))));
    }
    let (switch, is_open) = (Arc::clone(switch), Arc::new(AtomicBool::new(false)));
    let has_failed = AtomicBool::new(false);
    let disk = FailingDisk { file: FileBackend::new(file)?, switch, is_open: Arc::clone(&is_open), has_failed };
    let database = Database::builder().create_with_backend(disk)?;
    is_open.store(true, SeqCst);
    Ok(database)
}

/// Fails as the switch says, once the database is open.
#[derive(Debug)]
struct FailingDisk {
    file: FileBackend,
    switch: Arc<Switch>,
    is_open: Arc<AtomicBool>,
    has_failed: AtomicBool,
}

impl FailingDisk {
    fn file(&self) -> &FileBackend {
        self.switch.used_after_failure.fetch_or(self.has_failed.load(SeqCst), SeqCst);
        &self.file
    }

    fn fail(&self) -> io::Result<()> {
        self.switch.failed.fetch_add(usize::from(!self.has_failed.swap(true, SeqCst)), SeqCst);
        Err(Error::other("the disk failed"))
    }
}

impl StorageBackend for FailingDisk {
    fn len(&self) -> io::Result<u64> {
        self.file().len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file().read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file().set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let file = self.file();
        match if self.is_open.load(SeqCst) { self.switch.fate() } else { Fate::Done } {
            Fate::Done | Fate::Stuck => file.sync_data(),
            Fate::Lost => self.fail(),
            Fate::Unheard => file.sync_data().and_then(|()| self.fail()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let file = self.file();
        let is_lost = self.is_open.load(SeqCst) && self.switch.is_lost();
        if is_lost { self.fail() } else { file.write(offset, data) }
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}
