//! Marks the current request with an outcome that its reply does not name. The sinks set the mark, and
//! the log of requests reads it.

use std::cell::RefCell;

use birdhook::Delivery;
use birdhook::adapter::Outcome;

/// What a reply does not name.
#[derive(Debug, Default)]
pub(super) struct Mark {
    pub(super) outcome: Option<Outcome>,
    /// The app and the number of events of the delivery, without duplicates.
    pub(super) app: Option<String>,
    pub(super) events: Option<usize>,
}

tokio::task_local! {
    /// The mark of the current request.
    pub(super) static MARK: RefCell<Mark>;
}

/// Marks the current request as accepted, or as one whose sink panicked. A 200 without a mark is for
/// a duplicate: `listen` sets no app ids whose events are dropped.
pub(super) fn mark(outcome: Outcome) {
    // Requests are not observed if none is reported.
    let _ = MARK.try_with(|mark| mark.borrow_mut().outcome = Some(outcome));
}

/// Marks the current request with its delivery.
pub(super) fn mark_delivery(delivery: &Delivery) {
    let _ = MARK.try_with(|mark| {
        let mut mark = mark.borrow_mut();
        (mark.app, mark.events) = (Some(delivery.app().to_owned()), Some(delivery.events().len()));
    });
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
