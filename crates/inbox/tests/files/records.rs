//! Reads and writes the records of a closed inbox, as another program could.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

/// The tables in the file.
pub(crate) const DELIVERIES: &str = "deliveries";
pub(crate) const PROGRESS: &str = "progress";
pub(crate) const KEYS: &str = "keys";
pub(crate) const ABOUT: &str = "about";

fn definition(table: &str) -> TableDefinition<'_, u64, &'static [u8]> {
    TableDefinition::new(table)
}

fn open(folder: &Path) -> Database {
    Database::open(folder.join("inbox.redb")).unwrap()
}

pub(crate) fn all(folder: &Path, table: &str) -> Vec<(u64, Vec<u8>)> {
    let database = open(folder);
    let transaction = database.begin_read().unwrap();
    let table = transaction.open_table(definition(table)).unwrap();
    table.iter().unwrap().map(Result::unwrap).map(|(key, value)| (key.value(), value.value().to_vec())).collect()
}

pub(crate) fn get(folder: &Path, table: &str, key: u64) -> Vec<u8> {
    all(folder, table).into_iter().find(|(found, _)| *found == key).expect("a record").1
}

/// Replaces a record; `None` removes it.
pub(crate) fn set(folder: &Path, table: &str, key: u64, value: Option<&[u8]>) {
    let database = open(folder);
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction.open_table(definition(table)).unwrap();
        match value {
            Some(value) => table.insert(key, value).unwrap(),
            None => table.remove(key).unwrap(),
        };
    }
    transaction.commit().unwrap();
}

/// Appends a checksum, as each record has one.
pub(crate) fn with_checksum(mut record: Vec<u8>) -> Vec<u8> {
    record.extend(crc32fast::hash(&record).to_be_bytes());
    record
}
