//! The gate: request acceptance without a sink.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use arc_swap::ArcSwap;
use birdhook_core::{Apps, Endpoint, HeadResult, Outcome, RequestHead, Secret};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::in_flight::InFlight;
use super::incoming::IncomingDelivery;
use super::request::Request;
use super::state::GateState;
use crate::dedupe::Dedupe;
use crate::health::{Counts, Health};
use crate::memory_budget::MemoryBudget;
use crate::observer::{FinishedRequest, Observer};
use crate::telemetry::{self, RequestSpan};

/// Answers challenges, and verifies and deduplicates deliveries within a deadline. Cheap to clone.
///
/// For code that delivers events itself: a middleware whose inner service handles them, or an
/// adapter of your own. Made by [`Webhook::gate`](crate::Webhook::gate). A gate with a sink is a
/// [`Pipeline`](crate::Pipeline).
#[derive(Clone)]
pub struct Gate {
    state: Arc<GateState>,
}

impl Gate {
    pub(crate) fn new(
        endpoint: Endpoint,
        dedupe: Dedupe,
        memory_budget: MemoryBudget,
        time_limit: Duration,
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        let state = GateState {
            endpoint: ArcSwap::from_pointee(endpoint),
            dedupe: Arc::new(dedupe),
            memory_budget,
            large_body: Arc::new(Semaphore::new(1)),
            time_limit,
            counts: Counts::new(),
            in_flight: InFlight::default(),
            observer,
        };
        Self { state: Arc::new(state) }
    }

    /// Processes a request's head.
    ///
    /// Challenges are answered here, without I/O, locks or queues, even during a shutdown.
    pub fn begin(&self, head: &RequestHead<'_>) -> HeadResult<IncomingDelivery> {
        let started = Instant::now();
        let observer = self.state.observer.as_ref().and_then(|observer| observer.begin(head));
        match self.state.endpoint.load().begin(head) {
            HeadResult::Reply(reply) => {
                self.state.counts.answered(reply.outcome());
                if reply.is_signed_by_x() {
                    self.state.counts.challenges_by_x.fetch_add(1, Relaxed);
                    telemetry::challenge_by_x();
                }
                RequestSpan::start(head.method()).answered(reply.outcome(), started);
                if let Some(observer) = observer {
                    observer.finished(FinishedRequest::answered(&reply, started.elapsed()));
                }
                HeadResult::Reply(reply)
            }
            HeadResult::Body(reader) => {
                // Counted before `is_stopping` is read, so that a shutdown waits for every delivery
                // that passed.
                let request = Request::begin(&self.state, started, observer);
                if self.state.in_flight.is_stopping() {
                    return HeadResult::Reply(request.refuse(Outcome::ShuttingDown));
                }
                HeadResult::Body(IncomingDelivery::new(reader, request))
            }
        }
    }

    /// Replaces the apps and their secrets for all requests that begin from now on.
    pub fn replace_apps(&self, apps: impl Into<Apps>) {
        let apps = apps.into();
        self.state.endpoint.rcu(|endpoint| endpoint.with_apps(apps.clone()));
    }

    /// Returns whether `secret` is one of the apps' secrets.
    pub fn has_secret(&self, secret: &Secret) -> bool {
        self.state.endpoint.load().apps().iter().any(|app| app.has_secret(secret))
    }

    /// Returns a snapshot of the counts and the state, without the sink's part.
    pub fn health(&self) -> Health {
        let mut health = self.state.counts.health();
        health.ready = !self.state.in_flight.is_stopping() && !self.state.endpoint.load().apps().is_empty();
        health.in_flight = self.state.in_flight.count();
        health.body_bytes = self.state.memory_budget.used();
        health.remembered = self.state.dedupe.remembered();
        health
    }

    /// Shuts down within `patience` and returns the number of deliveries still in flight.
    ///
    /// New deliveries are refused with 503; challenges are still answered. Call it before the
    /// server stops, so that X receives the 503s.
    pub async fn shutdown(&self, patience: Duration) -> usize {
        self.state.in_flight.shutdown(patience).await
    }

    /// Refuses new deliveries with 503 from now on. Challenges are still answered.
    pub fn stop(&self) {
        self.state.in_flight.stop();
    }

    /// Resolves when no delivery is in flight.
    pub async fn idle(&self) {
        self.state.in_flight.idle().await;
    }

    /// Returns whether the delivery began at this gate.
    pub(crate) fn began(&self, incoming: &IncomingDelivery) -> bool {
        incoming.began_at(&self.state)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("endpoint", &self.state.endpoint.load()).finish_non_exhaustive()
    }
}
