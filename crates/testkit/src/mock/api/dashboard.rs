//! The data of the dashboard, as JSON. Tests in other languages may use it too.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::body::JsonReply;
use super::controls::controls_of;
use crate::mock::inner::Inner;
use crate::payload::MockEventKind;

/// Default number of ledger entries in a response.
const LINES: usize = 100;

/// Returns webhooks, subscriptions, and the totals of the ledger.
pub(super) async fn state(State(inner): State<Arc<Inner>>) -> Response {
    let sent = inner.ledger.sent();
    let delivered = sent.iter().filter(|sent| sent.outcome.is_ok()).count();
    let (attempts, consumed) = (sent.len(), inner.ledger.count_consumed());
    let challenges = inner.ledger.challenges().len();
    let controls = controls_of(&inner);
    let event_types: Vec<&str> =
        MockEventKind::ALL.iter().map(|kind| kind.as_str()).filter(|name| inner.event_type(name).is_ok()).collect();
    let state = inner.state();
    let kinds: Vec<&str> =
        MockEventKind::ALL.iter().filter(|kind| **kind != MockEventKind::Replay).map(|kind| kind.as_str()).collect();
    JsonReply::ok(json!({
        "now": inner.settings.clock.now(),
        "clock": if inner.settings.clock.is_manual() { "manual" } else { "real" },
        "apps": state.apps.iter().map(|app| json!({"name": app.name, "id": app.id})).collect::<Vec<_>>(),
        "webhooks": state.webhooks,
        "subscriptions": state.subscriptions,
        "activity_subscriptions": state.activities,
        "stream_links": state.links,
        "replays": state.jobs.iter().map(|job| json!({"job_id": job.id, "webhook": job.webhook, "left": job.left})).collect::<Vec<_>>(),
        "ledger": {"attempts": attempts, "delivered": delivered, "challenges": challenges, "consumed": consumed},
        "controls": controls,
        "kinds": kinds,
        "event_types": event_types,
    }))
    .into_response()
}

/// Returns the messages and posts that apps wrote, oldest first.
pub(super) async fn written(State(inner): State<Arc<Inner>>) -> Response {
    JsonReply::ok(json!({"written": inner.state().written})).into_response()
}

/// Query parameters that select ledger entries.
#[derive(Deserialize)]
pub(super) struct Lines {
    /// Only entries with a higher number.
    after: Option<u64>,
    /// Maximum number of entries, newest first. Defaults to 100.
    limit: Option<usize>,
}

/// Returns the ledger, newest entry first.
pub(super) async fn ledger(State(inner): State<Arc<Inner>>, Query(lines): Query<Lines>) -> Response {
    let entries = inner.ledger.entries();
    let newest = entries.iter().rev().take_while(|entry| entry.number() > lines.after.unwrap_or(0));
    let newest: Vec<_> = newest.take(lines.limit.unwrap_or(LINES)).collect();
    JsonReply::ok(json!({"entries": newest, "total": entries.len()})).into_response()
}
