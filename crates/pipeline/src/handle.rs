//! Access to a pipeline without its sink's type.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use birdhook_core::{Apps, Secret};
use tokio::time::Instant;

use crate::acceptance::Gate;
use crate::health::Health;
use crate::sink::{Backlog, EventSink};
use crate::sync::{after, timeout_at};

/// A pipeline's health, shutdown and secrets, without the type of its sink. Cheap to clone.
///
/// For the state of an app, for a readiness route and for the task that shuts down. Made by
/// [`Pipeline::handle`](crate::Pipeline::handle).
///
/// ```
/// # mod birdhook { pub use birdhook_pipeline::{App, PipelineHandle, Secret, Webhook}; }
/// use birdhook::{App, PipelineHandle, Secret, Webhook};
///
/// #[derive(Clone)]
/// struct AppState {
///     webhook: PipelineHandle,
/// }
///
/// # let app = App::new("default", Secret::new("consumer-secret").unwrap());
/// let (pipeline, _deliveries) = Webhook::new(app).channel(1024);
/// let state = AppState { webhook: pipeline.handle() };
/// assert!(state.webhook.is_ready());
/// ```
#[derive(Clone)]
pub struct PipelineHandle {
    gate: Gate,
    sink: Arc<dyn SinkState + Send + Sync>,
}

impl PipelineHandle {
    pub(crate) fn new(gate: Gate, sink: Arc<dyn SinkState + Send + Sync>) -> Self {
        Self { gate, sink }
    }

    /// Returns a snapshot of the counts and the state.
    pub fn health(&self) -> Health {
        health(&self.gate, &*self.sink)
    }

    /// Returns whether deliveries are accepted. See [`Health::ready`].
    pub fn is_ready(&self) -> bool {
        self.health().ready
    }

    /// Replaces the apps and their secrets for all requests that begin from now on.
    pub fn replace_apps(&self, apps: impl Into<Apps>) {
        self.gate.replace_apps(apps);
    }

    /// Returns whether `secret` is one of the apps' secrets.
    pub fn has_secret(&self, secret: &Secret) -> bool {
        self.gate.has_secret(secret)
    }

    /// Shuts down within `patience` and reports what remains. See
    /// [`Pipeline::shutdown`](crate::Pipeline::shutdown).
    pub async fn shutdown(&self, patience: Duration) -> ShutdownReport {
        shutdown(&self.gate, &*self.sink, patience).await
    }
}

impl fmt::Debug for PipelineHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineHandle").field("gate", &self.gate).finish_non_exhaustive()
    }
}

/// The part of an [`EventSink`] that does not depend on the type of its future.
pub(crate) trait SinkState {
    fn backlog(&self) -> Option<Backlog>;
    fn is_open(&self) -> bool;
    fn close(&self);
    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl<S: EventSink> SinkState for S {
    fn backlog(&self) -> Option<Backlog> {
        EventSink::backlog(self)
    }

    fn is_open(&self) -> bool {
        EventSink::is_open(self)
    }

    fn close(&self) {
        EventSink::close(self);
    }

    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        EventSink::drained(self)
    }
}

pub(crate) fn health(gate: &Gate, sink: &(impl SinkState + ?Sized)) -> Health {
    let mut health = gate.health();
    health.ready &= sink.is_open();
    health.backlog = sink.backlog();
    health
}

pub(crate) async fn shutdown(gate: &Gate, sink: &(impl SinkState + ?Sized), patience: Duration) -> ShutdownReport {
    let deadline = after(Instant::now(), patience);
    let in_flight = gate.shutdown(patience).await;
    sink.close();
    // A timeout is not an error here: the report shows what remains.
    let _ = timeout_at(deadline, sink.drained()).await;
    ShutdownReport { in_flight, unconsumed: sink.backlog().unwrap_or_default() }
}

/// A shutdown report: the work that remained when the shutdown ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Deliveries that were still being read or delivered. Those that later succeed are answered
    /// 200.
    pub in_flight: usize,
    /// Events that were answered 200 and wait in memory. They are lost when the process ends.
    pub unconsumed: Backlog,
}

impl ShutdownReport {
    /// Returns whether nothing remains. Events that the app has received are not counted.
    pub fn is_empty(&self) -> bool {
        self.in_flight == 0 && self.unconsumed == Backlog::default()
    }
}
