//! JSON as it came.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// A piece of valid JSON, exactly as X sent it: a slice of the request's body that shares its memory.
///
/// `Debug` prints the length only, for the text may be private.
#[derive(Clone, Eq)]
pub struct RawJson(ByteString);

/// Slices of one place are compared without looking at them: thousands of events may be of one long body.
impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.as_str(), other.as_str()) || self.0 == other.0
    }
}

impl RawJson {
    pub(crate) fn new(text: ByteString) -> Self {
        Self(text)
    }

    /// A part of it, which must be a slice of it and valid JSON.
    pub(crate) fn slice(&self, part: &str) -> Self {
        Self(self.0.slice_ref(part))
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The JSON text, as bytes that share the memory of the request's body.
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }

    /// Reads the text as any type; borrowed strings stay borrowed.
    ///
    /// # Errors
    /// What `serde_json` says when the text is not of that shape.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl AsRef<[u8]> for RawJson {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}

/// With `serde_json`, the bytes that came in.
impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.parse::<&RawValue>().map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}
