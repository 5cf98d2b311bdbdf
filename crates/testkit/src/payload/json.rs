//! JSON objects, and their serialization with the escaping of each API.

use std::io::{self, Write};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// Adds the members of one object to another.
pub(crate) fn with(mut object: Value, other: Value) -> Value {
    if let (Value::Object(members), Value::Object(others)) = (&mut object, other) {
        members.extend(others);
    }
    object
}

/// Adds the elements of arrays and the members of objects to those of another body.
pub(super) fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Array(into), Value::Array(from)) => into.extend(from),
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter().for_each(|(name, value)| merge(into.entry(name).or_insert(Value::Null), value));
        }
        (into, from) => *into = from,
    }
}

/// Removes the members of an object that are null.
pub(crate) fn without_nulls(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.retain(|_, value| !value.is_null());
    }
    object
}

/// Returns an id as a number, as posts of v1.1 hold it. Ids in tests that are not numeric stay
/// strings.
pub(super) fn number(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| id.into(), Value::from)
}

/// Serializes as the Account Activity API does: non-ASCII characters, `<`, `>` and `/` are escaped.
/// A signature over re-serialized JSON therefore does not match.
pub(super) fn escaped(body: Value) -> Option<Bytes> {
    serialized(body, Escaping)
}

/// Serializes as plain UTF-8, which is assumed for the X Activity API: no capture shows its
/// escaping.
pub(super) fn plain(body: Value) -> Option<Bytes> {
    serialized(body, serde_json::ser::CompactFormatter)
}

fn serialized(mut body: Value, form: impl Formatter) -> Option<Bytes> {
    // Sorted explicitly, because a crate of the app may enable `serde_json/preserve_order`.
    body.sort_all_objects();
    let mut text = Vec::new();
    body.serialize(&mut Serializer::with_formatter(&mut text, form)).ok()?;
    Some(text.into())
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut units = [0; 2];
        for letter in fragment.chars() {
            match letter {
                '/' => writer.write_all(b"\\/")?,
                '<' | '>' => write!(writer, "\\u{:04x}", u32::from(letter))?,
                _ if letter.is_ascii() => writer.write_all(letter.encode_utf8(&mut [0; 4]).as_bytes())?,
                _ => letter.encode_utf16(&mut units).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}"))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn escapes_texts_as_x_does_and_round_trips() {
        let body = json!({"é": "<a href=\"https://x.example/\">🐝</a>\n\\", "n": 1_632_095_000_000_000_001_u64});
        let text = escaped(body.clone()).unwrap();
        let expected = r#"{"n":1632095000000000001,"\u00e9":"\u003ca href=\"https:\/\/x.example\/\"\u003e\ud83d\udc1d\u003c\/a\u003e\n\\"}"#;
        assert_eq!(text, expected);
        for text in [text, plain(body.clone()).unwrap()] {
            assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), body);
        }
    }
}
