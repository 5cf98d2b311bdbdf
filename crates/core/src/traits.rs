//! Standard traits that several types implement in the same way.

/// Implements the traits of an error with the text that a closure writes.
///
/// `Debug` equals `Display`, because a `main` that returns an error prints its `Debug` form.
macro_rules! error_traits {
    ($error:ident, |$this:ident, $f:ident| $write:expr $(, { $($more:tt)* })?) => {
        impl std::fmt::Display for $error {
            fn fmt(&self, $f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let $this = self;
                $write
            }
        }

        /// Same as [`Display`](std::fmt::Display).
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::error::Error for $error {
            $($($more)*)?
        }
    };
}

/// Implements `Debug` with some fields only, or with the length of a text. The rest may be private.
macro_rules! debug_fields {
    ($type:ident $(<$lifetime:lifetime>)?) => {
        impl std::fmt::Debug for $type $(<$lifetime>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($type), "({} bytes)"), self.0.len())
            }
        }
    };
    ($type:ident $(<$lifetime:lifetime>)?, |$this:ident| $($name:ident: $value:expr),+) => {
        impl std::fmt::Debug for $type $(<$lifetime>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let $this = self;
                f.debug_struct(stringify!($type))$(.field(stringify!($name), &$value))+.finish_non_exhaustive()
            }
        }
    };
}

/// Implements `Serialize` with a method of the serializer that writes text.
macro_rules! serialize_text {
    ($type:ty, $method:ident $(, $text:ident)?) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.$method(self $(.$text())?)
            }
        }
    };
}

/// Implements `Deserialize` with `FromStr`.
macro_rules! deserialize_text {
    ($type:ty) => {
        /// Reads the text that is also read by `FromStr`.
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Implements `Display` and `Serialize` with the name that `as_str` returns.
macro_rules! name_traits {
    ($type:ident) => {
        /// Same as [`as_str`](Self::as_str).
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        $crate::traits::serialize_text!($type, serialize_str, as_str);
    };
}

pub(crate) use {debug_fields, deserialize_text, error_traits, name_traits, serialize_text};
