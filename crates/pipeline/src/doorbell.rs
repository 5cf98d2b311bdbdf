//! Coalesces consumer wake-ups within one runtime tick.
//!
//! Waking a consumer on another thread costs more than verifying a delivery. Under load, many
//! requests are ready in each tick of the server's runtime. The app is woken once for all of them,
//! at the end of the tick, after they were answered.

use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::{Mutex, MutexGuard, runtime, yield_now};

/// Sits between the channel and the consuming task: when the channel wakes it, it wakes the task at
/// the end of the tick.
#[derive(Debug)]
pub(crate) struct Doorbell {
    bell: Arc<Bell>,
    waker: Waker,
}

impl Doorbell {
    pub(crate) fn new() -> Self {
        let bell = Arc::new(Bell::default());
        Self { waker: Arc::clone(&bell).into(), bell }
    }

    /// Calls `poll` with this waker in place of the task's own.
    pub(crate) fn poll<T>(&self, cx: &Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.bell.listen(cx.waker());
        poll(&mut Context::from_waker(&self.waker))
    }
}

#[derive(Debug, Default)]
struct Bell {
    task: Mutex<Option<Waker>>,
}

impl Bell {
    fn task(&self) -> MutexGuard<'_, Option<Waker>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self, waker: &Waker) {
        let mut task = self.task();
        if !task.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }

    fn ring(&self) {
        let task = self.task().take();
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// The channel wakes once per pending poll, so there is seldom more than one `Turn` at a time.
impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let turn = Turn(self);
        if let Some(runtime) = runtime() {
            runtime.spawn(async move {
                yield_now().await;
                drop(turn);
            });
        }
    }
}

/// Rings when dropped: at the end of the tick, when the runtime ends, or at once without a runtime.
struct Turn(Arc<Bell>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.ring();
    }
}

#[cfg(all(test, not(birdhook_models)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// Returns a waiting task, its number of wake-ups, and the waker that the channel holds.
    fn waiting() -> (Doorbell, Arc<Woken>, Waker) {
        let (doorbell, woken) = (Doorbell::new(), Arc::new(Woken::default()));
        let mut waker = None;
        let task = Arc::clone(&woken).into();
        let _ = doorbell.poll(&Context::from_waker(&task), |cx| {
            waker = Some(cx.waker().clone());
            Poll::<()>::Pending
        });
        (doorbell, woken, waker.unwrap_or_else(|| Waker::noop().clone()))
    }

    #[test]
    fn without_a_runtime_the_task_is_woken_at_once() {
        let (_doorbell, woken, waker) = waiting();
        waker.wake_by_ref();
        assert_eq!(woken.0.load(SeqCst), 1);
    }

    #[tokio::test]
    async fn a_turn_wakes_once_at_its_end() {
        let (_doorbell, woken, waker) = waiting();
        let seen = Arc::clone(&woken);
        let turn = tokio::spawn(async move {
            for _ in 0..3 {
                waker.wake_by_ref();
            }
            seen.0.load(SeqCst)
        });
        assert_eq!(turn.await.ok(), Some(0), "not before the end");
        while woken.0.load(SeqCst) == 0 {
            yield_now().await;
        }
        assert_eq!(woken.0.load(SeqCst), 1);
    }

    /// Outside a task of the runtime, the runtime may not run again for a long time.
    #[tokio::test]
    async fn what_is_no_task_of_the_runtime_wakes_at_once() {
        let (_doorbell, woken, waker) = waiting();
        waker.wake_by_ref();
        assert_eq!(woken.0.load(SeqCst), 1);
    }

    #[tokio::test]
    async fn what_comes_after_the_end_of_a_turn_wakes_again() {
        let (doorbell, woken, waker) = waiting();
        for times in 1..=3 {
            let waker = waker.clone();
            tokio::spawn(async move { waker.wake() });
            while woken.0.load(SeqCst) < times {
                yield_now().await;
            }
            let task = Arc::clone(&woken).into();
            let _ = doorbell.poll(&Context::from_waker(&task), |_| Poll::<()>::Pending);
        }
        assert_eq!(woken.0.load(SeqCst), 3);
    }

    #[test]
    fn a_runtime_that_ends_wakes_the_task() {
        let (_doorbell, woken, waker) = waiting();
        // Makes the runtime check after each task whether to stop.
        let runtime = tokio::runtime::Builder::new_current_thread().event_interval(1).build().unwrap();
        runtime.block_on(runtime.spawn(async move { waker.wake() })).unwrap();
        assert_eq!(woken.0.load(SeqCst), 0);
        drop(runtime);
        assert_eq!(woken.0.load(SeqCst), 1);
    }
}
