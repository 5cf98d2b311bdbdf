//! Events for unit tests of the functions that process them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use birdhook_core::schema::{Id, Text};
use birdhook_core::{ApiSource, Event, EventKind, Timestamp};
use serde_json::Value;

use crate::payload::{MockEventKind, PayloadGenerator};
use crate::reading::read;

/// Returns a builder of an event, for a unit test of a function that processes events.
///
/// The event is what a receiver reads from a body of X's, with ids, users and texts of its own. Its
/// app is named `default`. No signature is checked, so only tests can make such an event.
///
/// ```
/// use birdhook_core::{Event, EventKind};
///
/// /// The function to test.
/// fn answer(event: &Event) -> Option<String> {
///     event.text()?.contains("tea").then(|| format!("Hello @{}", event.actor_handle().unwrap_or_default()))
/// }
///
/// let message = birdhook_testkit::event(EventKind::MessageReceived).text("Have you got tea?").actor_handle("wren");
/// assert_eq!(answer(&message.build()?), Some("Hello @wren".to_owned()));
/// # Ok::<(), birdhook_testkit::BuildEventError>(())
/// ```
pub fn event(kind: EventKind) -> EventBuilder {
    EventBuilder { kind, subscriber: "2001".to_owned(), api: None, at: None, text: None, parts: Vec::new() }
}

/// Builds an [`event`].
#[derive(Clone, Debug)]
#[must_use = "call build"]
pub struct EventBuilder {
    kind: EventKind,
    subscriber: String,
    api: Option<ApiSource>,
    at: Option<Timestamp>,
    text: Option<String>,
    parts: Vec<(Part, String)>,
}

/// A part of an event that a test can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    ActorId,
    ActorHandle,
    TargetId,
    PostId,
    MessageId,
    ConversationId,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::ActorId => "actor id",
            Self::ActorHandle => "actor handle",
            Self::TargetId => "target id",
            Self::PostId => "post id",
            Self::MessageId => "message id",
            Self::ConversationId => "conversation id",
        }
    }

    fn of(self, event: &Event) -> Option<String> {
        let id = |id: Option<Id<'_>>| id.map(String::from);
        match self {
            Self::ActorId => id(event.actor_id()),
            Self::ActorHandle => event.actor_handle().map(String::from),
            Self::TargetId => id(event.target_id()),
            Self::PostId => id(event.post_id()),
            Self::MessageId => id(event.message_id()),
            Self::ConversationId => id(event.conversation_id()),
        }
    }
}

impl EventBuilder {
    /// Sets the id of the subscribed user. Defaults to `2001`.
    pub fn subscriber(mut self, id: impl Into<String>) -> Self {
        self.subscriber = id.into();
        self
    }

    /// Sets the API that reports the event. Defaults to the Account Activity API, which gives the most
    /// details, or to the one that reports this kind.
    pub fn api_source(mut self, api: ApiSource) -> Self {
        self.api = Some(api);
        self
    }

    /// Sets the time of the event. Defaults to a time in November 2026, one second later for each event
    /// that is built.
    pub fn occurred_at(mut self, time: Timestamp) -> Self {
        self.at = Some(time);
        self
    }

    /// Sets the text that [`Event::text`] returns. Links become X's short links.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Sets the id of the user who acts.
    pub fn actor_id(self, id: impl Into<String>) -> Self {
        self.part(Part::ActorId, id)
    }

    /// Sets the handle of the user who acts, without `@`.
    pub fn actor_handle(self, handle: impl Into<String>) -> Self {
        self.part(Part::ActorHandle, handle)
    }

    /// Sets the id of the user who is acted on.
    pub fn target_id(self, id: impl Into<String>) -> Self {
        self.part(Part::TargetId, id)
    }

    /// Sets the id of the post.
    pub fn post_id(self, id: impl Into<String>) -> Self {
        self.part(Part::PostId, id)
    }

    /// Sets the id of the message.
    pub fn message_id(self, id: impl Into<String>) -> Self {
        self.part(Part::MessageId, id)
    }

    /// Sets the id of the conversation.
    pub fn conversation_id(self, id: impl Into<String>) -> Self {
        self.part(Part::ConversationId, id)
    }

    fn part(mut self, part: Part, value: impl Into<String>) -> Self {
        self.parts.push((part, value.into()));
        self
    }

    /// Builds the event.
    ///
    /// # Errors
    /// Fails if no API reports this kind in the form of a body that the test kit knows, or if an event
    /// of this kind, as reported by this API, lacks a part that was set.
    pub fn build(self) -> Result<Event, BuildEventError> {
        /// The number of the next event in this process.
        static NEXT: AtomicU64 = AtomicU64::new(1);

        let unsupported = BuildEventError::Unsupported { kind: self.kind, api: self.api };
        let Some(kind) = MockEventKind::ALL.iter().find(|kind| kind.event_kind() == self.kind) else {
            return Err(unsupported);
        };
        let number = NEXT.fetch_add(1, Relaxed);
        let mut payloads = PayloadGenerator::new(7).skip(number);
        match self.at {
            Some(at) => payloads = payloads.at(at),
            None => payloads.advance(Duration::from_secs(number)),
        }
        let mut mock_event = payloads.event(*kind, &self.subscriber);
        if let Some(text) = &self.text {
            mock_event = mock_event.with_text(text);
        }
        let api = self.api.or_else(|| kind.api_sources().first().copied());
        let mut body = api.and_then(|api| mock_event.reported_by(api)).ok_or(unsupported.clone())?;
        let missing = |part| BuildEventError::MissingPart { kind: self.kind, part };
        let parse = |body| {
            let delivery = read("default", body).map_err(|_| unsupported.clone())?;
            delivery.into_iter().next().ok_or(unsupported.clone())
        };
        let mut event: Event = parse(body.clone())?;
        if self.text.is_some() && event.text().is_none_or(|text: Text<'_>| text.is_empty()) {
            return Err(missing("text"));
        }
        for (part, value) in &self.parts {
            let old = part.of(&event).ok_or(missing(part.name()))?;
            let mut json: Value = event.body().parse().map_err(|_| unsupported.clone())?;
            replace(&mut json, &old, value);
            body = json.to_string().into();
            event = parse(body.clone())?;
        }
        Ok(event)
    }
}

/// Replaces every string, member name and number that is exactly `old`.
fn replace(json: &mut Value, old: &str, new: &str) {
    match json {
        Value::String(text) if text == old => new.clone_into(text),
        Value::Number(number) if number.to_string() == old => {
            *json = new.parse().map_or_else(|_| Value::String(new.to_owned()), Value::Number);
        }
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, old, new)),
        Value::Object(members) => {
            if let Some(value) = members.remove(old) {
                members.insert(new.to_owned(), value);
            }
            members.values_mut().for_each(|value| replace(value, old, new));
        }
        _ => {}
    }
}

/// Error of [`EventBuilder::build`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildEventError {
    /// The test kit has no body with this kind of event.
    #[error("the test kit cannot build {kind} as reported by {}", api.map_or("any API", ApiSource::as_str))]
    Unsupported {
        /// The kind.
        kind: EventKind,
        /// The API that was set.
        api: Option<ApiSource>,
    },
    /// An event of this kind lacks a part that was set.
    #[error("an event of the kind {kind} has no {part}, as reported by this API")]
    MissingPart {
        /// The kind.
        kind: EventKind,
        /// The part.
        part: &'static str,
    },
}
