//! The settings of an inbox.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::clock::{Clock, Machine, millis};
use crate::store::{RedbStore, Store, StoreError};
use crate::{Inbox, OpenError};

/// The settings of an inbox, and the way to open it.
///
/// ```no_run
/// use std::time::Duration;
/// use birdhook_inbox::{Options, Order};
///
/// let inbox = Options::new().order(Order::BySubscriber).lease(Duration::from_secs(300)).open("/var/lib/app/inbox")?;
/// # let _ = inbox;
/// # Ok::<(), birdhook_inbox::OpenError>(())
/// ```
#[must_use = "call open"]
pub struct Options {
    pub(crate) order: Order,
    pub(crate) retry: Retry,
    pub(crate) lease: u64,
    pub(crate) horizon: u64,
    pub(crate) keep: Option<u64>,
    pub(crate) size_limit: u64,
    pub(crate) free_space: u64,
    pub(crate) clock: Box<dyn Clock>,
}

/// In which order events are handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// The oldest first; an event that failed holds up no other.
    #[default]
    Free,
    /// As they were accepted for each subscriber of each app: the next one is handed out when the one before it is done with, or a dead
    /// letter. Different subscribers do not wait for each other.
    BySubscriber,
}

/// How often, and when, an event is tried again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) tries: u32,
    pub(crate) first: u64,
    pub(crate) longest: u64,
}

impl Retry {
    /// Twice as long each time.
    pub(crate) fn pause_after(&self, tries: u32) -> u64 {
        let doubled = 1_u64.checked_shl(tries.saturating_sub(1)).unwrap_or(u64::MAX);
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            order: Order::default(),
            retry: Retry { tries: 10, first: 1000, longest: 10 * 60_000 },
            lease: 60_000,
            horizon: (5 * 24 + 1) * 3_600_000,
            keep: None,
            size_limit: 8 << 30,
            free_space: 128 << 20,
            clock: Box::new(Machine::new()),
        }
    }
}

impl Options {
    /// What [`Inbox::open`] opens an inbox with.
    pub fn new() -> Self {
        Self::default()
    }

    /// In which order events are handed out; the oldest first, whoever's, unless set.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// How long an event is held for the one that it was handed out to, before it is tried again; a minute unless set.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = millis(lease);
        self
    }

    /// How often an event is handed out before it is a dead letter; 10 times unless set, at least once.
    pub fn tries(mut self, tries: u32) -> Self {
        self.retry.tries = tries.max(1);
        self
    }

    /// How long an event that failed waits before it is tried again: `first`, then twice as long each time up to `longest`;
    /// 1 second and 10 minutes unless set.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        (self.retry.first, self.retry.longest) = (millis(first), millis(longest));
        self
    }

    /// For how long events are remembered, so that they are not stored again; 5 days and an hour unless set, for X replays
    /// what happened in the last 5 days. Takes about 30 bytes of memory and 20 on disk for each event.
    pub fn dedupe_horizon(mut self, horizon: Duration) -> Self {
        self.horizon = millis(horizon);
        self
    }

    /// Keeps acknowledged events for so long; they are deleted soon unless set. They are listed by [`Inbox::list`] and
    /// exported by `birdhook inbox export`.
    pub fn keep_acknowledged(mut self, time: Duration) -> Self {
        self.keep = Some(millis(time));
        self
    }

    /// How many bytes the deliveries and keys may take; 8 GiB unless set. What is over it is answered 503 until events are
    /// consumed. The file takes up to twice as much.
    pub fn size_limit(mut self, bytes: u64) -> Self {
        self.size_limit = bytes;
        self
    }

    /// How many bytes stay free on the disk; 128 MiB unless set. With less, deliveries are answered 503 until there is more.
    pub fn free_space(mut self, bytes: u64) -> Self {
        self.free_space = bytes;
        self
    }

    /// Takes the time from elsewhere, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Opens the inbox in this folder, or makes it. Blocks the thread: it reads what is pending, and waits up to 1 s for an
    /// opener before it to close. Call it before the server starts.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when this process or another one has it open, [`StoreError::Unsafe`] when a file is a link or
    /// everyone may write to the folder, [`StoreError::Corrupt`] when it is damaged, and others when the folder cannot be used.
    pub fn open(self, folder: impl AsRef<Path>) -> Result<Inbox, OpenError> {
        let file = folder.as_ref().join(crate::inbox::FILE);
        self.open_with(folder, move || RedbStore::open(&file))
    }

    /// As [`open`](Self::open), with a store of your own; the folder holds what is kept beside it. `open` is called again
    /// after a commit has failed.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_with<S: Store>(
        self,
        folder: impl AsRef<Path>,
        open: impl Fn() -> Result<S, StoreError> + Send + 'static,
    ) -> Result<Inbox, OpenError> {
        let open = move || open().map(|store| Box::new(store) as Box<dyn Store>);
        Inbox::start(self, folder.as_ref(), Box::new(open))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("order", &self.order).field("lease", &self.lease).finish_non_exhaustive()
    }
}
