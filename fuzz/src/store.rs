//! An in-memory disk for an inbox, with records from the fuzzer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_inbox::{Change, Inbox, InboxSettings, OpenError, Store, StoreError, Table};
use bytes::Bytes;

pub type Records = BTreeMap<(Table, u64), Bytes>;

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
        records.insert((Table::ALL[usize::from(table & 3)], u64::from(key)), record.into());
    }
    records
}

/// The records, which outlive an inbox.
#[derive(Clone)]
pub struct Disk(Arc<Mutex<Records>>);

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
        Self(Arc::new(Mutex::new(records)))
    }

    pub fn records(&self) -> Records {
        self.0.lock().expect("no panic").clone()
    }

    pub fn open(&self) -> Result<Inbox, OpenError> {
        let disk = self.clone();
        InboxSettings::new().clock(Still).free_space(0).open_with(folder(), move || Ok(disk.clone()))
    }

    /// Waits until the inbox has dropped its store.
    pub fn close(&self, inbox: Inbox) {
        drop(inbox);
        while Arc::strong_count(&self.0) > 1 {
            std::thread::yield_now();
        }
    }
}

/// Returns the folder for the watermark, in memory if possible because the watermark is synced.
fn folder() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    let base = if shared.is_dir() { shared } else { std::env::temp_dir() };
    let folder = base.join(format!("birdhook-fuzz-{}", std::process::id()));
    // Each disk starts without the watermark of the previous one.
    let _ = std::fs::remove_file(folder.join("sealed"));
    folder
}

impl Store for Disk {
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let mut records = self.0.lock().expect("no panic");
        for Change { table, key, value } in changes {
            match value {
                Some(value) => drop(records.insert((*table, *key), value.clone())),
                None => drop(records.remove(&(*table, *key))),
            }
        }
        Ok(())
    }

    fn get(&self, table: Table, key: u64) -> Result<Option<Bytes>, StoreError> {
        Ok(self.0.lock().expect("no panic").get(&(table, key)).cloned())
    }

    fn scan(&self, table: Table, from: u64, visit: &mut dyn FnMut(u64, Bytes) -> bool) -> Result<(), StoreError> {
        let records = self.records();
        for ((_, key), record) in records.range((table, from)..=(table, u64::MAX)) {
            if !visit(*key, record.clone()) {
                break;
            }
        }
        Ok(())
    }

    fn size(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}
