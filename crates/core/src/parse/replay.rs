//! The end of a replay that the app requested.

use std::borrow::Cow;

use super::event_builder::EventBuilder;
use super::fields::UnresolvedKind;
use crate::event::identity::Identity;
use crate::event::kind::{ApiSource, EventKind};
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};

object! {
    /// X's information about the delivery itself.
    pub(super) struct Meta {
        pub(super) replay: Option<bool> = "replay",
    }

    /// The members that identify the end of a replay.
    struct Job<'a> {
        job_id: Option<Id<'a>> = "job_id",
        job_state: Option<Text<'a>> = "job_state",
        created_at: Option<Timestamp> = "created_at",
    }
}

/// Creates an event from a message about a requested replay. Without a job id, its bytes
/// identify it.
pub(super) fn status(raw: &str) -> EventBuilder<'_> {
    let status: Job<'_> = serde_json::from_str(raw).unwrap_or_default();
    let state = status.job_state.as_deref().unwrap_or_default();
    EventBuilder {
        kind: UnresolvedKind::Plain(EventKind::ReplayFinished),
        identity: Identity::with_ids("replay", &[status.job_id.as_deref().unwrap_or(raw), state]),
        ..EventBuilder::unknown(ApiSource::Replay, Cow::Borrowed("replay_job_status"), raw)
    }
}

/// Creates an event from the end of a replay in the form of `replay_event`. Identified by the
/// bytes of the body, as it was before this form was supported, to keep its key.
pub(super) fn event<'a>(raw: &'a str, body: &str) -> EventBuilder<'a> {
    let job: Job<'_> = serde_json::from_str(raw).unwrap_or_default();
    EventBuilder {
        kind: UnresolvedKind::Plain(EventKind::ReplayFinished),
        identity: Identity::with_ids("unknown", &["", body]),
        at: job.created_at,
        ..EventBuilder::unknown(ApiSource::Replay, Cow::Borrowed("replay_event"), raw)
    }
}
