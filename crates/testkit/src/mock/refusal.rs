//! Why X refuses what it is asked for.

use super::crc::ChallengeFailure;

/// Why a mock X refuses what it is asked for, whichever API asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The URL is not `https`, has a port, is not public, or is longer than 200 characters.
    #[error("the URL does not meet X's requirements: {0}")]
    Url(&'static str),
    /// The app has a webhook of this URL already.
    #[error("the app has a webhook of this URL already")]
    DuplicateUrl,
    /// The account has as many webhooks as it may.
    #[error("the account has as many webhooks as it may")]
    TooManyWebhooks,
    /// The challenge was not answered as it must be.
    #[error("the challenge failed: {0}")]
    Challenge(#[from] ChallengeFailure),
    /// There is no webhook of this id, or it is another app's.
    #[error("there is no such webhook, or it is another app's")]
    NoSuchWebhook,
    /// The webhook is invalid and must be challenged first.
    #[error("the webhook is invalid")]
    WebhookInvalid,
    /// The app may not access this user's subscriptions.
    #[error("the app may not access this user's subscriptions")]
    NotPermitted,
    /// The user is subscribed already.
    #[error("there is such a subscription already")]
    AlreadySubscribed,
    /// The account has as many subscriptions as it may.
    #[error("the account has as many subscriptions as it may")]
    TooManySubscriptions,
    /// There is no such subscription.
    #[error("there is no such subscription")]
    NoSuchSubscription,
    /// There is no such subscription to the X Activity API.
    #[error("there is no subscription {0}")]
    NoActivitySubscription(String),
    /// The id in the path is negative.
    #[error("webhook_id: [{0}] is not greater than or equal to 0.")]
    NegativeId(String),
    /// A parameter of the path is not what it must be.
    #[error("Unable to parse {0} parameter.")]
    Unparsable(&'static str),
    /// The event type cannot be subscribed.
    #[error("there is no event type {0:?} to subscribe")]
    UnknownEventType(String),
    /// The event type is private, and the caller is not the user it is about.
    #[error("{0} is private: it takes a token of the user it is about")]
    Private(&'static str),
    /// Something else is wrong with what was sent.
    #[error("{0}")]
    Invalid(String),
    /// A replay job of this webhook is under way.
    #[error("a replay job of this webhook is under way")]
    ReplayUnderWay,
    /// The dates of a replay are not as they must be.
    #[error("{0}")]
    ReplayDates(#[from] super::replay::DateFault),
}
