//! A sink backed by a handler of events.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::vec;

use birdhook_core::consumption::{Consumption, report};
use birdhook_core::{Delivery, Event, EventKey};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::error::SinkError;
use super::event_sink::EventSink;
use super::handled_keys::HandledKeys;
use super::handler_error::HandlerError;
use crate::handler::EventHandler;

/// A handler as a sink: 200 means that it returned `Ok` for every event.
///
/// Made by [`Webhook::handler`](crate::Webhook::handler).
pub struct HandlerSink<H> {
    shared: Arc<Shared<H>>,
}

struct Shared<H> {
    handler: H,
    /// The processed events of deliveries that failed later. When X sends such a delivery again,
    /// only its other events are passed to the handler.
    handled: HandledKeys,
}

impl<H> HandlerSink<H> {
    /// `window` is the number and the age of the events that deduplication remembers.
    pub(crate) fn new(handler: H, window: (usize, Duration)) -> Self {
        Self { shared: Arc::new(Shared { handler, handled: HandledKeys::new(window) }) }
    }
}

impl<H: EventHandler> EventSink for HandlerSink<H> {
    type Future = HandlerFuture<H>;

    fn deliver(&self, delivery: Delivery) -> HandlerFuture<H> {
        let events = delivery.into_iter();
        HandlerFuture {
            shared: Arc::clone(&self.shared),
            events,
            current: None,
            future: None,
            handled: Vec::new(),
            is_done: false,
        }
    }

    fn remembers(&self, key: &EventKey) -> bool {
        self.shared.handled.contains(key, Instant::now())
    }

    fn reports_consumption(&self) -> bool {
        true
    }
}

impl<H> fmt::Debug for HandlerSink<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandlerSink(..)")
    }
}

pin_project! {
    /// The future of a [`HandlerSink`]. Handles the events of a delivery one after another, in X's
    /// order, and stops at the first that fails.
    ///
    /// Panics if polled after completion, as the futures of std do.
    pub struct HandlerFuture<H: EventHandler> {
        shared: Arc<Shared<H>>,
        events: vec::IntoIter<Event>,
        current: Option<Event>,
        #[pin]
        future: Option<H::Future>,
        handled: Vec<EventKey>,
        is_done: bool,
    }

    impl<H: EventHandler> PinnedDrop for HandlerFuture<H> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.shared.handled.insert(this.handled, Instant::now());
        }
    }
}

impl<H: EventHandler> Future for HandlerFuture<H> {
    type Output = Result<(), SinkError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        assert!(!*this.is_done, "`HandlerFuture` polled after completion");
        loop {
            if let (Some(future), Some(event)) = (this.future.as_mut().as_pin_mut(), this.current.as_ref()) {
                let handled = ready!(future.poll(cx));
                this.future.set(None);
                if let Err(error) = handled {
                    *this.is_done = true;
                    this.shared.handler.failed(event, &error);
                    return Poll::Ready(Err(SinkError::failed(HandlerError::new::<H::Error>())));
                }
                report(event, Consumption::Consumed);
                if this.events.len() > 0 {
                    this.handled.push(event.dedupe_key());
                }
            }
            let Some(event) = this.events.next() else {
                // The gate remembers the events of a delivery that succeeded.
                this.handled.clear();
                *this.is_done = true;
                return Poll::Ready(Ok(()));
            };
            *this.current = Some(event.clone());
            this.future.set(Some(this.shared.handler.handle(event)));
        }
    }
}

impl<H: EventHandler> fmt::Debug for HandlerFuture<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerFuture").field("remaining", &self.events.len()).finish_non_exhaustive()
    }
}
