//! Access to internals for fuzz targets.

use birdhook_core::Event;
use birdhook_core::codec::{DecodeError, Format};
use bytes::Bytes;
use redis::Value;

use super::reply::{self, Claimed, Entry};
use super::{message, names};
use crate::weakness::Weakness;

/// Names and values of an entry's fields.
pub type Fields = Vec<(Bytes, Bytes)>;

/// Parses the reply to `XREADGROUP`: ids, attempts and fields.
pub fn entries(answer: Value) -> Vec<(String, u64, Fields)> {
    reply::read(answer).into_iter().map(parts).collect()
}

/// Parses the reply of `claim.lua`: where to continue, when an entry is due, and entries.
#[expect(clippy::type_complexity, reason = "parts that a fuzz target compares")]
pub fn claimed(answer: Value) -> Option<(String, Option<u64>, Vec<(String, u64, Fields)>)> {
    let Claimed { from, due, entries } = reply::claimed(answer)?;
    Some((from, due, entries.into_iter().map(parts).collect()))
}

fn parts(entry: Entry) -> (String, u64, Fields) {
    (entry.id, entry.attempts, entry.fields)
}

/// Parses an entry's event.
///
/// # Errors
/// Fails if birdhook did not write it.
pub fn event(fields: &[(Bytes, Bytes)]) -> Result<Event, DecodeError> {
    message::event(fields)
}

/// Returns an event's fields as they are appended.
pub fn fields(event: &Event, format: Format) -> Fields {
    let message = format.write(event);
    let attributes = message.attributes.into_iter().map(|(name, value)| (name.into(), value.into()));
    attributes.chain([(names::PAYLOAD.into(), message.payload)]).collect()
}

/// Parses two sections of `INFO`.
pub fn weaknesses(memory: &str, persistence: &str) -> Vec<Weakness> {
    crate::weakness::weaknesses(memory, persistence)
}
