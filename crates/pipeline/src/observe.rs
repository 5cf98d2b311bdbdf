//! The same facts for the `metrics` and `tracing` crates. Names, numbers and reasons only: never a token, a secret, an
//! id of a user or a text.

use std::time::Duration;

use birdhook_core::{Delivery, Reason};

/// A request was answered.
pub(crate) fn answered(challenge: bool, reason: Reason, took: Duration) {
    let request = if challenge { "challenge" } else { "delivery" };
    #[cfg(feature = "metrics")]
    {
        match challenge {
            true => metrics::counter!("birdhook_challenges_total", "result" => reason.as_str()),
            false => metrics::counter!("birdhook_deliveries_total", "result" => reason.as_str()),
        }
        .increment(1);
        metrics::histogram!("birdhook_answer_seconds", "request" => request).record(took);
        if reason == Reason::ChallengeAnswered {
            metrics::gauge!("birdhook_last_challenge_timestamp_seconds").set(unix_time());
        }
    }
    #[cfg(feature = "tracing")]
    tracing::debug!(
        request,
        result = reason.as_str(),
        status = reason.status(),
        micros = took.as_micros() as u64,
        "answered"
    );
    let _ = (request, took);
}

/// A delivery ended without an answer.
pub(crate) fn unanswered() {
    #[cfg(feature = "metrics")]
    metrics::counter!("birdhook_deliveries_total", "result" => "unanswered").increment(1);
    #[cfg(feature = "tracing")]
    tracing::debug!(request = "delivery", result = "unanswered", "ended without an answer");
}

/// Events were handed over.
pub(crate) fn handed_over(events: usize) {
    #[cfg(feature = "metrics")]
    {
        metrics::counter!("birdhook_events_total").increment(events as u64);
        metrics::gauge!("birdhook_last_event_timestamp_seconds").set(unix_time());
    }
    let _ = events;
}

/// Events were left out as duplicates.
pub(crate) fn left_out(events: usize) {
    #[cfg(feature = "metrics")]
    metrics::counter!("birdhook_duplicates_total").increment(events as u64);
    let _ = events;
}

/// The sink holds this many events in memory.
pub(crate) fn queue_depth(events: usize) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("birdhook_queue_depth").set(events as f64);
    let _ = events;
}

/// The span of one delivery, in which its hand-over runs.
pub(crate) struct Trace {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Trace {
    pub(crate) fn start() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::info_span!(
                "birdhook.delivery",
                app = tracing::field::Empty,
                events = tracing::field::Empty,
                result = tracing::field::Empty
            ),
        }
    }

    pub(crate) fn verified(&self, delivery: &Delivery) {
        #[cfg(feature = "tracing")]
        self.span.record("app", delivery.app()).record("events", delivery.events().len());
        let _ = delivery;
    }

    pub(crate) fn answered(&self, reason: Reason) {
        #[cfg(feature = "tracing")]
        self.span.record("result", reason.as_str());
        let _ = reason;
    }

    pub(crate) fn within<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        #[cfg(feature = "tracing")]
        let work = tracing::Instrument::instrument(work, self.span.clone());
        work
    }
}

#[cfg(feature = "metrics")]
fn unix_time() -> f64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |time| time.as_secs_f64())
}
