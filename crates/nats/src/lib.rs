//! Twitter/X webhooks into NATS JetStream.

mod api;
mod connection;
mod consumer;
mod events;
mod headers;
mod message;
mod sink;
mod stream;
mod subject;

pub use api::ApiError;
pub use connection::{ConnectError, JetStream, Servers};
pub use consumer::{ConsumerError, ConsumerSettings};
pub use events::{ConsumeError, Consumer};
pub use message::{Foreign, Message, Unconfirmed};
pub use sink::{PublishFailure, Sink};
pub use stream::{EnsureError, Ensured, StreamSettings};
pub use subject::{SubjectError, Subjects};
