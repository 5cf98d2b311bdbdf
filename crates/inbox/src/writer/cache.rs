//! A cache of deliveries.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::storage::record::Batch;

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
    pub(crate) fn get(&self, number: u64) -> Option<Arc<Batch>> {
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
    use crate::storage::record::Stored;

    /// A batch as a server delivers it: a short body is a slice of a larger read buffer and keeps
    /// all of it alive.
    fn delivered(number: u64) -> Batch {
        let mut read = format!(r#"{{"for_user_id":"1","tweet_delete_events":[{{"status":{{"id":"{number}"}}}}]}}"#);
        let length = read.len();
        read.extend(std::iter::repeat_n(' ', 8192 - length));
        let delivery = Delivery::restore("shop", Bytes::from(read).slice(..length), 1).unwrap();
        Batch(vec![Arc::new(Stored::new(delivery))])
    }

    #[test]
    fn the_memory_limit_holds_for_short_bodies_too() {
        let mut cache = Cache::default();
        (0..4_000).for_each(|number| cache.put(number, Arc::new(delivered(number))));
        assert!(cache.batches.len() * 8192 <= CACHE, "{} bodies", cache.batches.len());
        assert!(cache.get(3_999).is_some() && cache.get(0).is_none());
        (0..4_000).for_each(|number| cache.remove(number));
        assert_eq!((cache.bytes, cache.order.len()), (0, 0));
        // Bodies read from disk have no larger buffer behind them.
        let read = |number| Batch::read(delivered(number).write()).unwrap();
        (0..4_000).for_each(|number| cache.put(number, Arc::new(read(number))));
        assert_eq!(cache.batches.len(), 4_000);
    }
}
