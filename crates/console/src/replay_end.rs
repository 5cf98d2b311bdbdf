//! The ends of replay jobs, which X reports to the webhook.

use birdhook_core::{Activity, Event, EventKind, Timestamp};

use crate::entry::short;

/// The end of a replay job.
#[derive(Clone, Debug)]
pub(crate) struct ReplayEnd {
    pub(crate) job: Option<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) complete: Option<bool>,
    pub(crate) description: Option<String>,
}

impl ReplayEnd {
    /// Returns the end that an event reports. `None` for other events.
    pub(crate) fn of(event: &Event, at: Timestamp) -> Option<Self> {
        if event.kind() != EventKind::ReplayFinished {
            return None;
        }
        let Activity::ReplayFinished(replay) = event.activity() else { return None };
        let text = |text: &str| String::from(short(text));
        Some(Self {
            job: replay.job_id.as_deref().map(text),
            webhook: replay.webhook_id.as_deref().map(text),
            at,
            complete: replay.complete,
            description: replay.description.as_deref().map(text),
        })
    }
}
