use std::fmt;

use birdhook_core::Timestamp;

use crate::TransportError;
use crate::credentials::{CredentialKind, one_of};
use crate::url::UrlFault;

/// The cause of a failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCause {
    /// The receiver failed X's challenge.
    ChallengeFailed(ChallengeFault),
    /// X does not accept the URL.
    UrlRefused(UrlFault),
    /// The app already has a webhook at this URL.
    DuplicateUrl,
    /// The account has reached its limit of webhooks or subscriptions.
    LimitReached,
    /// The user, or the user's event type, is already subscribed.
    AlreadySubscribed,
    /// The subscription does not exist.
    NotSubscribed,
    /// The webhook does not exist, or belongs to another app.
    NoSuchWebhook,
    /// The webhook is invalid until it passes a challenge.
    WebhookInvalid,
    /// The app or its plan does not allow this call.
    NotAllowed,
    /// The app's access level does not include this call (code 453).
    AccessLevel,
    /// The account, or the app, is suspended (codes 63, 64 and 416).
    Suspended,
    /// The account is locked until its owner unlocks it (code 326).
    Locked,
    /// The account has no credits left.
    NoCredits,
    /// A usage or spend cap is reached. It lasts until its period ends, unlike a rate limit.
    UsageCap,
    /// The user has not granted the app the permission that the call needs.
    Permission,
    /// X does not accept the credentials: a key or token is wrong or revoked, or the clock that
    /// signed is wrong.
    Unauthenticated,
    /// A user's OAuth 2.0 token has expired or was revoked, and X does not renew it.
    NotRenewed,
    /// The store of users' OAuth 2.0 tokens failed. The call was not sent.
    TokenStore,
    /// The call needs a different kind of credentials.
    WrongCredential,
    /// Credentials of a kind that the call accepts are missing. Nothing was sent.
    NoCredential(&'static [CredentialKind]),
    /// The rate limit is reached.
    RateLimited {
        /// The time at which X accepts calls again, if X reports it.
        until: Option<Timestamp>,
    },
    /// A replay job of this webhook is already running.
    ReplayUnderWay,
    /// X does not accept the dates of a replay.
    ReplayDates,
    /// X is down or overloaded.
    Down,
    /// There was no response.
    NoResponse(TransportError),
    /// The response has none of the shapes that X documents.
    Unreadable,
    /// The request is invalid.
    Invalid,
    /// Any other cause.
    Other,
}

/// The fault in the response to X's challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeFault {
    /// The token or the JSON around it is wrong.
    WrongToken,
    /// The status was not 200.
    Status,
    /// The response came too late.
    TooSlow,
    /// X does not name the fault.
    Unknown,
}

impl fmt::Display for ErrorCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChallengeFailed(ChallengeFault::WrongToken) => "the receiver's response to X's challenge is wrong",
            Self::ChallengeFailed(ChallengeFault::Status) => {
                "the receiver responded to X's challenge with a status other than 200"
            }
            Self::ChallengeFailed(ChallengeFault::TooSlow) => "the receiver responded to X's challenge too late",
            Self::ChallengeFailed(ChallengeFault::Unknown) => "the receiver failed X's challenge",
            Self::UrlRefused(fault) => return write!(f, "X does not accept the URL{}", fault.detail()),
            Self::DuplicateUrl => "the app already has a webhook at this URL",
            Self::LimitReached => "the limit is reached",
            Self::AlreadySubscribed => "already subscribed",
            Self::NotSubscribed => "the subscription does not exist",
            Self::NoSuchWebhook => "the webhook does not exist or belongs to another app",
            Self::WebhookInvalid => "the webhook is invalid",
            Self::NotAllowed => "the app is not allowed to make this call",
            Self::AccessLevel => "the app's access level does not include this call",
            Self::Suspended => "the account or the app is suspended",
            Self::Locked => "the account is locked",
            Self::NoCredits => "the account has no credits left",
            Self::UsageCap => "a usage cap is reached",
            Self::Permission => "the user has not authorised the app for this",
            Self::Unauthenticated => "X does not accept the credentials",
            Self::NotRenewed => "X does not renew the user's token",
            Self::TokenStore => "the token store failed",
            Self::WrongCredential => "wrong kind of credentials for this call",
            Self::NoCredential(kinds) => return write!(f, "no credentials for this call: it needs {}", one_of(kinds)),
            Self::RateLimited { until: Some(until) } => return write!(f, "rate limit reached; wait until {until}"),
            Self::RateLimited { until: None } => "rate limit reached",
            Self::ReplayUnderWay => "a replay job is already running",
            Self::ReplayDates => "X does not accept these dates",
            Self::Down => "X is down or overloaded",
            Self::NoResponse(error) => return error.fmt(f),
            Self::Unreadable => "the response cannot be read",
            Self::Invalid => "the request is invalid",
            Self::Other => "X refused the call",
        })
    }
}
