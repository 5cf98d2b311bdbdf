//! The folder of an inbox, and a disk whose failures a test controls.

use std::fs::File;
use std::io::{self, Error};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};

use birdhook_inbox::{Inbox, InboxSettings, OpenError};
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, StorageBackend, StorageError};
use tempfile::TempDir;

/// A folder that outlives the handles of its inbox. Clones are the same folder.
#[derive(Clone, Debug)]
pub(crate) struct Place(Arc<TempDir>);

impl Place {
    pub(crate) fn create() -> Self {
        Self(Arc::new(tempfile::tempdir().unwrap()))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) async fn open(&self, settings: InboxSettings) -> Result<Inbox, OpenError> {
        settings.open(self.path()).await
    }
}

/// The outcome of the next commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    #[default]
    Done,
    /// Fails, and nothing was written.
    Lost,
    /// Fails, although everything was written.
    Unheard,
    /// Blocks until the fate changes.
    Stuck,
}

/// Controls and counts the failures of a disk.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    fate: Mutex<Fate>,
    changed: Condvar,
    /// One commit of this many fails, chosen by this generator.
    pub(crate) random: Mutex<Option<(fastrand::Rng, u32)>>,
    pub(crate) cannot_open: AtomicBool,
    pub(crate) opened: AtomicUsize,
    pub(crate) failed: AtomicUsize,
    pub(crate) used_after_failure: AtomicBool,
    pub(crate) is_stuck: AtomicBool,
}

impl Switch {
    pub(crate) fn set(&self, fate: Fate) {
        *self.fate.lock().unwrap() = fate;
        self.changed.notify_all();
    }

    pub(crate) fn open(self: &Arc<Self>, file: File) -> Result<Database, DatabaseError> {
        self.opened.fetch_add(1, SeqCst);
        if self.cannot_open.load(SeqCst) {
            return Err(DatabaseError::Storage(StorageError::Io(Error::other("the disk is away"))));
        }
        let (switch, is_open) = (Arc::clone(self), Arc::new(AtomicBool::new(false)));
        let has_failed = AtomicBool::new(false);
        let disk = FailingDisk { file: FileBackend::new(file)?, switch, is_open: Arc::clone(&is_open), has_failed };
        let database = Database::builder().create_with_backend(disk)?;
        is_open.store(true, SeqCst);
        Ok(database)
    }

    /// Returns the outcome of this commit, once it is not [`Fate::Stuck`].
    fn fate(&self) -> Fate {
        let fate = self.fate.lock().unwrap();
        self.is_stuck.store(*fate == Fate::Stuck, SeqCst);
        let fate = *self.changed.wait_while(fate, |fate| *fate == Fate::Stuck).unwrap();
        self.is_stuck.store(false, SeqCst);
        match self.random.lock().unwrap().as_mut().map(|(random, one_of)| (random.u32(..*one_of), random.bool())) {
            Some((0, true)) => Fate::Lost,
            Some((0, false)) => Fate::Unheard,
            _ => fate,
        }
    }
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
        let is_lost = self.is_open.load(SeqCst) && *self.switch.fate.lock().unwrap() == Fate::Lost;
        if is_lost { self.fail() } else { file.write(offset, data) }
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}
