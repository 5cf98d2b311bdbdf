//! Processing a leased event, for the inbox and for the consumers of message brokers.

use std::time::Duration;

use birdhook_core::Event;
use tokio::time::{Instant, timeout_at};

use super::event_handler::EventHandler;
use crate::telemetry;

/// Passes a leased event to a handler, until its lease ends at `expires_at`. Returns whether the
/// event was processed. Reports a failure to the handler.
pub async fn process<H: EventHandler>(handler: &H, event: &Event, expires_at: Instant) -> bool {
    match timeout_at(expires_at, handler.handle(event.clone())).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            handler.failed(event, &error);
            false
        }
        Err(_) => {
            telemetry::handler_timed_out(event);
            false
        }
    }
}

/// Returns the pause before an event is retried: 1 s after the first attempt, then twice as long
/// after each, up to 5 minutes.
pub fn retry_after(attempts: u64) -> Duration {
    const MAX: u64 = 5 * 60;
    let doublings = attempts.saturating_sub(1).min(16);
    Duration::from_secs((1 << doublings).min(MAX))
}
