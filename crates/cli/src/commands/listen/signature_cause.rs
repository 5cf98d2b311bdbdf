//! Explains wrong signatures: finds the change to the body or to the secrets that made one wrong.
//!
//! Only the operator reads the result. The reply never depends on it, because a sender could then
//! find out how close a forgery came.

use birdhook::adapter::{Endpoint, HeadResult, Outcome, RequestHead};
use birdhook::app::SecretKind;
use bytes::Bytes;

use super::destination::Destination;
use super::observed::Observed;
use crate::signature_mistakes::header::GivenSignature;
use crate::signature_mistakes::json_text::is_spaced;
use crate::signature_mistakes::mistake::Candidate;
use crate::signature_mistakes::secret::Secrets;
use crate::signature_mistakes::{Explanation, body, find};

/// Maximum total length of the bodies in wrappers, because a body may be an attacker's.
const MAX_UNWRAPPED: usize = 128 << 10;

/// The facts about a receiver that explain its refusals.
pub(super) struct Explainer {
    pub(super) endpoint: Endpoint,
    pub(super) secrets: Secrets,
    pub(super) destination: Destination,
    pub(super) url: String,
    pub(super) path: String,
}

/// Explains a signature that is not `sha256=` and the base64 of 32 bytes.
pub(super) fn of_malformed(request: &Observed) -> String {
    let canonical = |(kind, value): &(SecretKind, Bytes)| GivenSignature::of_header(*kind, value).canonical;
    let mistakes = request.signatures.iter().filter_map(canonical).find(|given| !given.mistakes.is_empty());
    let cause = mistakes.map_or("it is not sha256= and the base64 of 32 bytes".to_owned(), |given| {
        Explanation::new(&given.mistakes).cause
    });
    format!("the signature is malformed: {cause}; is it X who sends?")
}

/// Explains a signature that does not match the body.
pub(super) fn of_wrong(request: &Observed, Explainer { endpoint, secrets, .. }: &Explainer) -> String {
    let signatures = &request.signatures;
    let Some(body) = &request.body else {
        return "the signature is wrong: another app's secret, or something changed the body on the way".to_owned();
    };
    // One of two signatures is correct.
    if let [first, second] = signatures.as_slice() {
        for (right, wrong) in [(first, second), (second, first)] {
            if accepts(endpoint, std::slice::from_ref(right), body) {
                return format!(
                    "the signature made with the {} is correct, but not the one made with the {}: check {}",
                    right.0,
                    wrong.0,
                    variable(wrong.0)
                );
            }
        }
    }
    for (kind, value) in signatures {
        let other = kind.other();
        if accepts(endpoint, &[(other, value.clone())], body) {
            return format!(
                "the signature in {} was made with the secret that is configured as the {other}: {} and {} are swapped",
                kind.header(),
                variable(SecretKind::Consumer),
                variable(SecretKind::Client)
            );
        }
    }
    if let Some(mistake) = mistake(request, secrets, &body::candidates(body, MAX_UNWRAPPED)) {
        return format!("the signature is wrong{mistake}");
    }
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
        "the signature is wrong, and the body is not JSON: is it X who sends? If so, something changed the body on \
         the way"
    } else if is_spaced(body) {
        "the signature is wrong, and the body has spaces between its values, which X's bodies do not have: \
         something between X and this receiver has probably parsed and serialised it again; if not, the secret is \
         that of another app"
    } else {
        "the signature is wrong: the secret is another app's, or not the current one, or something changed the \
         body on the way; compare the secret with the app's keys in X's developer console"
    }
    .to_owned()
}

/// Explains the wrong signature of a challenge, which signs the query.
pub(super) fn of_challenge(request: &Observed, Explainer { secrets, .. }: &Explainer) -> String {
    let query = Bytes::copy_from_slice(request.uri.query().unwrap_or_default().as_bytes());
    let mistake = mistake(request, secrets, &[Candidate::as_given(query)]);
    let mistake = mistake.unwrap_or(": is it the secret of another app?".to_owned());
    format!("no configured secret made the challenge's signature{mistake}")
}

/// Returns the mistake that explains a signature, or a configured key that is not a secret.
fn mistake(request: &Observed, secrets: &Secrets, bodies: &[Candidate<Bytes>]) -> Option<String> {
    let given = request.signatures.iter().map(|(kind, value)| GivenSignature::of_header(*kind, value));
    let mistakes = given.into_iter().find_map(|given| find(&secrets.candidates, &given, bodies));
    let found = mistakes.map(|mistakes| format!(", but {}", Explanation::new(&mistakes).text()));
    found.or_else(|| secrets.fault.as_ref().map(|fault| format!(": {fault}")))
}

/// Returns the default variable of a kind of secret.
pub(super) fn variable(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Consumer => crate::apps::CONSUMER,
        SecretKind::Client => crate::apps::CLIENT,
    }
}

/// Returns whether the endpoint accepts these signatures of a body.
fn accepts(endpoint: &Endpoint, signatures: &[(SecretKind, Bytes)], body: &Bytes) -> bool {
    let headers = signatures.iter().map(|(kind, value)| (kind.header(), &**value));
    let HeadResult::Body(mut reader) = endpoint.begin(&RequestHead::new("POST", "/", None).with_headers(headers))
    else {
        return false;
    };
    let verified = reader.push(body.clone()).and_then(|()| reader.finish());
    verified.map_or_else(|reply| reply.outcome() == Outcome::NotAnObject, |_| true)
}
