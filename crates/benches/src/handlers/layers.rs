//! The layers of birdhook, and the time that each adds to a delivery.

use std::convert::Infallible;
use std::hint::black_box;

use axum::body::Body;
use birdhook::adapter::{HeadResult, RequestHead};
use birdhook::{Delivery, Receiver, Webhook};
use birdhook_core::{Endpoint, EndpointSettings};
use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::Request;
use http::request::Parts;
use tower::Service;

use super::{candidates, in_batches};
use crate::rounds::{Clock, Work};

/// The layers from the inside, each with all before it.
pub(super) const NAMES: [&str; 4] =
    ["events of a body", "core: verified events", "pipeline: once each, to a channel", "tower service"];

/// Returns the work of each layer on deliveries of this body.
pub(super) fn works(text: &'static str) -> [Work; 4] {
    [events(text), core(text), pipeline(text), service(text)]
}

fn events(text: &'static str) -> Work {
    in_batches(
        move || candidates::body(text),
        |bodies| {
            let started = Clock::start();
            for body in bodies {
                black_box(Delivery::restore("default", body, 10_000).expect("a delivery"));
            }
            started.elapsed()
        },
    )
}

fn core(text: &'static str) -> Work {
    let endpoint = Endpoint::new(candidates::secret(), EndpointSettings::default());
    on_parts(text, move |parts, body| {
        let HeadResult::Body(mut reader) = endpoint.begin(&head(parts)) else { panic!("a delivery") };
        reader.push(body).expect("a small body");
        black_box(reader.finish().expect("a delivery"));
    })
}

fn pipeline(text: &'static str) -> Work {
    let (pipeline, mut deliveries) = Webhook::new(candidates::secret()).channel(64);
    on_parts(text, move |parts, body| {
        let HeadResult::Body(incoming) = pipeline.begin(&head(parts)) else { panic!("a delivery") };
        let body = stream::iter([Ok::<_, Infallible>(body)]);
        black_box(pipeline.receive(incoming, body).now_or_never().expect("an answer"));
        drop(deliveries.recv().now_or_never().flatten().expect("a delivery"));
    })
}

fn service(text: &'static str) -> Work {
    let (pipeline, mut deliveries) = Webhook::new(candidates::secret()).channel(64);
    let mut receiver = Receiver::new(pipeline);
    in_batches(
        move || candidates::request(text),
        move |requests| {
            let started = Clock::start();
            for request in requests {
                black_box(receiver.call(request).now_or_never().expect("an answer"))
                    .expect("a service that does not fail");
                drop(deliveries.recv().now_or_never().flatten().expect("a delivery"));
            }
            started.elapsed()
        },
    )
}

/// Returns a work on requests whose bodies have been read.
fn on_parts(text: &'static str, mut once: impl FnMut(&Parts, Bytes) + 'static) -> Work {
    in_batches(
        move || read(candidates::request(text)),
        move |requests| {
            let started = Clock::start();
            for (parts, body) in requests {
                once(&parts, body);
            }
            started.elapsed()
        },
    )
}

fn read(request: Request<Body>) -> (Parts, Bytes) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).now_or_never().expect("a body in memory");
    (parts, body.expect("a body in memory"))
}

fn head(parts: &Parts) -> RequestHead<'_> {
    let headers = parts.headers.iter().map(|(name, value)| (name, value.as_bytes()));
    RequestHead::new(parts.method.as_str(), parts.uri.path(), parts.uri.query()).with_headers(headers)
}
