//! Bodies of requests and responses.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

pub(super) async fn read(body: Body) -> Result<Bytes, axum::Error> {
    axum::body::to_bytes(body, 1 << 20).await
}

pub(crate) struct JsonReply(pub(super) StatusCode, pub(super) Option<Value>);

impl JsonReply {
    pub(super) fn ok(body: Value) -> Self {
        Self(StatusCode::OK, Some(body))
    }

    pub(super) fn nothing() -> Self {
        Self(StatusCode::NO_CONTENT, None)
    }
}

impl IntoResponse for JsonReply {
    fn into_response(self) -> Response {
        let Some(body) = self.1 else { return self.0.into_response() };
        let content_type = HeaderValue::from_static("application/json; charset=utf-8");
        (self.0, [(header::CONTENT_TYPE, content_type)], body.to_string()).into_response()
    }
}
