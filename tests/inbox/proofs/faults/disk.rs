//! A simulated disk that records every write, to reconstruct its content after a crash at any
//! moment.

use std::fmt;
use std::io::{self, Error, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use birdhook_inbox::InboxSettings;
use redb::{Database, DatabaseError, StorageBackend};

/// The unit that a disk writes completely or not at all, in bytes.
const SECTOR: usize = 512;

/// A simulated disk. Clones share its content.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    start: Vec<u8>,
    now: Vec<u8>,
    done: Vec<Done>,
    syncs: usize,
    failing: Option<usize>,
    before_sync: Hook,
}

#[derive(Clone, Default)]
struct Hook(Option<Arc<dyn Fn() + Send + Sync>>);

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hook").field(&self.0.is_some()).finish()
    }
}

#[derive(Clone, Debug)]
enum Done {
    Wrote(usize, Vec<u8>),
    Length(usize),
    Synced,
}

impl Disk {
    pub fn holding(image: Vec<u8>) -> Self {
        let content = Content { start: image.clone(), now: image, ..Content::default() };
        Self(Arc::new(Mutex::new(content)))
    }

    pub fn open(&self) -> Result<Database, DatabaseError> {
        // The cache of the inbox's own database.
        Database::builder().set_cache_size(16 << 20).create_with_backend(self.clone())
    }

    /// Lets an inbox store its events on this disk. Its folder then holds only its other files.
    pub fn of(&self, settings: InboxSettings) -> InboxSettings {
        let disk = self.clone();
        settings.database(move |_| disk.open())
    }

    /// Returns the number of writes, length changes and syncs so far.
    pub fn moment(&self) -> usize {
        self.content().done.len()
    }

    pub fn syncs(&self) -> usize {
        self.content().syncs
    }

    /// Lets `syncs` more syncs succeed and makes later ones fail. Writes before a failed sync are
    /// lost, as in a crash.
    pub fn fail_sync_after(&self, syncs: usize) {
        let mut content = self.content();
        content.failing = Some(content.syncs + syncs);
    }

    /// Calls `call` before each sync. The sync begins when it returns.
    pub fn before_sync(&self, call: impl Fn() + Send + Sync + 'static) {
        self.content().before_sync = Hook(Some(Arc::new(call)));
    }

    pub fn repair(&self) {
        self.content().failing = None;
    }

    /// Returns the content after a crash at `moment`.
    ///
    /// It contains all that was synced before, and those unsynced sectors for which `is_kept`
    /// returns true. Its arguments are the number of the write since the last sync, and the number
    /// of the sector within that write.
    pub fn after_crash(&self, moment: usize, mut is_kept: impl FnMut(usize, usize) -> bool) -> Vec<u8> {
        let content = self.content();
        let done = content.done.get(..moment).unwrap_or(&content.done);
        let synced = done.iter().rposition(|done| matches!(done, Done::Synced)).map_or(0, |last| last + 1);
        let mut image = content.start.clone();
        for (index, done) in done.iter().enumerate() {
            let write = index.checked_sub(synced);
            match done {
                Done::Wrote(offset, data) => {
                    let mut at = *offset;
                    let mut sector = 0;
                    // Sectors are aligned to the disk, not to the write.
                    let mut rest = data.as_slice();
                    while !rest.is_empty() {
                        let (now, later) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                        if write.is_none_or(|write| is_kept(write, sector)) {
                            put(&mut image, at, now);
                        }
                        (at, rest, sector) = (at + now.len(), later, sector + 1);
                    }
                }
                Done::Length(length) if write.is_none_or(|write| is_kept(write, 0)) => image.resize(*length, 0),
                Done::Length(_) | Done::Synced => {}
            }
        }
        image
    }

    pub fn synced_at(&self) -> Vec<usize> {
        let content = self.content();
        content.done.iter().enumerate().filter(|(_, done)| matches!(done, Done::Synced)).map(|(at, _)| at).collect()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes into the image, which grows if the write ends beyond it.
fn put(image: &mut Vec<u8>, at: usize, data: &[u8]) {
    if image.len() < at + data.len() {
        image.resize(at + data.len(), 0);
    }
    if let Some(place) = image.get_mut(at..at + data.len()) {
        place.copy_from_slice(data);
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.content().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (offset, length) = (offset as usize, out.len());
        let content = self.content();
        let from = content.now.get(offset..offset + length).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(from);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut content = self.content();
        content.now.resize(len as usize, 0);
        content.done.push(Done::Length(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let before = self.content().before_sync.clone();
        before.0.iter().for_each(|call| call());
        let mut content = self.content();
        content.syncs += 1;
        if content.failing.is_some_and(|after| content.syncs > after) {
            // Drops the unsynced writes, as a real failure may drop the system's cache.
            let synced = content.done.iter().rposition(|done| matches!(done, Done::Synced)).map_or(0, |last| last + 1);
            content.done.truncate(synced);
            let moment = content.done.len();
            drop(content);
            let image = self.after_crash(moment, |_, _| true);
            self.content().now = image;
            return Err(Error::other("the disk failed"));
        }
        content.done.push(Done::Synced);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut content = self.content();
        put(&mut content.now, offset as usize, data);
        content.done.push(Done::Wrote(offset as usize, data.to_vec()));
        Ok(())
    }
}
