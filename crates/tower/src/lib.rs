//! Receives Twitter/X webhooks with tower, hyper, axum and anything else that uses
//! [`tower_service::Service`].
//!
//! - [`Receiver`] is a service: it answers challenges and passes deliveries to a pipeline's sink.
//! - [`WebhookLayer`] is middleware: it answers challenges and passes verified deliveries to your
//!   own service, whose response is the acknowledgement.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook, signature}; pub use birdhook_tower::Receiver; }
//! use birdhook::{Receiver, Secret, Webhook, signature};
//! use http_body_util::Full;
//! use tower::ServiceExt;
//!
//! let secret = Secret::new("consumer-secret").unwrap();
//! let (pipeline, mut deliveries) = Webhook::new(secret.clone()).channel(16);
//! let receiver = Receiver::new(pipeline);
//!
//! let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}}]}"#;
//! let request = http::Request::post("/webhooks/twitter")
//!     .header(signature::HEADER, signature::sign(&secret, body.as_bytes()))
//!     .body(Full::<bytes::Bytes>::from(body))
//!     .unwrap();
//! assert_eq!(receiver.oneshot(request).await.unwrap().status(), 200);
//! assert_eq!(deliveries.recv().await.unwrap().events().len(), 1);
//! # }
//! ```

mod future;
mod linger;
mod receiver;
mod request;
mod response;
mod webhook;

pub use future::ResponseFuture;
pub use receiver::Receiver;
pub use webhook::{ResponseBody, WebhookLayer, WebhookService};
