//! Later.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_inbox::Clock;

/// A clock that is set by hand. Clones are the same clock.
#[derive(Clone)]
pub struct SetClock(Arc<Mutex<(Duration, Duration)>>);

impl Default for SetClock {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((Duration::from_secs(1_795_426_200), Duration::ZERO))))
    }
}

impl SetClock {
    /// Time goes by.
    pub fn advance(&self, by: Duration) {
        let mut clock = self.0.lock().unwrap();
        clock.0 += by;
        clock.1 += by;
    }

    /// Somebody sets the machine's clock so much forwards.
    pub fn jump_forwards(&self, by: Duration) {
        self.0.lock().unwrap().0 += by;
    }

    /// Or backwards.
    pub fn jump_backwards(&self, by: Duration) {
        self.0.lock().unwrap().0 -= by;
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
