//! The committer's view of the store, kept in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::index::Index;
use crate::memory::{HALF, Memory};
use crate::options::InboxSettings;
use crate::record::{ABOUT_FORMAT, ABOUT_NEXT, ABOUT_TIME, Batch, Keys, Progress, read_number};
use crate::store::{FORMAT, Store, StoreError, Table};

#[derive(Debug)]
pub(crate) struct Contents {
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

impl Contents {
    /// Reads the store, including every body still needed, so that damage is found at opening.
    pub(crate) fn read(
        store: &dyn Store,
        options: &InboxSettings,
        sealed: Option<u64>,
        memory: &Memory,
    ) -> Result<Self, StoreError> {
        if let Some(format) = store.get(Table::About, ABOUT_FORMAT)?.map(read_number).transpose()?
            && format > u64::from(FORMAT)
        {
            return Err(StoreError::TooNew(u8::try_from(format).unwrap_or(u8::MAX)));
        }
        let next = store.get(Table::About, ABOUT_NEXT)?.map(read_number).transpose()?.unwrap_or(0);
        if let Some(sealed) = sealed.filter(|sealed| *sealed >= next) {
            let what = format!(
                "it ends before batch {next}, but batch {sealed} was answered 200; to go on with what is left, remove the \
                 file `sealed`"
            );
            return Err(StoreError::Corrupt(what));
        }
        let mut contents = Self {
            index: Index::new(options.order, options.retry),
            next,
            newest: store.get(Table::About, ABOUT_TIME)?.map(read_number).transpose()?.unwrap_or(0),
            remembered: 0,
            oldest_keys: None,
            cache: Cache::default(),
            has_more_to_clear: false,
            is_full: false,
            reclaimed_at: 0,
        };
        contents.read_keys(store, memory)?;
        contents.read_progress(store)?;
        contents.check_deliveries(store)?;
        Ok(contents)
    }

    fn read_keys(&mut self, store: &dyn Store, memory: &Memory) -> Result<(), StoreError> {
        each(store, Table::Keys, |number, record| {
            let Keys { stored_at, keys } = Keys::read(record)?;
            self.oldest_keys.get_or_insert((number, stored_at));
            self.newest = self.newest.max(stored_at);
            self.remembered += keys.len();
            keys.into_iter().for_each(|key| memory.insert(key));
            Ok(())
        })
    }

    fn read_progress(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        each(store, Table::Progress, |number, record| {
            let progress = Progress::read(record)?;
            self.newest = self.newest.max(progress.stored_at);
            if self.index.bytes().checked_add(progress.bytes).is_none() {
                return Err(StoreError::corrupt(format!("batch {number} cannot take as much as it says")));
            }
            self.index.add(number, progress);
            Ok(())
        })
    }

    fn check_deliveries(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut expected = self.index.entries(0);
        each(store, Table::Deliveries, |number, record| {
            let slots: usize = Batch::read(record)?.0.iter().map(|stored| stored.positions.len()).sum();
            match expected.next() {
                Some((found, entry)) if found == number && entry.progress.slots.len() == slots => Ok(()),
                _ => Err(StoreError::differing(number)),
            }
        })?;
        if let Some((number, _)) = expected.next() {
            return Err(StoreError::corrupt(format!("the deliveries of batch {number} are missing")));
        }
        // A scan can miss a damaged path to a single record, so each one is also looked up by its
        // key.
        for (number, _) in self.index.entries(0) {
            for table in [Table::Deliveries, Table::Progress] {
                if store.get(table, number)?.is_none() {
                    return Err(StoreError::corrupt(format!("batch {number} is there and cannot be found")));
                }
            }
        }
        Ok(())
    }

    /// Returns the deliveries of a batch.
    pub(crate) fn batch(&mut self, store: &dyn Store, number: u64) -> Result<Arc<Batch>, StoreError> {
        if let Some(batch) = self.cache.get(number) {
            return Ok(batch);
        }
        let record = store.get(Table::Deliveries, number)?;
        let record =
            record.ok_or_else(|| StoreError::corrupt(format!("the deliveries of batch {number} are missing")))?;
        let batch = Arc::new(Batch::read(record)?);
        self.cache.put(number, Arc::clone(&batch));
        Ok(batch)
    }

    /// Returns the size of the stored deliveries and keys, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.index.bytes().saturating_add((self.remembered * HALF) as u64)
    }
}

/// Calls `visit` for each record of a table until it fails.
fn each(
    store: &dyn Store,
    table: Table,
    mut visit: impl FnMut(u64, bytes::Bytes) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut result = Ok(());
    store.scan(table, 0, &mut |number, record| {
        result = visit(number, record);
        result.is_ok()
    })?;
    result
}

/// The deliveries stored or read last, so that a consumer that keeps up does not read from disk.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Each batch with its size in memory when it was added.
    batches: HashMap<u64, (Arc<Batch>, usize)>,
    order: VecDeque<u64>,
    bytes: usize,
}

/// The approximate memory limit of the cache, in bytes.
const CACHE: usize = 16 << 20;

impl Cache {
    fn get(&self, number: u64) -> Option<Arc<Batch>> {
        self.batches.get(&number).map(|(batch, _)| Arc::clone(batch))
    }

    pub(crate) fn put(&mut self, number: u64, batch: Arc<Batch>) {
        self.remove(number);
        let bytes = batch.memory();
        self.bytes += bytes;
        self.batches.insert(number, (batch, bytes));
        self.order.push_back(number);
        while self.bytes > CACHE && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.batches.remove(&oldest).map_or(0, |(_, bytes)| bytes);
        }
    }

    pub(crate) fn remove(&mut self, number: u64) {
        if let Some((_, bytes)) = self.batches.remove(&number) {
            self.bytes -= bytes;
            self.order.retain(|other| *other != number);
        }
    }
}

#[cfg(test)]
mod tests {
    use birdhook_core::Delivery;
    use bytes::Bytes;

    use super::*;
    use crate::record::Stored;

    /// A batch as a server delivers it: a short body is a slice of a larger read buffer and keeps
    /// all of it alive.
    fn as_it_comes(number: u64) -> Batch {
        let mut read = format!(r#"{{"for_user_id":"1","tweet_delete_events":[{{"status":{{"id":"{number}"}}}}]}}"#);
        let length = read.len();
        read.extend(std::iter::repeat_n(' ', 8192 - length));
        let delivery = Delivery::restore("shop", Bytes::from(read).slice(..length), 1).unwrap();
        Batch(vec![Arc::new(Stored::new(delivery))])
    }

    #[test]
    fn what_it_holds_in_memory_is_bounded_however_short_the_bodies_are() {
        let mut cache = Cache::default();
        (0..4_000).for_each(|number| cache.put(number, Arc::new(as_it_comes(number))));
        assert!(cache.batches.len() * 8192 <= CACHE, "{} bodies", cache.batches.len());
        assert!(cache.get(3_999).is_some() && cache.get(0).is_none());
        (0..4_000).for_each(|number| cache.remove(number));
        assert_eq!((cache.bytes, cache.order.len()), (0, 0));
        // Bodies read from disk have no larger buffer behind them.
        let read = |number| Batch::read(as_it_comes(number).write()).unwrap();
        (0..4_000).for_each(|number| cache.put(number, Arc::new(read(number))));
        assert_eq!(cache.batches.len(), 4_000);
    }
}
