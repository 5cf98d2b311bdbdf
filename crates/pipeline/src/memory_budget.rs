//! The memory budget for request bodies.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, AtomicUsize as StdAtomicUsize};
use std::task::Waker;
use std::time::Duration;

use birdhook_core::Outcome;
use tokio::time::Instant;

use crate::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use crate::sync::{Mutex, MutexGuard};
use crate::telemetry;

/// The size above which a body may use only the first half of the budget.
///
/// The bytes of all bodies count towards that half. A separate half for large bodies would not do:
/// they begin as small ones, so their beginnings would fill the other half.
const LARGE: usize = 64 << 10;

/// An upload younger than this is not ended in favour of another one.
const YOUNG: Duration = Duration::from_millis(250);

/// The largest age of the last byte with which a fast upload is not ended.
///
/// Fast means an average of at least [`FLOOR`] bytes a second. Holding 64 MiB that way takes 500
/// Mbit/s.
const RECENT: Duration = Duration::from_millis(250);
const FLOOR: u128 = 64 << 10;

/// The memory budget of one webhook.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    limit: usize,
    used: AtomicUsize,
    uploads: Mutex<Uploads>,
}

/// Incomplete bodies that had to be awaited. A body that arrives in one piece is never listed here.
#[derive(Debug, Default)]
struct Uploads {
    last_id: u64,
    by_id: BTreeMap<u64, Upload>,
}

#[derive(Debug)]
struct Upload {
    bytes: usize,
    begun: Instant,
    last_byte: Instant,
    waker: Waker,
}

impl MemoryBudget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0), uploads: Mutex::new(Uploads::default()) }
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(SeqCst)
    }

    fn uploads(&self) -> MutexGuard<'_, Uploads> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends uploads other than `except` until at most `limit` bytes are in use.
    ///
    /// Uploads with the least progress are ended first. The budget is free at once; the memory is
    /// freed when their tasks run next.
    fn make_room(&self, except: u64, limit: usize, now: Instant) -> Result<(), Outcome> {
        let mut ended = Vec::new();
        let mut uploads = self.uploads();
        while self.used() > limit {
            let others = uploads.by_id.iter().filter(|(id, _)| **id != except);
            let least = others.filter_map(|(id, upload)| Some((upload.eviction_order(now)?, *id))).min();
            let Some(upload) = least.and_then(|(_, id)| uploads.by_id.remove(&id)) else { break };
            self.used.fetch_sub(upload.bytes, SeqCst);
            telemetry::released_body_bytes(upload.bytes);
            ended.push(upload.waker);
        }
        drop(uploads);
        ended.into_iter().for_each(Waker::wake);
        if self.used() > limit { Err(Outcome::OverMemoryBudget) } else { Ok(()) }
    }
}

impl Upload {
    /// Returns the order in which uploads are ended: longest idle first, then slowest.
    ///
    /// Returns `None` for an upload that must not be ended. The rate is in bytes a second.
    fn eviction_order(&self, now: Instant) -> Option<(Reverse<Duration>, u128)> {
        let (age, idle) = (now.saturating_duration_since(self.begun), now.saturating_duration_since(self.last_byte));
        let rate = (self.bytes as u128).saturating_mul(1000) / age.as_millis().max(1);
        let is_protected = age <= YOUNG || (idle <= RECENT && rate >= FLOOR);
        (!is_protected).then_some((Reverse(idle), rate))
    }
}

/// One body's part of the budget; release it with [`release`](Self::release). Only one request
/// uses it, so its atomics need not be seen by the model tests.
#[derive(Debug, Default)]
pub(crate) struct BudgetGuard {
    bytes: StdAtomicUsize,
    /// The id of its upload, or 0 if it has none.
    upload: AtomicU64,
}

impl BudgetGuard {
    /// Reserves `bytes` more for this body, ending other uploads if necessary.
    pub(crate) fn reserve(
        &self,
        budget: &MemoryBudget,
        bytes: usize,
        now: impl Fn() -> Instant,
    ) -> Result<(), Outcome> {
        let id = self.upload.load(SeqCst);
        let used = if id == 0 {
            self.add(budget, bytes)
        } else {
            let mut uploads = budget.uploads();
            let upload = uploads.by_id.get_mut(&id).ok_or(Outcome::OverMemoryBudget)?;
            upload.bytes += bytes;
            if bytes > 0 {
                upload.last_byte = now();
            }
            self.add(budget, bytes)
        };
        let limit = if self.is_large() { budget.limit / 2 } else { budget.limit };
        if used > limit { budget.make_room(id, limit, now()) } else { Ok(()) }
    }

    fn add(&self, budget: &MemoryBudget, bytes: usize) -> usize {
        let all = self.bytes.load(SeqCst) + bytes;
        self.bytes.store(all, SeqCst);
        telemetry::reserved_body_bytes(bytes);
        budget.used.fetch_add(bytes, SeqCst) + bytes
    }

    pub(crate) fn is_large(&self) -> bool {
        self.bytes.load(SeqCst) > LARGE
    }

    /// Registers this body as an upload since `begun`. The waker is woken when the upload is ended
    /// in favour of another one.
    pub(crate) fn wait_for_more(
        &self,
        budget: &MemoryBudget,
        begun: Instant,
        now: impl Fn() -> Instant,
        waker: &Waker,
    ) -> Result<(), Outcome> {
        let (id, bytes) = (self.upload.load(SeqCst), self.bytes.load(SeqCst));
        if bytes == 0 {
            return Ok(());
        }
        let mut uploads = budget.uploads();
        if id == 0 {
            uploads.last_id += 1;
            let id = uploads.last_id;
            uploads.by_id.insert(id, Upload { bytes, begun, last_byte: now(), waker: waker.clone() });
            self.upload.store(id, SeqCst);
        } else {
            uploads.by_id.get_mut(&id).ok_or(Outcome::OverMemoryBudget)?.waker.clone_from(waker);
        }
        Ok(())
    }

    /// Marks the body as complete: it is not ended in favour of another one any more.
    pub(crate) fn complete(&self, budget: &MemoryBudget) -> Result<(), Outcome> {
        let id = self.upload.load(SeqCst);
        if id != 0 {
            budget.uploads().by_id.remove(&id).ok_or(Outcome::OverMemoryBudget)?;
            self.upload.store(0, SeqCst);
        }
        Ok(())
    }

    pub(crate) fn release(&self, budget: &MemoryBudget) {
        let (bytes, id) = (self.bytes.swap(0, SeqCst), self.upload.swap(0, SeqCst));
        // The bytes of an ended upload were released when it was ended.
        if id == 0 || budget.uploads().by_id.remove(&id).is_some() {
            telemetry::released_body_bytes(bytes);
            budget.used.fetch_sub(bytes, SeqCst);
        }
    }
}

#[cfg(test)]
#[path = "../tests/unit/memory_budget.rs"]
mod tests;
