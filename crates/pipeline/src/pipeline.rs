//! A [`Pipeline`]: a gate with a sink behind it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use birdhook_core::{Apps, HeadResult, Outcome, Reply, RequestHead};
use bytes::Bytes;
use futures_core::Stream;

use crate::acceptance::{Gate, IncomingDelivery};
use crate::handle::{PipelineHandle, ShutdownReport, health, shutdown};
use crate::health::Health;
use crate::sink::EventSink;

/// Processes requests up to their answers and delivers events to an [`EventSink`]. Cheap to clone.
///
/// Independent of any framework: give it to a `Receiver` of birdhook-tower or birdhook-actix.
///
/// Made by [`Webhook`](crate::Webhook).
pub struct Pipeline<S> {
    gate: Gate,
    sink: Arc<S>,
}

impl<S: EventSink> Pipeline<S> {
    pub(crate) fn new(gate: Gate, sink: S) -> Self {
        Self { gate, sink: Arc::new(sink) }
    }

    /// Processes a request's head. See [`Gate::begin`].
    pub fn begin(&self, head: &RequestHead<'_>) -> HeadResult<IncomingDelivery> {
        self.gate.begin(head)
    }

    /// Reads a delivery's body, delivers its new events to the sink and returns the answer.
    ///
    /// The future may be dropped at any await point. It is `Send` if the body and the sink's future
    /// are.
    ///
    /// `incoming` must be from [`begin`](Self::begin) of this pipeline or of a clone. A delivery
    /// that began at another one is answered 503 ([`Outcome::SinkFailed`]) and not read: its apps
    /// and its deduplication are not those of this pipeline.
    pub async fn receive<E>(&self, incoming: IncomingDelivery, body: impl Stream<Item = Result<Bytes, E>>) -> Reply {
        if !self.gate.began(&incoming) {
            return incoming.refuse(Outcome::SinkFailed);
        }
        let verified = match incoming.verify_unless(body, |key| self.sink.remembers(key)).await {
            Ok(verified) => verified.without_report(self.sink.reports_consumption()),
            Err(reply) => return reply,
        };
        let deliver = |delivery| {
            let delivered = self.sink.deliver(delivery);
            async { delivered.await.map_err(|error| error.outcome()) }
        };
        match verified.deliver_with(deliver, self.sink.timeout_error().outcome()).await {
            Ok(()) => Outcome::Accepted.into(),
            Err(reply) => reply,
        }
    }

    /// Returns the gate: everything except the sink.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Returns the sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// Replaces the apps and their secrets for all requests that begin from now on.
    pub fn replace_apps(&self, apps: impl Into<Apps>) {
        self.gate.replace_apps(apps);
    }

    /// Returns a snapshot of the counts and the state.
    pub fn health(&self) -> Health {
        health(&self.gate, &*self.sink)
    }

    /// Shuts down within `patience` and reports what remains.
    ///
    /// New deliveries are refused with 503; challenges are still answered. Waits for deliveries in
    /// flight, then for the app to consume the events it was given.
    ///
    /// Call it before the server stops, so that X receives the 503s. Then await the task that
    /// consumes: an event counts as consumed when the app has received it, not when the app has
    /// processed it. May be called again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use std::time::Duration;
    /// # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook}; }
    /// use birdhook::{Secret, Webhook};
    ///
    /// let (pipeline, _deliveries) = Webhook::new(Secret::new("s3cret").unwrap()).channel(64);
    /// let left = pipeline.shutdown(Duration::from_secs(10)).await;
    /// assert!(left.is_empty());
    /// # }
    /// ```
    pub async fn shutdown(&self, patience: Duration) -> ShutdownReport {
        shutdown(&self.gate, &*self.sink, patience).await
    }

    /// Returns access to health, shutdown and secrets without the sink's type.
    pub fn handle(&self) -> PipelineHandle
    where
        S: Send + Sync + 'static,
    {
        let sink = Arc::clone(&self.sink);
        PipelineHandle::new(self.gate.clone(), sink)
    }
}

impl<S> Clone for Pipeline<S> {
    fn clone(&self) -> Self {
        Self { gate: self.gate.clone(), sink: Arc::clone(&self.sink) }
    }
}

impl<S> fmt::Debug for Pipeline<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("gate", &self.gate).finish_non_exhaustive()
    }
}
