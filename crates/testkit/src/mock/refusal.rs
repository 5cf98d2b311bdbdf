//! The reasons why X rejects a call.

use http::StatusCode;

use crate::request::WrongResponse;

/// Declares errors: each with its message, and then its documentation.
macro_rules! reasons {
    ($($name:ident $doc:literal {
        $($variant:ident $(($($(#[$from:meta])? $field:ty),+))? $error:literal $variant_doc:literal;)+
    })+) => {$(
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = $variant_doc] #[error($error)] $variant $(($($(#[$from])? $field),+))?,)+
        }
    )+};
}

reasons! {
    Refusal "The reason why a mock X rejects a call, independent of the API version." {
        Url(&'static str) "the URL does not meet X's requirements: {0}"
            "The URL is not `https`, has a port, is not public, or is longer than 200 characters.";
        DuplicateUrl "the app already has a webhook with this URL" "The app already has a webhook with this URL.";
        TooManyWebhooks "the account has reached its limit of webhooks"
            "The account has reached its limit of webhooks.";
        Challenge(#[from] ChallengeFailure) "the challenge failed: {0}" "The webhook failed its challenge.";
        NoSuchWebhook "the webhook does not exist, or belongs to another app"
            "No webhook has this id, or it belongs to another app.";
        WebhookInvalid "the webhook is invalid: it must pass a challenge first"
            "The webhook is invalid and must pass a challenge first.";
        NotPermitted "the app may not access this user's subscriptions"
            "The app may not access this user's subscriptions.";
        AlreadySubscribed "the subscription already exists" "The user is already subscribed.";
        TooManySubscriptions "the account has reached its limit of subscriptions"
            "The account has reached its limit of subscriptions.";
        NoSuchSubscription "the subscription does not exist" "No such subscription exists.";
        NoActivitySubscription(String) "subscription {0} does not exist" "No such X Activity subscription exists.";
        NegativeId(String) "webhook_id: [{0}] is not greater than or equal to 0." "The id in the path is negative.";
        Unparsable(&'static str) "Unable to parse {0} parameter." "A path parameter cannot be parsed.";
        UnknownEventType(String) "event type {0:?} does not exist, or apps cannot subscribe to it"
            "Apps cannot subscribe to this event type.";
        Private(&'static str) "event type {0} is private: it needs a token of the user concerned"
            "The event type is private, and the caller is not the user concerned.";
        Invalid(String) "{0}" "The request is invalid in another way.";
        ReplayUnderWay "a replay job of this webhook is already running"
            "A replay job of this webhook is already running.";
        ReplayDates(#[from] DateFault) "{0}" "The dates of a replay are not valid.";
    }
    ChallengeFailure "The reason why a challenge failed." {
        WrongToken(WrongResponse) "{0}" "A 2xx response without the right token.";
        Redirect(StatusCode) "the response is a redirect (status {0})" "A 3xx response. X follows no redirects.";
        Status(StatusCode) "the response has status {0}" "Any other status.";
        Encoding "the response does not match its Content-Encoding"
            "`Content-Encoding` does not match the encoding of the body.";
        Tls(String) "TLS failed: {0}" "The TLS handshake failed or the certificate is not valid.";
        Timeout "the request timed out" "The request timed out.";
        Connection(String) "no connection: {0}" "The connection failed, or ended before the response.";
    }
    DateFault "A problem with the dates of a replay." {
        Missing(&'static str) "{0}: queryParam is required." "A date is missing.";
        Malformed(&'static str) "Unable to parse {0} parameter." "A date is not in the format `yyyymmddhhmm`.";
        NotInThePast(&'static str, String) "{0}: [{1}] is not in the past."
            "A date is too recent: `from_date` must be at least 31 minutes ago, `to_date` at least 10.";
        Order "from_date must be before to_date." "`from_date` is not before `to_date`.";
        TooOld(&'static str) "from_date must be within the past {0}."
            "`from_date` is too old: more than 5 days ago in 1.1, more than 24 hours in v2.";
    }
}

impl ChallengeFailure {
    /// Returns whether the webhook stays valid for a grace period (4xx, 5xx, timeout, connection
    /// error).
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status(status) => status.is_client_error() || status.is_server_error(),
            Self::Timeout | Self::Connection(_) => true,
            Self::WrongToken(_) | Self::Redirect(_) | Self::Encoding | Self::Tls(_) => false,
        }
    }
}
