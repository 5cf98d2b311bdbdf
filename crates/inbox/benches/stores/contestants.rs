//! The contestants: each opens a folder and commits deliveries.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use birdhook_core::Delivery;
use redb::{Database, ReadableTable, TableDefinition};

use crate::fjall_store::FjallStore;
use crate::records::{self, Key, Store, Table};
use crate::redb_store::RedbStore;

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
            Self::RedbPacked => Box::new(Packed::open(RedbStore::open(folder))),
            Self::FjallPacked => Box::new(Packed::open(FjallStore::open(folder))),
            Self::RedbEach => Box::new(RedbEach::open(folder)),
            Self::FjallEach => Box::new(FjallEach::open(folder)),
            Self::Inbox => return None,
        })
    }

    /// Fills a folder with deduplication keys.
    pub(crate) fn remember(self, folder: &Path, keys: &[Key]) {
        match self {
            Self::Log => {}
            Self::RedbPacked | Self::Inbox => _ = records::remember(&mut RedbStore::open(folder), keys),
            Self::FjallPacked => _ = records::remember(&mut FjallStore::open(folder), keys),
            Self::RedbEach => RedbEach::open(folder).remember(keys),
            Self::FjallEach => FjallEach::open(folder).remember(keys),
        }
    }
}

/// A store that commits all waiting deliveries at once. They are on disk when `commit` returns.
pub(crate) trait Commit: Send {
    fn commit(&mut self, deliveries: &[Delivery]);
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
}

/// Writes the same records as the inbox.
struct Packed<S> {
    store: S,
    next: u64,
}

impl<S: Store> Packed<S> {
    fn open(store: S) -> Self {
        let next = store.get(Table::About, 1);
        let next = next.map_or(0, |next| u64::from_be_bytes(*next.first_chunk().unwrap()));
        Self { store, next }
    }
}

impl<S: Store> Commit for Packed<S> {
    fn commit(&mut self, deliveries: &[Delivery]) {
        self.store.commit(&records::commit(self.next, deliveries));
        self.next += 1;
    }
}

const EVENTS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("events");
const KEYS: TableDefinition<'static, Key, u64> = TableDefinition::new("keys");

struct RedbEach(Database);

impl RedbEach {
    /// Uses a larger cache than the inbox's store, because it looks keys up in the database.
    fn open(folder: &Path) -> Self {
        Self(Database::builder().set_cache_size(64 << 20).create(folder.join("each.redb")).unwrap())
    }

    fn remember(&self, keys: &[Key]) {
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        for part in sorted.chunks(1 << 20) {
            let transaction = self.0.begin_write().unwrap();
            let mut table = transaction.open_table(KEYS).unwrap();
            part.iter().for_each(|key| _ = table.insert(key, 0).unwrap());
            drop(table);
            transaction.commit().unwrap();
        }
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
}

struct FjallEach {
    database: fjall::Database,
    events: fjall::Keyspace,
    keys: fjall::Keyspace,
    next: u64,
}

impl FjallEach {
    fn open(folder: &Path) -> Self {
        let database = fjall::Database::builder(folder).open().unwrap();
        let table = |name| database.keyspace(name, fjall::KeyspaceCreateOptions::default).unwrap();
        let (events, keys) = (table("events"), table("keys"));
        let last = events.last_key_value().map(|last| last.key().unwrap());
        let next = last.map_or(0, |last| u64::from_be_bytes(*last.first_chunk().unwrap()) + 1);
        Self { events, keys, database, next }
    }

    fn remember(&self, keys: &[Key]) {
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        let mut ingestion = self.keys.start_ingestion().unwrap();
        sorted.iter().for_each(|key| ingestion.write(*key, 0_u64.to_be_bytes()).unwrap());
        ingestion.finish().unwrap();
    }
}

impl Commit for FjallEach {
    fn commit(&mut self, deliveries: &[Delivery]) {
        let mut batch = self.database.batch().durability(Some(fjall::PersistMode::SyncData));
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
}
