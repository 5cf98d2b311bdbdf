//! A handler whose failures are reported to a function.

use std::fmt;
use std::sync::Arc;

use birdhook_core::Event;

use super::event_handler::EventHandler;

/// A handler whose failures are reported to a function. Made by [`EventHandler::on_error`].
pub struct OnError<H: EventHandler> {
    handler: H,
    report: Report<H::Error>,
}

/// Not a type parameter: for `Box<dyn Error>`, rustc could not prove that a future which calls the
/// function is `Send`.
type Report<E> = Arc<dyn Fn(&Event, &E) + Send + Sync>;

impl<H: EventHandler> OnError<H> {
    pub(super) fn new(handler: H, report: impl Fn(&Event, &H::Error) + Send + Sync + 'static) -> Self {
        Self { handler, report: Arc::new(report) }
    }
}

impl<H: EventHandler> EventHandler for OnError<H> {
    type Error = H::Error;
    type Future = H::Future;

    fn handle(&self, event: Event) -> H::Future {
        self.handler.handle(event)
    }

    fn failed(&self, event: &Event, error: &H::Error) {
        (self.report)(event, error);
    }
}

impl<H: EventHandler + Clone> Clone for OnError<H> {
    fn clone(&self) -> Self {
        Self { handler: self.handler.clone(), report: Arc::clone(&self.report) }
    }
}

impl<H: EventHandler> fmt::Debug for OnError<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnError(..)")
    }
}
