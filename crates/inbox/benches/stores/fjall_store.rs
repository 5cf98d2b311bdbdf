//! The inbox's records in fjall, an LSM tree with a journal.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::records::{Change, Store, Table};

pub(crate) struct FjallStore {
    tables: Vec<(Table, Keyspace)>,
    database: Database,
}

impl FjallStore {
    pub(crate) fn open(folder: &Path) -> Self {
        let database = Database::builder(folder).open().unwrap();
        let open = |table: Table| {
            let keyspace = database.keyspace(&format!("{table:?}"), KeyspaceCreateOptions::default);
            (table, keyspace.unwrap())
        };
        let tables = Table::ALL.into_iter().map(open).collect();
        Self { tables, database }
    }

    fn table(&self, table: Table) -> &Keyspace {
        &self.tables.iter().find(|(kind, _)| *kind == table).unwrap().1
    }
}

impl Store for FjallStore {
    fn commit(&mut self, changes: &[Change]) {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for Change { table, key, value } in changes {
            batch.insert(self.table(*table), key.to_be_bytes(), value.as_slice());
        }
        batch.commit().unwrap();
    }

    fn get(&self, table: Table, key: u64) -> Option<Vec<u8>> {
        self.table(table).get(key.to_be_bytes()).unwrap().map(|value| value.to_vec())
    }
}
