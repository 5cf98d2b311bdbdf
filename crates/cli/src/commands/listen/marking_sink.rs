//! A sink that marks deliveries for the log of requests, and prints why one failed.

use std::pin::Pin;
use std::task::{Context, Poll};

use birdhook::Delivery;
use birdhook::adapter::Outcome;
use birdhook::event::EventKey;
use birdhook::sink::{Backlog, EventSink, SinkError};

use super::request_log::{PanicMark, mark};
use crate::output::{error_chain, note};

pub(super) struct MarkingSink<S> {
    pub(super) sink: S,
    /// After "not", in the note on a failure.
    pub(super) done: &'static str,
}

impl<S: EventSink> EventSink for MarkingSink<S> {
    type Future = Marked<S::Future>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        let _mark = PanicMark;
        Marked { delivered: Box::pin(self.sink.deliver(delivery)), done: self.done }
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

pub(super) struct Marked<F> {
    delivered: Pin<Box<F>>,
    done: &'static str,
}

impl<F: Future<Output = Result<(), SinkError>>> Future for Marked<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let _mark = PanicMark;
        let done = self.done;
        self.delivered.as_mut().poll(cx).map(|result| {
            match &result {
                Ok(()) => mark(Outcome::Accepted),
                Err(error) => note(format!("not {done}, so answered 503: {}", error_chain(error))),
            }
            result
        })
    }
}
