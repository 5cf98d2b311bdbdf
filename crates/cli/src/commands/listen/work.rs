//! Options for the processing of each delivery.

use std::time::Duration;

use birdhook::Event;

use super::recorder::RecordFile;
use super::request_log::RequestFormat;
use super::target::Target;

/// The work that is done for each delivery, besides printing it.
pub(crate) struct Work {
    pub(crate) record: Option<RecordFile>,
    /// The program that receives each event before its delivery is answered.
    pub(crate) target: Option<Target>,
    /// Overrides the deduplication window of `Webhook`: the number of events and the duration.
    pub(crate) window: Option<(usize, Duration)>,
    /// Called with each event once the delivery is answered 200.
    pub(crate) on_event: OnEvent,
    /// Selects events that are neither printed nor passed to `on_event`. Their delivery is still
    /// answered 200.
    pub(crate) skipped: fn(&Event) -> bool,
    pub(crate) requests: RequestFormat,
    /// Adds the member `type` to the JSON of events.
    pub(crate) has_type: bool,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            record: None,
            target: None,
            window: None,
            on_event: Box::new(|_| ()),
            skipped: |_| false,
            requests: RequestFormat::Off,
            has_type: false,
        }
    }
}

pub(crate) type OnEvent = Box<dyn Fn(&Event) + Send + Sync>;
