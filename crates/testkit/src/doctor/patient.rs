//! The target under examination: its address, its responses so far, and the secrets that it must
//! not reveal.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use birdhook_core::{Secret, SecretError, SecretKind, signature};
use bytes::Bytes;
use reqwest::Url;
use rustls::pki_types::CertificateDer;

use super::exchange::{Answer, Ask, Exchange, NoAnswer};
use super::leak;
use super::line::{Line, Target};
use crate::request::{self, Challenge};

/// A secret that the doctor knows.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) kind: SecretKind,
    pub(super) secret: Secret,
    pub(super) text: SecretText,
}

impl Known {
    pub(super) fn new(kind: SecretKind, text: &str) -> Result<Self, SecretError> {
        Ok(Self { kind, secret: Secret::new(text)?, text: SecretText(text.to_owned()) })
    }
}

/// The secrets that the doctor knows, at most one of each kind.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// The secret that answers challenges, according to the responses so far.
    pub(super) answering: Known,
    pub(super) other: Option<Known>,
}

impl Keys {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Known> {
        std::iter::once(&self.answering).chain(&self.other)
    }

    /// Adds a secret, replacing one of the same kind.
    pub(super) fn add(&mut self, known: Known) {
        if self.answering.kind == known.kind {
            self.answering = known;
        } else {
            self.other = Some(known);
        }
    }

    /// Makes the other secret the one that answers challenges.
    pub(super) fn swap(&mut self) {
        if let Some(other) = &mut self.other {
            std::mem::swap(&mut self.answering, other);
        }
    }

    /// Returns the signatures of a body, one with each secret.
    pub(super) fn sign(&self, body: &[u8]) -> Vec<(SecretKind, String)> {
        self.iter().map(|known| (known.kind, signature::sign(&known.secret, body))).collect()
    }
}

/// The text of a secret, hidden from `Debug`.
#[derive(Clone)]
pub(super) struct SecretText(pub(super) String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// The target under examination.
pub(super) struct Patient {
    pub(super) url: String,
    pub(super) target: Option<Target>,
    pub(super) keys: Keys,
    pub(super) local: bool,
    pub(super) patience: Duration,
    pub(super) deadline: Duration,
    pub(super) roots: Vec<CertificateDer<'static>>,
    pub(super) line: Option<Line>,
    /// The first challenge and its response.
    pub(super) challenge: Option<(Challenge, Exchange)>,
    /// The response to the first valid delivery.
    pub(super) delivery: Option<Exchange>,
    /// The response to the first delivery with a wrong signature.
    pub(super) forgery: Option<Exchange>,
    /// The name of the running check.
    pub(super) check: &'static str,
    /// Whether a request of the running check got no response.
    pub(super) fell_silent: bool,
    /// Whether a check has ended the target's process.
    pub(super) has_died: bool,
    /// Checks during which a response revealed a secret or a signature.
    pub(super) secrets_told: BTreeSet<(&'static str, &'static str)>,
    /// Checks during which a response contained a stack trace or debug output.
    pub(super) traces_told: BTreeSet<(&'static str, &'static str)>,
    pub(super) random: fastrand::Rng,
}

impl Patient {
    /// Sends a request, and searches the response for secrets and stack traces.
    pub(super) async fn send(&mut self, ask: &Ask) -> Exchange {
        let exchange = self.send_unseen(ask).await;
        self.note(ask, &exchange);
        exchange
    }

    /// Sends copies of a request concurrently.
    pub(super) async fn send_at_once(&mut self, ask: &Ask, copies: usize) -> Vec<Exchange> {
        let exchanges = futures_util::future::join_all((0..copies).map(|_| self.send_unseen(ask))).await;
        exchanges.iter().for_each(|exchange| self.note(ask, exchange));
        exchanges
    }

    fn note(&mut self, ask: &Ask, exchange: &Exchange) {
        match exchange {
            Ok(answer) => self.look_through(ask, answer),
            Err(_) => self.fell_silent = true,
        }
    }

    async fn send_unseen(&self, ask: &Ask) -> Exchange {
        match &self.line {
            Some(line) => line.send(ask).await,
            None => Err(NoAnswer::Refused),
        }
    }

    fn look_through(&mut self, ask: &Ask, answer: &Answer) {
        let text = leak::text(answer);
        // A short secret may match by chance; X's have 50 characters.
        let holds = |secret: &SecretText| secret.0.len() >= 8 && text.contains(&secret.0);
        if self.keys.iter().any(|known| holds(&known.text)) {
            self.secrets_told.insert((self.check, "the secret"));
        }
        // Empty bodies and those of 1 MiB or more are skipped. A signature that was part of the
        // request may be echoed.
        let is_looked_at = (1..1 << 20).contains(&ask.body().len());
        for (_, right) in if is_looked_at { self.keys.sign(ask.body()) } else { Vec::new() } {
            let (sent, bytes) = (ask.head("", ""), right.trim_start_matches("sha256=").trim_end_matches('='));
            // Compares without prefix and padding, because the request may have changed them.
            let was_sent = sent.windows(bytes.len()).any(|window| window == bytes.as_bytes());
            if !was_sent && leak::holds_signature(&text, &right) {
                self.secrets_told.insert((self.check, "the signature that would have been right"));
            }
        }
        if let Some(trace) = leak::trace(&text) {
            self.traces_told.insert((self.check, trace));
        }
    }

    /// Returns a challenge with a new token and without a nonce, as X's v2 documentation shows it.
    pub(super) fn new_challenge(&mut self) -> Challenge {
        Challenge::new(Challenge::from_seed(self.random.u64(..), request::now()).token())
    }

    /// Returns a challenge whose right response contains both `+` and `/`, so that the base64
    /// alphabets can be distinguished.
    pub(super) fn telling_challenge(&mut self) -> Challenge {
        for _ in 0..100 {
            let challenge = self.new_challenge();
            let right = challenge.response_token(self.secret());
            if right.contains('+') && right.contains('/') {
                return challenge;
            }
        }
        self.new_challenge()
    }

    /// Returns the secret that answers challenges.
    pub(super) fn secret(&self) -> &Secret {
        &self.keys.answering.secret
    }

    /// Returns a correctly signed delivery, with a header for every known secret. A receiver
    /// ignores the header that it cannot check.
    pub(super) fn signed(&self, body: impl Into<Bytes>) -> Ask {
        let body = body.into();
        let signatures = self.keys.sign(&body);
        Ask::post(body).signed(signatures)
    }

    /// Returns a body that no app acts on: the result of a replay that was not requested. `note`
    /// must already be escaped for a JSON string.
    pub(super) fn body(&mut self, note: &str) -> String {
        let job = self.random.u64(..);
        // Members are in alphabetical order, so that parsing and re-serializing keeps the order.
        format!(
            r#"{{"replay_job_status":{{"job_id":"birdhook-doctor-{job:016x}","job_state":"Complete","job_state_description":"{note}","webhook_id":"0"}}}}"#
        )
    }

    /// Returns the URL without user name and password.
    pub(super) fn shown_url(&self) -> String {
        // Also parses URLs that X cannot call, such as ftp URLs.
        let parsed = Url::parse(&self.url).ok();
        let hidden = parsed.filter(|url| !url.username().is_empty() || url.password().is_some());
        let Some(mut url) = hidden else { return self.url.clone() };
        // Cannot fail for a URL that has a host.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        url.into()
    }

    /// Returns a short, printable quote of a text from the target, without secrets.
    pub(super) fn quote(&self, text: &str) -> String {
        leak::quote(text, self.keys.iter().map(|known| &*known.text.0))
    }
}
