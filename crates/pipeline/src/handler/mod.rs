//! Handlers: the app's functions that process events one by one.

mod dispatch;
mod event_handler;
mod process;
mod with_state;

pub use self::dispatch::{Dispatch, DispatchFuture};
pub use self::event_handler::{EventHandler, OnError};
pub use self::process::{process, retry_after};
pub use self::with_state::{WithState, with_state};
