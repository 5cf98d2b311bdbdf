//! Builds an event whose subscriber is not known yet.

use std::borrow::Cow;
use std::sync::Arc;

use bytestring::ByteString;

use super::fields::{RecognizedEvent, UnresolvedKind};
use crate::event::envelope::Envelope;
use crate::event::event::{Event, EventData};
use crate::event::identity::{Content, Identity};
use crate::event::kind::{ApiSource, Direction, EventKind};
use crate::event::time::Timestamp;
use crate::json::raw::RawJson;
use crate::json::repairable::RepairableJson;

/// An event as described by its slice of the body. `for_user_id` may follow the events in the body,
/// so the subscriber and everything that depends on it is added at the end.
pub(super) struct EventBuilder<'a> {
    pub(super) api_source: ApiSource,
    pub(super) name: Cow<'static, str>,
    pub(super) raw: &'a str,
    /// The JSON from which typed values are read: `raw`, or the payload within it.
    pub(super) payload: &'a str,
    pub(super) kind: UnresolvedKind<'a>,
    pub(super) identity: Identity,
    pub(super) content: Content,
    pub(super) at: Option<Timestamp>,
}

impl<'a> EventBuilder<'a> {
    pub(super) fn account_activity(name: Cow<'static, str>, raw: &'a str, known: Option<RecognizedEvent<'a>>) -> Self {
        let api_source = ApiSource::AccountActivity;
        match known {
            Some(RecognizedEvent { kind, identity, content, at }) => {
                Self { api_source, name, raw, payload: raw, kind, identity, content, at }
            }
            None => Self::unknown(api_source, name, raw),
        }
    }

    pub(super) fn unknown(api_source: ApiSource, name: Cow<'static, str>, raw: &'a str) -> Self {
        let identity = Identity::with_ids("unknown", &[&name, raw]);
        let kind = UnresolvedKind::Plain(EventKind::Unknown);
        Self { api_source, name, raw, payload: raw, kind, identity, content: Content::Same, at: None }
    }

    pub(super) fn build(self, envelope: &Arc<Envelope>, body: &ByteString, position: usize) -> Event {
        let mut data = EventData {
            position,
            api_source: self.api_source,
            kind: EventKind::Unknown,
            name: self.name,
            identity: self.identity,
            content: self.content,
            occurred_at: self.at,
            direction: None,
            source_app: None,
            revoked_by: None,
            raw: RawJson::new(body.slice_ref(self.raw)),
            payload: RepairableJson::new(RawJson::new(body.slice_ref(self.payload))),
        };
        match self.kind {
            UnresolvedKind::Plain(kind) => {
                data.kind = kind;
                data.direction = match kind {
                    EventKind::MessageSent => Some(Direction::Sent),
                    EventKind::MessageReceived => Some(Direction::Received),
                    _ => None,
                };
            }
            UnresolvedKind::Message { sender, source_app, implied } => {
                let compared = envelope
                    .subscriber
                    .as_deref()
                    .map(|subscriber| if *subscriber == *sender { Direction::Sent } else { Direction::Received });
                data.direction = compared.or(implied);
                data.kind = match data.direction {
                    Some(Direction::Sent) => EventKind::MessageSent,
                    _ => EventKind::MessageReceived,
                };
                data.source_app = source_app.map(|app| shared(body, app));
            }
            UnresolvedKind::Revocation { user } => {
                data.kind = EventKind::AccessRevoked;
                data.revoked_by = Some(shared(body, user));
            }
        }
        Event::new(Arc::clone(envelope), data)
    }
}

/// Returns a text from the body. It shares the body's memory unless it contains escapes.
pub(super) fn shared<'a>(body: &'a ByteString, text: impl Into<Cow<'a, str>>) -> ByteString {
    match text.into() {
        Cow::Borrowed(text) => body.slice_ref(text),
        Cow::Owned(text) => text.into(),
    }
}
