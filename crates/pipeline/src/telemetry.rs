//! Reports to the `metrics` and `tracing` crates. Contains names, numbers and outcomes only: never
//! a token, a secret, a user id or a text.

use birdhook_core::{Delivery, Event, Outcome, SecretKind};
use tokio::time::Instant;

/// Records delivered events.
pub(crate) fn delivered(events: usize) {
    #[cfg(feature = "metrics")]
    {
        metrics::counter!("birdhook_events_total").increment(events as u64);
        metrics::gauge!("birdhook_last_event_timestamp_seconds").set(unix_time());
    }
    let _ = events;
}

/// Records events removed as duplicates.
pub(crate) fn removed_duplicates(events: usize) {
    #[cfg(feature = "metrics")]
    metrics::counter!("birdhook_duplicates_total").increment(events as u64);
    let _ = events;
}

/// Records an answered challenge with X's signature.
pub(crate) fn challenge_by_x() {
    #[cfg(feature = "metrics")]
    metrics::counter!("birdhook_challenges_by_x_total").increment(1);
}

/// Records a delivery signed with `kind`, where challenges are answered with the other kind.
pub(crate) fn signed_with_other_kind(kind: SecretKind) {
    #[cfg(feature = "metrics")]
    metrics::counter!("birdhook_signed_with_other_kind_total", "signed" => kind.as_str()).increment(1);
    let _ = kind;
}

/// Called when a delivery's head was accepted.
pub(crate) fn delivery_began() {
    #[cfg(feature = "metrics")]
    metrics::gauge!("birdhook_in_flight").increment(1.0);
}

/// Called when a delivery is answered or dropped.
pub(crate) fn delivery_ended() {
    #[cfg(feature = "metrics")]
    metrics::gauge!("birdhook_in_flight").decrement(1.0);
}

pub(crate) fn reserved_body_bytes(bytes: usize) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("birdhook_body_bytes").increment(bytes as f64);
    let _ = bytes;
}

pub(crate) fn released_body_bytes(bytes: usize) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("birdhook_body_bytes").decrement(bytes as f64);
    let _ = bytes;
}

/// Adds to the queue gauge.
///
/// It is not set to a value, so that several receivers in one app add up and concurrent threads do
/// not overwrite each other.
pub(crate) fn queued_events(events: usize) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("birdhook_queue_depth").increment(events as f64);
    let _ = events;
}

pub(crate) fn dequeued_events(events: usize) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("birdhook_queue_depth").decrement(events as f64);
    let _ = events;
}

/// Records the kind and key of an event that a handler failed to process, and the type of its error.
pub(crate) fn handler_failed(event: &Event, error: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(kind = %event.kind(), key = %event.dedupe_key(), error, "the handler failed");
    let _ = (event, error);
}

/// Records the kind and key of an event that a handler did not process within its lease.
pub(crate) fn handler_timed_out(event: &Event) {
    #[cfg(feature = "tracing")]
    tracing::warn!(kind = %event.kind(), key = %event.dedupe_key(), "the handler did not finish in time");
    let _ = event;
}

/// Records that a handler failed to process a delivery, and the type of its error.
pub(crate) fn delivery_handler_failed(events: usize, error: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(events, error, "the handler failed");
    let _ = (events, error);
}

/// The span of one request. The sink runs inside it.
pub(crate) struct RequestSpan {
    request: &'static str,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl RequestSpan {
    pub(crate) fn start(method: &str) -> Self {
        let request = match method {
            "GET" => "challenge",
            "POST" => "delivery",
            _ => "other",
        };
        Self {
            request,
            #[cfg(feature = "tracing")]
            span: tracing::info_span!(
                "birdhook",
                request,
                app = tracing::field::Empty,
                events = tracing::field::Empty,
                outcome = tracing::field::Empty
            ),
        }
    }

    pub(crate) fn verified(&self, delivery: &Delivery) {
        #[cfg(feature = "tracing")]
        {
            self.span.record("app", delivery.app()).record("events", delivery.events().len());
            if let Some(signed) = delivery.signed_with_other_kind() {
                let (signed, answers) = (signed.as_str(), signed.other().as_str());
                self.span.in_scope(|| {
                    tracing::warn!(signed, answers, "signed with another kind of secret than answers challenges");
                });
            }
        }
        let _ = delivery;
    }

    pub(crate) fn instrument<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        #[cfg(feature = "tracing")]
        let work = tracing::Instrument::instrument(work, self.span.clone());
        work
    }

    pub(crate) fn answered(&self, outcome: Outcome, started: Instant) {
        self.ended(outcome.as_str());
        // Skips the clock when no recorder is compiled in.
        #[cfg(any(feature = "metrics", feature = "tracing"))]
        let took = started.elapsed();
        #[cfg(feature = "metrics")]
        {
            metrics::histogram!("birdhook_answer_seconds", "request" => self.request).record(took);
            if outcome == Outcome::ChallengeAnswered {
                metrics::gauge!("birdhook_last_challenge_timestamp_seconds").set(unix_time());
            }
        }
        #[cfg(feature = "tracing")]
        self.span.in_scope(|| {
            let micros = took.as_micros() as u64;
            if outcome == Outcome::SinkPanicked {
                tracing::error!("the sink or the handler panicked");
            }
            match outcome.status() {
                200 => tracing::debug!(outcome = outcome.as_str(), status = 200, micros, "answered"),
                status => tracing::info!(outcome = outcome.as_str(), status, micros, "answered"),
            }
        });
        let _ = started;
    }

    pub(crate) fn unanswered(&self) {
        self.ended("unanswered");
        #[cfg(feature = "tracing")]
        self.span.in_scope(|| tracing::debug!("ended without an answer"));
    }

    fn ended(&self, outcome: &'static str) {
        #[cfg(feature = "metrics")]
        match self.request {
            "challenge" => metrics::counter!("birdhook_challenges_total", "outcome" => outcome),
            "delivery" => metrics::counter!("birdhook_deliveries_total", "outcome" => outcome),
            _ => metrics::counter!("birdhook_other_requests_total", "outcome" => outcome),
        }
        .increment(1);
        #[cfg(feature = "tracing")]
        self.span.record("outcome", outcome);
        let _ = (outcome, self.request);
    }
}

#[cfg(feature = "metrics")]
fn unix_time() -> f64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |time| time.as_secs_f64())
}
