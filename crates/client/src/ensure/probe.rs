use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use birdhook_core::{Secret, SecretError, SecretKind, signature};
use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::{ChallengeFault, Client, Error, ErrorCause, TransportError, redact_url};

/// A fault in a receiver's response to a challenge. `birdhook doctor` gives more detail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeFault {
    /// The URL is invalid.
    #[error("invalid URL {}", redact_url(.0))]
    Url(String),
    /// Neither the client secret nor the consumer secret is known.
    #[error("no client secret or consumer secret to check the response with; run `birdhook auth app`")]
    Secret,
    /// A known secret cannot be the app's.
    #[error("invalid {0}: {1}")]
    BadSecret(SecretKind, SecretError),
    /// There is no response.
    #[error("cannot reach its URL from this machine: {0}")]
    NoResponse(TransportError),
    /// The receiver redirects, which X does not follow.
    #[error("it redirects ({0}), which X does not follow; register the URL that it redirects to")]
    Redirect(u16),
    /// The status is not 200.
    #[error("it responds with {0} to GET ?crc_token=...; allow GET on this path without a login")]
    Status(u16),
    /// The response is not JSON with a `response_token`.
    #[error("its response is not JSON with a response_token")]
    NoToken,
    /// The signature is made with another secret, or does not sign the token.
    #[error("its response_token is wrong; configure it with this app's client secret or consumer secret")]
    WrongToken,
    /// The response takes longer than X waits.
    #[error("it takes {} ms to respond; X may wait only 3 s", .0.as_millis())]
    Slow(Duration),
}

impl Client {
    /// Explains a challenge response that X refused: returns the secret that made it, and how to
    /// answer with the app's other secret.
    ///
    /// Challenges the receiver at `url`. Returns `None` if X gives another reason, or if neither
    /// secret made the response. `birdhook doctor` examines those cases.
    pub async fn refused_answer(&self, url: &str, error: &Error) -> Option<String> {
        if !may_be_the_secret(error) {
            return None;
        }
        probe(self, url).await.ok().map(use_other_secret)
    }
}

/// Returns whether X may have refused the challenge response because of the secret that made it.
pub(super) fn may_be_the_secret(error: &Error) -> bool {
    matches!(error.cause(), ErrorCause::ChallengeFailed(ChallengeFault::WrongToken | ChallengeFault::Unknown))
}

/// Explains how to answer with the other secret than this one, whose response X refused.
pub(super) fn use_other_secret(kind: SecretKind) -> String {
    let other = match kind {
        SecretKind::Client => SecretKind::Consumer,
        SecretKind::Consumer => SecretKind::Client,
    };
    let flag = other.as_str();
    format!(
        "the receiver answers challenges with the {kind}, which X refuses; answer with the {other} instead \
         (`birdhook listen --answer-with {flag}`, or `App::answer_challenges_with`), then have X challenge it again"
    )
}

const LIMIT: Duration = Duration::from_secs(3);

/// Challenges a receiver as X does, and returns the kind of secret with which it answered.
///
/// # Errors
/// Returns the fault in the response.
pub async fn probe(client: &Client, url: &str) -> Result<SecretKind, ProbeFault> {
    let known = [(SecretKind::Client, client.client_secret()), (SecretKind::Consumer, client.consumer_secret())];
    let secret = |(kind, text): (_, Option<&str>)| {
        Some(Secret::new(text?).map(|secret| (kind, secret)).map_err(|error| ProbeFault::BadSecret(kind, error)))
    };
    let secrets: Vec<_> = known.into_iter().filter_map(secret).collect::<Result<_, _>>()?;
    if secrets.is_empty() {
        return Err(ProbeFault::Secret);
    }
    let token = STANDARD_NO_PAD.encode(std::iter::repeat_with(|| fastrand::u8(..)).take(36).collect::<Vec<u8>>());
    let separator = if url.contains('?') { '&' } else { '?' };
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("crc_token", &token).finish();
    let request = Request::get(format!("{url}{separator}{query}")).body(Bytes::new());
    let request = request.map_err(|_| ProbeFault::Url(url.to_owned()))?;
    let started = Instant::now();
    let response = client.transport().send(request).await.map_err(ProbeFault::NoResponse)?;
    match response.status().as_u16() {
        200 => {}
        status @ 300..=399 => return Err(ProbeFault::Redirect(status)),
        status => return Err(ProbeFault::Status(status)),
    }
    let body: Value = serde_json::from_slice(response.body()).map_err(|_| ProbeFault::NoToken)?;
    let signed = body.get("response_token").and_then(Value::as_str).ok_or(ProbeFault::NoToken)?;
    let is_signer = |secret: &Secret| signature::verify(secret, token.as_bytes(), signed.as_bytes()).is_ok();
    let (kind, _) = secrets.iter().find(|(_, secret)| is_signer(secret)).ok_or(ProbeFault::WrongToken)?;
    let took = started.elapsed();
    if took > LIMIT { Err(ProbeFault::Slow(took)) } else { Ok(*kind) }
}
