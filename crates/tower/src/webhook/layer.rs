//! The layer.

use birdhook_pipeline::Gate;
use tower_layer::Layer;

use crate::WebhookService;

/// A [`Layer`] that makes a service of yours receive a webhook: it answers challenges itself, refuses what is not
/// verified, drops duplicates, and lets the rest through with the [`Delivery`](birdhook_pipeline::Delivery) in the
/// request's extensions and the raw body as it came.
///
/// **The inner service's answer is the acknowledgement.** A 2xx is passed on as 200, the only status that X documents as
/// success, and its events count as handed over. With any other status they do not, and X may send them again; a redirect
/// is made a 503. An error of the inner service is answered 503. All but the 2xx are counted as
/// [`SinkFailed`](birdhook_pipeline::Reason::SinkFailed), a service that is too slow as `SinkTooSlow`.
///
/// Put it on the webhook's own route: every request that passes is taken for X's.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::convert::Infallible;
/// use birdhook_pipeline::{Delivery, Secret, Webhook, signature};
/// use birdhook_tower::WebhookLayer;
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
    /// A layer for what [`Webhook::gate`](birdhook_pipeline::Webhook::gate) made.
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }
}

impl<S> Layer<S> for WebhookLayer {
    type Service = WebhookService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WebhookService::new(inner, self.gate.clone())
    }
}
