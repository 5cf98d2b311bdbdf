//! A sink that reports events to the watch, which learns from them when a replay has ended.

use std::pin::Pin;

use birdhook::Delivery;
use birdhook::event::EventKey;
use birdhook::sink::{Backlog, EventSink, SinkError};

use super::gaps::Gaps;

pub(crate) struct ReportingSink<S> {
    pub(super) sink: S,
    pub(super) gaps: Gaps,
}

impl<S: EventSink> EventSink for ReportingSink<S> {
    type Future = S::Future;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        delivery.events().iter().for_each(|event| self.gaps.record(event));
        self.sink.deliver(delivery)
    }

    fn remembers(&self, key: &EventKey) -> bool {
        self.sink.remembers(key)
    }

    fn timeout_error(&self) -> SinkError {
        self.sink.timeout_error()
    }

    fn backlog(&self) -> Option<Backlog> {
        self.sink.backlog()
    }

    fn is_open(&self) -> bool {
        self.sink.is_open()
    }

    fn close(&self) {
        self.sink.close();
    }

    fn reports_consumption(&self) -> bool {
        self.sink.reports_consumption()
    }

    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.sink.drained()
    }
}
