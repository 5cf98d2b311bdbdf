//! Twitter/X webhooks and Redis.

mod connection;
mod dedupe;
mod error;

pub use connection::Redis;
pub use dedupe::{Dedupe, DedupeError, HandOver, SharedDedupe, WhenDown};
pub use error::ConnectError;
