//! Twitter/X webhooks and Redis.

mod connection;
mod error;

pub use connection::Redis;
pub use error::ConnectError;
