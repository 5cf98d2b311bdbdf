//! A sink backed by an async function of deliveries.

use std::any::type_name;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use birdhook_core::Delivery;
use pin_project_lite::pin_project;

use super::error::SinkError;
use super::event_sink::EventSink;
use super::handler_error::HandlerError;
use crate::telemetry;

/// An async function of deliveries as a sink: 200 means that it returned `Ok`.
///
/// Made by [`Webhook::delivery_handler`](crate::Webhook::delivery_handler).
#[derive(Clone)]
pub struct DeliveryHandlerSink<F>(F);

impl<F> DeliveryHandlerSink<F> {
    pub(crate) fn new(function: F) -> Self {
        Self(function)
    }
}

impl<F, Fut, E> EventSink for DeliveryHandlerSink<F>
where
    F: Fn(Delivery) -> Fut,
    Fut: Future<Output = Result<(), E>>,
{
    type Future = DeliveryHandlerFuture<Fut>;

    fn deliver(&self, delivery: Delivery) -> DeliveryHandlerFuture<Fut> {
        let events = delivery.events().len();
        DeliveryHandlerFuture { handled: (self.0)(delivery), events }
    }
}

impl<F> fmt::Debug for DeliveryHandlerSink<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeliveryHandlerSink(..)")
    }
}

pin_project! {
    /// The future of a [`DeliveryHandlerSink`].
    #[derive(Debug)]
    pub struct DeliveryHandlerFuture<Fut> {
        #[pin]
        handled: Fut,
        events: usize,
    }
}

impl<Fut, E> Future for DeliveryHandlerFuture<Fut>
where
    Fut: Future<Output = Result<(), E>>,
{
    type Output = Result<(), SinkError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(ready!(this.handled.poll(cx)).map_err(|_| {
            telemetry::delivery_handler_failed(*this.events, type_name::<E>());
            SinkError::failed(HandlerError::new::<E>())
        }))
    }
}
