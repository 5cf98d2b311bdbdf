//! A sink with pauses that may fail, and a record of the events it received.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use birdhook_core::Delivery;
use futures_util::future::BoxFuture;
use shuttle::future::yield_now;

use super::deliveries::ids;
use crate::{EventSink, SinkError};

/// Fails the given number of times first. Records events in the same poll in which it returns `Ok`.
pub(super) struct PausingSink {
    journal: Journal,
    failures: Arc<AtomicUsize>,
}

impl PausingSink {
    pub(super) fn new(journal: &Journal, failures: usize) -> Self {
        Self { journal: journal.clone(), failures: Arc::new(AtomicUsize::new(failures)) }
    }
}

impl EventSink for PausingSink {
    type Future = BoxFuture<'static, Result<(), SinkError>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        let (journal, failures) = (self.journal.clone(), Arc::clone(&self.failures));
        Box::pin(async move {
            yield_now().await;
            if failures.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                return Err(SinkError::Full);
            }
            yield_now().await;
            journal.enter(&delivery);
            Ok(())
        })
    }
}

/// The number of times each event was delivered. Its lock is not a scheduling point.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal(Arc<Mutex<HashMap<String, usize>>>);

impl Journal {
    pub(super) fn enter(&self, delivery: &Delivery) {
        ids(delivery).into_iter().for_each(|id| *self.0.lock().unwrap().entry(id).or_default() += 1);
    }

    /// Returns the number of delivered events.
    pub(super) fn total(&self) -> usize {
        self.0.lock().unwrap().values().sum()
    }

    #[track_caller]
    pub(super) fn holds(&self, ids: &[&str]) {
        let journal = self.0.lock().unwrap();
        ids.iter().for_each(|id| assert!(journal.contains_key(*id), "answered 200, and {id} was not delivered"));
    }

    #[track_caller]
    pub(super) fn holds_once(&self, ids: &[&str]) {
        self.holds(ids);
        let journal = self.0.lock().unwrap();
        journal.iter().for_each(|(id, times)| assert_eq!(*times, 1, "{id} was delivered {times} times"));
        assert_eq!(journal.len(), ids.len());
    }
}
