//! The answer to a request, and why it is that answer.

use std::fmt;

use bytes::Bytes;

/// An answer, ready to be put into any framework's response.
///
/// ```
/// use birdhook_core::{Reason, Reply};
///
/// let reply = Reply::from(Reason::MethodNotAllowed);
/// assert_eq!(reply.status(), 405);
/// assert!(reply.headers().any(|header| header == ("allow", "GET, POST")));
/// ```
#[derive(Clone)]
pub struct Reply {
    reason: Reason,
    is_asked_by_x: bool,
    body: Bytes,
}

impl Reply {
    pub(crate) fn challenge(answer: String, is_asked_by_x: bool) -> Self {
        Self { reason: Reason::ChallengeAnswered, is_asked_by_x, body: answer.into() }
    }

    /// Why this is the answer.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Whether it answers a challenge with a signature that proves that X asked: over a text with `&`, as that of a token with a
    /// `nonce`. One without could have been obtained here, by having it answered as a token. X signs no time, so who has seen such a
    /// challenge can send it again. Not looked at with [`ChallengeSignature::Ignored`](crate::ChallengeSignature::Ignored).
    pub fn is_asked_by_x(&self) -> bool {
        self.is_asked_by_x
    }

    /// The HTTP status code.
    pub fn status(&self) -> u16 {
        self.reason.status()
    }

    /// The headers to send, lower-case names first; `content-length` is the server's.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let content_type = match self.reason {
            Reason::ChallengeAnswered => Some("application/json"),
            _ if self.body.is_empty() => None,
            _ => Some("text/plain; charset=utf-8"),
        };
        let allow = (self.reason == Reason::MethodNotAllowed).then_some(("allow", "GET, POST"));
        let retry = (self.status() == 503).then_some(("retry-after", Reason::RETRY_AFTER));
        content_type.map(|value| ("content-type", value)).into_iter().chain(allow).chain(retry)
    }

    /// The body: an answered challenge's JSON, one sentence of plain text for what the sender can mend, else empty.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, without a copy.
    pub fn into_body(self) -> Bytes {
        self.body
    }
}

impl From<Reason> for Reply {
    fn from(reason: Reason) -> Self {
        Self { reason, is_asked_by_x: false, body: Bytes::from_static(reason.text().as_bytes()) }
    }
}

/// The reason only: the body of an answered challenge is a signature.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("reason", &self.reason).finish_non_exhaustive()
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $label:literal, $text:literal;)+) => {
        /// Why a request was answered as it was: one for each row of the answer table.
        ///
        /// X ends a webhook at once for a 2xx with a wrong token and for any 3xx, and grants about 28 hours for 4xx and
        /// 5xx; so nothing here is a redirect, and a doubt is never a 200.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)+
        }

        impl Reason {
            /// Every reason, for those who make a table or a counter of each.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The HTTP status code that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// A short name in snake case, for metrics and logs.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }

            fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

// One empty body for every 401: an attacker learns nothing of how near a forgery came.
reasons! {
    /// A challenge with a good token: 200 and the response token.
    ChallengeAnswered = 200, "challenge_answered", "";
    /// A GET without `crc_token`.
    TokenMissing = 400, "token_missing", "crc_token is missing\n";
    /// A GET with an empty `crc_token`.
    TokenEmpty = 400, "token_empty", "crc_token is empty\n";
    /// A GET with several `crc_token`.
    TokenRepeated = 400, "token_repeated", "crc_token is repeated\n";
    /// A `crc_token` that the [`TokenPolicy`](crate::crc::TokenPolicy) does not sign.
    TokenRefused = 400, "token_refused", "crc_token is too long or holds a character that is not signed\n";
    /// The GET's own signature is demanded and missing, or present and wrong.
    ChallengeUnsigned = 401, "challenge_unsigned", "";
    /// There is no secret (yet) to answer or to verify with.
    NoSecret = 503, "no_secret", "no secret is available for this app\n";
    /// The receiver is stopping: deliveries are refused, challenges are not.
    ShuttingDown = 503, "shutting_down", "shutting down\n";
    /// A POST without a signature that any app could have made.
    SignatureMissing = 401, "signature_missing", "";
    /// A POST with several signatures in one header.
    SignatureRepeated = 401, "signature_repeated", "";
    /// A POST whose signature is not `sha256=` and the base64 of 32 bytes.
    SignatureMalformed = 401, "signature_malformed", "";
    /// A POST whose signature no app's secret makes of its body.
    SignatureWrong = 401, "signature_wrong", "";
    /// The body is, or says it is, over the limit.
    BodyTooLarge = 413, "body_too_large", "the body is over the limit\n";
    /// The bodies that are under way at once hold as much memory as they may.
    TooManyBodies = 503, "too_many_bodies", "too many bodies at once\n";
    /// `Content-Encoding` is other than identity; the signature covers the bytes as X made them.
    BodyEncoded = 415, "body_encoded", "content-encoding must be identity\n";
    /// The body did not arrive within the deadline.
    BodyTooSlow = 408, "body_too_slow", "the body came too slowly\n";
    /// The body is not what `Content-Length` says, or could not be read: the sender gave up, or something in front of
    /// birdhook has read the body already.
    BodyCutOff = 400, "body_cut_off", "the body was cut off, or read by something in front of the receiver\n";
    /// The body is signed, but it is neither a JSON object nor a list with an object in it.
    NotAnObject = 400, "not_an_object", "the body is not a JSON object\n";
    /// The delivery was handed over: 200 means what the sink's 200 means.
    Accepted = 200, "accepted", "";
    /// Every event of the delivery was handed over before.
    Duplicate = 200, "duplicate", "";
    /// Every event of the delivery is one that the app asked to drop.
    Dropped = 200, "dropped", "";
    /// The same event was still being handed over when the time ran out.
    InFlight = 503, "in_flight", "the same event is still in flight\n";
    /// The sink had no room within the deadline.
    SinkFull = 503, "sink_full", "no room\n";
    /// The sink takes no more deliveries.
    SinkClosed = 503, "sink_closed", "closed\n";
    /// The sink failed.
    SinkFailed = 503, "sink_failed", "not accepted\n";
    /// The sink, or the app's handler, panicked.
    SinkPanicked = 503, "sink_panicked", "not accepted\n";
    /// The sink did not answer within the deadline.
    SinkTooSlow = 503, "sink_too_slow", "not accepted in time\n";
    /// Neither GET nor POST.
    MethodNotAllowed = 405, "method_not_allowed", "GET and POST only\n";
}

impl Reason {
    /// The value of `Retry-After` on a 503, in seconds: X's own first wait.
    pub const RETRY_AFTER: &str = "3";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_is_a_redirect_and_every_401_looks_the_same() {
        for &reason in Reason::ALL {
            let reply = Reply::from(reason);
            assert!(!(300..400).contains(&reply.status()), "{reason:?}");
            if reply.status() == 401 {
                assert!(reply.body().is_empty() && reply.headers().next().is_none(), "{reason:?}");
            }
            assert_eq!(reply.status() == 503, reply.headers().any(|(name, _)| name == "retry-after"), "{reason:?}");
        }
    }
}
