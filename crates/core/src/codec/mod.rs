//! Events written to a queue, a log or another program, and read back.
//!
//! ```
//! use birdhook_core::codec::{Format, read};
//! # let delivery = birdhook_core::Delivery::restore("shop", r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#, 1).unwrap();
//! # let event = &delivery.events()[0];
//! let message = Format::Plain.write(event, &event.delivery_key());
//! let fact = |name: &str| message.facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
//! assert_eq!(fact("kind"), Some("post_deleted"));
//! let again = read(message.payload.clone(), fact)?;
//! assert_eq!(again.delivery_key(), event.delivery_key());
//! # Ok::<(), birdhook_core::codec::DecodeError>(())
//! ```

mod alone;
mod cloud_event;

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use crate::{Activity, Delivery, Event, EventKey, RawJson};

pub use cloud_event::CloudEvent;

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
    pub facts: Vec<(&'static str, String)>,
    /// The JSON.
    pub payload: Bytes,
}

/// Prints only the length of the payload, because the contents are user data.
impl fmt::Debug for EncodedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedEvent").field("bytes", &self.payload.len()).finish_non_exhaustive()
    }
}

impl Format {
    /// Writes an event. `key` is the key used for deduplication.
    pub fn write(self, event: &Event, key: &EventKey) -> EncodedEvent {
        let activity = event.activity();
        let carried = event.carried(&activity);
        let mut facts = vec![
            ("app", event.app().to_owned()),
            ("content_type", self.content_type().to_owned()),
            ("generation", event.api_source().as_str().to_owned()),
            ("key", key.to_string()),
            ("kind", event.kind().as_str().to_owned()),
        ];
        let ids = activity.ids();
        let told = [
            ("name", Some(event.name()).filter(|name| !name.is_empty())),
            ("subscriber", event.subscriber()),
            ("actor", activity.actor().and_then(|user| user.id.as_deref())),
            ("target", activity.target().and_then(|user| user.id.as_deref())),
            ("post", ids.post),
            ("message", ids.message),
        ];
        facts.extend(told.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))));
        facts.extend(event.occurred_at().map(|time| ("occurred_at", time.to_string())));
        if carried.sent != 1 {
            facts.extend([("position", carried.position.to_string()), ("sent", carried.sent.to_string())]);
        }
        let payload = match self {
            Self::Plain => carried.body.into_bytes(),
            Self::CloudEvents => CloudEvent::new(event, key, activity, carried).to_json(),
        };
        EncodedEvent { facts, payload }
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
/// Reads the facts `version`, `app`, `content_type`, `position` and `sent`. A message without
/// `version` has version 1, the only version so far.
///
/// # Errors
/// Returns an error if [`Format::write`] did not write the message, or a later version of birdhook
/// did.
pub fn read<'f>(payload: Bytes, fact: impl Fn(&str) -> Option<&'f str>) -> Result<Event, DecodeError> {
    if fact("version").is_some_and(|version| version != VERSION) {
        return Err(DecodeError::Version);
    }
    let is_cloud_event = fact("content_type").is_some_and(|found| found.starts_with(cloud_event::CONTENT_TYPE));
    if is_cloud_event {
        return cloud_event::read(&payload).ok_or(DecodeError::Payload);
    }
    let app = fact("app").ok_or(DecodeError::Fact("app"))?;
    let number = |name: &'static str, unless: usize| match fact(name) {
        Some(text) => text.parse().map_err(|_| DecodeError::Fact(name)),
        None => Ok(unless),
    };
    restore(app, payload, number("position", 0)?, number("sent", 1)?).ok_or(DecodeError::Payload)
}

fn restore(app: &str, body: Bytes, position: usize, sent: usize) -> Option<Event> {
    // With `sent` = 0 no index is valid.
    let all = (position < sent).then(|| Delivery::restore(app, body, sent))??;
    all.into_events().into_iter().nth(position)
}

/// Parses the `key` fact.
impl FromStr for EventKey {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let mut bytes = [0; 32];
        let mut digits =
            text.bytes().map(|digit| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
        for byte in &mut bytes {
            let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
                return Err(DecodeError::Fact("key"));
            };
            *byte = high << 4 | low;
        }
        if digits.next().is_some() { Err(DecodeError::Fact("key")) } else { Ok(bytes.into()) }
    }
}

/// Error from reading a message that [`Format::write`] did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// A fact is missing or invalid.
    Fact(&'static str),
    /// The payload is invalid.
    Payload,
    /// The message was written by a later version of birdhook.
    Version,
}

/// The version of messages that this version of birdhook reads and writes. Not written to messages.
const VERSION: &str = "1";

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact(name) => write!(f, "no event of birdhook's: `{name}` is missing or not as it is written"),
            Self::Payload => f.write_str("no event of birdhook's: the payload cannot be read"),
            Self::Version => f.write_str("the message was written by a later version of birdhook: update this program"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The data needed to read an event again.
pub(crate) struct Carried {
    pub(crate) body: RawJson,
    pub(crate) position: usize,
    pub(crate) sent: usize,
}

impl Event {
    /// Returns the event in a body of its own if possible. Writing a large body with each of its
    /// events would multiply its size.
    fn carried(&self, activity: &Activity<'_>) -> Carried {
        match alone::cut_out(self, activity) {
            Some(body) => Carried { body, position: 0, sent: 1 },
            None => Carried { body: self.body().clone(), position: self.index(), sent: self.original_len() },
        }
    }
}
