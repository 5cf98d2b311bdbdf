//! Asks a receiver what X would.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use birdhook_core::{Secret, SecretKind, signature};
use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::{Cause, ChallengeFault, Client, Error, TransportError};

/// What is wrong with a receiver's answer to a challenge. `birdhook doctor` says more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeFault {
    /// What should be a URL is none.
    #[error("{0} is no URL")]
    Url(String),
    /// Neither the client secret nor the consumer secret is known.
    #[error("there is neither a client secret nor a consumer secret to judge its answer by")]
    Secret,
    /// There is no answer.
    #[error("its URL cannot be reached from here: {0}")]
    NoAnswer(TransportError),
    /// It redirects, which X does not follow.
    #[error("it redirects ({0}), which ends a webhook at once: register the URL that it redirects to")]
    Redirect(u16),
    /// It answers with another status than 200.
    #[error("it answers {0} to GET ?crc_token=...: does this path take GET, and without a login?")]
    Status(u16),
    /// Its answer is not JSON with a `response_token`.
    #[error("its answer is not JSON with a response_token")]
    NoToken,
    /// It signs with another secret, or something else than the token.
    #[error("its response_token is wrong: give it this app's client secret, or its consumer secret")]
    WrongToken,
    /// It takes longer than X waits.
    #[error("it takes {} ms to answer, and X waits 3 s at its shortest", .0.as_millis())]
    Slow(Duration),
}

impl Client {
    /// Says, where X refuses the answer to its challenge, which secret made that answer, and how to answer with the app's other
    /// one. Challenges the receiver at `url` itself. `None` when X gives another reason, or the receiver's answer is made with
    /// neither secret: `birdhook doctor` examines that.
    pub async fn refused_answer(&self, url: &str, error: &Error) -> Option<String> {
        if !may_be_the_secret(error) {
            return None;
        }
        probe(self, url).await.ok().map(answer_with_the_other)
    }
}

/// Whether X may have refused the answer to its challenge for the secret that made it.
pub(super) fn may_be_the_secret(error: &Error) -> bool {
    matches!(error.cause(), Cause::ChallengeFailed(ChallengeFault::WrongToken | ChallengeFault::Unknown))
}

/// How to answer with the other secret than this one, whose answer X refuses.
pub(super) fn answer_with_the_other(kind: SecretKind) -> String {
    let other = match kind {
        SecretKind::Client => SecretKind::Consumer,
        SecretKind::Consumer => SecretKind::Client,
    };
    let flag = other.as_str();
    format!(
        "the receiver answers challenges with the {kind}, and X refuses that answer: let it answer with the {other} \
         (`birdhook listen --answer-with {flag}`, or `App::answer_challenges_with`), and have X challenge it again"
    )
}

/// X waits no longer, at its shortest.
const LIMIT: Duration = Duration::from_secs(3);

/// Challenges a receiver as X would, judges its answer, and returns the kind of secret that made it.
///
/// # Errors
/// What is wrong with it.
pub async fn probe(client: &Client, url: &str) -> Result<SecretKind, ProbeFault> {
    let known = [(SecretKind::Client, client.client_secret()), (SecretKind::Consumer, client.consumer_secret())];
    let secret = |(kind, text): (_, Option<&str>)| Some((kind, Secret::new(text?).ok()?));
    let secrets: Vec<_> = known.into_iter().filter_map(secret).collect();
    if secrets.is_empty() {
        return Err(ProbeFault::Secret);
    }
    let token = STANDARD_NO_PAD.encode(std::iter::repeat_with(|| fastrand::u8(..)).take(36).collect::<Vec<u8>>());
    let joint = if url.contains('?') { '&' } else { '?' };
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("crc_token", &token).finish();
    let request = Request::get(format!("{url}{joint}{query}")).body(Bytes::new());
    let request = request.map_err(|_| ProbeFault::Url(url.to_owned()))?;
    let begun = Instant::now();
    let answer = client.transport().send(request).await.map_err(ProbeFault::NoAnswer)?;
    match answer.status().as_u16() {
        200 => {}
        status @ 300..=399 => return Err(ProbeFault::Redirect(status)),
        status => return Err(ProbeFault::Status(status)),
    }
    let said: Value = serde_json::from_slice(answer.body()).map_err(|_| ProbeFault::NoToken)?;
    let said = said.get("response_token").and_then(Value::as_str).ok_or(ProbeFault::NoToken)?;
    let made = |secret: &Secret| signature::verify(secret, token.as_bytes(), said.as_bytes()).is_ok();
    let (kind, _) = secrets.iter().find(|(_, secret)| made(secret)).ok_or(ProbeFault::WrongToken)?;
    let took = begun.elapsed();
    if took > LIMIT { Err(ProbeFault::Slow(took)) } else { Ok(*kind) }
}
