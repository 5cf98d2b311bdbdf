//! The parts of a request's head that the core needs.

use crate::auth::secret_kind::{HEADER, HEADER_OAUTH2, SecretKind};
use crate::traits::debug_fields;

/// The head of a request, filled by an adapter: method, path, query and all headers.
///
/// ```
/// # mod birdhook { pub mod adapter { pub use birdhook_core::RequestHead; } }
/// use birdhook::adapter::RequestHead;
///
/// let head = RequestHead::new("POST", "/webhooks/twitter", None)
///     .with_headers([("content-length", b"2".as_slice()), ("x-twitter-webhooks-signature", b"sha256=".as_slice())]);
/// # let _ = head;
/// ```
#[derive(Clone)]
pub struct RequestHead<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    by_consumer: Field<'a>,
    by_client: Field<'a>,
    pub(crate) length: Length,
    pub(crate) encoded: bool,
}

impl<'a> RequestHead<'a> {
    /// Creates a head without headers. The query is the raw text after `?`; X signs exactly these
    /// bytes.
    pub fn new(method: &'a str, path: &'a str, query: Option<&'a str>) -> Self {
        Self {
            method,
            path,
            query: query.unwrap_or_default(),
            by_consumer: Field::Absent,
            by_client: Field::Absent,
            length: Length::Unknown,
            encoded: false,
        }
    }

    /// Adds headers. Pass all headers of the request; names may be in any case, values are raw
    /// bytes.
    #[must_use]
    pub fn with_headers<N: AsRef<str>>(mut self, headers: impl IntoIterator<Item = (N, &'a [u8])>) -> Self {
        for (name, value) in headers {
            self.header(name.as_ref(), value);
        }
        self
    }

    /// Returns the method as given.
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// Returns the path as given.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// Returns the raw query, empty if there is none. The query of a challenge contains a token:
    /// do not log it.
    pub fn query(&self) -> &'a str {
        self.query
    }

    /// Returns whether the request has a header with a signature made with a secret of this kind.
    pub fn has_signature(&self, kind: SecretKind) -> bool {
        !matches!(self.signature(kind), Field::Absent)
    }

    /// Returns the header with the signature made with a secret of this kind.
    pub(crate) fn signature(&self, kind: SecretKind) -> Field<'a> {
        match kind {
            SecretKind::Consumer => self.by_consumer,
            SecretKind::Client => self.by_client,
        }
    }

    fn header(&mut self, name: &str, value: &'a [u8]) {
        if name.eq_ignore_ascii_case(HEADER) {
            self.by_consumer.add(value);
        } else if name.eq_ignore_ascii_case(HEADER_OAUTH2) {
            self.by_client.add(value);
        } else if name.eq_ignore_ascii_case("content-length") {
            self.length.add(value);
        } else if name.eq_ignore_ascii_case("content-encoding") {
            let identity = |coding: &[u8]| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity");
            self.encoded |= !value.split(|&byte| byte == b',').all(|coding| identity(coding.trim_ascii()));
        }
    }
}

// The query contains a token, and the headers a signature.
debug_fields! { RequestHead<'_>, |head| method: head.method, path: head.path }

/// A header that may occur at most once.
#[derive(Clone, Copy)]
pub(crate) enum Field<'a> {
    Absent,
    Once(&'a [u8]),
    Repeated,
}

impl<'a> Field<'a> {
    fn add(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => Self::Once(value),
            Self::Once(_) | Self::Repeated => Self::Repeated,
        };
    }
}

/// The value of `Content-Length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Unknown,
    Bytes(u64),
    Invalid,
}

impl Length {
    fn add(&mut self, value: &[u8]) {
        let digits = value.trim_ascii();
        let number = match std::str::from_utf8(digits) {
            // A length beyond `u64::MAX` is a valid number: the body is too large, not malformed.
            Ok(text) if !text.is_empty() && digits.iter().all(u8::is_ascii_digit) => text.parse().unwrap_or(u64::MAX),
            _ => return *self = Self::Invalid,
        };
        *self = match *self {
            Self::Unknown => Self::Bytes(number),
            Self::Bytes(earlier) if earlier == number => Self::Bytes(number),
            Self::Bytes(_) | Self::Invalid => Self::Invalid,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head<'a>(headers: &[(&'a str, &'a str)]) -> RequestHead<'a> {
        RequestHead::new("POST", "/", None).with_headers(headers.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    #[test]
    fn contradicting_lengths_are_invalid() {
        assert_eq!(head(&[]).length, Length::Unknown);
        assert_eq!(head(&[("Content-Length", " 12 ")]).length, Length::Bytes(12));
        assert_eq!(head(&[("content-length", "12"), ("content-length", "12")]).length, Length::Bytes(12));
        assert_eq!(head(&[("content-length", "12"), ("content-length", "13")]).length, Length::Invalid);
        assert_eq!(head(&[("content-length", "99999999999999999999999")]).length, Length::Bytes(u64::MAX));
        for bad in ["", "-1", "1,1", "0x10", "+5"] {
            assert_eq!(head(&[("content-length", bad)]).length, Length::Invalid, "{bad:?}");
        }
    }

    #[test]
    fn only_identity_counts_as_not_encoded() {
        for plain in ["", "identity", "Identity, identity"] {
            assert!(!head(&[("Content-Encoding", plain)]).encoded, "{plain}");
        }
        for coded in ["gzip", "identity, gzip", "br", "x"] {
            assert!(head(&[("content-encoding", coded)]).encoded, "{coded}");
        }
    }
}
