//! The reply to a request.

use bytes::Bytes;

use super::outcome::Outcome;
use crate::auth::secret_kind::SecretKind;
use crate::traits::debug_fields;

/// The reply to a request, ready to convert into any framework's response.
///
/// ```
/// # mod birdhook { pub mod adapter { pub use birdhook_core::{Outcome, Reply}; } }
/// use birdhook::adapter::{Outcome, Reply};
///
/// let reply = Reply::from(Outcome::MethodNotAllowed);
/// assert_eq!(reply.status(), 405);
/// assert!(reply.headers().any(|header| header == ("allow", "GET, POST")));
/// ```
#[derive(Clone)]
pub struct Reply {
    outcome: Outcome,
    is_signed_by_x: bool,
    answered_with: Option<SecretKind>,
    body: Bytes,
}

impl Reply {
    pub(crate) fn challenge(answer: String, is_signed_by_x: bool, kind: Option<SecretKind>) -> Self {
        Self { outcome: Outcome::ChallengeAnswered, is_signed_by_x, answered_with: kind, body: answer.into() }
    }

    /// Returns the outcome of the request.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns whether this replies to a challenge that X itself sent, as its signature proves.
    ///
    /// A signature proves this only if the signed text contains `&`, as a query with a token and a
    /// `nonce` does. An attacker can obtain a signature of a text without `&` from this endpoint,
    /// by sending the text as a token. X does not sign a time, so anyone who has seen such a
    /// challenge can replay it. Always `false` with
    /// [`ChallengeSignature::Ignored`](crate::ChallengeSignature::Ignored).
    pub fn is_signed_by_x(&self) -> bool {
        self.is_signed_by_x
    }

    /// Returns the kind of secret that made the response token. `None` if no challenge was answered.
    pub fn answered_with(&self) -> Option<SecretKind> {
        self.answered_with
    }

    /// Returns the HTTP status code.
    pub fn status(&self) -> u16 {
        self.outcome.status()
    }

    /// Returns the headers to send, with lower-case names. The server adds `content-length`.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let content_type = match self.outcome {
            Outcome::ChallengeAnswered => Some("application/json"),
            _ if self.body.is_empty() => None,
            _ => Some("text/plain; charset=utf-8"),
        };
        let allow = (self.outcome == Outcome::MethodNotAllowed).then_some(("allow", "GET, POST"));
        let retry = (self.status() == 503).then_some(("retry-after", Outcome::RETRY_AFTER));
        content_type.map(|value| ("content-type", value)).into_iter().chain(allow).chain(retry)
    }

    /// Returns the body: JSON for an answered challenge, one sentence of plain text for an error
    /// that the sender can fix, otherwise empty.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the body without copying it.
    pub fn into_body(self) -> Bytes {
        self.body
    }
}

impl From<Outcome> for Reply {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            is_signed_by_x: false,
            answered_with: None,
            body: Bytes::from_static(outcome.text().as_bytes()),
        }
    }
}

// The body of an answered challenge is a signature.
debug_fields! { Reply, |reply| outcome: reply.outcome }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reply_is_a_redirect_and_every_401_looks_the_same() {
        for &outcome in Outcome::ALL {
            let reply = Reply::from(outcome);
            assert!(!(300..400).contains(&reply.status()), "{outcome:?}");
            if reply.status() == 401 {
                assert!(reply.body().is_empty() && reply.headers().next().is_none(), "{outcome:?}");
            }
            assert_eq!(reply.status() == 503, reply.headers().any(|(name, _)| name == "retry-after"), "{outcome:?}");
        }
    }
}
