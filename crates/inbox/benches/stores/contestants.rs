//! The contestants: each opens a folder and commits deliveries.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use birdhook_core::Delivery;

use crate::fjall_store::{FjallEach, FjallStore};
use crate::records::{self, Commit, Key, Packed};
use crate::redb_store::{RedbEach, RedbStore};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Contestant {
    Log,
    RedbPacked,
    FjallPacked,
    RedbEach,
    FjallEach,
    Inbox,
}

impl Contestant {
    pub(crate) const ALL: [Self; 6] =
        [Self::Log, Self::RedbPacked, Self::FjallPacked, Self::RedbEach, Self::FjallEach, Self::Inbox];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Log => "bare log: append, fdatasync",
            Self::RedbPacked => "redb, one record per commit",
            Self::FjallPacked => "fjall, one record per commit",
            Self::RedbEach => "redb, one record per event and key",
            Self::FjallEach => "fjall, one record per event and key",
            Self::Inbox => "`Inbox`, end to end",
        }
    }

    /// Opens the store. `None` for the inbox, which commits by itself.
    pub(crate) fn open(self, folder: &Path) -> Option<Box<dyn Commit>> {
        Some(match self {
            Self::Log => Box::new(Log(File::options().create(true).append(true).open(folder.join("log")).unwrap())),
            Self::RedbPacked => Box::new(Packed::new(RedbStore::open(folder))),
            Self::FjallPacked => Box::new(Packed::new(FjallStore::open(folder))),
            Self::RedbEach => Box::new(RedbEach::open(folder)),
            Self::FjallEach => Box::new(FjallEach::open(folder)),
            Self::Inbox => return None,
        })
    }

    /// Fills a folder with deduplication keys. The inbox has the records of `RedbPacked`.
    pub(crate) fn remember(self, folder: &Path, keys: &[Key]) {
        self.open(folder).unwrap_or_else(|| Box::new(Packed::new(RedbStore::open(folder)))).remember(keys);
    }
}

/// An append-only log: the minimum work behind a 200.
struct Log(File);

impl Commit for Log {
    fn commit(&mut self, deliveries: &[Delivery]) {
        let mut bytes = Vec::with_capacity(2100 * deliveries.len());
        for delivery in deliveries {
            bytes.extend_from_slice(&records::key(delivery));
            bytes.extend_from_slice(delivery.body().as_str().as_bytes());
        }
        self.0.write_all(&bytes).unwrap();
        self.0.sync_data().unwrap();
    }

    fn remember(&mut self, _: &[Key]) {}
}
