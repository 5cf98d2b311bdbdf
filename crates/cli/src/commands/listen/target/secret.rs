//! The secrets that sign requests to targets, as the Standard Webhooks specification describes.

use std::convert::Infallible;
use std::fmt;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use crate::apps::read_text;
use crate::error::{Code, Failure};

/// The beginning of each secret.
pub(super) const PREFIX: &str = "whsec_";

/// The size of a key in bytes. The limits are those of the specification.
const KEY_SIZE: std::ops::RangeInclusive<usize> = 24..=64;

/// An environment variable or a file with one or two secrets, or a secret itself.
///
/// Only a configuration file may contain a secret itself, where a variable was replaced by its value.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) struct SecretSource {
    text: SecretString,
    is_of_command_line: bool,
}

impl SecretSource {
    /// Creates a source from the command line. Never fails, because an error of the parser would repeat
    /// the text.
    pub(super) fn named(source: &str) -> Result<Self, Infallible> {
        Ok(Self { text: source.into(), is_of_command_line: true })
    }

    /// Reads the secrets, which white space or commas separate.
    pub(super) fn read(&self) -> Result<Vec<SigningSecret>> {
        let source = self.text.expose_secret();
        let is_secret = source.starts_with(PREFIX);
        if is_secret && self.is_of_command_line {
            let message = "the command line contains a signing secret, which is visible to every user of the machine";
            bail!(Failure::new(Code::InvalidSecret, message, "name an environment variable or a file that holds it"));
        }
        let text = if is_secret { self.text.clone() } else { read_text(source)? };
        let words = text.expose_secret().split(|letter: char| letter.is_whitespace() || letter == ',');
        let secrets: Vec<_> = words.filter(|word| !word.is_empty()).map(SigningSecret::parse).collect::<Result<_>>()?;
        if secrets.is_empty() {
            bail!(invalid("it is empty"));
        }
        Ok(secrets)
    }
}

impl From<String> for SecretSource {
    fn from(source: String) -> Self {
        Self { text: source.into(), is_of_command_line: false }
    }
}

/// Omits the source, which may be a secret.
impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretSource(..)")
    }
}

fn invalid(problem: &str) -> Failure {
    Failure::new(
        Code::InvalidSecret,
        format!("invalid signing secret: {problem}"),
        "create one with `echo whsec_$(openssl rand -base64 32)`",
    )
}

/// A secret that signs requests. Holds the keyed state instead of the text.
#[derive(Clone)]
pub(crate) struct SigningSecret(Hmac<Sha256>);

impl SigningSecret {
    /// Reads `whsec_` and the base64 of the key. The errors do not repeat the text.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let encoded = text.strip_prefix(PREFIX).with_context(|| invalid("it does not begin with whsec_"))?;
        let key = STANDARD.decode(encoded).map_err(|_| invalid("the part after whsec_ is not base64"))?;
        if !KEY_SIZE.contains(&key.len()) {
            bail!(invalid(&format!("the key has {} bytes, not {} to {}", key.len(), KEY_SIZE.start(), KEY_SIZE.end())));
        }
        // Keys of any size are accepted.
        Hmac::new_from_slice(&key).map(Self).map_err(|_| invalid("the key has an unexpected size").into())
    }

    /// Returns the signature of a message with this id, sent at this time in seconds since 1970.
    fn sign(&self, id: &str, seconds: u64, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(id.as_bytes());
        mac.update(format!(".{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// Returns the value of the header `webhook-signature`: one signature for each secret.
pub(crate) fn signatures(secrets: &[SigningSecret], id: &str, seconds: u64, body: &[u8]) -> String {
    let signatures: Vec<_> = secrets.iter().map(|secret| secret.sign(id, seconds, body)).collect();
    signatures.join(" ")
}

/// Omits the key.
impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the specification's reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIME: u64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn a_signature_is_that_of_the_reference_libraries() {
        let secret = SigningSecret::parse(SECRET).unwrap();
        assert_eq!(signatures(&[secret], ID, TIME, BODY), SIGNATURE);
    }

    #[test]
    fn two_secrets_give_two_signatures_with_a_space_between_them() {
        let other = format!("{PREFIX}{}", STANDARD.encode([7; 32]));
        let secrets = [other.as_str(), SECRET].map(|text| SigningSecret::parse(text).unwrap());
        let value = signatures(&secrets, ID, TIME, BODY);
        let (first, second) = value.split_once(' ').unwrap();
        assert!(first.starts_with("v1,") && first != second, "{value}");
        assert_eq!(second, SIGNATURE);
    }

    #[test]
    fn a_wrong_secret_is_rejected_and_not_repeated() {
        let short = format!("{PREFIX}{}", STANDARD.encode([7; 23]));
        let long = format!("{PREFIX}{}", STANDARD.encode([7; 65]));
        for (text, problem) in [
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not begin with whsec_"),
            ("whsec_MfKQ9r8*", "is not base64"),
            (&short, "the key has 23 bytes"),
            (&long, "the key has 65 bytes"),
        ] {
            let error = format!("{:#}", SigningSecret::parse(text).unwrap_err());
            assert!(error.contains(problem) && !error.contains("MfKQ9r8"), "{error}");
        }
        assert_eq!(format!("{:?}", SecretSource::from(SECRET.to_owned())), "SecretSource(..)");
    }

    #[test]
    fn a_source_holds_one_secret_or_two() {
        let read = |text: String| SecretSource::from(text).read();
        assert_eq!(read(SECRET.to_owned()).unwrap().len(), 1);
        assert_eq!(read(format!("{SECRET}\n{SECRET}\n")).unwrap().len(), 2);
        assert_eq!(read(format!("{SECRET},{SECRET}")).unwrap().len(), 2);
        let Ok(named) = SecretSource::named(SECRET);
        assert!(named.read().unwrap_err().to_string().contains("visible to every user"));
    }
}
