//! Middleware that passes only verified deliveries to the inner service.

mod body;
mod layer;
mod service;

pub use body::ResponseBody;
pub use layer::WebhookLayer;
pub use service::WebhookService;
