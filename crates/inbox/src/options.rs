//! The settings of an inbox.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::clock::{Clock, Machine, millis};
use crate::store::{RedbStore, Store, StoreError};
use crate::{Inbox, OpenError};

/// Settings for an [`Inbox`], and the functions that open it.
///
/// ```no_run
/// use std::time::Duration;
/// use birdhook_inbox::{InboxSettings, Order};
///
/// let inbox = InboxSettings::new().order(Order::BySubscriber).lease(Duration::from_secs(300)).open("/var/lib/app/inbox")?;
/// # let _ = inbox;
/// # Ok::<(), birdhook_inbox::OpenError>(())
/// ```
#[must_use = "call open"]
pub struct InboxSettings {
    pub(crate) order: Order,
    pub(crate) retry: Retry,
    pub(crate) lease: u64,
    pub(crate) horizon: u64,
    pub(crate) keep: Option<u64>,
    pub(crate) size_limit: u64,
    pub(crate) free_space: u64,
    pub(crate) clock: Box<dyn Clock>,
}

/// The order in which events are leased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// Oldest first, across all subscribers. A failed event does not block the others.
    #[default]
    Unordered,
    /// In the order of acceptance for each subscriber of each app.
    ///
    /// An event is available once the one before it is settled or a dead letter. Subscribers do not
    /// wait for each other.
    BySubscriber,
}

/// The number of attempts and the delay between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) attempts: u32,
    pub(crate) first: u64,
    pub(crate) longest: u64,
}

impl Retry {
    /// Returns the delay after an attempt. It doubles each time.
    pub(crate) fn pause_after(&self, attempts: u32) -> u64 {
        let doubled = 1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX);
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

impl Default for InboxSettings {
    fn default() -> Self {
        Self {
            order: Order::default(),
            retry: Retry { attempts: 10, first: 1000, longest: 10 * 60_000 },
            lease: 60_000,
            horizon: (5 * 24 + 1) * 3_600_000,
            keep: None,
            size_limit: 8 << 30,
            free_space: 128 << 20,
            clock: Box::new(Machine::new()),
        }
    }
}

impl InboxSettings {
    /// Creates the default settings, those of [`Inbox::open`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the order in which events are leased. Defaults to [`Order::Unordered`].
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Sets how long a consumer may hold an event before it counts as failed. Defaults to 1 minute.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = millis(lease);
        self
    }

    /// Sets the number of attempts before an event becomes a dead letter. Defaults to 10; at least
    /// 1.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.retry.attempts = attempts.max(1);
        self
    }

    /// Sets the delay before a failed event is retried: `first`, then doubled after each attempt up
    /// to `longest`. Defaults to 1 s and 10 minutes.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        (self.retry.first, self.retry.longest) = (millis(first), millis(longest));
        self
    }

    /// Sets how long keys are kept, so that a duplicate is not stored again. Defaults to 5 days and
    /// 1 hour, because X replays the events of the last 5 days.
    ///
    /// Takes about 30 bytes of memory and 20 bytes on disk for each event.
    pub fn dedupe_horizon(mut self, horizon: Duration) -> Self {
        self.horizon = millis(horizon);
        self
    }

    /// Keeps acknowledged events for `time`. By default they are deleted soon after the
    /// acknowledgement.
    ///
    /// Kept events are listed by [`Inbox::list`] and exported by `birdhook inbox export`.
    pub fn keep_acknowledged(mut self, time: Duration) -> Self {
        self.keep = Some(millis(time));
        self
    }

    /// Sets the limit for stored deliveries and keys, in bytes. Defaults to 8 GiB.
    ///
    /// At the limit deliveries are answered 503 until events are consumed. The file may be up to
    /// twice as large.
    pub fn size_limit(mut self, bytes: u64) -> Self {
        self.size_limit = bytes;
        self
    }

    /// Sets the number of bytes that must stay free on the disk. Defaults to 128 MiB.
    ///
    /// With less, deliveries are answered 503 until space is free again.
    pub fn free_space(mut self, bytes: u64) -> Self {
        self.free_space = bytes;
        self
    }

    /// Replaces the machine's clocks, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Opens the inbox in `folder`, or creates it.
    ///
    /// Blocks the thread while it reads the pending events. Waits up to 1 s if another opener still
    /// holds the folder. Call it before the server starts.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if this or another process has the inbox open, [`StoreError::Unsafe`]
    /// if a file is a link or everyone may write to the folder, [`StoreError::Corrupt`] if a file
    /// is damaged, and others if the folder cannot be used.
    pub fn open(self, folder: impl AsRef<Path>) -> Result<Inbox, OpenError> {
        let file = folder.as_ref().join(crate::inbox::FILE);
        self.open_with(folder, move || RedbStore::open(&file))
    }

    /// Opens the inbox with your own store. The folder holds the inbox's other files.
    ///
    /// `open` is called again after a commit has failed.
    ///
    /// # Errors
    /// The same as [`open`](Self::open).
    pub fn open_with<S: Store>(
        self,
        folder: impl AsRef<Path>,
        open: impl Fn() -> Result<S, StoreError> + Send + 'static,
    ) -> Result<Inbox, OpenError> {
        let open = move || open().map(|store| Box::new(store) as Box<dyn Store>);
        Inbox::start(self, folder.as_ref(), Box::new(open))
    }
}

impl fmt::Debug for InboxSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("order", &self.order).field("lease", &self.lease).finish_non_exhaustive()
    }
}
