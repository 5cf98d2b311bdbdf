//! Events in a Redis stream.

mod acks;
#[cfg(fuzzing)]
pub mod fuzzing;
mod group;
mod lease;
mod message;
mod names;
mod reader;
mod reply;
mod run;
mod sink;
mod state;

pub use group::{Group, GroupSettings};
pub use lease::SettleError;
pub use message::{ReadError, StreamMessage, UnrecognizedMessage};
pub use sink::{PublishFuture, StreamSink};
