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
pub(crate) struct WakeCoalescer {
    consumer: Arc<ConsumerTask>,
    waker: Waker,
}

impl WakeCoalescer {
    pub(crate) fn new() -> Self {
        let consumer = Arc::new(ConsumerTask::default());
        Self { waker: Arc::clone(&consumer).into(), consumer }
    }

    /// Calls `poll` with this waker in place of the task's own.
    pub(crate) fn poll<T>(&self, cx: &Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.consumer.set(cx.waker());
        poll(&mut Context::from_waker(&self.waker))
    }
}

#[derive(Debug, Default)]
struct ConsumerTask {
    waker: Mutex<Option<Waker>>,
}

impl ConsumerTask {
    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, waker: &Waker) {
        let mut current = self.waker();
        if !current.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *current = Some(waker.clone());
        }
    }

    fn wake_now(&self) {
        let waker = self.waker().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The channel wakes once per pending poll, so there is seldom more than one `DelayedWake` at a
/// time.
impl Wake for ConsumerTask {
    fn wake(self: Arc<Self>) {
        let delayed = DelayedWake(self);
        if let Some(runtime) = runtime() {
            runtime.spawn(async move {
                yield_now().await;
                drop(delayed);
            });
        }
    }
}

/// Wakes the task when dropped: at the end of the tick, when the runtime ends, or at once without a
/// runtime.
struct DelayedWake(Arc<ConsumerTask>);

impl Drop for DelayedWake {
    fn drop(&mut self) {
        self.0.wake_now();
    }
}

#[cfg(all(test, not(birdhook_models)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[derive(Default)]
    struct CountingTask(AtomicUsize);

    impl Wake for CountingTask {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// Returns a waiting task, its number of wake-ups, and the waker that the channel holds.
    fn waiting() -> (WakeCoalescer, Arc<CountingTask>, Waker) {
        let (coalescer, woken) = (WakeCoalescer::new(), Arc::new(CountingTask::default()));
        let mut waker = None;
        let task = Arc::clone(&woken).into();
        let _ = coalescer.poll(&Context::from_waker(&task), |cx| {
            waker = Some(cx.waker().clone());
            Poll::<()>::Pending
        });
        (coalescer, woken, waker.unwrap_or_else(|| Waker::noop().clone()))
    }

    #[tokio::test]
    async fn several_wakes_in_a_tick_wake_the_task_once_at_its_end() {
        let (_coalescer, woken, waker) = waiting();
        let seen = Arc::clone(&woken);
        let tick = tokio::spawn(async move {
            for _ in 0..3 {
                waker.wake_by_ref();
            }
            seen.0.load(SeqCst)
        });
        assert_eq!(tick.await.ok(), Some(0), "not before the end");
        while woken.0.load(SeqCst) == 0 {
            yield_now().await;
        }
        assert_eq!(woken.0.load(SeqCst), 1);
    }

    /// Outside a task of the runtime, the runtime may not run again for a long time.
    #[test]
    fn a_wake_without_a_runtime_or_outside_its_tasks_is_immediate() {
        let wakes = || {
            let (_coalescer, woken, waker) = waiting();
            waker.wake_by_ref();
            woken.0.load(SeqCst)
        };
        assert_eq!(wakes(), 1, "without a runtime");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(async { wakes() }), 1, "outside a task");
    }

    #[tokio::test]
    async fn a_wake_after_the_end_of_a_tick_wakes_again() {
        let (coalescer, woken, waker) = waiting();
        for times in 1..=3 {
            let waker = waker.clone();
            tokio::spawn(async move { waker.wake() });
            while woken.0.load(SeqCst) < times {
                yield_now().await;
            }
            let task = Arc::clone(&woken).into();
            let _ = coalescer.poll(&Context::from_waker(&task), |_| Poll::<()>::Pending);
        }
        assert_eq!(woken.0.load(SeqCst), 3);
    }

    #[test]
    fn the_task_is_woken_when_the_runtime_ends() {
        let (_coalescer, woken, waker) = waiting();
        // Makes the runtime check after each task whether to stop.
        let runtime = tokio::runtime::Builder::new_current_thread().event_interval(1).build().unwrap();
        runtime.block_on(runtime.spawn(async move { waker.wake() })).unwrap();
        assert_eq!(woken.0.load(SeqCst), 0);
        drop(runtime);
        assert_eq!(woken.0.load(SeqCst), 1);
    }
}
