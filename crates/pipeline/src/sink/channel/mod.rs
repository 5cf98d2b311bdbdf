//! A sink backed by a bounded channel.

mod queue_depth;
mod receiver;
mod sender;

use std::sync::Arc;

use tokio::sync::Semaphore;

use self::queue_depth::QueueDepth;
pub use self::receiver::{Deliveries, Events};
pub use self::sender::{ChannelSendFuture, ChannelSink};
use crate::sync::{RwLock, mpsc};

pub(crate) fn channel(capacity: usize) -> (ChannelSink, Deliveries) {
    let (sender, receiver) = mpsc::channel(capacity.clamp(1, Semaphore::MAX_PERMITS));
    let depth = Arc::new(QueueDepth::default());
    (ChannelSink { sender: RwLock::new(Some(sender)), depth: Arc::clone(&depth) }, Deliveries::new(receiver, depth))
}
