//! Sinks, which receive verified deliveries.

mod channel;
mod error;
mod event_sink;
mod handler;

pub(crate) use channel::channel;
pub use channel::{ChannelSendFuture, ChannelSink, Deliveries, Events};
pub use error::SinkError;
pub use event_sink::{Backlog, EventSink};
pub use handler::{Handler, HandlerFuture};
