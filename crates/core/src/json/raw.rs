//! JSON exactly as X sent it.

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::traits::debug_fields;

/// A piece of valid JSON, exactly as X sent it: a slice of the request's body that shares its
/// memory.
///
/// `Debug` prints only the length, because the text may be private.
#[derive(Clone, Eq)]
pub struct RawJson(ByteString);

/// Compares slices of the same memory by address, because thousands of events may share one long
/// body.
impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.as_str(), other.as_str()) || self.0 == other.0
    }
}

impl RawJson {
    pub(crate) fn new(text: ByteString) -> Self {
        Self(text)
    }

    /// Returns a part, which must be a slice of this text and valid JSON.
    pub(crate) fn slice(&self, part: &str) -> Self {
        Self(self.0.slice_ref(part))
    }

    /// Returns the JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the JSON text as bytes that share the memory of the request's body.
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }

    /// Deserialises the text as any type. Strings may borrow from it.
    ///
    /// # Errors
    /// Returns the error of `serde_json` if the text does not match the type.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl AsRef<[u8]> for RawJson {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

debug_fields!(RawJson);

/// Written unchanged by `serde_json`.
impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.parse::<&RawValue>().map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}
