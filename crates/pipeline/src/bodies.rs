//! How much memory the bodies of all requests under way take.

use birdhook_core::Reason;

use crate::observe;
use crate::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// What is longer is refused once half of the room is taken, by whomever: long bodies begin as short ones, so a half of their own would
/// let their beginnings fill the rest.
const LARGE: usize = 64 << 10;

/// The room for the bodies of one webhook.
#[derive(Debug)]
pub(crate) struct Bodies {
    limit: usize,
    taken: AtomicUsize,
}

impl Bodies {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, taken: AtomicUsize::new(0) }
    }

    /// In bytes.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(SeqCst)
    }
}

/// What one body has taken. Give it back.
#[derive(Debug, Default)]
pub(crate) struct Share(AtomicUsize);

impl Share {
    /// Takes room for more bytes of this body.
    pub(crate) fn take(&self, bodies: &Bodies, bytes: usize) -> Result<(), Reason> {
        let own = self.0.load(SeqCst) + bytes;
        self.0.store(own, SeqCst);
        observe::body_grew(bytes);
        let taken = bodies.taken.fetch_add(bytes, SeqCst) + bytes;
        let limit = if own > LARGE { bodies.limit / 2 } else { bodies.limit };
        if taken > limit { Err(Reason::TooManyBodies) } else { Ok(()) }
    }

    pub(crate) fn give_back(&self, bodies: &Bodies) {
        let own = self.0.swap(0, SeqCst);
        observe::body_gone(own);
        bodies.taken.fetch_sub(own, SeqCst);
    }
}
