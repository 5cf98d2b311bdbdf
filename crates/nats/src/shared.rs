//! The state that a consumer and its messages share.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use birdhook_pipeline::consumer::AckQueue;

use crate::acks::Acks;

/// The number of remembered messages that were retried on request.
const MAX_NACKED: usize = 4096;

pub(crate) struct Shared {
    pub(crate) acks: AckQueue<Acks>,
    /// Positions in the stream of messages whose last attempt ended with a nack by this process,
    /// and the number of attempts.
    nacked: Mutex<HashMap<u64, i64>>,
}

impl Shared {
    pub(crate) fn new(acks: AckQueue<Acks>) -> Self {
        Self { acks, nacked: Mutex::default() }
    }

    pub(crate) fn nack(&self, position: u64, attempts: i64) {
        let mut nacked = self.lock();
        // Forgotten ones are only processed alone.
        if nacked.len() >= MAX_NACKED {
            nacked.clear();
        }
        nacked.insert(position, attempts);
    }

    /// Returns whether the previous attempt ended without a settlement, as far as this process
    /// knows.
    pub(crate) fn is_alone(&self, position: u64, attempts: i64) -> bool {
        attempts > 1 && self.lock().remove(&position) != Some(attempts - 1)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, i64>> {
        self.nacked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
