//! A sink backed by an async function.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use birdhook_core::Delivery;
use pin_project_lite::pin_project;

use super::error::SinkError;
use super::event_sink::EventSink;

/// An async function as a sink: 200 means that it returned `Ok`.
///
/// Made by [`Webhook::handler`](crate::Webhook::handler).
#[derive(Clone)]
pub struct Handler<F>(F);

impl<F> Handler<F> {
    pub(crate) fn new(handle: F) -> Self {
        Self(handle)
    }
}

impl<F> fmt::Debug for Handler<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler(..)")
    }
}

impl<F, Fut, E> EventSink for Handler<F>
where
    F: Fn(Delivery) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Future = HandlerFuture<Fut>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        HandlerFuture { handled: (self.0)(delivery) }
    }
}

pin_project! {
    /// The future of a [`Handler`].
    #[derive(Debug)]
    pub struct HandlerFuture<Fut> {
        #[pin]
        handled: Fut,
    }
}

impl<Fut, E> Future for HandlerFuture<Fut>
where
    Fut: Future<Output = Result<(), E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Output = Result<(), SinkError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(self.project().handled.poll(cx)).map_err(SinkError::failed))
    }
}
