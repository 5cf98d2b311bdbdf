//! Panics of the app's code, which must not cost a request its answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use birdhook_core::Reason;
use pin_project_lite::pin_project;

/// What `work` returns, or that it panicked. The panic hook has reported the message and the backtrace by then.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Reason> {
    // What the app leaves half-done by a panic is the app's own.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Reason::SinkPanicked)
}

pin_project! {
    /// A future whose panic is its error.
    pub(crate) struct Caught<F> {
        #[pin]
        work: F,
    }
}

impl<F> Caught<F> {
    pub(crate) fn new(work: F) -> Self {
        Self { work }
    }
}

impl<T, F: Future<Output = Result<T, Reason>>> Future for Caught<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        caught(|| self.project().work.poll(cx)).unwrap_or_else(|reason| Poll::Ready(Err(reason)))
    }
}
