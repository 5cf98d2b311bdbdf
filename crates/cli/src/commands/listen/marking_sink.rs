//! A sink that marks the deliveries it accepts, for the log of requests.

use std::pin::Pin;

use birdhook::Delivery;
use birdhook::event::EventKey;
use birdhook::sink::{Backlog, EventSink, SinkError};
use futures_util::future::{FutureExt, Inspect};

use super::request_log::mark_accepted;

pub(super) struct MarkingSink<S>(pub(super) S);

type Mark = fn(&Result<(), SinkError>);

impl<S: EventSink> EventSink for MarkingSink<S> {
    type Future = Inspect<S::Future, Mark>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        let mark: Mark = |result| {
            if result.is_ok() {
                mark_accepted();
            }
        };
        self.0.deliver(delivery).inspect(mark)
    }

    fn remembers(&self, key: &EventKey) -> bool {
        self.0.remembers(key)
    }

    fn timeout_error(&self) -> SinkError {
        self.0.timeout_error()
    }

    fn backlog(&self) -> Option<Backlog> {
        self.0.backlog()
    }

    fn is_open(&self) -> bool {
        self.0.is_open()
    }

    fn close(&self) {
        self.0.close();
    }

    fn reports_consumption(&self) -> bool {
        self.0.reports_consumption()
    }

    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.drained()
    }
}
