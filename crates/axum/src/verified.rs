//! The extractor.

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use birdhook_pipeline::Delivery;
use http::StatusCode;
use http::request::Parts;

/// A verified delivery, for the handler of a route that has a [`WebhookLayer`](birdhook_tower::WebhookLayer), such as
/// one made with [`webhook`](crate::webhook). Without the layer nothing is verified, and the extractor refuses.
///
/// **The handler's answer is the acknowledgement:** 2xx is answered 200, anything else lets X send the delivery again.
#[derive(Clone, Debug)]
pub struct Verified(
    /// The delivery, without the events that were handled before.
    pub Delivery,
);

impl<S: Sync> FromRequestParts<S> for Verified {
    type Rejection = NotVerified;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotVerified> {
        parts.extensions.remove().map(Self).ok_or(NotVerified)
    }
}

/// The route has no [`WebhookLayer`](birdhook_tower::WebhookLayer), or the delivery was extracted twice: a mistake in the
/// app, answered 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotVerified;

impl std::fmt::Display for NotVerified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "this route has no WebhookLayer, so its requests are not verified, or the delivery was extracted twice: make it with birdhook::axum::webhook",
        )
    }
}

impl std::error::Error for NotVerified {}

impl IntoResponse for NotVerified {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}
