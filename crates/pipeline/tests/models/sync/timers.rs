//! Timers without a clock: each fires at a moment that the scheduler chooses, or never.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

thread_local! {
    /// Thread-local is enough: all tasks of a model run on the thread of its test.
    static MAY_FIRE: Cell<usize> = const { Cell::new(0) };
}

/// Lets up to this number of pending timers fire. Without a limit, a schedule with retries could
/// time out without end.
pub(crate) fn may_fire(timers: usize) {
    MAY_FIRE.set(timers);
}

pub(crate) fn timeout_at<F: Future>(_: Instant, future: F) -> Timeout<F> {
    Timeout { future: Box::pin(future), alarm: None }
}

pub(crate) struct Timeout<F> {
    future: Pin<Box<F>>,
    alarm: Option<Arc<Mutex<Alarm>>>,
}

#[derive(Debug, Default)]
struct Alarm {
    fired: bool,
    waiting: Option<Waker>,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Late>;

    /// As in tokio, an output that is ready when the timer fires is returned.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        if self.alarm.is_none() && MAY_FIRE.get() == 0 {
            return Poll::Pending;
        }
        let alarm = self.alarm.get_or_insert_with(set_off);
        let mut alarm = alarm.lock().unwrap();
        if alarm.fired {
            return Poll::Ready(Err(Late));
        }
        alarm.waiting = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[derive(Debug)]
pub(crate) struct Late;

fn set_off() -> Arc<Mutex<Alarm>> {
    let alarm = Arc::default();
    let fuse: Arc<Mutex<Alarm>> = Arc::clone(&alarm);
    drop(shuttle::future::spawn(async move {
        let Some(left) = MAY_FIRE.get().checked_sub(1) else { return };
        MAY_FIRE.set(left);
        let mut alarm = fuse.lock().unwrap();
        alarm.fired = true;
        if let Some(waiting) = alarm.waiting.take() {
            waiting.wake();
        }
    }));
    alarm
}
