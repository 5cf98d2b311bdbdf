//! Pauses of a target.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// Delays all attempts while a target is unreachable, or after it has asked for a delay.
#[derive(Debug, Default)]
pub(super) struct Pause(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    until: Option<Instant>,
    /// The number of pauses since the target was last reached.
    pauses: u32,
}

impl Pause {
    /// Returns whether attempts have to wait now.
    pub(super) fn is_active(&self) -> bool {
        self.state().until.is_some_and(|until| Instant::now() < until)
    }

    /// Waits until attempts are allowed.
    pub(super) async fn ended(&self) {
        loop {
            // Another task may extend the pause meanwhile.
            let until = self.state().until;
            match until.filter(|until| Instant::now() < *until) {
                Some(until) => sleep_until(until).await,
                None => return,
            }
        }
    }

    /// Begins a pause because the target is unreachable. Returns whether it was reachable before.
    /// Attempts that fail during the pause began before it, and do not extend it.
    pub(super) fn unreachable(&self) -> bool {
        if self.is_active() {
            return false;
        }
        let mut state = self.state();
        let length = FIRST.saturating_mul(1 << state.pauses.min(16)).min(LONGEST);
        state.until = Some(Instant::now() + length);
        state.pauses += 1;
        state.pauses == 1
    }

    /// Begins a pause that the target has asked for.
    pub(super) fn requested(&self, length: Duration) {
        let mut state = self.state();
        let until = Instant::now() + length;
        state.until = Some(state.until.map_or(until, |known| known.max(until)));
    }

    /// Notes that the target is reachable. Returns whether it was unreachable before.
    pub(super) fn reached(&self) -> bool {
        std::mem::take(&mut self.state().pauses) > 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_double_and_attempts_in_progress_do_not_extend_them() {
        let pause = Pause::default();
        for (number, length) in [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000].into_iter().enumerate() {
            assert_eq!(pause.unreachable(), number == 0);
            assert!(!pause.unreachable());
            let begun = Instant::now();
            pause.ended().await;
            // The timer is precise to a millisecond.
            assert!(begun.elapsed().as_millis().abs_diff(length) <= 1, "{number}: {:?}", begun.elapsed());
        }
        assert!(pause.reached() && !pause.reached());
        assert!(pause.unreachable(), "the next outage is a new one");
    }

    #[tokio::test(start_paused = true)]
    async fn a_requested_pause_is_not_shortened() {
        let pause = Pause::default();
        let begun = Instant::now();
        pause.requested(Duration::from_secs(60));
        pause.requested(Duration::from_secs(1));
        assert!(pause.is_active());
        pause.ended().await;
        assert!(begun.elapsed() >= Duration::from_secs(60) && !pause.is_active());
    }
}
