//! fjall, an LSM tree with a journal: with the inbox's records, and with one per event and key.

use std::path::Path;

use birdhook_core::Delivery;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};

use crate::records::{self, Change, Commit, Key, Store, TABLES};

fn open<const N: usize>(folder: &Path, tables: [&str; N]) -> (Database, [Keyspace; N]) {
    let database = Database::builder(folder).open().unwrap();
    let tables = tables.map(|name| database.keyspace(name, KeyspaceCreateOptions::default).unwrap());
    (database, tables)
}

fn batch(database: &Database) -> OwnedWriteBatch {
    database.batch().durability(Some(PersistMode::SyncData))
}

pub(crate) struct FjallStore {
    tables: [Keyspace; TABLES.len()],
    database: Database,
}

impl FjallStore {
    pub(crate) fn open(folder: &Path) -> Self {
        let (database, tables) = open(folder, TABLES);
        Self { tables, database }
    }
}

impl Store for FjallStore {
    fn commit(&mut self, changes: &[Change]) {
        let mut batch = batch(&self.database);
        for Change { table, key, value } in changes {
            batch.insert(&self.tables[*table], key.to_be_bytes(), value.as_slice());
        }
        batch.commit().unwrap();
    }

    fn get(&self, table: usize, key: u64) -> Option<Vec<u8>> {
        self.tables[table].get(key.to_be_bytes()).unwrap().map(|value| value.to_vec())
    }
}

pub(crate) struct FjallEach {
    database: Database,
    events: Keyspace,
    keys: Keyspace,
    next: u64,
}

impl FjallEach {
    pub(crate) fn open(folder: &Path) -> Self {
        let (database, [events, keys]) = open(folder, ["events", "keys"]);
        let last = events.last_key_value().map(|last| last.key().unwrap());
        let next = last.map_or(0, |last| u64::from_be_bytes(*last.first_chunk().unwrap()) + 1);
        Self { database, events, keys, next }
    }
}

impl Commit for FjallEach {
    fn commit(&mut self, deliveries: &[Delivery]) {
        let mut batch = batch(&self.database);
        for delivery in deliveries {
            let key = records::key(delivery);
            if !self.keys.contains_key(key).unwrap() {
                batch.insert(&self.keys, key, self.next.to_be_bytes());
                batch.insert(&self.events, self.next.to_be_bytes(), delivery.body().as_str());
                self.next += 1;
            }
        }
        batch.commit().unwrap();
    }

    fn remember(&mut self, keys: &[Key]) {
        let mut ingestion = self.keys.start_ingestion().unwrap();
        records::sorted(keys).iter().for_each(|key| ingestion.write(*key, 0_u64.to_be_bytes()).unwrap());
        ingestion.finish().unwrap();
    }
}
