//! Events written to a queue, a log or another program, and read back.
//!
//! ```
//! # mod birdhook { pub use birdhook_core::codec; }
//! use birdhook::codec::{Format, read};
//! # let delivery = birdhook_core::Delivery::restore("shop", r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#, 1).unwrap();
//! # let event = &delivery.events()[0];
//! let message = Format::Plain.write(event);
//! let attribute = |name: &str| message.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
//! assert_eq!(attribute("kind"), Some("post_deleted"));
//! let again = read(message.payload.clone(), attribute)?;
//! assert_eq!(again.dedupe_key(), event.dedupe_key());
//! # Ok::<(), birdhook_core::codec::DecodeError>(())
//! ```

mod cloud_event;
mod split;

use std::fmt;

use bytes::Bytes;

use crate::event::event::Event;
use crate::event::key::{EventKey, ParseEventKeyError};
use crate::traits::debug_fields;
use split::{EventBody, restore};

pub use cloud_event::CloudEvent;

/// The version of messages that this version of birdhook reads and writes. Not written to messages.
const VERSION: &str = "1";

/// The format in which an event is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The JSON as X wrote it. If X sent several events in one body, the body is reduced to this
    /// event.
    #[default]
    Plain,
    /// A [`CloudEvent`], for consumers in other languages. It contains the activity, in one form
    /// for both of X's APIs, and the JSON as X wrote it.
    CloudEvents,
}

/// A written event.
#[derive(Clone)]
#[non_exhaustive]
pub struct EncodedEvent {
    /// Facts for headers and fields, so that a consumer need not parse the payload. Each has a name
    /// in snake case and a value.
    ///
    /// - Always present: `app`, `content_type`, `generation`, `key`, `kind`.
    /// - Present if X reports them: `name` (X's own), `occurred_at` (RFC 3339), and the ids
    ///   `subscriber`, `actor`, `target`, `post` and `message`.
    /// - Present if the event could not be separated from its body: `position`, the index of the
    ///   event, and `sent`, the number of events in the body.
    ///
    /// Values come from X or from the app, and may contain any character.
    pub attributes: Vec<(&'static str, String)>,
    /// The JSON.
    pub payload: Bytes,
}

// The contents are user data.
debug_fields! { EncodedEvent, |message| bytes: message.payload.len() }

impl Format {
    /// Writes an event. The attribute `key` is its [`dedupe_key`](Event::dedupe_key).
    pub fn write(self, event: &Event) -> EncodedEvent {
        let key = event.dedupe_key();
        let activity = event.activity();
        let body = EventBody::of(event, &activity);
        let mut attributes = vec![
            ("app", event.app().to_owned()),
            ("content_type", self.content_type().to_owned()),
            ("generation", event.api_source().as_str().to_owned()),
            ("key", key.to_string()),
            ("kind", event.kind().as_str().to_owned()),
        ];
        let ids = activity.ids();
        let optional = [
            ("name", Some(event.name()).filter(|name| !name.is_empty())),
            ("subscriber", event.subscriber()),
            ("actor", activity.actor().and_then(|user| user.id.as_deref())),
            ("target", activity.target().and_then(|user| user.id.as_deref())),
            ("post", ids.post.as_deref()),
            ("message", ids.message.as_deref()),
        ];
        attributes.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))));
        attributes.extend(event.occurred_at().map(|time| ("occurred_at", time.to_string())));
        if body.sent != 1 {
            attributes.extend([("position", body.position.to_string()), ("sent", body.sent.to_string())]);
        }
        let payload = match self {
            Self::Plain => body.json.into_bytes(),
            Self::CloudEvents => CloudEvent::new(event, &key, activity, body).to_json(),
        };
        EncodedEvent { attributes, payload }
    }

    /// Returns the content type of the payload: `application/json` or
    /// `application/cloudevents+json`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "application/json",
            Self::CloudEvents => cloud_event::CONTENT_TYPE,
        }
    }
}

/// Reads an event that [`Format::write`] wrote in any format. **Does not verify anything.**
///
/// Reads the attributes `version`, `app`, `content_type`, `position`, `sent` and `key`. A message
/// without `version` has version 1, the only version so far. An event without `key` has no stored
/// [`dedupe_key`](Event::dedupe_key).
///
/// # Errors
/// Returns an error if [`Format::write`] did not write the message, or a later version of birdhook
/// did.
pub fn read<'f>(payload: Bytes, attribute: impl Fn(&str) -> Option<&'f str>) -> Result<Event, DecodeError> {
    if attribute("version").is_some_and(|version| version != VERSION) {
        return Err(DecodeError::Version);
    }
    let is_cloud_event = attribute("content_type").is_some_and(|found| found.starts_with(cloud_event::CONTENT_TYPE));
    let event = if is_cloud_event {
        cloud_event::read(&payload)
    } else {
        let app = attribute("app").ok_or(DecodeError::Fact("app"))?;
        let number = |name: &'static str, default: usize| match attribute(name) {
            Some(text) => text.parse().map_err(|_| DecodeError::Fact(name)),
            None => Ok(default),
        };
        restore(app, payload, number("position", 0)?, number("sent", 1)?)
    };
    let mut event = event.ok_or(DecodeError::Payload)?;
    if let Some(key) = attribute("key") {
        event.set_dedupe_key(key.parse::<EventKey>()?);
    }
    Ok(event)
}

/// Error from reading a message that [`Format::write`] did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// A attribute is missing or invalid.
    Fact(&'static str),
    /// The payload is invalid.
    Payload,
    /// The message was written by a later version of birdhook.
    Version,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact(name) => write!(f, "not a birdhook message: field `{name}` is missing or invalid"),
            Self::Payload => f.write_str("not a birdhook message: the payload cannot be read"),
            Self::Version => f.write_str("the message was written by a later version of birdhook; update this program"),
        }
    }
}

impl std::error::Error for DecodeError {}

impl From<ParseEventKeyError> for DecodeError {
    fn from(_: ParseEventKeyError) -> Self {
        Self::Fact("key")
    }
}
