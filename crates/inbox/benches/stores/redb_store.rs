//! redb: with the inbox's records in the file of an inbox, and with one per event and key.

use std::path::Path;

use birdhook_core::Delivery;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};

use crate::records::{self, Change, Commit, Key, Store, TABLES};

pub(crate) struct RedbStore(Database);

impl RedbStore {
    /// Uses a cache as large as the inbox's.
    pub(crate) fn open(folder: &Path) -> Self {
        Self(Database::builder().set_cache_size(16 << 20).create(folder.join("inbox.redb")).unwrap())
    }
}

fn definition(table: usize) -> TableDefinition<'static, u64, &'static [u8]> {
    TableDefinition::new(TABLES[table])
}

impl Store for RedbStore {
    fn commit(&mut self, changes: &[Change]) {
        let transaction = self.0.begin_write().unwrap();
        for number in 0..TABLES.len() {
            let mut changes = changes.iter().filter(|change| change.table == number).peekable();
            if changes.peek().is_some() {
                let mut table = transaction.open_table(definition(number)).unwrap();
                changes.for_each(|change| _ = table.insert(change.key, change.value.as_slice()).unwrap());
            }
        }
        transaction.commit().unwrap();
    }

    fn get(&self, table: usize, key: u64) -> Option<Vec<u8>> {
        let transaction = self.0.begin_read().unwrap();
        match transaction.open_table(definition(table)) {
            Err(TableError::TableDoesNotExist(_)) => None,
            table => table.unwrap().get(key).unwrap().map(|value| value.value().to_vec()),
        }
    }
}

const EVENTS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("events");
const KEYS: TableDefinition<'static, Key, u64> = TableDefinition::new("keys");

pub(crate) struct RedbEach(Database);

impl RedbEach {
    /// Uses a larger cache than the inbox's store, because it looks keys up in the database.
    pub(crate) fn open(folder: &Path) -> Self {
        Self(Database::builder().set_cache_size(64 << 20).create(folder.join("each.redb")).unwrap())
    }
}

impl Commit for RedbEach {
    fn commit(&mut self, deliveries: &[Delivery]) {
        let transaction = self.0.begin_write().unwrap();
        let mut events = transaction.open_table(EVENTS).unwrap();
        let mut keys = transaction.open_table(KEYS).unwrap();
        let mut next = events.last().unwrap().map_or(0, |(last, _)| last.value() + 1);
        for delivery in deliveries {
            let key = records::key(delivery);
            if keys.get(key).unwrap().is_none() {
                keys.insert(key, next).unwrap();
                events.insert(next, delivery.body().as_str().as_bytes()).unwrap();
                next += 1;
            }
        }
        drop((events, keys));
        transaction.commit().unwrap();
    }

    fn remember(&mut self, keys: &[Key]) {
        for part in records::sorted(keys).chunks(1 << 20) {
            let transaction = self.0.begin_write().unwrap();
            let mut table = transaction.open_table(KEYS).unwrap();
            part.iter().for_each(|key| _ = table.insert(key, 0).unwrap());
            drop(table);
            transaction.commit().unwrap();
        }
    }
}
