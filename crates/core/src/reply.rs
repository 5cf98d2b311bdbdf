//! The reply to a request, and the reason for it.

use std::fmt;

use bytes::Bytes;

/// The reply to a request, ready to convert into any framework's response.
///
/// ```
/// use birdhook_core::{Outcome, Reply};
///
/// let reply = Reply::from(Outcome::MethodNotAllowed);
/// assert_eq!(reply.status(), 405);
/// assert!(reply.headers().any(|header| header == ("allow", "GET, POST")));
/// ```
#[derive(Clone)]
pub struct Reply {
    reason: Outcome,
    is_signed_by_x: bool,
    body: Bytes,
}

impl Reply {
    pub(crate) fn challenge(answer: String, is_signed_by_x: bool) -> Self {
        Self { reason: Outcome::ChallengeAnswered, is_signed_by_x, body: answer.into() }
    }

    /// Returns the reason for this reply.
    pub fn outcome(&self) -> Outcome {
        self.reason
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

    /// Returns the HTTP status code.
    pub fn status(&self) -> u16 {
        self.reason.status()
    }

    /// Returns the headers to send, with lower-case names. The server adds `content-length`.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let content_type = match self.reason {
            Outcome::ChallengeAnswered => Some("application/json"),
            _ if self.body.is_empty() => None,
            _ => Some("text/plain; charset=utf-8"),
        };
        let allow = (self.reason == Outcome::MethodNotAllowed).then_some(("allow", "GET, POST"));
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
    fn from(reason: Outcome) -> Self {
        Self { reason, is_signed_by_x: false, body: Bytes::from_static(reason.text().as_bytes()) }
    }
}

/// Prints only the reason, because the body of an answered challenge is a signature.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("reason", &self.reason).finish_non_exhaustive()
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $label:literal, $text:literal;)+) => {
        /// The reason for a reply: one variant for each row of the table of replies.
        ///
        /// X ends a webhook at once after a 2xx with a wrong token or any 3xx, but tolerates 4xx
        /// and 5xx for about 28 hours. Therefore no reply is a redirect, and a case of doubt is
        /// never answered with 200.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Outcome {
            $($(#[$doc])* $name,)+
        }

        impl Outcome {
            /// All reasons, for tables and counters.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the HTTP status code of the reply.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// Returns a short name in snake case, for metrics and logs.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }

            fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

// Every 401 has an empty body, so that an attacker cannot learn how close a forgery came.
reasons! {
    /// A challenge with a valid token was answered with the response token.
    ChallengeAnswered = 200, "challenge_answered", "";
    /// The GET has no `crc_token`.
    TokenMissing = 400, "token_missing", "crc_token is missing\n";
    /// The GET has an empty `crc_token`.
    TokenEmpty = 400, "token_empty", "crc_token is empty\n";
    /// The GET has several `crc_token`s.
    TokenRepeated = 400, "token_repeated", "crc_token is repeated\n";
    /// The [`TokenPolicy`](crate::crc::TokenPolicy) does not sign the `crc_token`.
    TokenRefused = 400, "token_refused", "crc_token is too long or holds a character that is not signed\n";
    /// The signature on the GET is required and missing, or present and wrong.
    ChallengeUnsigned = 401, "challenge_unsigned", "";
    /// The app has no secret to answer a challenge or verify a delivery, or does not have it yet.
    NoSecret = 503, "no_secret", "no secret is available for this app\n";
    /// The receiver is shutting down: it rejects deliveries and still answers challenges.
    ShuttingDown = 503, "shutting_down", "shutting down\n";
    /// The POST has no signature that any app could have made.
    SignatureMissing = 401, "signature_missing", "";
    /// The POST has several signatures in one header.
    SignatureRepeated = 401, "signature_repeated", "";
    /// The signature on the POST is not `sha256=` and the base64 of 32 bytes.
    SignatureMalformed = 401, "signature_malformed", "";
    /// The signature on the POST does not match its body with any app's secret.
    SignatureWrong = 401, "signature_wrong", "";
    /// The body, or its `Content-Length`, exceeds the limit.
    BodyTooLarge = 413, "body_too_large", "the body is over the limit\n";
    /// The bodies in progress use up the memory budget.
    OverMemoryBudget = 503, "over_memory_budget", "too many bodies at once\n";
    /// `Content-Encoding` is not identity. The signature covers the bytes as X made them.
    BodyEncoded = 415, "body_encoded", "content-encoding must be identity\n";
    /// The body did not arrive within the deadline.
    BodyTooSlow = 408, "body_too_slow", "the body came too slowly\n";
    /// The body does not match `Content-Length` or could not be read: the sender stopped sending,
    /// or a layer in front of birdhook has already read the body.
    BodyCutOff = 400, "body_cut_off", "the body was cut off, or read by something in front of the receiver\n";
    /// The body is signed, but is neither a JSON object nor a list that contains an object.
    NotAnObject = 400, "not_an_object", "the body is not a JSON object\n";
    /// The sink accepted the delivery. The sink defines what this 200 guarantees.
    Accepted = 200, "accepted", "";
    /// Every event of the delivery was delivered before.
    Duplicate = 200, "duplicate", "";
    /// The app asked to drop every event of the delivery.
    Dropped = 200, "dropped", "";
    /// The same event was still being delivered when the deadline expired.
    InFlight = 503, "in_flight", "the same event is still in flight\n";
    /// The sink had no room within the deadline.
    SinkFull = 503, "sink_full", "no room\n";
    /// The sink does not accept deliveries any more.
    SinkClosed = 503, "sink_closed", "closed\n";
    /// The sink failed.
    SinkFailed = 503, "sink_failed", "not accepted\n";
    /// The sink or the app's handler panicked.
    SinkPanicked = 503, "sink_panicked", "not accepted\n";
    /// The sink did not reply within the deadline.
    SinkTooSlow = 503, "sink_too_slow", "not accepted in time\n";
    /// The method is neither GET nor POST.
    MethodNotAllowed = 405, "method_not_allowed", "GET and POST only\n";
}

impl Outcome {
    /// The value of `Retry-After` on a 503, in seconds. Equal to the first retry interval of X.
    pub const RETRY_AFTER: &str = "3";
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_is_a_redirect_and_every_401_looks_the_same() {
        for &reason in Outcome::ALL {
            let reply = Reply::from(reason);
            assert!(!(300..400).contains(&reply.status()), "{reason:?}");
            if reply.status() == 401 {
                assert!(reply.body().is_empty() && reply.headers().next().is_none(), "{reason:?}");
            }
            assert_eq!(reply.status() == 503, reply.headers().any(|(name, _)| name == "retry-after"), "{reason:?}");
        }
    }
}
