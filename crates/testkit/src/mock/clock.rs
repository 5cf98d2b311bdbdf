//! The clock on which a mock X schedules retries, challenges, rate limit windows and replays.

use std::fmt;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use birdhook_core::Timestamp;
use tokio::sync::watch;

use super::lock::lock;
use crate::request;

/// The system clock, or a manual clock that moves only when advanced.
///
/// Clones share one clock, and several mocks may share it too.
///
/// ```
/// use std::time::Duration;
/// use birdhook_core::Timestamp;
/// use birdhook_testkit::Clock;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let clock = Clock::manual(Timestamp::from_millis(1_795_426_200_000));
/// clock.advance(Duration::from_secs(3)).await;
/// assert_eq!(clock.now(), Timestamp::from_millis(1_795_426_203_000));
/// # }
/// ```
#[derive(Clone)]
pub struct Clock(Option<Arc<Manual>>);

struct Manual {
    now: watch::Sender<Timestamp>,
    timed: Mutex<Vec<Weak<dyn Timed>>>,
    /// Held while time is advanced, so that only one caller does so at a time.
    moving: tokio::sync::Mutex<()>,
}

/// A source of work scheduled on a clock.
pub(crate) trait Timed: Send + Sync {
    /// Returns the time of the next future work.
    fn next_due(&self) -> Option<Timestamp>;
    /// Returns whether no work is due or under way.
    fn is_settled(&self) -> bool;
    /// Returns a receiver that is notified when the results of the other methods may have changed.
    fn changes(&self) -> watch::Receiver<()>;
}

impl Clock {
    /// Returns the system clock.
    pub fn real() -> Self {
        Self(None)
    }

    /// Creates a manual clock that starts at this time.
    pub fn manual(at: Timestamp) -> Self {
        let (now, timed) = (watch::Sender::new(at), Mutex::default());
        Self(Some(Arc::new(Manual { now, timed, moving: tokio::sync::Mutex::default() })))
    }

    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        self.0.as_ref().map_or_else(request::now, |manual| *manual.now.borrow())
    }

    /// Returns whether the clock moves only when advanced.
    pub fn is_manual(&self) -> bool {
        self.0.is_some()
    }

    /// Advances a manual clock by this duration. On the system clock, it sleeps.
    ///
    /// A manual clock moves step by step: it jumps to the time of the next due work and waits until
    /// that work is finished, until the duration has passed.
    pub async fn advance(&self, by: Duration) {
        let Some(manual) = &self.0 else { return tokio::time::sleep(by).await };
        let _alone = manual.moving.lock().await;
        let end = after(self.now(), by);
        let mut is_over = false;
        loop {
            let timed: Vec<_> = lock(&manual.timed).iter().filter_map(Weak::upgrade).collect();
            for one in &timed {
                settled(one.as_ref()).await;
            }
            if is_over {
                return;
            }
            let next = timed.iter().filter_map(|one| one.next_due()).min().filter(|due| *due <= end);
            is_over = next.is_none();
            manual.now.send_replace(next.map_or(end, |due| due.max(self.now())));
        }
    }

    /// Registers a source of work that `advance` waits for.
    pub(crate) fn register(&self, timed: Weak<dyn Timed>) {
        if let Some(manual) = &self.0 {
            let mut all = lock(&manual.timed);
            all.retain(|one| one.strong_count() > 0);
            all.push(timed);
        }
    }

    /// Resolves when the clock reaches this time; never for `None`.
    pub(crate) async fn reaches(&self, due: Option<Timestamp>) {
        let Some(due) = due else { return std::future::pending().await };
        match &self.0 {
            Some(manual) => {
                // Cannot fail: the sender lives as long as this clock.
                let _ = manual.now.subscribe().wait_for(|now| *now >= due).await;
            }
            None => tokio::time::sleep(between(self.now(), due)).await,
        }
    }
}

/// Resolves when no work is due or under way.
pub(crate) async fn settled(timed: &dyn Timed) {
    let mut changes = timed.changes();
    while !timed.is_settled() {
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// The system clock.
impl Default for Clock {
    fn default() -> Self {
        Self::real()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.is_manual() { "Clock::manual" } else { "Clock::real" };
        write!(f, "{name}({})", self.now())
    }
}

pub(crate) fn after(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(time.as_millis().saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}

pub(crate) fn before(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(time.as_millis().saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}

/// Returns the duration between two times; zero if `to` is earlier.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(to.as_millis().saturating_sub(from.as_millis())).unwrap_or(0))
}
