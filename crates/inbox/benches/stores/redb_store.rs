//! The inbox's records in redb, in the file of an inbox.

use std::path::Path;

use redb::{Database, ReadableDatabase, TableDefinition, TableError};

use crate::records::{Change, Store, Table};

pub(crate) struct RedbStore(Database);

impl RedbStore {
    /// Uses a cache as large as the inbox's.
    pub(crate) fn open(folder: &Path) -> Self {
        Self(Database::builder().set_cache_size(16 << 20).create(folder.join("inbox.redb")).unwrap())
    }
}

fn definition(table: Table) -> TableDefinition<'static, u64, &'static [u8]> {
    TableDefinition::new(table.name())
}

impl Store for RedbStore {
    fn commit(&mut self, changes: &[Change]) {
        let transaction = self.0.begin_write().unwrap();
        for table in Table::ALL {
            let mut changes = changes.iter().filter(|change| change.table == table).peekable();
            if changes.peek().is_some() {
                let mut table = transaction.open_table(definition(table)).unwrap();
                changes.for_each(|change| _ = table.insert(change.key, change.value.as_slice()).unwrap());
            }
        }
        transaction.commit().unwrap();
    }

    fn get(&self, table: Table, key: u64) -> Option<Vec<u8>> {
        let transaction = self.0.begin_read().unwrap();
        match transaction.open_table(definition(table)) {
            Err(TableError::TableDoesNotExist(_)) => None,
            table => table.unwrap().get(key).unwrap().map(|value| value.value().to_vec()),
        }
    }
}
