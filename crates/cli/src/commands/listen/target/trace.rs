//! The trace context of a request.

use axum::http::{HeaderMap, HeaderValue};

/// Maximum length of a forwarded value. A `tracestate` must be forwarded up to this length.
const MAX_VALUE: usize = 512;

/// The W3C trace context of the request that delivered an event, if it is known. An inbox does not
/// store it.
#[derive(Clone, Debug, Default)]
pub(crate) struct TraceContext {
    pub(super) traceparent: Option<HeaderValue>,
    pub(super) tracestate: Option<HeaderValue>,
}

impl TraceContext {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let value = |name: &str| headers.get(name).filter(|value| value.len() <= MAX_VALUE).cloned();
        match value("traceparent") {
            None => Self::default(),
            traceparent => Self { traceparent, tracestate: value("tracestate") },
        }
    }
}
