//! Receives Twitter/X webhooks with axum.
//!
//! There are three options, from the simplest to the most flexible:
//! - `route_service` with birdhook-tower's `Receiver`: deliveries go to a channel, an async
//!   function or any sink.
//! - [`webhook`]: a route for your own handler, which takes [`Verified`] and whose response is the
//!   acknowledgement.
//! - birdhook-tower's [`WebhookLayer`](birdhook_tower::WebhookLayer) on your own route.

mod route;
mod verified;

pub use route::webhook;
pub use verified::{NotVerified, Verified};
