//! The extractor for verified deliveries.

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use birdhook_pipeline::Delivery;
use http::StatusCode;
use http::request::Parts;

/// An extractor for a verified delivery.
///
/// For handlers of routes with a [`WebhookLayer`](birdhook_tower::WebhookLayer), such as one made
/// with [`webhook`](crate::webhook). Without the layer nothing is verified, and extraction fails
/// with [`NotVerified`].
///
/// **The handler's response is the acknowledgement:** any 2xx is sent as 200; after any other
/// status, X may send the delivery again.
#[derive(Clone, Debug)]
pub struct Verified(
    /// The delivery, without the events that were already delivered.
    pub Delivery,
);

impl<S: Sync> FromRequestParts<S> for Verified {
    type Rejection = NotVerified;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotVerified> {
        parts.extensions.remove().map(Self).ok_or(NotVerified)
    }
}

/// The error of extracting [`Verified`] without a [`WebhookLayer`](birdhook_tower::WebhookLayer),
/// or twice.
///
/// Both are mistakes in the app. The response is 500.
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
