//! Handlers: the app's functions that process events one by one.

mod dispatch;
mod event_handler;
mod on_error;
mod process;
mod with_state;

pub use self::dispatch::{Dispatch, DispatchFuture};
pub use self::event_handler::EventHandler;
pub use self::on_error::OnError;
pub use self::process::{process, retry_after};
pub use self::with_state::{WithState, with_state};
