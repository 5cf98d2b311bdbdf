//! The kinds of secrets, each with its own header.

use std::fmt;
use std::str::FromStr;

use crate::traits::{error_traits, serialize_text};

/// The header with the signature made with the app's consumer secret.
pub const HEADER: &str = "x-twitter-webhooks-signature";

/// The header with the signature made with the app's OAuth 2.0 client secret.
pub const HEADER_OAUTH2: &str = "x-twitter-webhooks-signature-oauth2";

/// The kinds of secrets with which X signs. Each kind has its own header.
///
/// According to X's latest documentation, X signs with the OAuth 2.0 client secret in the new
/// header for an app that has one, and with the consumer secret in the old header for other apps.
/// Configure the secrets of an app in [`App`](crate::App).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// The consumer secret ("API Key Secret"), in the header [`HEADER`](crate::signature::HEADER).
    Consumer,
    /// The OAuth 2.0 client secret, in the header [`HEADER_OAUTH2`](crate::signature::HEADER_OAUTH2).
    Client,
}

impl SecretKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Consumer, Self::Client];

    /// Returns the name of the header for signatures made with a secret of this kind.
    pub fn header(self) -> &'static str {
        match self {
            Self::Consumer => HEADER,
            Self::Client => HEADER_OAUTH2,
        }
    }

    /// Returns the other kind.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Consumer => Self::Client,
            Self::Client => Self::Consumer,
        }
    }

    /// Returns `consumer` or `client`, for metrics, logs and settings.
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

/// Reads `consumer` or `client`, with or without the word `secret` after it.
impl FromStr for SecretKind {
    type Err = ParseSecretKindError;

    fn from_str(text: &str) -> Result<Self, ParseSecretKindError> {
        let name = text.strip_suffix(" secret").unwrap_or(text);
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(ParseSecretKindError(()))
    }
}

serialize_text!(SecretKind, serialize_str, as_str);

/// Error from parsing a [`SecretKind`]. Does not contain the text, which may be a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ParseSecretKindError(());

error_traits!(ParseSecretKindError, |_error, f| f.write_str("unknown kind of secret: expected consumer or client"));
