//! The key that X and the app share.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::signature;

/// A MAC in progress: clone it from a [`Secret`], feed it bytes, finish it.
pub(crate) type RunningMac = Hmac<Sha256>;

/// An OAuth 2.0 client secret or a consumer secret, held as a keyed HMAC-SHA256 state.
///
/// The text itself is not kept, so it cannot be printed or compared, and no request pays for keying the MAC.
/// Find both secrets in the *Keys and tokens* tab of the app in X's developer console: the OAuth 2.0 "Client Secret" and the
/// consumer secret ("API Key Secret"); bearer and access tokens are neither
/// (<https://docs.x.com/x-api/webhooks/introduction>).
///
/// ```
/// use birdhook_core::{Secret, SecretError};
///
/// let secret = Secret::new("z3ZX4v7mAAUGykl3Ecm")?;
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(Secret::new("").unwrap_err(), SecretError::Empty);
/// # Ok::<(), SecretError>(())
/// ```
#[derive(Clone)]
pub struct Secret {
    keyed: RunningMac,
}

impl Secret {
    /// Takes the secret as X shows it.
    ///
    /// # Errors
    /// [`SecretError::Empty`] for an empty secret, with which anybody could sign, and [`SecretError::Character`] for one that
    /// holds anything but printable ASCII without spaces: a slip of the paste, with which every answer would be wrong.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, SecretError> {
        let secret = secret.as_ref();
        if secret.is_empty() {
            return Err(SecretError::Empty);
        }
        if !secret.iter().all(u8::is_ascii_graphic) {
            let text = String::from_utf8_lossy(secret);
            let wrong = text.chars().zip(1..).find(|(character, _)| !character.is_ascii_graphic());
            let (character, position) = wrong.unwrap_or_default();
            return Err(SecretError::Character { character, position });
        }
        let keyed = RunningMac::new_from_slice(secret).map_err(|_| SecretError::Empty)?;
        Ok(Self { keyed })
    }

    pub(crate) fn start(&self) -> RunningMac {
        self.keyed.clone()
    }

    pub(crate) fn mac(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = self.start();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The kinds of secret with which X signs, each in a header of its own.
///
/// X's newest documentation signs for an app with an OAuth 2.0 client secret with that secret in the new header, and for
/// other apps with the consumer secret in the old one. Which app has which is a setting of [`App`](crate::App).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// The consumer secret ("API Key Secret"), in the header [`HEADER`](signature::HEADER).
    Consumer,
    /// The OAuth 2.0 client secret, in the header [`HEADER_OAUTH2`](signature::HEADER_OAUTH2).
    Client,
}

impl SecretKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Consumer, Self::Client];

    /// The name of the header that holds a signature made with a secret of this kind.
    pub fn header(self) -> &'static str {
        match self {
            Self::Consumer => signature::HEADER,
            Self::Client => signature::HEADER_OAUTH2,
        }
    }

    /// The other kind.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Consumer => Self::Client,
            Self::Client => Self::Consumer,
        }
    }

    /// `consumer` or `client`, for metrics, logs and settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Client => "client",
        }
    }
}

/// `consumer secret` or `client secret`.
impl fmt::Display for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secret", self.as_str())
    }
}

/// Why a [`Secret`] was refused.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// The secret is empty: is the environment variable set?
    Empty,
    /// The secret holds a character that X's secrets never hold: anything but printable ASCII without spaces, such as a line
    /// break, a byte order mark or a no-break space.
    Character {
        /// The first of them; U+FFFD for bytes that are not UTF-8.
        character: char,
        /// Its position in characters, counted from 1.
        position: usize,
    },
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the secret is empty: is its environment variable set?"),
            Self::Character { character, position } => write!(
                f,
                "the secret holds U+{:04X} at position {position}: expected printable ASCII without spaces",
                u32::from(*character)
            ),
        }
    }
}

/// As [`Display`](fmt::Display): a `main` that returns an error prints it so.
impl fmt::Debug for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for SecretError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printable_ascii_is_refused_and_named() {
        let refused = |secret: &[u8]| Secret::new(secret).unwrap_err().to_string();
        for (secret, named) in [
            (&b"abc\n"[..], "U+000A at position 4"),
            (b" abc", "U+0020 at position 1"),
            (b"a c", "U+0020 at position 2"),
            (b"ab\x7f\n", "U+007F at position 3"),
            (b"ab\0", "U+0000 at position 3"),
            ("\u{feff}abc".as_bytes(), "U+FEFF at position 1"),
            ("abc\u{a0}".as_bytes(), "U+00A0 at position 4"),
            ("ab\u{e9}\u{1f426}".as_bytes(), "U+00E9 at position 3"),
            ("ab\u{1f426}".as_bytes(), "U+1F426 at position 3"),
            (b"\xff\xfeabc", "U+FFFD at position 1"),
        ] {
            let expected = format!("the secret holds {named}: expected printable ASCII without spaces");
            assert_eq!(refused(secret), expected);
        }
        let printable: Vec<u8> = (b'!'..=b'~').collect();
        assert!(Secret::new(printable).is_ok());
    }
}
