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
    #[error("the app has a webhook of this URL already")]
    DuplicateUrl,
    /// The account has reached its limit of webhooks.
    #[error("the account has as many webhooks as it may")]
    TooManyWebhooks,
    /// The webhook failed its challenge.
    #[error("the challenge failed: {0}")]
    Challenge(#[from] ChallengeFailure),
    /// No webhook has this id, or it belongs to another app.
    #[error("there is no such webhook, or it is another app's")]
    NoSuchWebhook,
    /// The webhook is invalid and must pass a challenge first.
    #[error("the webhook is invalid")]
    WebhookInvalid,
    /// The app may not access this user's subscriptions.
    #[error("the app may not access this user's subscriptions")]
    NotPermitted,
    /// The user is already subscribed.
    #[error("there is such a subscription already")]
    AlreadySubscribed,
    /// The account has reached its limit of subscriptions.
    #[error("the account has as many subscriptions as it may")]
    TooManySubscriptions,
    /// No such subscription exists.
    #[error("there is no such subscription")]
    NoSuchSubscription,
    /// No such X Activity subscription exists.
    #[error("there is no subscription {0}")]
    NoActivitySubscription(String),
    /// The id in the path is negative.
    #[error("webhook_id: [{0}] is not greater than or equal to 0.")]
    NegativeId(String),
    /// A path parameter cannot be parsed.
    #[error("Unable to parse {0} parameter.")]
    Unparsable(&'static str),
    /// Apps cannot subscribe to this event type.
    #[error("there is no event type {0:?} to subscribe")]
    UnknownEventType(String),
    /// The event type is private, and the caller is not the user concerned.
    #[error("{0} is private: it takes a token of the user it is about")]
    Private(&'static str),
    /// The request is invalid in another way.
    #[error("{0}")]
    Invalid(String),
    /// A replay job of this webhook is already running.
    #[error("a replay job of this webhook is under way")]
    ReplayUnderWay,
    /// The dates of a replay are not valid.
    #[error("{0}")]
    ReplayDates(#[from] super::replay::DateFault),
}
