//! The dashboard.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};

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
