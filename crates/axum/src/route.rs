//! A route for a webhook.

use axum::handler::Handler;
use axum::routing::{MethodRouter, any};
use birdhook_pipeline::Gate;
use birdhook_tower::WebhookLayer;

/// Returns a route that receives a webhook and passes verified deliveries to `handler`.
///
/// The handler takes deliveries as [`Verified`](crate::Verified), and its response is the
/// acknowledgement. Challenges, rejected requests and duplicates never reach the handler.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use axum::Router;
/// use axum::http::StatusCode;
/// # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook}; pub mod axum { pub use birdhook_axum::{Verified, webhook}; } }
/// use birdhook::{Secret, Webhook, axum::{Verified, webhook}};
///
/// async fn handle(Verified(delivery): Verified) -> Result<(), StatusCode> {
///     for event in delivery {
///         println!("{}", event.kind());
///     }
///     Ok(())
/// }
///
/// let gate = Webhook::new(Secret::new("consumer-secret").unwrap()).gate();
/// let app: Router = Router::new().route("/webhooks/twitter", webhook(gate, handle));
/// # use {axum::body::Body, axum::http::Request, tower::ServiceExt};
/// # let get = Request::get("/webhooks/twitter?crc_token=abc").body(Body::empty()).unwrap();
/// # assert_eq!(app.clone().oneshot(get).await.unwrap().status(), 200);
/// # let post = Request::post("/webhooks/twitter").body(Body::empty()).unwrap();
/// # assert_eq!(app.oneshot(post).await.unwrap().status(), 401);
/// # }
/// ```
pub fn webhook<H, T, S>(gate: Gate, handler: H) -> MethodRouter<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    any(handler).layer(WebhookLayer::new(gate))
}
