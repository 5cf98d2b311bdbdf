//! The target: its address, its responses so far, and the secrets that it must
//! not reveal.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use birdhook_core::{Secret, SecretError, SecretKind, signature};
use birdhook_testkit::{Challenge, now};
use bytes::Bytes;
use reqwest::Url;
use rustls::pki_types::CertificateDer;

use crate::connection::{Connector, TargetUrl};
use crate::exchange::{Exchange, NoResponse, RawRequest, Response};
use crate::leak;
use crate::vendor;

#[derive(Clone, Debug)]
pub(crate) struct KnownSecret {
    pub(crate) kind: SecretKind,
    pub(crate) secret: Secret,
    pub(crate) text: SecretText,
}

impl KnownSecret {
    pub(crate) fn new(kind: SecretKind, text: &str) -> Result<Self, SecretError> {
        Ok(Self { kind, secret: Secret::new(text)?, text: SecretText(text.to_owned()) })
    }
}

/// The secrets that the doctor knows, at most one of each kind.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    /// The secret that answers challenges, according to the responses so far.
    pub(crate) answering: KnownSecret,
    pub(crate) other: Option<KnownSecret>,
}

impl Secrets {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &KnownSecret> {
        std::iter::once(&self.answering).chain(&self.other)
    }

    /// Adds a secret, replacing one of the same kind.
    pub(crate) fn add(&mut self, known: KnownSecret) {
        if self.answering.kind == known.kind {
            self.answering = known;
        } else {
            self.other = Some(known);
        }
    }

    /// Makes the other secret the one that answers challenges.
    pub(crate) fn swap(&mut self) {
        if let Some(other) = &mut self.other {
            std::mem::swap(&mut self.answering, other);
        }
    }

    pub(crate) fn sign(&self, body: &[u8]) -> Vec<(SecretKind, String)> {
        self.iter().map(|known| (known.kind, signature::sign(&known.secret, body))).collect()
    }
}

#[derive(Clone)]
pub(crate) struct SecretText(pub(crate) String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// The description of a leaked signature.
pub(crate) const SIGNATURE: &str = "the signature that would have been right";

/// The URL under test, and what is known of the receiver behind it.
pub(crate) struct Target {
    pub(crate) url: String,
    /// The URL, if X could call it.
    pub(crate) parsed_url: Option<TargetUrl>,
    pub(crate) secrets: Secrets,
    pub(crate) local: bool,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) roots: Vec<CertificateDer<'static>>,
    pub(crate) connector: Option<Connector>,
    /// The first challenge and its response.
    pub(crate) challenge: Option<(Challenge, Exchange)>,
    /// The response to the first valid delivery.
    pub(crate) delivery: Option<Exchange>,
    /// The response to the first delivery with a wrong signature.
    pub(crate) forgery: Option<Exchange>,
    pub(crate) check: &'static str,
    /// Whether a request of the running check got no response.
    pub(crate) missed_response: bool,
    pub(crate) has_died: bool,
    /// Checks during which a response revealed a secret or a signature.
    pub(crate) leaked_secrets: BTreeSet<(&'static str, &'static str)>,
    /// Checks during which a response contained a stack trace or debug output.
    pub(crate) leaked_traces: BTreeSet<(&'static str, &'static str)>,
    pub(crate) random: fastrand::Rng,
}

impl Target {
    /// Sends a request, and searches the response for secrets and stack traces.
    pub(crate) async fn send(&mut self, request: &RawRequest) -> Exchange {
        let exchange = self.send_only(request).await;
        self.record(request, &exchange);
        exchange
    }

    pub(crate) async fn send_at_once(&mut self, request: &RawRequest, copies: usize) -> Vec<Exchange> {
        let exchanges = futures_util::future::join_all((0..copies).map(|_| self.send_only(request))).await;
        exchanges.iter().for_each(|exchange| self.record(request, exchange));
        exchanges
    }

    fn record(&mut self, request: &RawRequest, exchange: &Exchange) {
        match exchange {
            Ok(response) => self.search_for_leaks(request, response),
            Err(_) => self.missed_response = true,
        }
    }

    async fn send_only(&self, request: &RawRequest) -> Exchange {
        match &self.connector {
            Some(connector) => connector.send(request).await,
            None => Err(NoResponse::Refused),
        }
    }

    fn search_for_leaks(&mut self, request: &RawRequest, response: &Response) {
        let text = leak::text(response);
        // A short secret may match by chance; X's have 50 characters.
        let known: Vec<_> = self.secrets.iter().filter(|known| known.text.0.len() >= 8).collect();
        if known.iter().any(|known| text.contains(&known.text.0)) {
            self.leaked_secrets.insert((self.check, "the secret"));
        } else if known.iter().any(|known| leak::holds_encoded(&text, &known.text.0)) {
            self.leaked_secrets.insert((self.check, "the secret in base64 or hex"));
        }
        // Empty bodies and those of 1 MiB or more are skipped. A signature that was part of the
        // request may be echoed.
        let is_searched = (1..1 << 20).contains(&request.body.len());
        for (_, right) in if is_searched { self.secrets.sign(&request.body) } else { Vec::new() } {
            let (sent, bytes) = (request.head("", ""), right.trim_start_matches("sha256=").trim_end_matches('='));
            // Compares without prefix and padding, because the request may have changed them.
            let was_sent = sent.windows(bytes.len()).any(|window| window == bytes.as_bytes());
            if !was_sent && leak::holds_signature(&text, &right) {
                self.leaked_secrets.insert((self.check, SIGNATURE));
            }
        }
        if let Some(trace) = leak::trace(&text) {
            self.leaked_traces.insert((self.check, trace));
        }
    }

    /// Returns a challenge with a new token and without a nonce, as X's v2 documentation shows it.
    pub(crate) fn new_challenge(&mut self) -> Challenge {
        Challenge::new(Challenge::from_seed(self.random.u64(..), now()).token())
    }

    /// Returns a challenge whose right response contains both `+` and `/`, so that the base64
    /// alphabets can be distinguished.
    pub(crate) fn distinguishing_challenge(&mut self) -> Challenge {
        for _ in 0..100 {
            let challenge = self.new_challenge();
            let right = challenge.response_token(self.secret());
            if right.contains('+') && right.contains('/') {
                return challenge;
            }
        }
        self.new_challenge()
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secrets.answering.secret
    }

    /// Returns a correctly signed delivery, with a header for every known secret. A receiver
    /// ignores the header that it cannot check.
    pub(crate) fn signed(&self, body: impl Into<Bytes>) -> RawRequest {
        let body = body.into();
        let signatures = self.secrets.sign(&body);
        RawRequest::post(body).signed(signatures)
    }

    /// Returns a body that no app acts on: the result of a replay that was not requested. `note`
    /// must already be escaped for a JSON string.
    pub(crate) fn body(&mut self, note: &str) -> String {
        let job = self.random.u64(..);
        // Members are in alphabetical order, so that parsing and re-serializing keeps the order.
        format!(
            r#"{{"replay_job_status":{{"job_id":"birdhook-doctor-{job:016x}","job_state":"Complete","job_state_description":"{note}","webhook_id":"0"}}}}"#
        )
    }

    pub(crate) fn url_without_login(&self) -> String {
        // Also parses URLs that X cannot call, such as ftp URLs.
        let parsed = Url::parse(&self.url).ok();
        let hidden = parsed.filter(|url| !url.username().is_empty() || url.password().is_some());
        let Some(mut url) = hidden else { return self.url.clone() };
        // Cannot fail for a URL that has a host.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        url.into()
    }

    /// Returns headers that show who answered, and the beginning of the body.
    pub(crate) fn evidence(&self, response: &Response) -> String {
        let known = vendor::HEADERS.iter().filter_map(|name| Some((*name, response.header(name)?)));
        let mut shown: Vec<_> = known.map(|(name, value)| format!("{name}: {}", self.quote(value))).collect();
        if !response.body.is_empty() {
            let beginning: Vec<u8> = response.body.iter().copied().take(1 << 12).collect();
            shown.push(format!("body: {}", self.quote(&String::from_utf8_lossy(&beginning))));
        }
        shown.join(", ")
    }

    /// Returns the status of a response, with the text that explains it.
    pub(crate) fn summary(&self, response: &Response) -> String {
        match vendor::explanation(response) {
            Some(text) if response.status >= 400 => format!("{} {}", response.summary(), self.quote(&text)),
            _ => response.summary(),
        }
    }

    /// Returns a short, printable quote of a text from the target, without secrets.
    pub(crate) fn quote(&self, text: &str) -> String {
        leak::quote(text, self.secrets.iter().map(|known| &*known.text.0))
    }
}
