//! Catches panics of the app's code, so that a request is still answered.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use birdhook_core::Outcome;
use pin_project_lite::pin_project;

/// Runs `work` and returns its result, or an error if it panicked. The panic hook has already run.
pub(crate) fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, Outcome> {
    // Unwind safe for birdhook: state that a panic leaves inconsistent belongs to the app.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Outcome::SinkPanicked)
}

pin_project! {
    /// A future that turns a panic into its error.
    pub(crate) struct CatchPanic<F> {
        #[pin]
        work: F,
    }
}

impl<F> CatchPanic<F> {
    pub(crate) fn new(work: F) -> Self {
        Self { work }
    }
}

impl<T, F: Future<Output = Result<T, Outcome>>> Future for CatchPanic<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        catch_panic(|| self.project().work.poll(cx)).unwrap_or_else(|outcome| Poll::Ready(Err(outcome)))
    }
}
