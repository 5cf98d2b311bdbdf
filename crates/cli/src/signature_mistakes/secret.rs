//! Secrets as configured, and as they may have been meant.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use birdhook::{Secret, app::SecretKind};
use secrecy::{ExposeSecret, SecretString};

use super::header::hexadecimal;
use super::mistake::{Candidate, Mistake};
use crate::account::known_keys;
use crate::apps::invalid_secret;

/// A secret that may have made the signature.
#[derive(Clone, Debug)]
pub(crate) struct PossibleSecret {
    /// The kind, for a configured secret.
    pub(crate) kind: Option<SecretKind>,
    pub(crate) secret: Secret,
}

/// The configured secrets and those to try besides.
#[derive(Debug)]
pub(crate) struct Secrets {
    pub(crate) candidates: Vec<Candidate<PossibleSecret>>,
    /// The kinds that are configured.
    pub(crate) kinds: Vec<SecretKind>,
    /// A configured value that is another key of the app.
    pub(crate) fault: Option<String>,
    /// The reason why a configured secret cannot be used as it is.
    pub(crate) invalid: Option<anyhow::Error>,
}

impl Secrets {
    pub(crate) fn new(texts: &[(SecretKind, SecretString)]) -> Self {
        let (mut candidates, mut kinds, mut invalid) = (Vec::new(), Vec::new(), None);
        let configured = texts.iter().map(|(kind, text)| (*kind, text.expose_secret()));
        for (kind, text) in configured.clone() {
            kinds.push(kind);
            match Secret::new(text) {
                Ok(secret) => candidates.push(Candidate::as_given(PossibleSecret { kind: Some(kind), secret })),
                Err(error) => {
                    let failure = invalid_secret(format!("the {kind}"));
                    invalid = invalid.or_else(|| Some(anyhow::Error::new(error).context(failure)));
                }
            }
            candidates.extend(variants(kind, text));
        }
        let mut fault = None;
        for known in known_keys() {
            let named = configured.clone().find(|(_, text)| *text == known.text);
            let Ok(secret) = Secret::new(&known.text) else { continue };
            match named {
                Some((kind, _)) if !known.is_secret => {
                    fault =
                        Some(format!("the configured {kind} is the app's {}, with which X does not sign", known.name));
                }
                Some(_) => {}
                None => candidates.push(Candidate::as_given(()).then(
                    PossibleSecret { kind: None, secret },
                    if known.is_secret { other_secret(&known.name) } else { other_key(&known.name) },
                )),
            }
        }
        Self { candidates, kinds, fault, invalid }
    }
}

fn other_secret(name: &str) -> Mistake {
    Mistake {
        change: format!("the secret is the {name}").into(),
        cause: "the configured secret is another one".into(),
        fix: "set the variable or file to the same secret".into(),
    }
}

fn other_key(name: &str) -> Mistake {
    Mistake {
        change: format!("the {name} is used as the secret").into(),
        cause: format!("the signer used the {name}, with which X does not sign").into(),
        fix: "sign with the consumer secret or the client secret".into(),
    }
}

/// Returns what the text may have been meant to be.
fn variants(kind: SecretKind, text: &str) -> Vec<Candidate<PossibleSecret>> {
    let mut meant: Vec<(String, Mistake)> = Vec::new();
    let mut add = |secret: &str, change, cause, fix| {
        if secret != text && meant.iter().all(|(other, _)| other != secret) {
            meant.push((secret.to_owned(), Mistake::new(change, cause, fix)));
        }
    };
    let trimmed = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
    add(
        trimmed,
        "the white space around the secret is removed",
        "the secret was stored with a line break or a space",
        "store the secret alone, for example with `printf %s`",
    );
    let unquoted = trimmed.trim_matches(['"', '\'']);
    add(
        unquoted,
        "the quotes around the secret are removed",
        "the file or variable contains quotes, which only a shell removes",
        "store the secret without quotes",
    );
    if let Some((_, value)) = trimmed.split_once('=') {
        add(
            value.trim_matches(['"', '\'']),
            "only the text after `=` is used as the secret",
            "the value contains the name of the variable",
            "store only the secret itself",
        );
    }
    if let Some(decoded) =
        STANDARD_NO_PAD.decode(unquoted.trim_end_matches('=')).ok().and_then(|b| String::from_utf8(b).ok())
    {
        add(
            decoded.trim(),
            "the secret is decoded from base64",
            "the configured value is the base64 of the secret, as Kubernetes stores it",
            "configure the secret as X shows it",
        );
    }
    if let Some(decoded) = hexadecimal(unquoted).and_then(|bytes| String::from_utf8(bytes).ok()) {
        add(
            decoded.trim(),
            "the secret is decoded from hexadecimal",
            "the configured value is the secret in hexadecimal",
            "configure the secret as X shows it",
        );
    }
    let secrets = meant.into_iter().filter_map(|(text, mistake)| {
        let secret = Secret::new(text).ok()?;
        Some(Candidate::as_given(()).then(PossibleSecret { kind: Some(kind), secret }, mistake))
    });
    secrets.collect()
}
