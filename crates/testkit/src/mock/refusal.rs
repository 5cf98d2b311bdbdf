//! The reasons why X rejects a call.

use http::StatusCode;

use crate::request::WrongResponse;

/// The reason why a mock X rejects a call, independent of the API version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The URL is not `https`, has a port, is not public, or is longer than 200 characters.
    #[error("the URL does not meet X's requirements: {0}")]
    Url(&'static str),
    /// The app already has a webhook with this URL.
    #[error("the app already has a webhook with this URL")]
    DuplicateUrl,
    /// The account has reached its limit of webhooks.
    #[error("the account has reached its limit of webhooks")]
    TooManyWebhooks,
    /// The webhook failed its challenge.
    #[error("the challenge failed: {0}")]
    Challenge(#[from] ChallengeFailure),
    /// No webhook has this id, or it belongs to another app.
    #[error("the webhook does not exist, or belongs to another app")]
    NoSuchWebhook,
    /// The webhook is invalid and must pass a challenge first.
    #[error("the webhook is invalid: it must pass a challenge first")]
    WebhookInvalid,
    /// The app may not access this user's subscriptions.
    #[error("the app may not access this user's subscriptions")]
    NotPermitted,
    /// The user is already subscribed.
    #[error("the subscription already exists")]
    AlreadySubscribed,
    /// The account has reached its limit of subscriptions.
    #[error("the account has reached its limit of subscriptions")]
    TooManySubscriptions,
    /// No such subscription exists.
    #[error("the subscription does not exist")]
    NoSuchSubscription,
    /// No such X Activity subscription exists.
    #[error("subscription {0} does not exist")]
    NoActivitySubscription(String),
    /// The id in the path is negative.
    #[error("webhook_id: [{0}] is not greater than or equal to 0.")]
    NegativeId(String),
    /// A path parameter cannot be parsed.
    #[error("Unable to parse {0} parameter.")]
    Unparsable(&'static str),
    /// Apps cannot subscribe to this event type.
    #[error("event type {0:?} does not exist, or apps cannot subscribe to it")]
    UnknownEventType(String),
    /// The event type is private, and the caller is not the user concerned.
    #[error("event type {0} is private: it needs a token of the user concerned")]
    Private(&'static str),
    /// The request is invalid in another way.
    #[error("{0}")]
    Invalid(String),
    /// A replay job of this webhook is already running.
    #[error("a replay job of this webhook is already running")]
    ReplayUnderWay,
    /// The dates of a replay are not valid.
    #[error("{0}")]
    ReplayDates(#[from] DateFault),
}

/// The reason why a challenge failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeFailure {
    /// A 2xx response without the right token.
    #[error("{0}")]
    WrongToken(WrongResponse),
    /// A 3xx response. X follows no redirects.
    #[error("the response is a redirect (status {0})")]
    Redirect(StatusCode),
    /// Any other status.
    #[error("the response has status {0}")]
    Status(StatusCode),
    /// `Content-Encoding` does not match the encoding of the body.
    #[error("the response does not match its Content-Encoding")]
    Encoding,
    /// The TLS handshake failed or the certificate is not valid.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The request timed out.
    #[error("the request timed out")]
    Timeout,
    /// The connection failed, or ended before the response.
    #[error("no connection: {0}")]
    Connection(String),
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

/// A problem with the dates of a replay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateFault {
    /// A date is missing.
    #[error("{0}: queryParam is required.")]
    Missing(&'static str),
    /// A date is not in the format `yyyymmddhhmm`.
    #[error("Unable to parse {0} parameter.")]
    Malformed(&'static str),
    /// A date is too recent: `from_date` must be at least 31 minutes ago, `to_date` at least 10.
    #[error("{0}: [{1}] is not in the past.")]
    NotInThePast(&'static str, String),
    /// `from_date` is not before `to_date`.
    #[error("from_date must be before to_date.")]
    Order,
    /// `from_date` is too old: more than 5 days ago in 1.1, more than 24 hours in v2.
    #[error("from_date must be within the past {0}.")]
    TooOld(&'static str),
}
