//! The receiver under examination: how to reach it, what it has shown so far, and what it must
//! never show.

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

/// The secrets that the doctor knows, one of a kind.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// The one that answers challenges, as far as is known.
    pub(super) answering: Known,
    pub(super) other: Option<Known>,
}

impl Keys {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Known> {
        std::iter::once(&self.answering).chain(&self.other)
    }

    /// Adds a secret, in place of one of its kind.
    pub(super) fn add(&mut self, known: Known) {
        if self.answering.kind == known.kind {
            self.answering = known;
        } else {
            self.other = Some(known);
        }
    }

    /// Puts the other secret first.
    pub(super) fn swap(&mut self) {
        if let Some(other) = &mut self.other {
            std::mem::swap(&mut self.answering, other);
        }
    }

    /// The signatures of a body that X could send, one with each secret.
    pub(super) fn sign(&self, body: &[u8]) -> Vec<(SecretKind, String)> {
        self.iter().map(|known| (known.kind, signature::sign(&known.secret, body))).collect()
    }
}

/// A secret's text, which nothing prints.
#[derive(Clone)]
pub(super) struct SecretText(pub(super) String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// The receiver under examination.
pub(super) struct Patient {
    pub(super) url: String,
    pub(super) target: Option<Target>,
    pub(super) keys: Keys,
    pub(super) local: bool,
    pub(super) patience: Duration,
    pub(super) deadline: Duration,
    pub(super) roots: Vec<CertificateDer<'static>>,
    pub(super) line: Option<Line>,
    /// The first challenge.
    pub(super) challenge: Option<(Challenge, Exchange)>,
    /// The first good delivery.
    pub(super) delivery: Option<Exchange>,
    /// The first delivery with a wrong signature.
    pub(super) forgery: Option<Exchange>,
    /// What a check asks that is running.
    pub(super) check: &'static str,
    /// Whether the check that is running met with silence.
    pub(super) fell_silent: bool,
    /// Whether a check has ended the receiver.
    pub(super) has_died: bool,
    /// Checks during which an answer held what no stranger may read.
    pub(super) secrets_told: BTreeSet<(&'static str, &'static str)>,
    /// Checks during which an answer told of the receiver's inside.
    pub(super) traces_told: BTreeSet<(&'static str, &'static str)>,
    pub(super) random: fastrand::Rng,
}

impl Patient {
    /// Sends a request, and looks through the answer for what it must not hold.
    pub(super) async fn send(&mut self, ask: &Ask) -> Exchange {
        let exchange = self.send_unseen(ask).await;
        self.note(ask, &exchange);
        exchange
    }

    /// Sends copies of a request at the same time.
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
        // A secret as short as a word may be there by chance; X's have 50 characters.
        let holds = |secret: &SecretText| secret.0.len() >= 8 && text.contains(&secret.0);
        if self.keys.iter().any(|known| holds(&known.text)) {
            self.secrets_told.insert((self.check, "the secret"));
        }
        // What was sent with the right signature may be told back.
        let is_looked_at = (1..1 << 20).contains(&ask.body().len());
        for (_, right) in if is_looked_at { self.keys.sign(ask.body()) } else { Vec::new() } {
            let (sent, bytes) = (ask.head("", ""), right.trim_start_matches("sha256=").trim_end_matches('='));
            // With whatever was written around it.
            let was_sent = sent.windows(bytes.len()).any(|window| window == bytes.as_bytes());
            if !was_sent && leak::holds_signature(&text, &right) {
                self.secrets_told.insert((self.check, "the signature that would have been right"));
            }
        }
        if let Some(trace) = leak::trace(&text) {
            self.traces_told.insert((self.check, trace));
        }
    }

    /// A challenge with a new token like X's, without a nonce, as in X's documentation of v2.
    pub(super) fn new_challenge(&mut self) -> Challenge {
        Challenge::new(Challenge::from_seed(self.random.u64(..), request::now()).token())
    }

    /// A new challenge whose right answer shows every difference between the alphabets of base64.
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

    /// The secret that answers challenges.
    pub(super) fn secret(&self) -> &Secret {
        &self.keys.answering.secret
    }

    /// A delivery that is correctly signed, with every secret that is known: a receiver ignores the
    /// header that it cannot check.
    pub(super) fn signed(&self, body: impl Into<Bytes>) -> Ask {
        let body = body.into();
        let signatures = self.keys.sign(&body);
        Ask::post(body).signed(signatures)
    }

    /// A body as X would send it, which no app acts on: a replay that nobody asked for has ended.
    /// `note` is the inside of a JSON string.
    pub(super) fn body(&mut self, note: &str) -> String {
        let job = self.random.u64(..);
        // The members are in the alphabet's order, so that this much survives being parsed and
        // written again.
        format!(
            r#"{{"replay_job_status":{{"job_id":"birdhook-doctor-{job:016x}","job_state":"Complete","job_state_description":"{note}","webhook_id":"0"}}}}"#
        )
    }

    /// The URL, as it may be shown.
    pub(super) fn shown_url(&self) -> String {
        // Also of one that X could not call, such as ftp's.
        let parsed = Url::parse(&self.url).ok();
        let hidden = parsed.filter(|url| !url.username().is_empty() || url.password().is_some());
        let Some(mut url) = hidden else { return self.url.clone() };
        // Neither can fail for a URL that has a host.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        url.into()
    }

    /// What the receiver wrote, briefly and harmlessly.
    pub(super) fn quote(&self, text: &str) -> String {
        let secrets = self.keys.iter().map(|known| &*known.text.0);
        secrets.fold(text.to_owned(), |text, secret| leak::quote(&text, secret))
    }
}
