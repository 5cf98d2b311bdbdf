//! Writes JSON to text while reading it.

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::lenient::MemberName;

/// The member name that `serde_json` uses for a number's text with `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

/// Returns the text of an object. A `serde_json::Value` would take a hundred bytes of memory for
/// each byte of hostile JSON.
pub(crate) fn object<'de, A: MapAccess<'de>>(members: A) -> Result<String, A::Error> {
    let mut text = Vec::new();
    JsonWriter(&mut text).visit_map(members)?;
    String::from_utf8(text).map_err(A::Error::custom)
}

/// Returns the text of an array.
pub(crate) fn array<'de, A: SeqAccess<'de>>(elements: A) -> Result<String, A::Error> {
    let mut text = Vec::new();
    JsonWriter(&mut text).visit_seq(elements)?;
    String::from_utf8(text).map_err(A::Error::custom)
}

struct JsonWriter<'w>(&'w mut Vec<u8>);

impl JsonWriter<'_> {
    fn write<E: Error>(self, value: impl Serialize) -> Result<(), E> {
        serde_json::to_writer(self.0, &value).map_err(E::custom)
    }
}

macro_rules! write_values {
    ($($visit:ident: $type:ty),+) => {
        $(fn $visit<E: Error>(self, value: $type) -> Result<(), E> {
            self.write(value)
        })+
    };
}

impl<'de> DeserializeSeed<'de> for JsonWriter<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonWriter<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    write_values!(visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.write(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self(text) = self;
        text.push(b'[');
        while elements.next_element_seed(JsonWriter(text))?.is_some() {
            text.push(b',');
        }
        close(text, b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self(text) = self;
        text.push(b'{');
        while let Some(MemberName(name)) = members.next_key()? {
            if name == NUMBER {
                let number: String = members.next_value()?;
                text.pop();
                text.extend(number.as_bytes());
                return Ok(());
            }
            JsonWriter(text).write(name)?;
            text.push(b':');
            members.next_value_seed(JsonWriter(text))?;
            text.push(b',');
        }
        close(text, b'}');
        Ok(())
    }
}

/// Replaces the trailing comma with the closing bracket, or appends the bracket.
fn close(text: &mut Vec<u8>, with: u8) {
    match text.last_mut() {
        Some(last) if *last == b',' => *last = with,
        _ => text.push(with),
    }
}
