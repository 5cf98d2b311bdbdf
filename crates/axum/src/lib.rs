//! Receive Twitter/X webhooks with axum.
//!
//! Three ways, from the least to do to the most to decide:
//! - `route_service` with birdhook-tower's `Receiver`: deliveries go to a channel, an async function or any sink;
//! - [`webhook`], a route for a handler of yours that takes [`Verified`] and whose answer is the acknowledgement;
//! - birdhook-tower's [`WebhookLayer`](birdhook_tower::WebhookLayer) on a route of yours.

mod route;
mod verified;

pub use route::webhook;
pub use verified::{NotVerified, Verified};
