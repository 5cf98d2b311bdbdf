//! Marks the current request with an outcome that its reply does not name. The sinks set the mark, and
//! the log of requests reads it.

use std::cell::Cell;

use birdhook::adapter::Outcome;

tokio::task_local! {
    /// The outcome of the current request, where its reply does not name it.
    pub(super) static MARK: Cell<Option<Outcome>>;
}

/// Marks the current request as accepted, or as one whose sink panicked. A 200 without a mark is for
/// a duplicate: `listen` sets no app ids whose events are dropped.
pub(super) fn mark(outcome: Outcome) {
    // Requests are not observed if none is reported.
    let _ = MARK.try_with(|mark| mark.set(Some(outcome)));
}

/// Marks the current request if it is dropped by a panic.
pub(super) struct PanicMark;

impl Drop for PanicMark {
    fn drop(&mut self) {
        if std::thread::panicking() {
            mark(Outcome::SinkPanicked);
        }
    }
}
