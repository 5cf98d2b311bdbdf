//! The dashboard, and its endpoints, which tests in other languages may use too.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::JsonReply;
use crate::mock::inner::Inner;
use crate::payload::MockEventKind;

/// Default number of ledger entries in a response.
const LINES: usize = 100;

/// Allows no external resources, no requests to other hosts, and no framing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// Returns the dashboard. It fetches its data as JSON and inserts it as text, never as HTML.
pub(super) async fn page() -> Response {
    (HEADERS, Html(include_str!("page.html"))).into_response()
}

/// Returns webhooks, subscriptions, and the totals of the ledger.
pub(super) async fn state(State(inner): State<Arc<Inner>>) -> Response {
    let sent = inner.ledger.sent();
    let delivered = sent.iter().filter(|sent| sent.outcome.is_ok()).count();
    let (attempts, consumed) = (sent.len(), inner.ledger.count_consumed());
    let challenges = inner.ledger.challenges().len();
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
        "kinds": kinds,
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

#[derive(Deserialize)]
struct Fire {
    kind: String,
    user_id: String,
}

/// Generates an event. Accepts only JSON, because HTML forms of other sites cannot send it.
pub(super) async fn fire(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let refuse = |status, why: String| JsonReply(status, Some(json!({"error": why}))).into_response();
    let is_json =
        headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if !is_json {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json".to_owned());
    }
    let Ok(Fire { kind, user_id }) = serde_json::from_slice(&body) else {
        return refuse(StatusCode::BAD_REQUEST, r#"send {"kind":"like.create","user_id":"2001"}"#.to_owned());
    };
    match kind.parse::<MockEventKind>() {
        Ok(kind) => {
            let deliveries = inner.deliver_event(&inner.generate(kind, &user_id));
            let reply: Value = json!({"kind": kind.as_str(), "user_id": user_id, "deliveries": deliveries});
            JsonReply::ok(reply).into_response()
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, error.to_string()),
    }
}
