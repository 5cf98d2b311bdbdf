//! The last batch answered 200, kept in a file beside the store.
//!
//! After a crash, a store may recover an earlier state. It cannot distinguish a write that never
//! finished, which was never answered, from one that finished and was damaged later. This file can:
//! it is written after a commit and before the replies. It is not synced, because it only has to
//! survive the end of the process. After a power loss it may be older, which is safe: it then
//! claims less.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::storage::error::StoreError;
use crate::storage::private_file::{self, FileIdentity};

/// The file with the number of the last acknowledged batch.
#[derive(Debug)]
pub(crate) struct Watermark {
    file: File,
    identity: FileIdentity,
}

const LENGTH: usize = 12;

impl Watermark {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let (file, identity) = private_file::open(path)?;
        Ok(Self { file, identity })
    }

    /// Creates the file again if it was deleted or replaced. `next` is the number of the next
    /// batch.
    pub(crate) fn keep(&mut self, next: u64) -> Result<(), StoreError> {
        match self.identity.check() {
            Err(StoreError::Gone(path)) => *self = Self::open(&path)?,
            checked => return checked,
        }
        next.checked_sub(1).map_or(Ok(()), |last| Ok(self.write(last)?))
    }

    /// Returns the last acknowledged batch. `None` before the first one, and if the file is
    /// unreadable, as after a power loss.
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
        let checksum = crc32fast::hash(&number).to_le_bytes();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&[number.as_slice(), &checksum].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_written_as_version_0_1_wrote_it() {
        let golden = include_bytes!("../../tests/golden/inbox-0.1/sealed");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealed");
        std::fs::write(&path, golden).unwrap();
        let mut watermark = Watermark::open(&path).unwrap();
        assert_eq!(watermark.read().unwrap(), Some(5));
        watermark.write(4).unwrap();
        watermark.write(5).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), golden);
    }
}
