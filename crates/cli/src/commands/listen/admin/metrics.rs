//! Metrics in the text format of Prometheus.

use anyhow::{Context, Result};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use birdhook::app::SecretKind;
use metrics::counter;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Limits of the histograms of times, in seconds. X's deadline is 3 s.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Limits of the histograms of numbers of events.
const EVENTS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0];

/// Starts to record the metrics of this process.
pub(super) fn record() -> Result<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_events".to_owned()), &EVENTS))
        .and_then(PrometheusBuilder::install_recorder)
        .context("cannot record metrics")?;
    start_at_zero();
    Ok(recorder)
}

/// Creates counters whose first increase must be visible: Prometheus sees none in a counter that
/// begins with 1.
fn start_at_zero() {
    counter!("birdhook_events_total").increment(0);
    counter!("birdhook_duplicates_total").increment(0);
    counter!("birdhook_challenges_by_x_total").increment(0);
    for kind in SecretKind::ALL {
        counter!("birdhook_signed_with_other_kind_total", "signed" => kind.as_str()).increment(0);
    }
    for outcome in ["accepted", "duplicate", "signature_wrong", "sink_full", "sink_too_slow", "sink_failed"] {
        counter!("birdhook_deliveries_total", "outcome" => outcome).increment(0);
    }
    for outcome in ["challenge_answered", "challenge_unsigned", "no_secret"] {
        counter!("birdhook_challenges_total", "outcome" => outcome).increment(0);
    }
}

/// Returns the response to a scrape.
pub(super) fn response(recorder: &PrometheusHandle) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    (headers, recorder.render()).into_response()
}
