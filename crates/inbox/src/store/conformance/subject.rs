//! The store under test, with its expected contents.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

use super::ATOMIC;
use crate::store::{Change, Store, StoreError, Table};

/// The expected and the actual result, and the rule that this breaks. With `None` it is the rule
/// being checked.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) rule: Option<&'static str>,
    pub(super) what: String,
}

impl From<String> for Broken {
    fn from(what: String) -> Self {
        Self { rule: None, what }
    }
}

pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(what().into()) }
}

pub(super) fn put(table: Table, key: u64, value: impl Into<Bytes>) -> Change {
    Change { table, key, value: Some(value.into()) }
}

pub(super) fn remove(table: Table, key: u64) -> Change {
    Change { table, key, value: None }
}

type Map = BTreeMap<(Table, u64), Bytes>;
type Open<'a, S> = &'a mut dyn FnMut() -> Result<S, StoreError>;

pub(super) struct Subject<'a, S> {
    open: Open<'a, S>,
    store: Option<S>,
    expected: Map,
    may_fail: bool,
}

impl<'a, S: Store> Subject<'a, S> {
    pub(super) fn new(open: Open<'a, S>, may_fail: bool) -> Self {
        Self { open, store: None, expected: Map::new(), may_fail }
    }

    /// Returns the store, and opens it if necessary.
    pub(super) fn store(&mut self) -> Result<&mut S, Broken> {
        let opened = match self.store.take() {
            Some(store) => store,
            None => (self.open)().map_err(|error| format!("opening failed: {error}"))?,
        };
        Ok(self.store.insert(opened))
    }

    pub(super) fn open_another(&mut self) -> Result<S, StoreError> {
        (self.open)()
    }

    /// Drops the store. The next use opens it again.
    pub(super) fn drop_it(&mut self) {
        self.store = None;
    }

    /// Applies the changes to the store and to the expected contents.
    pub(super) fn commit(&mut self, changes: &[Change]) -> Result<(), Broken> {
        let mut after = self.expected.clone();
        for Change { table, key, value } in changes {
            match value {
                Some(value) => _ = after.insert((*table, *key), value.clone()),
                None => _ = after.remove(&(*table, *key)),
            }
        }
        match self.store()?.commit(changes) {
            Ok(()) => self.expected = after,
            Err(error) => self.look_after_failure(after, &error)?,
        }
        Ok(())
    }

    fn look_after_failure(&mut self, after: Map, error: &StoreError) -> Result<(), Broken> {
        self.drop_it();
        let was_not_made = self.holds();
        let before = std::mem::replace(&mut self.expected, after);
        let Err(not_before) = was_not_made else {
            self.expected = before;
            return self.tolerate(error);
        };
        self.holds().map_err(|not_after| Broken {
            rule: Some(ATOMIC),
            what: format!(
                "after a commit that failed ({error}) it holds neither what was there before ({}) nor all that is new ({})",
                not_before.what, not_after.what
            ),
        })?;
        self.tolerate(error)
    }

    fn tolerate(&self, error: &StoreError) -> Result<(), Broken> {
        ensure(self.may_fail, || format!("a commit failed: {error}"))
    }

    /// Returns the expected records of a table from a key on.
    fn expected(&self, table: Table, from: u64) -> impl Iterator<Item = (u64, Bytes)> {
        self.expected.range((table, from)..=(table, u64::MAX)).map(|((_, key), value)| (*key, value.clone()))
    }

    pub(super) fn scan(&mut self, table: Table, from: u64, most: usize) -> Result<Vec<(u64, Bytes)>, Broken> {
        let mut found = Vec::new();
        self.store()?
            .scan(table, from, &mut |key, value| {
                found.push((key, value));
                found.len() < most
            })
            .map_err(|error| format!("a scan of {table:?} from {from} failed: {error}"))?;
        Ok(found)
    }

    /// Checks that a scan returns the expected records, and stops after `most`.
    pub(super) fn scans(&mut self, table: Table, from: u64, most: usize) -> Result<(), Broken> {
        let found = self.scan(table, from, most)?;
        let expected: Vec<_> = self.expected(table, from).take(most).collect();
        let scan = format!("a scan of {table:?} from {from}, told to end after {most}");
        for (place, (expected, found)) in expected.iter().zip(&found).enumerate() {
            let (expected, found) = (Record(expected), Record(found));
            ensure(expected.0 == found.0, || format!("{scan}: record {place} should be {expected}, and is {found}"))?;
        }
        let (expected, found) = (expected.len(), found.len());
        ensure(expected == found, || format!("{scan}: it should show {expected} records, and shows {found}"))
    }

    /// Checks that `get` returns the expected value.
    pub(super) fn gets(&mut self, table: Table, key: u64) -> Result<(), Broken> {
        let found = self.store()?.get(table, key);
        let found = found.map_err(|error| format!("reading key {key} of {table:?} failed: {error}"))?;
        let expected = self.expected.get(&(table, key));
        let told = |value: Option<&Bytes>| {
            value.map_or("nothing".to_owned(), |value| Record(&(key, value.clone())).to_string())
        };
        ensure(expected == found.as_ref(), || {
            format!("key {key} of {table:?} should be {}, and is {}", told(expected), told(found.as_ref()))
        })
    }

    /// Checks that the store holds the expected records and nothing else.
    pub(super) fn holds(&mut self) -> Result<(), Broken> {
        for table in Table::ALL {
            self.scans(table, 0, usize::MAX)?;
        }
        self.store()?.size().map_err(|error| format!("its size cannot be told: {error}"))?;
        Ok(())
    }

    pub(super) fn holds_when_reopened(&mut self) -> Result<(), Broken> {
        self.drop_it();
        self.holds()
    }
}

/// Displays a record without printing all of its bytes.
struct Record<'a>(&'a (u64, Bytes));

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, value) = self.0;
        let checksum = crc32fast::hash(value);
        write!(f, "key {key} with {} bytes of checksum {checksum:08x}", value.len())
    }
}
