//! The likely cause of each outcome, and its fix.

use super::outcome::Outcome;

impl Outcome {
    /// Returns the likely cause, for the operator of the receiver, as a clause. `None` for
    /// [`Accepted`](Self::Accepted) and [`ChallengeAnswered`](Self::ChallengeAnswered).
    ///
    /// Never send it to the sender: a reply must not help a forger.
    ///
    /// ```
    /// # mod birdhook { pub mod adapter { pub use birdhook_core::Outcome; } }
    /// use birdhook::adapter::Outcome;
    ///
    /// assert_eq!(Outcome::SinkFull.cause(), Some("the queue stayed full"));
    /// assert_eq!(Outcome::SinkFull.fix(), Some("consume faster, or raise the capacity of the channel"));
    /// ```
    pub fn cause(self) -> Option<&'static str> {
        self.explanation().map(|(cause, _)| cause)
    }

    /// Returns what the operator can do about the [`cause`](Self::cause), as a clause.
    pub fn fix(self) -> Option<&'static str> {
        self.explanation().map(|(_, fix)| fix)
    }

    fn explanation(self) -> Option<(&'static str, &'static str)> {
        let explanation = match self {
            Self::Accepted | Self::ChallengeAnswered => return None,
            Self::TokenMissing => (
                "a GET without crc_token is not a challenge by X",
                "nothing, if it is a browser or a probe; otherwise check that the proxy keeps the query",
            ),
            Self::TokenEmpty | Self::TokenRepeated => {
                ("X does not send an empty or a repeated crc_token", "check whether the proxy changes the query")
            }
            Self::TokenRefused => (
                "X does not send such a crc_token: it is too long or has a forbidden character",
                "nothing: it may be an attempt to obtain a signature",
            ),
            Self::ChallengeUnsigned => (
                "no configured secret made the challenge's signature",
                "check that the secrets belong to the app that registered this URL",
            ),
            Self::NoSecret => (
                "the app has no secret of the kind that answers challenges, or the URL names an unknown app",
                "configure the secret, or register the URL of a known app",
            ),
            Self::ShuttingDown => ("the receiver is stopping", "nothing: X may send the delivery again"),
            Self::SignatureMissing => (
                "no signature of a configured kind of secret: not sent by X, or a proxy removed the header",
                "nothing, if X did not send it; otherwise run `birdhook doctor https://YOUR-HOST/PATH`, and configure the \
                 secret of the kind that X signs with",
            ),
            Self::SignatureRepeated => {
                ("the signature header occurs more than once", "check whether the proxy adds the header again")
            }
            Self::SignatureMalformed => (
                "the signature is not `sha256=` and the base64 of 32 bytes",
                "check the sender: X always sends this form",
            ),
            Self::SignatureWrong => (
                "the secret is not the one that X signs with, or something changed the body",
                "check a saved body with `birdhook verify --signature VALUE FILE`; run `birdhook doctor \
                 https://YOUR-HOST/PATH` to find a proxy that changes bodies",
            ),
            Self::BodyTooLarge => (
                "the body is over the limit, which no delivery of X is",
                "nothing, if X did not send it; otherwise raise Webhook::body_limit",
            ),
            Self::OverMemoryBudget => {
                ("too many bodies arrive at once", "raise Webhook::memory_budget, or limit connections in the proxy")
            }
            Self::BodyEncoded => (
                "the body has a content-encoding: X does not encode bodies, so a proxy has done it",
                "turn off compression of requests in the proxy",
            ),
            Self::BodyTooSlow => (
                "the body did not arrive in time",
                "check the connection between the proxy and the app; let the proxy buffer requests",
            ),
            Self::BodyCutOff => (
                "the body is shorter or longer than its content-length, or something has already read it",
                "mount birdhook before middleware that reads bodies; check the proxy",
            ),
            Self::NotAnObject => ("the body is signed, but is not a JSON object", "keep the body and report it"),
            Self::Duplicate => (
                "its events were already received, so they are not delivered again",
                "nothing: this is what should happen",
            ),
            Self::Dropped => (
                "all its events are the app's own messages, which App::drop_echoes_of drops",
                "nothing, if that is wanted",
            ),
            Self::InFlight => (
                "the same event was still being processed at the deadline",
                "make the handler faster, or use a channel or an inbox",
            ),
            Self::SinkFull => ("the queue stayed full", "consume faster, or raise the capacity of the channel"),
            Self::SinkTooSlow => {
                ("the sink did not take the events in time", "make the handler faster, or use a channel or an inbox")
            }
            Self::SinkClosed => ("the app no longer consumes events", "restart the task that receives events"),
            Self::SinkFailed => ("the sink or the handler returned an error", "read the app's log at this time"),
            Self::SinkPanicked => ("the sink or the handler panicked", "read the panic in the app's log"),
            Self::MethodNotAllowed => ("X sends only GET and POST", "nothing: X did not send it"),
        };
        Some(explanation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_but_the_two_good_ones_has_a_cause_and_a_fix() {
        for outcome in Outcome::ALL {
            let is_good = matches!(outcome, Outcome::Accepted | Outcome::ChallengeAnswered);
            assert_eq!(outcome.cause().is_none(), is_good, "{outcome:?}");
        }
    }
}
