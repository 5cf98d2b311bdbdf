//! Options for the processing of each delivery.

use std::path::PathBuf;
use std::time::Duration;

use birdhook::Event;

/// The work that is done for each delivery, besides printing it.
pub(crate) struct Work {
    pub(crate) record: Option<PathBuf>,
    pub(crate) forward: Option<String>,
    /// Overrides the deduplication window of `Webhook`: the number of events and the duration.
    pub(crate) window: Option<(usize, Duration)>,
    /// Called with each event once the delivery is answered 200.
    pub(crate) on_event: OnEvent,
    /// Selects events that are neither printed nor passed to `on_event`. Their delivery is still
    /// answered 200.
    pub(crate) skipped: fn(&Event) -> bool,
}

impl Default for Work {
    fn default() -> Self {
        Self { record: None, forward: None, window: None, on_event: Box::new(|_| ()), skipped: |_| false }
    }
}

pub(crate) type OnEvent = Box<dyn Fn(&Event) + Send + Sync>;
