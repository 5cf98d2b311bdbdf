//! The layer of the webhook middleware.

use birdhook_pipeline::Gate;
use tower_layer::Layer;

use crate::WebhookService;

/// A [`Layer`] that makes your own service receive a webhook.
///
/// It answers challenges, rejects unverified requests, drops duplicates, and passes the remaining
/// deliveries to the inner service: the [`Delivery`](birdhook_pipeline::Delivery) in the request's
/// extensions, and the raw body unchanged.
///
/// **The inner service's response is the acknowledgement.** A 2xx is sent as 200, the only status
/// that X documents as success, and the events count as delivered. With any other status they do
/// not, and X may send them again. A redirect is replaced by 503. An error of the inner service is
/// answered 503. All responses but 2xx are counted as
/// [`SinkFailed`](birdhook_pipeline::Outcome::SinkFailed); a service that panics is counted
/// as `SinkPanicked`, one that exceeds the deadline as `SinkTooSlow`.
///
/// Use the layer only on the webhook's own route: it treats every request as a request from X.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::convert::Infallible;
/// # mod birdhook { pub use birdhook_pipeline::{Delivery, Secret, Webhook, signature}; pub use birdhook_tower::WebhookLayer; }
/// use birdhook::{Delivery, Secret, Webhook, WebhookLayer, signature};
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, ServiceExt};
///
/// let secret = Secret::new("consumer-secret").unwrap();
/// let service = ServiceBuilder::new()
///     .layer(WebhookLayer::new(Webhook::new(secret.clone()).gate()))
///     .service_fn(|request: Request<Full<Bytes>>| async move {
///         let delivery = request.extensions().get::<Delivery>().unwrap();
///         assert_eq!(delivery.subscriber(), Some("1"));
///         Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
///     });
///
/// let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}}]}"#;
/// let request = Request::post("/")
///     .header(signature::HEADER, signature::sign(&secret, body.as_bytes()))
///     .body(Full::<Bytes>::from(body))
///     .unwrap();
/// assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WebhookLayer {
    gate: Gate,
}

impl WebhookLayer {
    /// Creates a layer from the gate that [`Webhook::gate`](birdhook_pipeline::Webhook::gate)
    /// returns.
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }
}

impl<S> Layer<S> for WebhookLayer {
    type Service = WebhookService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WebhookService { inner, gate: self.gate.clone() }
    }
}
