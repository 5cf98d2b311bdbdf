//! Twitter/X webhooks and Redis.

mod connection;
mod dedupe;
mod error;
mod stream;

pub use connection::Redis;
pub use dedupe::{Dedupe, DedupeError, HandOver, SharedDedupe, WhenDown};
pub use error::ConnectError;
pub use stream::{Foreign, Group, GroupSettings, Message, Publishing, ReadError, SettleError, StreamSink};
