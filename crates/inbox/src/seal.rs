//! How far the inbox has answered 200, kept beside the store.
//!
//! A store that recovers from a crash to an earlier state cannot tell a write that never ended, which nobody was told of,
//! from one that ended and was damaged since. The seal can: it is written after a commit has ended and before anybody is
//! told. It is not synced, for it only has to survive the end of the process; after a loss of power an old seal claims less.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::private::{self, Place};
use crate::store::StoreError;

/// The number of the last batch that anybody was told of.
#[derive(Debug)]
pub(crate) struct Seal {
    file: File,
    place: Place,
}

const LENGTH: usize = 12;

impl Seal {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let (file, place) = private::open(path)?;
        Ok(Self { file, place })
    }

    /// Makes the file again if it was deleted or replaced. `next` is the number of the next batch.
    pub(crate) fn keep(&mut self, next: u64) -> Result<(), StoreError> {
        match self.place.check() {
            Err(StoreError::Gone(path)) => *self = Self::open(&path)?,
            checked => return checked,
        }
        next.checked_sub(1).map_or(Ok(()), |last| Ok(self.write(last)?))
    }

    /// `None` when nothing was sealed, or when the seal itself is unreadable, as after a loss of power.
    pub(crate) fn read(&mut self) -> io::Result<Option<u64>> {
        let mut bytes = Vec::with_capacity(LENGTH);
        self.file.seek(SeekFrom::Start(0))?;
        (&self.file).take(LENGTH as u64 + 1).read_to_end(&mut bytes)?;
        let Some((number, checksum)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
        let is_whole = checksum == crc32fast::hash(number).to_le_bytes();
        Ok(is_whole.then(|| u64::from_le_bytes(*number)))
    }

    pub(crate) fn write(&mut self, number: u64) -> io::Result<()> {
        let number = number.to_le_bytes();
        let mut bytes = [0; LENGTH];
        let (left, right) = bytes.split_at_mut(number.len());
        left.copy_from_slice(&number);
        right.copy_from_slice(&crc32fast::hash(&number).to_le_bytes());
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&bytes)
    }
}
