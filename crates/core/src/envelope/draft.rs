//! Events whose subscriber is not known yet.

use std::borrow::Cow;
use std::sync::Arc;

use bytestring::ByteString;

use super::facts::{Known, MockEvent, identity};
use super::shared;
use crate::event::{Described, Envelope};
use crate::key::{Content, Identity};
use crate::readable::Readable;
use crate::schema::object::object;
use crate::schema::{Id, Text};
use crate::{ApiSource, Direction, Event, EventKind, RawJson, Timestamp};

object! {
    /// The members that identify the end of a replay.
    struct Job<'a> {
        job_id: Option<Id<'a>> = "job_id",
        job_state: Option<Text<'a>> = "job_state",
        created_at: Option<Timestamp> = "created_at",
    }
}

/// An event as described by its slice of the body. `for_user_id` may follow the events in the body,
/// so the subscriber and everything that depends on it is added at the end.
pub(super) struct Draft<'a> {
    pub(super) generation: ApiSource,
    pub(super) name: Cow<'static, str>,
    pub(super) raw: &'a str,
    /// The JSON from which typed values are read: `raw`, or the payload within it.
    pub(super) payload: &'a str,
    pub(super) kind: MockEvent<'a>,
    pub(super) identity: Identity,
    pub(super) content: Content,
    pub(super) at: Option<Timestamp>,
}

impl<'a> Draft<'a> {
    pub(super) fn account_activity(name: Cow<'static, str>, raw: &'a str, known: Option<Known<'a>>) -> Self {
        let generation = ApiSource::AccountActivity;
        match known {
            Some(Known { kind, identity, content, at }) => {
                Self { generation, name, raw, payload: raw, kind, identity, content, at }
            }
            None => Self::unknown(generation, name, raw),
        }
    }

    pub(super) fn unknown(generation: ApiSource, name: Cow<'static, str>, raw: &'a str) -> Self {
        let identity = identity("unknown", &[&name, raw]);
        let kind = MockEvent::Plain(EventKind::Unknown);
        Self { generation, name, raw, payload: raw, kind, identity, content: Content::Same, at: None }
    }

    /// Creates an event from a message about a requested replay. Without a job id, its bytes
    /// identify it.
    pub(super) fn replay_status(raw: &'a str) -> Self {
        let status: Job<'_> = serde_json::from_str(raw).unwrap_or_default();
        let state = status.job_state.as_deref().unwrap_or_default();
        Self {
            kind: MockEvent::Plain(EventKind::ReplayFinished),
            identity: identity("replay", &[status.job_id.as_deref().unwrap_or(raw), state]),
            ..Self::unknown(ApiSource::Replay, Cow::Borrowed("replay_job_status"), raw)
        }
    }

    /// Creates an event from the end of a replay in the form of `replay_event`. Identified by the
    /// bytes of the body, as it was before this form was supported, to keep its key.
    pub(super) fn replay_event(raw: &'a str, body: &str) -> Self {
        let job: Job<'_> = serde_json::from_str(raw).unwrap_or_default();
        Self {
            kind: MockEvent::Plain(EventKind::ReplayFinished),
            identity: identity("unknown", &["", body]),
            at: job.created_at,
            ..Self::unknown(ApiSource::Replay, Cow::Borrowed("replay_event"), raw)
        }
    }

    pub(super) fn finish(self, envelope: &Arc<Envelope>, body: &ByteString, position: usize) -> Event {
        let mut described = Described {
            position,
            generation: self.generation,
            kind: EventKind::Unknown,
            name: self.name,
            identity: self.identity,
            content: self.content,
            occurred_at: self.at,
            direction: None,
            source_app: None,
            revoked_by: None,
            raw: RawJson::new(body.slice_ref(self.raw)),
            payload: Readable::new(RawJson::new(body.slice_ref(self.payload))),
        };
        match self.kind {
            MockEvent::Plain(kind) => {
                described.kind = kind;
                described.direction = match kind {
                    EventKind::MessageSent => Some(Direction::Sent),
                    EventKind::MessageReceived => Some(Direction::Received),
                    _ => None,
                };
            }
            MockEvent::Message { sender, source_app, told } => {
                let compared = envelope
                    .subscriber
                    .as_deref()
                    .map(|subscriber| if *subscriber == *sender { Direction::Sent } else { Direction::Received });
                described.direction = compared.or(told);
                described.kind = match described.direction {
                    Some(Direction::Sent) => EventKind::MessageSent,
                    _ => EventKind::MessageReceived,
                };
                described.source_app = source_app.map(|app| shared(body, app));
            }
            MockEvent::Revocation { user } => {
                described.kind = EventKind::AccessRevoked;
                described.revoked_by = Some(shared(body, user));
            }
        }
        Event::new(Arc::clone(envelope), described)
    }
}
