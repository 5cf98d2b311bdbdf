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
    /// [`SecretError::Empty`] for an empty secret, with which anybody could sign, and [`SecretError::WhiteSpace`]
    /// for one that begins or ends with white space, which is a slip of the paste and would fail every check.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, SecretError> {
        let secret = secret.as_ref();
        if secret.is_empty() {
            return Err(SecretError::Empty);
        }
        if secret.trim_ascii().len() != secret.len() {
            return Err(SecretError::WhiteSpace);
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
    /// The secret begins or ends with white space, which X's secrets never do: trim it.
    WhiteSpace,
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the secret is empty: is its environment variable set?",
            Self::WhiteSpace => "the secret begins or ends with white space: trim it",
        })
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
    fn a_pasted_newline_is_refused_loudly() {
        assert_eq!(Secret::new("abc\n").unwrap_err(), SecretError::WhiteSpace);
        assert_eq!(Secret::new(" abc").unwrap_err(), SecretError::WhiteSpace);
        assert!(Secret::new("a c").is_ok());
    }
}
