//! The outcome of a request: what its reply says, and its label in metrics and logs.

use crate::auth::crc::TokenError;
use crate::traits::name_traits;

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $label:literal, $text:literal;)+) => {
        /// The outcome of a request, with one variant for each row of the table of replies.
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
            /// All outcomes, for tables and counters.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the HTTP status code of the reply.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// Returns a short name in snake case, for metrics and logs.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }

            pub(super) fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

// Every 401 has an empty body, so that an attacker cannot learn how close a forgery came.
outcomes! {
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

name_traits!(Outcome);

impl From<TokenError> for Outcome {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Missing => Self::TokenMissing,
            TokenError::Empty => Self::TokenEmpty,
            TokenError::Repeated => Self::TokenRepeated,
            TokenError::TooLong | TokenError::Forbidden => Self::TokenRefused,
        }
    }
}
