//! The memory budget for request bodies.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, AtomicUsize as OwnBytes};
use std::task::Waker;
use std::time::Duration;

use birdhook_core::Outcome;
use tokio::time::Instant;

use crate::observe;
use crate::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use crate::sync::{Mutex, MutexGuard};

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

#[cfg(test)]
mod tests;

/// The memory budget of one webhook.
#[derive(Debug)]
pub(crate) struct Bodies {
    limit: usize,
    taken: AtomicUsize,
    uploads: Mutex<Uploads>,
}

/// Incomplete bodies that had to be awaited. A body that arrives in one piece is never listed here.
#[derive(Debug, Default)]
struct Uploads {
    last_id: u64,
    all: BTreeMap<u64, Upload>,
}

#[derive(Debug)]
struct Upload {
    bytes: usize,
    begun: Instant,
    last_byte: Instant,
    waker: Waker,
}

impl Bodies {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, taken: AtomicUsize::new(0), uploads: Mutex::new(Uploads::default()) }
    }

    /// Returns the bytes in use.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(SeqCst)
    }

    fn uploads(&self) -> MutexGuard<'_, Uploads> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends other uploads than `but` until at most `limit` bytes are in use.
    ///
    /// Uploads with the least progress are ended first. The budget is free at once; the memory is
    /// freed when their tasks run next.
    fn make_room(&self, but: u64, limit: usize, now: Instant) -> Result<(), Outcome> {
        let mut ended = Vec::new();
        let mut uploads = self.uploads();
        while self.taken() > limit {
            let others = uploads.all.iter().filter(|(id, _)| **id != but);
            let least = others.filter_map(|(id, upload)| Some((upload.idle(now)?, *id))).min();
            let Some(upload) = least.and_then(|(_, id)| uploads.all.remove(&id)) else { break };
            self.taken.fetch_sub(upload.bytes, SeqCst);
            observe::body_gone(upload.bytes);
            ended.push(upload.waker);
        }
        drop(uploads);
        ended.into_iter().for_each(Waker::wake);
        if self.taken() > limit { Err(Outcome::OverMemoryBudget) } else { Ok(()) }
    }
}

impl Upload {
    /// Returns the order in which uploads are ended: longest idle first, then slowest.
    ///
    /// Returns `None` for an upload that must not be ended. The rate is in bytes a second.
    fn idle(&self, now: Instant) -> Option<(Reverse<Duration>, u128)> {
        let (age, idle) = (now.saturating_duration_since(self.begun), now.saturating_duration_since(self.last_byte));
        let rate = (self.bytes as u128).saturating_mul(1000) / age.as_millis().max(1);
        let may_go_on = age <= YOUNG || (idle <= RECENT && rate >= FLOOR);
        (!may_go_on).then_some((Reverse(idle), rate))
    }
}

/// One body's part of the budget; release it with [`give_back`](Self::give_back). Only one request
/// uses it, so its atomics need not be seen by the model tests.
#[derive(Debug, Default)]
pub(crate) struct Share {
    own: OwnBytes,
    /// The id of its upload, or 0 if it has none.
    id: AtomicU64,
}

impl Share {
    /// Reserves `bytes` more for this body, ending other uploads if necessary.
    pub(crate) fn take(&self, bodies: &Bodies, bytes: usize, now: impl Fn() -> Instant) -> Result<(), Outcome> {
        let id = self.id.load(SeqCst);
        let taken = if id == 0 {
            self.grow(bodies, bytes)
        } else {
            let mut uploads = bodies.uploads();
            let upload = uploads.all.get_mut(&id).ok_or(Outcome::OverMemoryBudget)?;
            upload.bytes += bytes;
            if bytes > 0 {
                upload.last_byte = now();
            }
            self.grow(bodies, bytes)
        };
        let limit = if self.is_large() { bodies.limit / 2 } else { bodies.limit };
        if taken > limit { bodies.make_room(id, limit, now()) } else { Ok(()) }
    }

    fn grow(&self, bodies: &Bodies, bytes: usize) -> usize {
        let own = self.own.load(SeqCst) + bytes;
        self.own.store(own, SeqCst);
        observe::body_grew(bytes);
        bodies.taken.fetch_add(bytes, SeqCst) + bytes
    }

    pub(crate) fn is_large(&self) -> bool {
        self.own.load(SeqCst) > LARGE
    }

    /// Registers this body as an upload since `begun`. The waker is woken when the upload is ended
    /// in favour of another one.
    pub(crate) fn wait(
        &self,
        bodies: &Bodies,
        begun: Instant,
        now: impl Fn() -> Instant,
        waker: &Waker,
    ) -> Result<(), Outcome> {
        let (id, bytes) = (self.id.load(SeqCst), self.own.load(SeqCst));
        if bytes == 0 {
            return Ok(());
        }
        let mut uploads = bodies.uploads();
        if id == 0 {
            uploads.last_id += 1;
            let id = uploads.last_id;
            uploads.all.insert(id, Upload { bytes, begun, last_byte: now(), waker: waker.clone() });
            self.id.store(id, SeqCst);
        } else {
            uploads.all.get_mut(&id).ok_or(Outcome::OverMemoryBudget)?.waker.clone_from(waker);
        }
        Ok(())
    }

    /// Marks the body as complete: it is not ended in favour of another one any more.
    pub(crate) fn complete(&self, bodies: &Bodies) -> Result<(), Outcome> {
        let id = self.id.load(SeqCst);
        if id != 0 {
            bodies.uploads().all.remove(&id).ok_or(Outcome::OverMemoryBudget)?;
            self.id.store(0, SeqCst);
        }
        Ok(())
    }

    pub(crate) fn give_back(&self, bodies: &Bodies) {
        let (own, id) = (self.own.swap(0, SeqCst), self.id.swap(0, SeqCst));
        // The bytes of an ended upload were released when it was ended.
        if id == 0 || bodies.uploads().all.remove(&id).is_some() {
            observe::body_gone(own);
            bodies.taken.fetch_sub(own, SeqCst);
        }
    }
}
