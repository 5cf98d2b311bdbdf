//! The files of the dashboard. Its script fetches the data as JSON and inserts it as text, never as
//! HTML.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// Allows the page's own files and requests only: no inline script or style, no other hosts, no
/// frames.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

pub(super) async fn index() -> Response {
    file("text/html; charset=utf-8", include_str!("index.html"))
}

pub(super) async fn shared_style() -> Response {
    file("text/css; charset=utf-8", birdhook_page::STYLESHEET)
}

pub(super) async fn own_style() -> Response {
    file("text/css; charset=utf-8", include_str!("mock.css"))
}

pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("mock.js"))
}

pub(super) async fn icon() -> Response {
    file("image/svg+xml", birdhook_page::ICON)
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    (HEADERS, [(header::CONTENT_TYPE, content_type)], text).into_response()
}
