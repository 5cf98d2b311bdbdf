//! The reasons why X rejects a call.

use super::crc::ChallengeFailure;

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
    ReplayDates(#[from] super::replay::DateFault),
}
