//! Sinks, which receive verified deliveries.

mod channel;
mod delivery_handler;
mod error;
mod event_sink;
mod handled_keys;
mod handler;
mod handler_error;

pub(crate) use channel::channel;
pub use channel::{ChannelSendFuture, ChannelSink, Deliveries, Events};
pub use delivery_handler::{DeliveryHandlerFuture, DeliveryHandlerSink};
pub use error::SinkError;
pub use event_sink::{Backlog, EventSink};
pub use handler::{HandlerFuture, HandlerSink};
