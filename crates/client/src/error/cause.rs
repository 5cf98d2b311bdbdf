//! The causes of errors, in words, with their cures.

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
    /// The user has authorised the app for less than this takes.
    Permission,
    /// X does not know who calls: a key or a token is wrong, revoked, or signed with a clock that is off.
    Unauthenticated,
    /// A user's OAuth 2.0 token has expired or was revoked, and X does not renew it.
    NotRenewed,
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

impl Cause {
    /// What to do about it, in one sentence.
    pub(super) fn cure(&self) -> &'static str {
        match self {
            Self::ChallengeFailed(ChallengeFault::WrongToken) => {
                "Give the receiver this app's consumer secret, and run `birdhook doctor` on its URL."
            }
            Self::ChallengeFailed(ChallengeFault::TooSlow) => {
                "Let the receiver answer challenges at once, without I/O and awake; X waits 3 s at its shortest."
            }
            Self::ChallengeFailed(_) => "Run `birdhook doctor` on the URL: it says what X got to see.",
            Self::UrlRefused(UrlFault::Malformed) => {
                "Register a whole URL such as https://app.example/webhooks/twitter, without a user and a fragment."
            }
            Self::UrlRefused(UrlFault::TooLong) => "Shorten the URL to at most 200 characters.",
            Self::UrlRefused(UrlFault::NotHttps) => "Register a URL that begins with https://.",
            Self::UrlRefused(UrlFault::Port) => {
                "Serve the receiver at the usual port, and leave the port out of the URL."
            }
            Self::UrlRefused(UrlFault::NotPublic) => "Give the receiver a public name, or reach it through a tunnel.",
            Self::UrlRefused(UrlFault::Unknown) => {
                "Run `birdhook doctor` on the URL: X refuses a certificate that it does not trust in the same words."
            }
            Self::DuplicateUrl => "List the app's webhooks: it has one of this URL, which can be used.",
            Self::LimitReached => "Delete what is not needed, or ask X for a larger plan.",
            Self::AlreadySubscribed => "Nothing is to be done: the subscription is there.",
            Self::NotSubscribed => "Nothing is to be done to remove it; subscribe first to use it.",
            Self::NoSuchWebhook => {
                "List the app's webhooks: the id is wrong, the webhook was deleted, or it is another app's."
            }
            Self::WebhookInvalid => {
                "Let X challenge the webhook again (PUT), and see `birdhook doctor` when that fails."
            }
            Self::NotAllowed => "Look at the app in X's console: its plan, its project and its access to this API.",
            Self::Permission => {
                "Set the app's permissions to read, write and direct messages, and let the user authorise it again: old tokens keep old permissions."
            }
            Self::Unauthenticated => {
                "Check keys and tokens for missing characters, that they are all of one app, and the machine's clock."
            }
            Self::NotRenewed => {
                "Let the user log in again: a refresh token works once, and not when access was revoked."
            }
            Self::WrongCredential => "Add credentials of the kind that it takes, and sign with no other.",
            Self::NoCredential(_) => "Add credentials of one of these kinds.",
            Self::RateLimited { .. } => "Wait until X lets calls through again.",
            Self::ReplayUnderWay => "Wait for the `replay_job_status` of the job under way: there is one at a time.",
            Self::ReplayDates => {
                "Ask for a span within X's window (24 hours in v2, 5 days in 1.1) that began at least 31 minutes ago and ended at least 10."
            }
            Self::Down => "Try again later; see X's status page.",
            Self::NoAnswer(TransportError::Connect(_)) => "Check the network, the proxy and the name of X's host.",
            Self::NoAnswer(_) => "Look first whether the call was carried out, then try again.",
            Self::Unreadable => "See the message: X may have changed its answer.",
            Self::Invalid => "Correct what X's words name.",
            Self::Other => "See X's words.",
        }
    }
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
            Self::Permission => "the user has not authorised the app for this",
            Self::Unauthenticated => "X does not know who calls",
            Self::NotRenewed => "X does not renew the user's token",
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
    fn in_words(self) -> &'static str {
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
