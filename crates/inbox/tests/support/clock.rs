//! A clock that a test sets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_inbox::Clock;

/// The time since the Unix epoch, and the time since the clock was created. Clones are the same
/// clock.
#[derive(Clone)]
pub(crate) struct SetClock(Arc<Mutex<(Duration, Duration)>>);

impl SetClock {
    pub(crate) fn at(wall: Duration) -> Self {
        Self(Arc::new(Mutex::new((wall, Duration::ZERO))))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut clock = self.0.lock().unwrap();
        clock.0 += by;
        clock.1 += by;
    }

    pub(crate) fn set_wall(&self, set: impl FnOnce(Duration) -> Duration) {
        let mut clock = self.0.lock().unwrap();
        clock.0 = set(clock.0);
    }
}

impl Clock for SetClock {
    fn wall(&self) -> Duration {
        self.0.lock().unwrap().0
    }

    fn steady(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}
