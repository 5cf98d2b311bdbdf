//! Parses Redis's replies about entries.

use bytes::Bytes;
use redis::Value;

/// Names and values of an entry's fields.
pub(super) type Fields = Vec<(Bytes, Bytes)>;

/// An entry delivered to this consumer.
pub(super) struct Entry {
    pub(super) id: String,
    /// The number of delivery attempts, including this one.
    pub(super) attempts: u64,
    pub(super) fields: Fields,
}

/// The reply of `claim.lua`.
pub(super) struct Claimed {
    /// The start of the next search; empty at the end.
    pub(super) from: String,
    /// Milliseconds until an entry is due.
    pub(super) due: Option<u64>,
    pub(super) entries: Vec<Entry>,
}

/// Parses the reply to `XREADGROUP` for one stream: entries that no consumer of the group had
/// before.
pub(super) fn read(answer: Value) -> Vec<Entry> {
    let entries = match answer {
        Value::Array(streams) => streams.into_iter().next().and_then(|stream| array(stream).nth(1)),
        Value::Map(streams) => streams.into_iter().next().map(|(_, entries)| entries),
        _ => None,
    };
    let entry = |entry| {
        let mut parts = array(entry);
        Some(Entry { id: text(parts.next()?)?, attempts: 1, fields: fields(parts.next()?) })
    };
    entries.into_iter().flat_map(array).filter_map(entry).collect()
}

/// Parses the reply of `claim.lua`.
pub(super) fn claimed(answer: Value) -> Option<Claimed> {
    let mut parts = array(answer);
    let (from, due, entries) = (text(parts.next()?)?, number(&parts.next()?), parts.next()?);
    let entry = |entry| {
        let mut parts = array(entry);
        Some(Entry { id: text(parts.next()?)?, attempts: number(&parts.next()?)?, fields: fields(parts.next()?) })
    };
    Some(Claimed { from, due, entries: array(entries).filter_map(entry).collect() })
}

fn array(value: Value) -> impl Iterator<Item = Value> {
    match value {
        Value::Array(values) => values.into_iter(),
        _ => Vec::new().into_iter(),
    }
}

fn fields(value: Value) -> Fields {
    let mut values = array(value).map(bytes);
    std::iter::from_fn(|| Some((values.next()?, values.next()?))).collect()
}

fn bytes(value: Value) -> Bytes {
    match value {
        Value::BulkString(bytes) => bytes.into(),
        Value::SimpleString(text) => text.into(),
        _ => Bytes::new(),
    }
}

fn text(value: Value) -> Option<String> {
    String::from_utf8(bytes(value).into()).ok()
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}
