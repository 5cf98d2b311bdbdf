//! Ids, texts and numbers, as X writes them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use serde::de::MapAccess;

use super::lenient::{DecodedStr, Field, MemberName, Place, Value, replace};
use super::memory_limit;
use crate::traits::debug_fields;

/// An identifier, kept as text.
///
/// Post ids exceed 2^53, and some of X's ids are negative or not numbers. A JSON number is read as
/// its decimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<'a>(Cow<'a, str>);

/// A text that a user wrote. It dereferences to `str`, and prints as text.
///
/// `Debug` prints only its length, to keep user content out of logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(Cow<'a, str>);

macro_rules! str_like {
    ($name:ident) => {
        impl $name<'_> {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the same text, detached from the event.
            pub fn into_owned(self) -> $name<'static> {
                $name(Cow::Owned(self.0.into_owned()))
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name<'_> {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name<'_> {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name<'_> {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name<'_> {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl PartialEq<String> for $name<'_> {
            fn eq(&self, other: &String) -> bool {
                *self.0 == **other
            }
        }

        impl From<$name<'_>> for String {
            fn from(value: $name<'_>) -> Self {
                value.0.into_owned()
            }
        }

        impl<'a> From<$name<'a>> for Cow<'a, str> {
            fn from(value: $name<'a>) -> Self {
                value.0
            }
        }

        impl From<String> for $name<'_> {
            fn from(value: String) -> Self {
                Self(value.into())
            }
        }

        impl Default for $name<'_> {
            fn default() -> Self {
                Self(Cow::Borrowed(""))
            }
        }

        $crate::traits::serialize_text!($name<'_>, serialize_str, as_str);

        impl<'de> serde::Deserialize<'de> for $name<'_> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            fn from(value: &'a str) -> Self {
                Self(value.into())
            }
        }
    };
}

pub(crate) use str_like;

str_like!(Id);
str_like!(Text);

impl fmt::Debug for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

debug_fields!(Text<'_>);

impl<'de> Value<'de> for Id<'de> {
    fn string(text: DecodedStr<'de, '_>) -> Option<Self> {
        Some(Self(text.into()))
    }

    fn unsigned(number: u64) -> Option<Self> {
        Some(Self(number.to_string().into()))
    }

    fn signed(number: i64) -> Option<Self> {
        Some(Self(number.to_string().into()))
    }
}

impl<'de> Value<'de> for Text<'de> {
    fn string(text: DecodedStr<'de, '_>) -> Option<Self> {
        Some(Self(text.into()))
    }
}

/// X writes some booleans as the strings `"true"` and `"false"`.
impl Value<'_> for bool {
    fn boolean(flag: bool) -> Option<Self> {
        Some(flag)
    }

    fn string(text: DecodedStr<'_, '_>) -> Option<Self> {
        text.parse().ok()
    }
}

/// X also writes counts as strings of digits.
impl Value<'_> for u64 {
    fn unsigned(number: u64) -> Option<Self> {
        Some(number)
    }

    fn string(text: DecodedStr<'_, '_>) -> Option<Self> {
        text.parse().ok()
    }
}

impl<'de> Value<'de> for f64 {
    fn unsigned(number: u64) -> Option<Self> {
        Some(number as Self)
    }

    fn signed(number: i64) -> Option<Self> {
        Some(number as Self)
    }

    fn float(number: f64) -> Option<Self> {
        Some(number)
    }

    /// Reads a fractional number if any crate of the app enables `serde_json/arbitrary_precision`.
    /// Such a number then arrives as an object with one member that holds its text.
    fn object<A: MapAccess<'de>>(place: &mut Option<Self>, mut members: A, _depth: u8) -> Result<(), A::Error> {
        while let Some(MemberName(name)) = members.next_key()? {
            let mut text: Option<Text<'_>> = None;
            members.next_value_seed(Place::inside(0, &mut text))?;
            if name == "$serde_json::private::Number" {
                *place = text.and_then(|text| text.parse().ok()).or(*place);
            }
        }
        Ok(())
    }
}

impl<'de, T: Value<'de>> Value<'de> for BTreeMap<Id<'de>, T> {
    fn object<A: MapAccess<'de>>(place: &mut Option<Self>, mut members: A, depth: u8) -> Result<(), A::Error> {
        let values = place.insert(Self::new());
        let (mut key, mut value) = (None, None);
        while members.next_key_seed(Place::inside(0, &mut key))?.is_some() {
            members.next_value_seed(Place::inside(depth + 1, &mut value))?;
            values.extend(key.take().zip(value.take()).filter(|_| memory_limit::reserve::<(Id<'_>, T)>()));
        }
        Ok(())
    }
}

impl<'de, T: Value<'de>> Field<'de> for BTreeMap<Id<'de>, T> {
    fn read<A: MapAccess<'de>>(&mut self, members: &mut A, depth: u8) -> Result<(), A::Error> {
        replace(self, members, depth)
    }
}
