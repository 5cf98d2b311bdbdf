//! HMAC-SHA256 signatures in the form of X's headers: `sha256=` and standard, padded base64.
//!
//! ```
//! # mod birdhook { pub use birdhook_core::{Secret, signature}; }
//! use birdhook::{Secret, signature};
//!
//! let secret = Secret::new("test").unwrap();
//! let header = signature::sign(&secret, br#"{"test_number":1,"test_string":"two"}"#);
//! assert_eq!(header, "sha256=YWHphPn/JFq43jkF0y4/w8R/SelmLjvpunhVFY8JhlI=");
//! assert!(signature::verify(&secret, br#"{"test_number":1,"test_string":"two"}"#, header.as_bytes()).is_ok());
//! assert!(signature::verify(&secret, b"{}", header.as_bytes()).is_err());
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq};

use super::secret::Secret;
use crate::traits::error_traits;

pub use crate::auth::secret_kind::{HEADER, HEADER_OAUTH2};

const PREFIX: &[u8] = b"sha256=";

/// Signs `message` and returns the value of the header, 51 bytes.
pub fn sign(secret: &Secret, message: &[u8]) -> String {
    text(&secret.mac(message))
}

/// Verifies the value of a signature header against the raw bytes of a message, in constant time.
///
/// # Errors
/// [`SignatureError::Malformed`] if the value is not `sha256=` and the base64 of 32 bytes.
/// [`SignatureError::Wrong`] if it signs other bytes or was made with another secret.
pub fn verify(secret: &Secret, message: &[u8], header: &[u8]) -> Result<(), SignatureError> {
    let claimed = Signature::parse(header).ok_or(SignatureError::Malformed)?;
    if bool::from(claimed.matches(&secret.mac(message))) { Ok(()) } else { Err(SignatureError::Wrong) }
}

/// Error from verifying a signature.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// The header is not `sha256=` followed by the base64 of 32 bytes.
    Malformed,
    /// The header is well formed but does not sign these bytes with this secret.
    Wrong,
}

error_traits!(SignatureError, |error, f| f.write_str(match error {
    Self::Malformed => "the signature is not 'sha256=' and the base64 of 32 bytes",
    Self::Wrong => "the signature does not match",
}));

/// A signature read from a header. It is not yet verified.
#[derive(Clone, Copy)]
pub(crate) struct Signature([u8; 32]);

impl Signature {
    pub(crate) fn parse(header: &[u8]) -> Option<Self> {
        let encoded = header.trim_ascii().strip_prefix(PREFIX)?;
        // 44 characters decode to at most 33 bytes; the decoder checks the exact length.
        let mut bytes = [0; 33];
        if encoded.len() != 44 || STANDARD.decode_slice(encoded, &mut bytes).ok()? != 32 {
            return None;
        }
        bytes.first_chunk().copied().map(Self)
    }

    pub(crate) fn matches(&self, mac: &[u8; 32]) -> Choice {
        self.0.ct_eq(mac)
    }
}

pub(crate) fn text(mac: &[u8; 32]) -> String {
    let mut text = String::with_capacity(51);
    text.push_str("sha256=");
    STANDARD.encode_string(mac, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("test").unwrap()
    }

    #[test]
    fn every_changed_character_is_detected() {
        let good = sign(&secret(), b"body");
        for at in 0..good.len() {
            let mut bad = good.clone().into_bytes();
            bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
            assert!(verify(&secret(), b"body", &bad).is_err(), "changed at {at}");
        }
    }

    #[test]
    fn common_mistakes_are_malformed() {
        let good = sign(&secret(), b"body");
        let hex = "sha256=230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5";
        let short = &good[..50];
        let line = good.replace('=', "=\n");
        let url_safe = "sha256=________________________________________________";
        for bad in ["", "sha256=", hex, short, &good[7..], &line, "SHA256=", url_safe, &format!("{good}=")] {
            assert_eq!(verify(&secret(), b"body", bad.as_bytes()), Err(SignatureError::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn the_right_length_is_not_enough() {
        let (longer, shorter) = ("A".repeat(44), "A".repeat(42) + "==");
        for (bad, bytes) in [(longer, 33), (shorter, 31)] {
            let header = format!("sha256={bad}");
            assert_eq!(verify(&secret(), b"body", header.as_bytes()), Err(SignatureError::Malformed), "{bytes} bytes");
        }
    }
}
