//! An in-memory disk for an inbox, with records from the fuzzer.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use birdhook_inbox::{Inbox, InboxSettings, OpenError};
use pollster::block_on;
use redb::backends::InMemoryBackend;
use redb::{Database, StorageBackend, TableDefinition};

/// The tables of an inbox.
const TABLES: [&str; 4] = ["deliveries", "progress", "keys", "about"];

/// The index in [`TABLES`] of the table with facts about the inbox itself.
pub const ABOUT: usize = 3;

/// Records by the index of their table, and by their key.
pub type Records = BTreeMap<(usize, u64), Vec<u8>>;

/// Parses the records of an input.
///
/// Each has one byte for the table and whether its checksum is corrected, one for its number, and
/// two for its length.
pub fn records(mut data: &[u8]) -> Records {
    let mut records = Records::new();
    while let Some((&[table, key, high, low], rest)) = data.split_first_chunk() {
        let (record, rest) = rest.split_at(usize::from(u16::from_be_bytes([high, low])).min(rest.len()));
        data = rest;
        let mut record = record.to_vec();
        if table & 4 == 0 {
            let checksum = crc32fast::hash(&record);
            record.extend(checksum.to_be_bytes());
        }
        records.insert((usize::from(table & 3), u64::from(key)), record);
    }
    records
}

/// The content of the file, which outlives an inbox.
#[derive(Clone, Debug)]
pub struct Disk(Arc<InMemoryBackend>);

/// An inbox, and the means to wait until it has closed.
pub struct Opened {
    pub inbox: Inbox,
    closed: Receiver<()>,
}

struct Still;

impl birdhook_inbox::Clock for Still {
    fn wall(&self) -> Duration {
        Duration::from_secs(1_800_000_000)
    }

    fn steady(&self) -> Duration {
        Duration::ZERO
    }
}

impl Disk {
    pub fn new(records: Records) -> Self {
        let disk = Self(Arc::default());
        let database = Database::builder().create_with_backend(disk.clone()).expect("a new file");
        let transaction = database.begin_write().expect("memory");
        for ((table, key), record) in &records {
            let table = TableDefinition::<u64, &[u8]>::new(TABLES[*table]);
            transaction.open_table(table).expect("memory").insert(key, record.as_slice()).expect("memory");
        }
        transaction.commit().expect("memory");
        drop(database);
        disk
    }

    pub fn open(&self) -> Result<Opened, OpenError> {
        let (open, closed) = channel();
        let disk = self.clone();
        let database = move |_| {
            // Dropped once the inbox has closed.
            let _open = &open;
            Database::builder().create_with_backend(disk.clone())
        };
        let settings = InboxSettings::new().clock(Still).free_space(0).database(database);
        let inbox = block_on(settings.open(folder()))?;
        Ok(Opened { inbox, closed })
    }
}

impl Opened {
    pub fn close(self) {
        let Self { inbox, closed } = self;
        drop(inbox);
        let _ = closed.recv();
    }
}

/// Returns the folder for the watermark, in memory if possible because the folder is synced.
fn folder() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    let base = if shared.is_dir() { shared } else { std::env::temp_dir() };
    let folder = base.join(format!("birdhook-fuzz-{}", std::process::id()));
    // Each disk starts without the watermark of the previous one.
    let _ = std::fs::remove_file(folder.join("sealed"));
    folder
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}
