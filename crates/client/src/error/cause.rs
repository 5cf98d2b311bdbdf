//! The causes of errors, in words.

use std::fmt;

use birdhook_core::Timestamp;

use crate::{CredentialKind, TransportError};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The receiver did not answer X's challenge as it must.
    ChallengeFailed(ChallengeFault),
    /// X does not take the URL.
    UrlRefused(UrlFault),
    /// The app has a webhook of this URL.
    DuplicateUrl,
    /// The account has as many webhooks or subscriptions as it may.
    LimitReached,
    /// The user, or this event type of theirs, is subscribed already.
    AlreadySubscribed,
    /// There is no such subscription.
    NotSubscribed,
    /// There is no such webhook, or it is another app's.
    NoSuchWebhook,
    /// The webhook is invalid and must be challenged first.
    WebhookInvalid,
    /// The app or the plan may not do this.
    NotAllowed,
    /// The app's access level does not include this call (code 453).
    AccessLevel,
    /// The account, or the app, is suspended (codes 63, 64 and 416).
    Suspended,
    /// The account is locked until its owner unlocks it (code 326).
    Locked,
    /// The account has no credits left.
    NoCredits,
    /// A usage or spend cap is reached, which lasts until its period ends. Not a rate limit.
    UsageCap,
    /// The user has authorised the app for less than this takes.
    Permission,
    /// X does not know who calls: a key or a token is wrong, revoked, or signed with a clock that is off.
    Unauthenticated,
    /// A user's OAuth 2.0 token has expired or was revoked, and X does not renew it.
    NotRenewed,
    /// The store of users' OAuth 2.0 tokens failed. The call was not sent.
    TokenStore,
    /// This call takes another kind of credentials.
    WrongCredential,
    /// There are no credentials of a kind that this call takes. Nothing was sent.
    NoCredential(&'static [CredentialKind]),
    /// Called too often.
    RateLimited {
        /// When calls are let through again, if X says.
        until: Option<Timestamp>,
    },
    /// A replay job of this webhook is under way.
    ReplayUnderWay,
    /// The dates of a replay are not as they must be.
    ReplayDates,
    /// X is down or overloaded.
    Down,
    /// There is no answer.
    NoAnswer(TransportError),
    /// The answer is not what X documents, in any of its ways.
    Unreadable,
    /// Something is wrong with what was sent.
    Invalid,
    /// Anything else.
    Other,
}

/// What was wrong with the answer to X's challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeFault {
    /// The token, or the JSON around it.
    WrongToken,
    /// The status was not 200.
    Status,
    /// It came too late.
    TooSlow,
    /// X does not say.
    Unknown,
}

/// What is wrong with a URL, as far as it shows: X's own words are in [`Error::message`](crate::Error::message).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlFault {
    /// It is none, or has more than a host, a path and a query.
    Malformed,
    /// It is longer than 200 characters.
    TooLong,
    /// It does not begin with `https://`.
    NotHttps,
    /// It has a port.
    Port,
    /// Its host is not public.
    NotPublic,
    /// It does not show: perhaps the certificate.
    Unknown,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChallengeFailed(ChallengeFault::WrongToken) => "the receiver answered X's challenge wrongly",
            Self::ChallengeFailed(ChallengeFault::Status) => {
                "the receiver answered X's challenge with another status than 200"
            }
            Self::ChallengeFailed(ChallengeFault::TooSlow) => "the receiver answered X's challenge too late",
            Self::ChallengeFailed(ChallengeFault::Unknown) => "the receiver failed X's challenge",
            Self::UrlRefused(fault) => return write!(f, "X does not take the URL{}", fault.in_words()),
            Self::DuplicateUrl => "the app has a webhook of this URL",
            Self::LimitReached => "there are as many as there may be",
            Self::AlreadySubscribed => "subscribed already",
            Self::NotSubscribed => "there is no such subscription",
            Self::NoSuchWebhook => "there is no such webhook, or it is another app's",
            Self::WebhookInvalid => "the webhook is invalid",
            Self::NotAllowed => "the app may not do this",
            Self::AccessLevel => "the app's access level does not include this call",
            Self::Suspended => "the account or the app is suspended",
            Self::Locked => "the account is locked",
            Self::NoCredits => "the account has no credits left",
            Self::UsageCap => "a usage cap is reached",
            Self::Permission => "the user has not authorised the app for this",
            Self::Unauthenticated => "X does not know who calls",
            Self::NotRenewed => "X does not renew the user's token",
            Self::TokenStore => "the token store failed",
            Self::WrongCredential => "this call takes other credentials",
            Self::NoCredential(kinds) => return write!(f, "nothing to sign it with: wanted is {}", in_words(kinds)),
            Self::RateLimited { until: Some(until) } => return write!(f, "called too often, wait until {until}"),
            Self::RateLimited { until: None } => "called too often",
            Self::ReplayUnderWay => "a replay job is under way",
            Self::ReplayDates => "X does not take these dates",
            Self::Down => "X is down or overloaded",
            Self::NoAnswer(error) => return error.fmt(f),
            Self::Unreadable => "the answer cannot be read",
            Self::Invalid => "something is wrong with what was sent",
            Self::Other => "refused",
        })
    }
}

impl UrlFault {
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Malformed => ": it is none, or has more than a host, a path and a query",
            Self::TooLong => ": it is longer than 200 characters",
            Self::NotHttps => ": it is not https",
            Self::Port => ": it has a port",
            Self::NotPublic => ": its host is not public",
            Self::Unknown => "",
        }
    }
}

/// Kinds of credentials: `this, or that`.
pub(super) fn in_words(kinds: &[CredentialKind]) -> String {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    kinds.join(", or ")
}
