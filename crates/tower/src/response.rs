//! Conversion of a pipeline reply to an `http` response.

use birdhook_pipeline::Reply;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::HeaderName};
use http_body_util::Full;

pub(crate) fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let headers = reply.headers().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    *response.body_mut() = Full::new(reply.into_body());
    response
}
