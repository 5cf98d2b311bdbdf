//! The key shared by X and the app.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::traits::error_traits;

/// A MAC in progress: clone it from a [`Secret`], feed it bytes, finish it.
pub(crate) type RunningMac = Hmac<Sha256>;

/// An OAuth 2.0 client secret or a consumer secret, stored as a keyed HMAC-SHA256 state.
///
/// The text itself is not kept, so it cannot be printed or compared, and requests do not pay for
/// keying the MAC.
///
/// Both secrets are in the *Keys and tokens* tab of the app in X's developer console: the OAuth 2.0
/// "Client Secret" and the consumer secret ("API Key Secret"). Bearer tokens and access tokens are
/// not secrets in this sense (<https://docs.x.com/x-api/webhooks/introduction>).
///
///
/// ```
/// # mod birdhook { pub use birdhook_core::Secret; pub mod app { pub use birdhook_core::SecretError; } }
/// use birdhook::{Secret, app::SecretError};
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
    /// Creates a secret from the text that X shows.
    ///
    /// # Errors
    /// - [`SecretError::Empty`] for an empty secret, with which anyone could sign
    /// - [`SecretError::Character`] for a secret with anything but printable ASCII without spaces.
    ///   This is usually a copy-paste error and would make every signature wrong.
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

/// Error from creating a [`Secret`].
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// The secret is empty. The environment variable may not be set.
    Empty,
    /// The secret contains something other than printable ASCII without spaces.
    ///
    /// X does not use such characters in secrets. Examples are a line break, a byte order mark or a
    /// no-break space.
    Character {
        /// The first such character; U+FFFD for bytes that are not UTF-8.
        character: char,
        /// Its position in characters, counted from 1.
        position: usize,
    },
}

error_traits!(SecretError, |error, f| match error {
    Self::Empty => f.write_str("the secret is empty; check that its environment variable is set"),
    Self::Character { character, position } => {
        let code = u32::from(*character);
        write!(f, "the secret holds U+{code:04X} at position {position}: expected printable ASCII without spaces")
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_and_names_what_is_not_printable_ascii() {
        let rejection = |secret: &[u8]| Secret::new(secret).unwrap_err().to_string();
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
            assert_eq!(rejection(secret), expected);
        }
        let printable: Vec<u8> = (b'!'..=b'~').collect();
        assert!(Secret::new(printable).is_ok());
    }
}
