//! A timeout whose timer exists only while its work waits.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};

pin_project! {
    /// The future of [`timeout_at`].
    pub(crate) struct Timeout<F> {
        deadline: Instant,
        #[pin]
        work: F,
        #[pin]
        timer: Option<Unconstrained<Sleep>>,
    }
}

/// The deadline has expired.
#[derive(Debug)]
pub(crate) struct Elapsed;

/// Like tokio's function, but creates the timer when `work` first has to wait. Most work does not
/// wait, and each timer counts a reference to the runtime, on a counter that all threads share.
pub(crate) fn timeout_at<F: Future>(deadline: Instant, work: F) -> Timeout<F> {
    Timeout { deadline, work, timer: None }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(value) = this.work.poll(cx) {
            return Poll::Ready(Ok(value));
        }
        if this.timer.is_none() {
            // Unconstrained, so that the deadline expires even if the work has used up the task's
            // budget of polls.
            this.timer.set(Some(unconstrained(sleep_until(*this.deadline))));
        }
        if let Some(timer) = this.timer.as_pin_mut() {
            ready!(timer.poll(cx));
        }
        Poll::Ready(Err(Elapsed))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use tokio::task::coop::consume_budget;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_waits_ends_at_the_deadline() {
        let started = Instant::now();
        let deadline = started + Duration::from_secs(2);
        assert!(timeout_at(deadline, pending::<()>()).await.is_err());
        assert_eq!(started.elapsed(), Duration::from_secs(2));
        assert_eq!(timeout_at(deadline, ready(7)).await.ok(), Some(7), "it was ready");
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_uses_up_the_budget_ends_at_the_deadline() {
        let busy = async {
            loop {
                consume_budget().await;
            }
        };
        assert!(timeout_at(Instant::now(), busy).await.is_err());
    }

    #[test]
    fn work_that_is_ready_needs_no_runtime() {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut work = Box::pin(timeout_at(Instant::now(), ready(7)));
        assert!(matches!(work.as_mut().poll(&mut cx), Poll::Ready(Ok(7))));
    }
}
