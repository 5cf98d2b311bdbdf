//! For crates whose consumers run handlers.

mod ack_queue;
mod fetch_size;

pub use ack_queue::{AckQueue, AckSender};
pub use fetch_size::FetchSize;

pub use crate::handler::{process, retry_after};
