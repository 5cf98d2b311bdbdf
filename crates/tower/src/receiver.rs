//! A service that receives webhooks.

use std::convert::Infallible;
use std::fmt;
use std::task::{Context, Poll};

use birdhook_pipeline::{EventSink, HeadResult, Pipeline};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use crate::ResponseFuture;
use crate::linger::linger;
use crate::request::{Chunks, head};
use crate::response::response;

/// A [`Service`] for the challenges (GET) and deliveries (POST) of one webhook URL. Cheap to clone.
///
/// Mount it at the path that X sends requests to: with axum's `route_service`, with hyper through
/// [`TowerToHyperService`](https://docs.rs/hyper-util/latest/hyper_util/service/struct.TowerToHyperService.html),
/// and under any tower middleware. The service is always ready, accepts any body and never fails.
/// It answers every request within the deadline.
pub struct Receiver<S> {
    pipeline: Pipeline<S>,
}

impl<S: EventSink> Receiver<S> {
    /// Creates a receiver that delivers to the pipeline's sink.
    pub fn new(pipeline: Pipeline<S>) -> Self {
        Self { pipeline }
    }

    /// Returns the pipeline, to read its health and to shut it down.
    pub fn pipeline(&self) -> &Pipeline<S> {
        &self.pipeline
    }
}

impl<S> Clone for Receiver<S> {
    fn clone(&self) -> Self {
        Self { pipeline: self.pipeline.clone() }
    }
}

impl<S> fmt::Debug for Receiver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("pipeline", &self.pipeline).finish()
    }
}

impl<S, B> Service<Request<B>> for Receiver<S>
where
    S: EventSink + Send + Sync + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = ResponseFuture<Full<Bytes>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        match self.pipeline.begin(&head(&parts)) {
            HeadResult::Reply(reply) => {
                linger(&parts, body);
                ResponseFuture::answered(response(reply))
            }
            HeadResult::Body(incoming) => {
                let pipeline = self.pipeline.clone();
                ResponseFuture::receiving(async move { response(pipeline.receive(incoming, Chunks { body }).await) })
            }
        }
    }
}
