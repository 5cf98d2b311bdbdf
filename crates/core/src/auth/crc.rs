//! The challenge-response check (CRC), with which X verifies that an app still owns its URL.
//!
//! The response token is computed with the same function and key as a delivery's signature. **An
//! endpoint that signs any `crc_token` therefore lets anyone obtain the signature of a forged
//! delivery.** This module never signs a token that could be a delivery: it rejects tokens with
//! `{`, and every delivery contains one, because it is a JSON object or a list of them. The check
//! is described at <https://docs.x.com/x-api/webhooks/introduction>.
//!
//! ```
//! # mod birdhook { pub use birdhook_core::{Secret, crc}; }
//! use birdhook::{Secret, crc};
//!
//! let secret = Secret::new("apiSecret").unwrap();
//! let answer = crc::respond(&secret, "test token", crc::TokenPolicy::default()).unwrap();
//! assert_eq!(answer, r#"{"response_token":"sha256=O5hJl2njQRIa4vsumZ+3oom9ECR5m3aQLRZkPoYelp0="}"#);
//! assert!(crc::respond(&secret, r#"{"for_user_id":"1"}"#, crc::TokenPolicy::default()).is_err());
//! ```

use std::borrow::Cow;

use super::secret::Secret;
use super::signature;
use crate::traits::error_traits;

/// The maximum length of a token, in bytes. Tokens seen so far have 36 to 48.
pub const MAX_TOKEN_BYTES: usize = 512;

/// The set of tokens that are signed.
///
/// No policy signs a token with `{`, `&`, a control character or a non-ASCII byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenPolicy {
    /// Printable ASCII without `{` and `&`, at most [`MAX_TOKEN_BYTES`].
    #[default]
    Printable,
    /// Only the characters of base64 and its URL-safe form, `A-Z a-z 0-9 + / = _ -`. Every token
    /// seen so far qualifies.
    Base64,
}

impl TokenPolicy {
    /// Checks a decoded token.
    ///
    /// # Errors
    /// [`TokenError::Empty`], [`TokenError::TooLong`] or [`TokenError::Forbidden`].
    pub fn check(self, token: &str) -> Result<(), TokenError> {
        if token.is_empty() {
            return Err(TokenError::Empty);
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let allowed = |byte: u8| match self {
            Self::Printable => matches!(byte, b' '..=b'~') && byte != b'{' && byte != b'&',
            Self::Base64 => byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte),
        };
        if token.bytes().all(allowed) { Ok(()) } else { Err(TokenError::Forbidden) }
    }
}

/// Returns the JSON body that answers a challenge, to send with status 200 and `application/json`.
///
/// # Errors
/// Same as [`TokenPolicy::check`]. Answer these with 400, never with 200 or a redirect.
pub fn respond(secret: &Secret, token: &str, policy: TokenPolicy) -> Result<String, TokenError> {
    policy.check(token)?;
    Ok(format!(r#"{{"response_token":"{}"}}"#, signature::sign(secret, token.as_bytes())))
}

/// Returns the form-decoded `crc_token` of a raw query string. Other parameters are ignored.
///
/// # Errors
/// [`TokenError::Missing`] or [`TokenError::Repeated`].
pub fn token(query: &str) -> Result<Cow<'_, str>, TokenError> {
    let mut tokens = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "crc_token");
    let (_, token) = tokens.next().ok_or(TokenError::Missing)?;
    if tokens.next().is_some() { Err(TokenError::Repeated) } else { Ok(token) }
}

/// Error from a challenge. Never contains the token.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// The query has no `crc_token`.
    Missing,
    /// The `crc_token` is empty.
    Empty,
    /// The query has several `crc_token`s. A wrong guess at the one that X meant could end the
    /// webhook.
    Repeated,
    /// The token is longer than [`MAX_TOKEN_BYTES`].
    TooLong,
    /// The token contains a character that the [`TokenPolicy`] does not sign.
    Forbidden,
}

error_traits!(TokenError, |error, f| f.write_str(match error {
    Self::Missing => "crc_token is missing",
    Self::Empty => "crc_token is empty",
    Self::Repeated => "crc_token is repeated",
    Self::TooLong => "crc_token is too long",
    Self::Forbidden => "crc_token holds a character that is not signed",
}));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_by_name_and_form_decoded() {
        assert_eq!(token("crc_token=test+token").unwrap(), "test token");
        assert_eq!(token("tenant=x&crc%5Ftoken=a%2Bb&nonce=n").unwrap(), "a+b");
        assert_eq!(token("crc_token=a&crc_token=a"), Err(TokenError::Repeated));
        assert_eq!(token("xcrc_token=a"), Err(TokenError::Missing));
        assert_eq!(token(""), Err(TokenError::Missing));
    }

    #[test]
    fn each_policy_accepts_only_its_characters() {
        let (printable, base64) = (TokenPolicy::Printable, TokenPolicy::Base64);
        for good in ["9b4507b3-9040-4669-9ca3-6b94edb50553", "M2RkODJkZmMtYjlkYi00NmQ4LTk0MGU=", "a+b/c_d"] {
            assert!(printable.check(good).is_ok() && base64.check(good).is_ok(), "{good}");
        }
        for odd in ["test token", "[1,2]", "a\"b", "}"] {
            assert!(printable.check(odd).is_ok(), "{odd}");
            assert_eq!(base64.check(odd), Err(TokenError::Forbidden), "{odd}");
        }
        for bad in ["{", "a&nonce=b", "a\nb", "\u{7f}", "é", "\u{fffd}", "a\0"] {
            assert_eq!(printable.check(bad), Err(TokenError::Forbidden), "{bad:?}");
            assert_eq!(base64.check(bad), Err(TokenError::Forbidden), "{bad:?}");
        }
        assert!(printable.check(&"a".repeat(512)).is_ok());
        assert_eq!(printable.check(&"a".repeat(513)), Err(TokenError::TooLong));
    }
}
