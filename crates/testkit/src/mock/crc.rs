//! Challenges: sending them, verifying the response, and its effect on a webhook.

use std::time::Duration;

use birdhook_core::{SecretKind, Timestamp};
use bytes::Bytes;
use http::{Request, header};

use super::clock;
use super::credentials::MockApp;
use super::inner::Inner;
use super::ledger::{Challenged, DeliveryResult, Entry, Occasion};
use super::refusal::ChallengeFailure;
use super::settings::{Challenges, MockApi};
use crate::request::{Challenge, WrongResponse};
use crate::sender::{Answer, SendError};

impl Inner {
    /// Challenges a URL, and records it in the ledger.
    pub(crate) async fn challenge(&self, target: &Target, occasion: Occasion) -> Result<(), ChallengeFailure> {
        let settings = target.generation.challenges(&self.settings);
        let at = self.settings.clock.now();
        let signed = settings.signed && occasion != Occasion::Schedule;
        let challenge = Challenge::from_seed(self.state().random.u64(..), at);
        let challenge = if settings.nonce { challenge } else { Challenge::new(challenge.token()) };
        let request = match signed {
            true => challenge.signed_request(&target.url, target.app.signing(self.settings.signs)),
            false => challenge.request(&target.url),
        };
        let (outcome, took, verdict) = match request {
            Ok(request) => self.ask(request, &challenge, &target.app, settings.timeout).await,
            Err(error) => {
                let failure = ChallengeFailure::Connection(error.to_string());
                (DeliveryResult::Unreachable(error.to_string()), Duration::ZERO, Err(failure))
            }
        };
        let challenged = |number| Challenged {
            number,
            webhook: target.webhook.clone(),
            app: target.app.name.clone(),
            url: target.url.clone(),
            occasion,
            at,
            outcome,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            challenge_secret: verdict.as_ref().ok().map(|kind| kind.as_str()),
            failure: verdict.as_ref().err().map(ToString::to_string),
        };
        self.ledger.push(|number| Entry::Challenged(challenged(number)));
        verdict.map(drop)
    }

    async fn ask(
        &self,
        request: Request<Bytes>,
        challenge: &Challenge,
        app: &MockApp,
        timeout: Duration,
    ) -> (DeliveryResult, Duration, Result<SecretKind, ChallengeFailure>) {
        let (answer, took) = self.send(request, timeout).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(SendError::Timeout) => return (DeliveryResult::Timeout, took, Err(ChallengeFailure::Timeout)),
            Err(SendError::Connect(why)) if is_tls(&why) => {
                return (DeliveryResult::Unreachable(why.clone()), took, Err(ChallengeFailure::Tls(why)));
            }
            Err(error) => {
                let why = error.to_string();
                return (DeliveryResult::Unreachable(why.clone()), took, Err(ChallengeFailure::Connection(why)));
            }
        };
        let status = answer.status;
        let verdict = if status.is_redirection() {
            Err(ChallengeFailure::Redirect(status))
        } else if !status.is_success() {
            Err(ChallengeFailure::Status(status))
        } else if is_misencoded(&answer) {
            Err(ChallengeFailure::Encoding)
        } else {
            self.verify(challenge, app, &answer.body)
        };
        (DeliveryResult::Status(status.as_u16()), took, verdict)
    }

    /// Returns the kind of secret that signed the response.
    fn verify(&self, challenge: &Challenge, app: &MockApp, body: &[u8]) -> Result<SecretKind, ChallengeFailure> {
        let mut wrong = WrongResponse::Wrong;
        for (kind, secret) in app.secrets() {
            if self.settings.answers.is_some_and(|only| only != kind) {
                continue;
            }
            match challenge.verify(secret, body) {
                Ok(()) => return Ok(kind),
                Err(why) => wrong = why,
            }
        }
        Err(ChallengeFailure::WrongToken(wrong))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The id of the webhook; `None` before it is registered.
    pub(crate) webhook: Option<String>,
    pub(crate) app: MockApp,
    pub(crate) url: String,
    pub(crate) generation: MockApi,
}

/// Returns whether a webhook is valid after this result.
pub(crate) fn stays_valid(
    verdict: &Result<(), ChallengeFailure>,
    was_valid: bool,
    last_success: Timestamp,
    now: Timestamp,
    settings: &Challenges,
) -> bool {
    match verdict {
        Ok(()) => true,
        Err(failure) if failure.is_transient() => {
            was_valid && settings.grace.is_some_and(|grace| now <= clock::after(last_success, grace))
        }
        Err(_) => false,
    }
}

/// Returns whether an error message of rustls is about TLS, and not about the connection.
fn is_tls(why: &str) -> bool {
    ["certificate", "TLS", "handshake", "fatal alert", "corrupt message", "peer is incompatible", "peer misbehaved"]
        .iter()
        .any(|word| why.contains(word))
}

/// Returns whether `Content-Encoding` contradicts the bytes, which may be gzip or not. The mock
/// cannot decompress, so it later rejects a correctly declared gzip body as a wrong token.
fn is_misencoded(answer: &Answer) -> bool {
    let said = answer.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    said != answer.body.starts_with(&[0x1f, 0x8b])
}
