//! The time of an inbox.

use std::time::{Duration, Instant, SystemTime};

/// The clocks of an inbox. Defaults to the machine's; replaceable for tests.
pub trait Clock: Send + 'static {
    /// Returns the time since the Unix epoch. It may jump.
    fn wall(&self) -> Duration;

    /// Returns the time since a fixed moment. It never jumps.
    fn steady(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug)]
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Duration {
        SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
    }

    fn steady(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The inbox's time, in milliseconds since the Unix epoch. It never jumps.
///
/// It starts at the machine's clock when the inbox is opened, or at the last commit if that is
/// later, and advances with the steady clock. So a wrong clock that is corrected does not drop keys
/// early.
pub(crate) struct Time {
    clock: Box<dyn Clock>,
    start: Duration,
    steady: Duration,
}

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Time").finish_non_exhaustive()
    }
}

impl Time {
    pub(crate) fn new(clock: Box<dyn Clock>) -> Self {
        let (start, steady) = (clock.wall(), clock.steady());
        Self { clock, start, steady }
    }

    /// Moves the time forward to `millis` if it is earlier.
    pub(crate) fn not_before(&mut self, millis: u64) {
        let behind = Duration::from_millis(millis.saturating_sub(self.now()));
        self.start = self.start.saturating_add(behind);
    }

    pub(crate) fn now(&self) -> u64 {
        let passed = self.clock.steady().saturating_sub(self.steady);
        millis(self.start.saturating_add(passed))
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
