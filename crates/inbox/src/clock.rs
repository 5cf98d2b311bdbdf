//! What time it is for an inbox.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

/// Where an inbox has its time from; the machine's clocks unless set, for tests.
pub trait Clock: Send + 'static {
    /// Since the Unix epoch, as the machine believes; it may jump.
    fn wall(&self) -> Duration;

    /// Since some moment; it never jumps.
    fn steady(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug)]
pub(crate) struct Machine(Instant);

impl Machine {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Machine {
    fn wall(&self) -> Duration {
        SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
    }

    fn steady(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The inbox's own time, in milliseconds since the Unix epoch: it goes on from where the machine's clock, or the last
/// commit if that is later, stood when the inbox was opened, and never jumps. So a wrong clock that is set right forgets no
/// key early.
pub(crate) struct Time {
    clock: Box<dyn Clock>,
    start: Duration,
    steady: Duration,
}

impl Time {
    pub(crate) fn new(clock: Box<dyn Clock>) -> Self {
        let (start, steady) = (clock.wall(), clock.steady());
        Self { clock, start, steady }
    }

    /// It is at least as late as when this was written.
    pub(crate) fn not_before(&mut self, millis: u64) {
        let behind = Duration::from_millis(millis.saturating_sub(self.now()));
        self.start = self.start.saturating_add(behind);
    }

    pub(crate) fn now(&self) -> u64 {
        let passed = self.clock.steady().saturating_sub(self.steady);
        millis(self.start.saturating_add(passed))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Time").field(&self.now()).finish()
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
