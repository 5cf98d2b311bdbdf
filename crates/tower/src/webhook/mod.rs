//! The middleware that lets only verified deliveries through.

mod body;
mod layer;
mod service;

pub use body::ResponseBody;
pub use layer::WebhookLayer;
pub use service::WebhookService;
