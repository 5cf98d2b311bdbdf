//! Checks the store's rules, and compares it with an ordered map over a long run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::io::{self, Error};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use redb::backends::InMemoryBackend;
use redb::{StorageBackend, StorageError};
use tempfile::TempDir;

use super::*;

/// The number of records in a large commit: more than one page holds.
const MANY: u64 = 5000;

/// A store with its expected contents.
struct Model {
    folder: TempDir,
    database: OpenDatabase,
    store: Option<Store>,
    expected: BTreeMap<(Table, u64), Bytes>,
}

fn put(table: Table, key: u64, value: impl Into<Bytes>) -> Change {
    Change { table, key, value: Some(value.into()) }
}

fn remove(table: Table, key: u64) -> Change {
    Change { table, key, value: None }
}

impl Model {
    fn new(database: OpenDatabase) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database, store: None, expected: BTreeMap::new() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    fn store(&mut self) -> &mut Store {
        if self.store.is_none() {
            self.store = Some(Store::open(&self.path(), &self.database).unwrap());
        }
        self.store.as_mut().unwrap()
    }

    fn reopen(&mut self) {
        self.store = None;
        self.agrees();
    }

    /// Commits the changes. Returns whether the commit succeeded. After a failure the store must
    /// hold all of them or none.
    fn try_commit(&mut self, changes: &[Change]) -> bool {
        let mut after = self.expected.clone();
        for Change { table, key, value } in changes {
            match value {
                Some(value) => _ = after.insert((*table, *key), value.clone()),
                None => _ = after.remove(&(*table, *key)),
            }
        }
        let committed = self.store().commit(changes);
        if committed.is_err() {
            self.store = None;
            if self.contents() == self.expected {
                return false;
            }
        }
        self.expected = after;
        self.agrees();
        committed.is_ok()
    }

    fn commit(&mut self, changes: &[Change]) {
        assert!(self.try_commit(changes));
    }

    fn scan(&mut self, table: Table, from: u64, most: usize) -> Vec<(u64, Bytes)> {
        let mut found = Vec::new();
        let mut visit = |key, value| {
            found.push((key, value));
            found.len() < most
        };
        self.store().scan(table, from, &mut visit).unwrap();
        found
    }

    fn contents(&mut self) -> BTreeMap<(Table, u64), Bytes> {
        let scan = |table| self.scan(table, 0, usize::MAX).into_iter().map(move |(key, value)| ((table, key), value));
        Table::ALL.into_iter().flat_map(scan).collect()
    }

    fn agrees(&mut self) {
        let contents = self.contents();
        assert!(contents == self.expected, "{} records, expected {}", contents.len(), self.expected.len());
    }

    /// Checks `get`, and a scan that stops after `most` records.
    fn reads(&mut self, table: Table, key: u64, most: usize) {
        let expected = self.expected.get(&(table, key)).cloned();
        assert!(self.store().get(table, key).unwrap() == expected, "{table:?} {key}");
        let range = self.expected.range((table, key)..=(table, u64::MAX)).take(most);
        let expected: Vec<_> = range.map(|((_, key), value)| (*key, value.clone())).collect();
        assert!(self.scan(table, key, most) == expected, "{table:?} from {key}, at most {most}");
    }
}

fn model() -> Model {
    Model::new(Box::new(open_file))
}

#[test]
fn a_new_store_is_empty() {
    let mut model = model();
    for table in Table::ALL {
        [0, 1, u64::MAX].into_iter().for_each(|key| model.reads(table, key, usize::MAX));
    }
    model.commit(&[]);
    model.reopen();
}

#[test]
fn scans_in_the_order_of_the_keys_from_a_key_until_the_visitor_stops() {
    let mut model = model();
    // Unsorted, with various lengths in bytes and digits.
    let keys = [300, 10, 2, 65_536, 255, 256, 7, 1 << 40, 100];
    model.commit(&keys.map(|key| put(Table::Deliveries, key, key.to_string())));
    model.commit(&[put(Table::Deliveries, 8, "between")]);
    for from in [0, 1, 2, 3, 255, 256, 257, 1 << 40, (1 << 40) + 1, u64::MAX] {
        [1, 2, 5, usize::MAX].into_iter().for_each(|most| model.reads(Table::Deliveries, from, most));
    }
}

#[test]
fn any_key_is_independent_in_each_table() {
    let mut model = model();
    let keys = [0, 1, u64::from(u32::MAX), i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX - 1, u64::MAX];
    for table in Table::ALL {
        model.commit(&keys.map(|key| put(table, key, format!("{table:?} {key}"))));
        keys.into_iter().for_each(|key| model.reads(table, key, usize::MAX));
    }
    model.commit(&[remove(Table::Progress, 1), remove(Table::Keys, u64::MAX)]);
    model.reopen();
}

#[test]
fn a_commit_is_there_after_the_store_was_reopened() {
    let mut model = model();
    for key in 0..4 {
        model.commit(&[put(Table::About, key, "about"), put(Table::Keys, 100 + key, key.to_string())]);
        model.reopen();
    }
    model.commit(&(0..MANY).map(|key| put(Table::Progress, 1000 + key, key.to_string())).collect::<Vec<_>>());
    model.reopen();
    model.commit(&(0..MANY).map(|key| remove(Table::Progress, 1000 + key)).collect::<Vec<_>>());
    model.reopen();
}

#[test]
fn the_last_value_counts_and_a_missing_record_may_be_removed() {
    let mut model = model();
    for value in ["short", "other", "a longer one than before", "s"] {
        model.commit(&[put(Table::Keys, 5, value)]);
        model.reads(Table::Keys, 5, usize::MAX);
    }
    model.commit(&[remove(Table::Keys, 5), remove(Table::Keys, 77)]);
    model.commit(&[remove(Table::Keys, 5), remove(Table::Progress, u64::MAX)]);
    model.reopen();
}

#[test]
fn the_changes_of_a_commit_are_applied_in_their_order() {
    let mut model = model();
    let table = Table::Progress;
    model.commit(&[put(table, 1, "put, then removed"), remove(table, 1)]);
    model.commit(&[put(table, 2, "first"), put(table, 2, "second"), put(table, 3, "3")]);
    model.commit(&[remove(table, 2), put(table, 2, "removed, then put")]);
    model.commit(&[put(table, 2, "again"), remove(table, 2), put(table, 2, "and again"), remove(table, 3)]);
    // With changes to another table in between.
    model.commit(&[put(table, 4, "a"), put(Table::Keys, 4, "b"), remove(table, 4), put(Table::Keys, 4, "c")]);
    model.reopen();
}

#[test]
fn a_value_may_be_empty_or_several_mebibytes_long() {
    let mut model = model();
    let mut random = fastrand::Rng::with_seed(1);
    let mut bytes = |length: usize| (0..length).map(|_| random.u8(..)).collect::<Vec<_>>();
    let lengths = [0, 1, 4095, 4096, 4097, 65_535, 65_536, 1 << 20, (5 << 20) + 3];
    let changes: Vec<_> = (20..).zip(lengths).map(|(key, length)| put(Table::Deliveries, key, bytes(length))).collect();
    model.commit(&changes);
    model.reopen();
    let changes = [(28, 5), (21, 3 << 20), (27, 0)].map(|(key, length)| put(Table::Deliveries, key, bytes(length)));
    model.commit(&changes);
    model.commit(&(20..30).map(|key| remove(Table::Deliveries, key)).collect::<Vec<_>>());
    model.reopen();
}

#[test]
fn rejects_a_second_opener_until_the_store_is_dropped() {
    let mut model = model();
    model.commit(&[put(Table::About, 4, "before")]);
    let second = Store::open(&model.path(), &model.database);
    assert!(matches!(second, Err(StoreError::InUse(Some(_)))));
    model.commit(&[put(Table::About, 4, "after the attempt")]);
    model.reopen();
}

#[test]
fn reclaiming_and_verifying_change_no_record() {
    let mut model = model();
    let large: Vec<_> = (0..50).map(|key| put(Table::Deliveries, 2000 + key, vec![key as u8; 50_000])).collect();
    model.commit(&large);
    model.commit(&(0..49).map(|key| remove(Table::Deliveries, 2000 + key)).collect::<Vec<_>>());
    let before = model.store().size().unwrap();
    for _ in 0..2 {
        model.store().reclaim().unwrap();
        model.agrees();
        model.store().verify().unwrap();
        model.agrees();
        model.commit(&[put(Table::About, 5, "after reclaiming")]);
        model.reopen();
    }
    let after = model.store().size().unwrap();
    assert!(after < before, "{before} bytes became {after}");
}

/// Makes random commits and compares the store with the map after each. Returns the number of
/// commits that failed.
fn long_run(model: &mut Model, seed: u64) -> usize {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut failed = 0;
    for _ in 0..400 {
        let most = if random.u8(..) < 8 { 300 } else { 12 };
        let changes: Vec<_> = (0..random.usize(..most)).map(|_| change(&mut random)).collect();
        failed += usize::from(!model.try_commit(&changes));
        model.reads(any_table(&mut random), any_key(&mut random), random.usize(1..20));
        match random.u8(..) {
            0..12 => model.reopen(),
            12..16 => model.store().reclaim().unwrap_or_else(|_| model.store = None),
            16..20 => model.store().verify().unwrap_or_else(|_| model.store = None),
            // Without a check, so that several commits happen between two openings.
            20..32 => model.store = None,
            _ => {}
        }
    }
    model.reopen();
    failed
}

fn any_table(random: &mut fastrand::Rng) -> Table {
    random.choice(Table::ALL).unwrap()
}

/// Returns a random key, mostly from a small range, so that keys repeat.
fn any_key(random: &mut fastrand::Rng) -> u64 {
    match random.u8(..16) {
        0 => random.u64(..),
        1 => u64::MAX - random.u64(..4),
        _ => random.u64(..120),
    }
}

fn change(random: &mut fastrand::Rng) -> Change {
    let (table, key) = (any_table(random), any_key(random));
    if random.u8(..3) == 0 {
        return remove(table, key);
    }
    let length = match random.u8(..64) {
        0 => random.usize(..200_000),
        1..16 => random.usize(..9000),
        _ => random.usize(..100),
    };
    let mut value = vec![random.u8(..); length];
    value.iter_mut().take(16).for_each(|byte| *byte = random.u8(..));
    put(table, key, value)
}

#[test]
fn behaves_like_an_ordered_map_over_a_long_run() {
    let seed = birdhook_test_harness::seed::seed();
    assert_eq!(long_run(&mut model(), seed), 0);
}

/// A file that outlives the store. One sync of 15 fails.
#[derive(Clone, Debug)]
struct FailingFile {
    content: Arc<InMemoryBackend>,
    random: Arc<Mutex<fastrand::Rng>>,
}

impl StorageBackend for FailingFile {
    fn len(&self) -> Result<u64, Error> {
        self.content.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.content.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.content.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        match self.random.lock().unwrap().u32(..15) {
            0 => Err(Error::other("the disk failed")),
            _ => self.content.sync_data(),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.content.write(offset, data)
    }
}

#[test]
fn a_failed_commit_is_applied_as_a_whole_or_not_at_all() {
    let seed = birdhook_test_harness::seed::seed();
    let random = Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)));
    let database = |file: &FailingFile| Database::builder().create_with_backend(file.clone());
    // A creation that failed leaves a file that no one can open, so each attempt has its own, as in
    // `create`.
    let file = loop {
        let file = FailingFile { content: Arc::default(), random: random.clone() };
        if database(&file).is_ok() {
            break file;
        }
    };
    // Opening syncs too, so it is repeated until it succeeds.
    let open = move |_| loop {
        match database(&file) {
            Err(DatabaseError::Storage(StorageError::Io(error))) if error.kind() != io::ErrorKind::InvalidData => {}
            opened => return opened,
        }
    };
    let failed = long_run(&mut Model::new(Box::new(open)), seed);
    assert!(failed > 0, "no commit failed");
}

#[test]
fn a_snapshot_does_not_change_and_a_store_that_closes_ends_it() {
    let mut model = Model::new(Box::new(open_file));
    let store = model.store();
    store.commit(&[put(Table::Keys, 1, "one"), put(Table::Keys, 2, "two")]).unwrap();
    let snapshot = store.snapshot().unwrap();
    store.commit(&[put(Table::Keys, 1, "other"), remove(Table::Keys, 2), put(Table::Keys, 3, "three")]).unwrap();
    let mut found = Vec::new();
    let scanned = snapshot.scan(Table::Keys, &mut |key, value| {
        found.push((key, value));
        true
    });
    scanned.unwrap();
    assert_eq!(found, [(1, "one".into()), (2, "two".into())]);
    assert!(store.has_snapshots());
    store.reclaim().unwrap();

    let (reading, is_reading) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let closed = loop {
            let scanned = snapshot.scan(Table::Keys, &mut |_, _| reading.send(()).is_ok());
            if let Err(error) = scanned {
                break error;
            }
        };
        drop(snapshot);
        closed
    });
    is_reading.recv().unwrap();
    model.store = None;
    // The receiver stays, so that only the closing store ends the scan.
    assert_eq!(reader.join().unwrap().to_string(), "the store failed: the store was closed");
    drop(is_reading);
    let opened = Store::open(&model.path(), &model.database).unwrap();
    assert!(!opened.has_snapshots());
    opened.get(Table::Keys, 3).unwrap().unwrap();
}
