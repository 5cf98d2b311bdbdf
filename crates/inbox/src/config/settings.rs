//! The settings of an inbox.

use std::fs::File;
use std::time::Duration;

use redb::{Database, DatabaseError};

use crate::config::clock::{Clock, SystemClock, millis};
use crate::config::order::{Order, Retry};
use crate::storage::redb::{OpenDatabase, open_file};

/// The maximum number of prefetched events.
const MAX_PREFETCH: usize = 1000;

/// Settings for an [`Inbox`](crate::Inbox).
///
/// ```no_run
/// # async fn open() -> Result<(), birdhook_inbox::OpenError> {
/// use std::time::Duration;
/// # mod birdhook { pub mod inbox { pub use birdhook_inbox::{InboxSettings, Order}; } }
/// use birdhook::inbox::{InboxSettings, Order};
///
/// let settings = InboxSettings::new().order(Order::BySubscriber).lease(Duration::from_secs(300));
/// let inbox = settings.open("/var/lib/app/inbox").await?;
/// # let _ = inbox;
/// # Ok(()) }
/// ```
#[must_use = "call open"]
pub struct InboxSettings {
    pub(crate) order: Order,
    pub(crate) retry: Retry,
    pub(crate) lease: u64,
    pub(crate) prefetch: usize,
    pub(crate) horizon: u64,
    pub(crate) keep: Option<u64>,
    pub(crate) size_limit: u64,
    pub(crate) free_space: u64,
    pub(crate) control_socket: bool,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) database: OpenDatabase,
}

impl Default for InboxSettings {
    fn default() -> Self {
        Self {
            order: Order::default(),
            retry: Retry { attempts: 10, first: 1000, longest: 10 * 60_000 },
            lease: 60_000,
            prefetch: 256,
            horizon: (5 * 24 + 1) * 3_600_000,
            keep: None,
            size_limit: 8 << 30,
            free_space: 128 << 20,
            control_socket: false,
            clock: Box::new(SystemClock::new()),
            database: Box::new(open_file),
        }
    }
}

impl InboxSettings {
    /// Creates the default settings, those of [`Inbox::open`](crate::Inbox::open).
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the order in which events are leased. Defaults to [`Order::Unordered`].
    pub fn order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// Sets how long a consumer may hold an event before it counts as failed. Defaults to 1 minute.
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease: millis(lease), ..self }
    }

    /// Sets how many events are leased ahead of the consumers, with one commit. Defaults to 256, at
    /// most 1,000.
    ///
    /// All consumers share these events; fewer are leased if fewer are available, or if their bodies
    /// exceed 4 MiB. A crash costs each of them an attempt. With 0, an event is leased only once a
    /// consumer waits for it, and each costs a commit.
    pub fn prefetch(self, events: usize) -> Self {
        Self { prefetch: events.min(MAX_PREFETCH), ..self }
    }

    /// Sets the number of attempts before an event becomes a dead letter. Defaults to 10; at least
    /// 1.
    ///
    /// An event whose last attempt ended in a crash has one more, because it may have been
    /// [prefetched](Self::prefetch) only.
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
    pub fn dedupe_horizon(self, horizon: Duration) -> Self {
        Self { horizon: millis(horizon), ..self }
    }

    /// Keeps acknowledged events for `time`. By default they are deleted soon after the
    /// acknowledgement.
    ///
    /// Kept events are listed by [`Inbox::list`](crate::Inbox::list) and exported by `birdhook inbox export`.
    pub fn keep_acknowledged(self, time: Duration) -> Self {
        Self { keep: Some(millis(time)), ..self }
    }

    /// Sets the limit for stored deliveries and keys, in bytes. Defaults to 8 GiB.
    ///
    /// At the limit deliveries are answered 503 until events are consumed. The file may be up to
    /// twice as large.
    pub fn size_limit(self, bytes: u64) -> Self {
        Self { size_limit: bytes, ..self }
    }

    /// Sets the number of bytes that must stay free on the disk. Defaults to 128 MiB.
    ///
    /// With less, deliveries are answered 503 until space is free again.
    pub fn free_space(self, bytes: u64) -> Self {
        Self { free_space: bytes, ..self }
    }

    /// Serves the socket `control.sock` in the inbox's folder, for the console and `birdhook inbox`
    /// of other processes of the same user. Off by default. Unix only.
    ///
    /// The socket has mode 0600 and is served by a thread of its own. If that fails, for example
    /// because the folder's path is too long for a socket, the inbox opens without it, and
    /// [`Inbox::control_failure`](crate::Inbox::control_failure) returns the reason.
    pub fn control_socket(self, serve: bool) -> Self {
        Self { control_socket: serve, ..self }
    }

    /// Replaces the machine's clocks, for tests.
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Box::new(clock), ..self }
    }

    /// Replaces the function that opens the database in the store's file, for tests that simulate a
    /// disk.
    #[doc(hidden)]
    pub fn database(self, open: impl Fn(File) -> Result<Database, DatabaseError> + Send + 'static) -> Self {
        Self { database: Box::new(open), ..self }
    }
}

debug_fields!(InboxSettings: order, lease);
