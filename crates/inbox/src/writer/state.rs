//! The writer's view of the store, kept in memory.

use std::sync::Arc;

use bytes::Bytes;

use crate::config::settings::InboxSettings;
use crate::seen_keys::{KEY_PREFIX, SeenKeys};
use crate::storage::error::{FORMAT, StoreError};
use crate::storage::record::{ABOUT_FORMAT, ABOUT_NEXT, ABOUT_TIME, Batch, Keys, Progress, read_number};
use crate::storage::redb::{Store, Table};
use crate::writer::cache::Cache;
use crate::writer::index::Index;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) index: Index,
    /// The number of the next batch.
    pub(crate) next: u64,
    /// The time of the last commit.
    pub(crate) newest: u64,
    /// The number of keys kept for deduplication.
    pub(crate) remembered: usize,
    /// The oldest record of keys and when it was written, if known.
    pub(crate) oldest_keys: Option<(u64, u64)>,
    pub(crate) cache: Cache,
    /// Whether the last commit left something to clean up.
    pub(crate) has_more_to_clear: bool,
    /// Whether deliveries are refused for lack of space, and when the store was last asked to free
    /// some.
    pub(crate) is_full: bool,
    pub(crate) reclaimed_at: u64,
}

impl State {
    /// Reads the store, including every body still needed, so that damage is found at opening.
    pub(crate) fn read(
        store: &Store,
        settings: &InboxSettings,
        watermark: Option<u64>,
        seen_keys: &SeenKeys,
    ) -> Result<Self, StoreError> {
        let number = |key| store.get(Table::About, key)?.map(read_number).transpose();
        if let Some(format) = number(ABOUT_FORMAT)?.filter(|format| *format > u64::from(FORMAT)) {
            return Err(StoreError::TooNew(u8::try_from(format).unwrap_or(u8::MAX)));
        }
        let next = number(ABOUT_NEXT)?.unwrap_or(0);
        if let Some(answered) = watermark.filter(|answered| *answered >= next) {
            let what = format!(
                "it ends before batch {next}, but batch {answered} was answered 200; to open what is left, delete the \
                 file `sealed`"
            );
            return Err(StoreError::Corrupt(what));
        }
        let mut state = Self {
            index: Index::new(settings.order, settings.retry),
            next,
            newest: number(ABOUT_TIME)?.unwrap_or(0),
            ..Self::default()
        };
        state.read_keys(store, seen_keys)?;
        state.read_progress(store)?;
        state.check_deliveries(store)?;
        Ok(state)
    }

    fn read_keys(&mut self, store: &Store, seen_keys: &SeenKeys) -> Result<(), StoreError> {
        each(store, Table::Keys, |number, record| {
            let Keys { stored_at, keys } = Keys::read(record)?;
            self.oldest_keys.get_or_insert((number, stored_at));
            self.newest = self.newest.max(stored_at);
            self.remembered += keys.len();
            keys.into_iter().for_each(|key| seen_keys.insert(key));
            Ok(())
        })
    }

    fn read_progress(&mut self, store: &Store) -> Result<(), StoreError> {
        each(store, Table::Progress, |number, record| {
            let progress = Progress::read(record)?;
            self.newest = self.newest.max(progress.stored_at);
            if self.index.bytes.checked_add(progress.bytes).is_none() {
                return Err(StoreError::corrupt(format!("the recorded size of batch {number} is impossible")));
            }
            self.index.add(number, progress);
            Ok(())
        })
    }

    fn check_deliveries(&self, store: &Store) -> Result<(), StoreError> {
        let mut expected = self.index.batches(0);
        each(store, Table::Deliveries, |number, record| {
            let events: usize = Batch::read(record)?.0.iter().map(|stored| stored.positions.len()).sum();
            match expected.next() {
                Some((found, batch)) if found == number && batch.progress.entries.len() == events => Ok(()),
                _ => Err(StoreError::event_count_differs(number)),
            }
        })?;
        if let Some((number, _)) = expected.next() {
            return Err(StoreError::corrupt(format!("the deliveries of batch {number} are missing")));
        }
        // A scan can miss a damaged path to a single record, so each one is also looked up by its
        // key.
        for (number, _) in self.index.batches(0) {
            for table in [Table::Deliveries, Table::Progress] {
                let unreadable =
                    || StoreError::corrupt(format!("batch {number} is listed but cannot be read by its number"));
                store.get(table, number)?.ok_or_else(unreadable)?;
            }
        }
        Ok(())
    }

    pub(crate) fn batch(&mut self, store: &Store, number: u64) -> Result<Arc<Batch>, StoreError> {
        if let Some(batch) = self.cache.get(number) {
            return Ok(batch);
        }
        let record = store.get(Table::Deliveries, number)?;
        let missing = || StoreError::corrupt(format!("the deliveries of batch {number} are missing"));
        let batch = Arc::new(Batch::read(record.ok_or_else(missing)?)?);
        self.cache.put(number, Arc::clone(&batch));
        Ok(batch)
    }

    /// Returns the size of the stored deliveries and keys, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.index.bytes.saturating_add((self.remembered * KEY_PREFIX) as u64)
    }
}

/// Calls `visit` for each record of a table until it fails.
fn each(
    store: &Store,
    table: Table,
    mut visit: impl FnMut(u64, Bytes) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut result = Ok(());
    store.scan(table, 0, &mut |number, record| {
        result = visit(number, record);
        result.is_ok()
    })?;
    result
}
