//! The likely cause of each outcome, and its fix.

use birdhook_core::Outcome;

/// Label of a request that was dropped without an answer.
pub(crate) const UNANSWERED: &str = "unanswered";

/// The likely cause of an outcome, and what to do.
#[derive(Clone, Copy)]
pub(crate) struct Explanation {
    pub(crate) cause: &'static str,
    pub(crate) fix: &'static str,
}

/// Returns the label of an outcome.
pub(crate) fn label(outcome: Option<Outcome>) -> &'static str {
    outcome.map_or(UNANSWERED, Outcome::as_str)
}

/// Returns the outcome with this label. `None` for another text.
pub(crate) fn from_label(text: &str) -> Option<Option<Outcome>> {
    if text == UNANSWERED {
        return Some(None);
    }
    Outcome::ALL.iter().find(|outcome| outcome.as_str() == text).map(|outcome| Some(*outcome))
}

/// Explains an outcome. `None` if there is nothing to explain.
pub(crate) fn explain(outcome: Option<Outcome>) -> Option<Explanation> {
    let Some(outcome) = outcome else {
        return text(
            "the sender hung up before the answer, or the server stopped",
            "answer faster: use a channel or an inbox; check the timeouts of the proxy",
        );
    };
    match outcome {
        Outcome::Accepted | Outcome::ChallengeAnswered => None,
        Outcome::TokenMissing => text(
            "a GET without crc_token is not a challenge by X",
            "nothing, if it is a browser or a probe; otherwise check that the proxy keeps the query",
        ),
        Outcome::TokenEmpty | Outcome::TokenRepeated => {
            text("X does not send an empty or a repeated crc_token", "check whether the proxy changes the query")
        }
        Outcome::TokenRefused => text(
            "X does not send such a crc_token: it is too long or has a forbidden character",
            "nothing: it may be an attempt to obtain a signature",
        ),
        Outcome::ChallengeUnsigned => text(
            "no configured secret made the challenge's signature",
            "check that the secrets belong to the app that registered this URL",
        ),
        Outcome::NoSecret => text(
            "the app has no secret of the kind that answers challenges, or the URL names an unknown app",
            "configure the secret, or register the URL of a known app",
        ),
        Outcome::ShuttingDown => text("the receiver is stopping", "nothing: X may send the delivery again"),
        Outcome::SignatureMissing => text(
            "no signature of a configured kind of secret: not sent by X, or a proxy removed the header",
            "nothing, if X did not send it; otherwise run `birdhook doctor https://YOUR-HOST/PATH`, and configure the \
             secret of the kind that X signs with",
        ),
        Outcome::SignatureRepeated => {
            text("the signature header occurs more than once", "check whether the proxy adds the header again")
        }
        Outcome::SignatureMalformed => text(
            "the signature is not `sha256=` and the base64 of 32 bytes",
            "check the sender: X always sends this form",
        ),
        Outcome::SignatureWrong => text(
            "the secret is not the one that X signs with, or something changed the body",
            "check a saved body with `birdhook verify --signature VALUE FILE`; run `birdhook doctor \
             https://YOUR-HOST/PATH` to find a proxy that changes bodies",
        ),
        Outcome::BodyTooLarge => text(
            "the body is over the limit, which no delivery of X is",
            "nothing, if X did not send it; otherwise raise Webhook::body_limit",
        ),
        Outcome::OverMemoryBudget => {
            text("too many bodies arrive at once", "raise Webhook::memory_budget, or limit connections in the proxy")
        }
        Outcome::BodyEncoded => text(
            "the body has a content-encoding: X does not encode bodies, so a proxy has done it",
            "turn off compression of requests in the proxy",
        ),
        Outcome::BodyTooSlow => text(
            "the body did not arrive in time",
            "check the connection between the proxy and the app; let the proxy buffer requests",
        ),
        Outcome::BodyCutOff => text(
            "the body is shorter or longer than its content-length, or something has already read it",
            "mount birdhook before middleware that reads bodies; check the proxy",
        ),
        Outcome::NotAnObject => text("the body is signed, but is not a JSON object", "keep the body and report it"),
        Outcome::Duplicate => text(
            "its events were already received, so they are not delivered again",
            "nothing: this is what should happen",
        ),
        Outcome::Dropped => text(
            "all its events are the app's own messages, which App::drop_echoes_of drops",
            "nothing, if that is wanted",
        ),
        Outcome::InFlight => text(
            "the same event was still being processed at the deadline",
            "make the handler faster, or use a channel or an inbox",
        ),
        Outcome::SinkFull => text("the queue stayed full", "consume faster, or raise the capacity of the channel"),
        Outcome::SinkTooSlow => {
            text("the sink did not take the events in time", "make the handler faster, or use a channel or an inbox")
        }
        Outcome::SinkClosed => text("the app no longer consumes events", "restart the task that receives events"),
        Outcome::SinkFailed => text("the sink or the handler returned an error", "read the app's log at this time"),
        Outcome::SinkPanicked => text("the sink or the handler panicked", "read the panic in the app's log"),
        Outcome::MethodNotAllowed => text("X sends only GET and POST", "nothing: X did not send it"),
        _ => None,
    }
}

fn text(cause: &'static str, fix: &'static str) -> Option<Explanation> {
    Some(Explanation { cause, fix })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_but_the_two_good_ones_has_a_cause_and_a_fix() {
        for outcome in Outcome::ALL {
            let is_good = matches!(outcome, Outcome::Accepted | Outcome::ChallengeAnswered);
            assert_eq!(explain(Some(*outcome)).is_none(), is_good, "{outcome:?}");
            assert_eq!(from_label(outcome.as_str()), Some(Some(*outcome)));
        }
        assert!(explain(None).is_some() && from_label(UNANSWERED) == Some(None) && from_label("").is_none());
    }
}
