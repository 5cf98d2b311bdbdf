//! The same trait on fjall, an LSM tree with a journal.

use std::path::Path;

use birdhook_inbox::{Change, Store, StoreError, Table};
use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

pub(crate) struct FjallStore {
    tables: Vec<(Table, Keyspace)>,
    database: Database,
}

impl FjallStore {
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let database = Database::builder(folder).open().map_err(failed)?;
        let table = |table: Table| {
            let keyspace = database.keyspace(&format!("{table:?}"), KeyspaceCreateOptions::default);
            Ok::<_, StoreError>((table, keyspace.map_err(failed)?))
        };
        let tables = Table::ALL.into_iter().map(table).collect::<Result<_, StoreError>>()?;
        Ok(Self { tables, database })
    }

    fn table(&self, table: Table) -> Result<&Keyspace, StoreError> {
        let found = self.tables.iter().find(|(kind, _)| *kind == table);
        found.map(|(_, keyspace)| keyspace).ok_or_else(|| StoreError::Corrupt(format!("{table:?} is missing")))
    }
}

impl Store for FjallStore {
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        // A batch has one number for all of its changes, so only the last of a key may be in it.
        let mut seen = std::collections::HashSet::new();
        for Change { table, key, value } in changes.iter().rev() {
            if !seen.insert((*table, *key)) {
                continue;
            }
            match value {
                Some(value) => batch.insert(self.table(*table)?, key.to_be_bytes(), value.as_ref()),
                None => batch.remove(self.table(*table)?, key.to_be_bytes()),
            }
        }
        batch.commit().map_err(failed)
    }

    fn get(&self, table: Table, key: u64) -> Result<Option<Bytes>, StoreError> {
        let found = self.table(table)?.get(key.to_be_bytes()).map_err(failed)?;
        Ok(found.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan(&self, table: Table, from: u64, visit: &mut dyn FnMut(u64, Bytes) -> bool) -> Result<(), StoreError> {
        for record in self.table(table)?.range(from.to_be_bytes()..) {
            let (key, value) = record.into_inner().map_err(failed)?;
            let key = key.as_ref().try_into().map_err(|_| StoreError::Corrupt("a key of another length".to_owned()))?;
            if !visit(u64::from_be_bytes(key), Bytes::copy_from_slice(&value)) {
                break;
            }
        }
        Ok(())
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.database.disk_space().map_err(failed)
    }
}

fn failed(error: fjall::Error) -> StoreError {
    match error {
        fjall::Error::Locked => StoreError::InUse(None),
        fjall::Error::Io(error) => StoreError::Io(error),
        error => StoreError::Other(error.into()),
    }
}
