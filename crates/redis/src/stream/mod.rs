//! Events in a Redis stream.

#[cfg(fuzzing)]
pub mod fuzzing;
mod group;
mod hold;
mod message;
mod names;
mod reader;
mod reply;
mod sink;

pub use group::{Group, GroupSettings};
pub use hold::SettleError;
pub use message::{ReadError, StreamMessage, UnrecognizedMessage};
pub use sink::{PublishFuture, StreamSink};
