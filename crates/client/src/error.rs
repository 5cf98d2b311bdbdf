//! Why a call failed.

mod read;

use std::fmt;

use birdhook_core::Timestamp;
use http::StatusCode;

use crate::call::Call;
use crate::{CredentialKind, TransportError};

/// Why a call failed: by cause, with what X said, and what to do about it. Holds no credentials.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    cause: Cause,
    call: String,
    credential: Option<CredentialKind>,
    status: Option<u16>,
    code: Option<i64>,
    reason: Option<String>,
    message: Option<String>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The receiver did not answer X's challenge as it must.
    ChallengeFailed(ChallengeFault),
    /// X does not take the URL: it is not https, has a port, or is not public.
    UrlRefused,
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

impl Error {
    fn new(call: &Call, credential: Option<CredentialKind>, cause: Cause) -> Self {
        Self { cause, call: call.name(), credential, status: None, code: None, reason: None, message: None }
    }

    pub(crate) fn no_credential(call: &Call) -> Self {
        Self::new(call, None, Cause::NoCredential(call.takes))
    }

    pub(crate) fn no_answer(call: &Call, credential: Option<CredentialKind>, error: TransportError) -> Self {
        Self::new(call, credential, Cause::NoAnswer(error))
    }

    pub(crate) fn unreadable(call: &Call, credential: Option<CredentialKind>, why: String) -> Self {
        Self { message: Some(why), ..Self::new(call, credential, Cause::Unreadable) }
    }

    pub(crate) fn invalid(call: &Call, why: &str) -> Self {
        Self { message: Some(why.to_owned()), ..Self::new(call, None, Cause::Invalid) }
    }

    /// What an answer says that is no success.
    pub(crate) fn read(
        call: &Call,
        credential: Option<CredentialKind>,
        answer: &http::Response<bytes::Bytes>,
        until: Option<Timestamp>,
    ) -> Self {
        let said = read::Said::read(answer.body());
        Self {
            cause: said.cause(call, credential, answer.status(), until),
            status: Some(answer.status().as_u16()),
            code: said.code,
            reason: said.reason,
            message: said.message,
            ..Self::new(call, credential, Cause::Other)
        }
    }

    /// Why.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// The call: `POST /2/webhooks`.
    pub fn call(&self) -> &str {
        &self.call
    }

    /// What it was signed with; none when it was not sent.
    pub fn credential(&self) -> Option<CredentialKind> {
        self.credential
    }

    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.status?).ok()
    }

    /// X's code, such as 214.
    pub fn code(&self) -> Option<i64> {
        self.code
    }

    /// X's reason, such as `CrcValidationFailed`.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// X's words.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_retryable(&self) -> bool {
        match &self.cause {
            Cause::RateLimited { .. } | Cause::Down | Cause::NoAnswer(_) | Cause::ReplayUnderWay => true,
            Cause::ChallengeFailed(fault) => *fault == ChallengeFault::TooSlow,
            _ => false,
        }
    }

    /// Whether X has surely done nothing, so that even a call that creates something may be made again.
    pub(crate) fn was_not_carried_out(&self) -> bool {
        matches!(self.cause, Cause::RateLimited { .. } | Cause::NoAnswer(TransportError::Connect(_)))
    }

    /// What to do about it, in one sentence.
    pub fn cure(&self) -> &'static str {
        match &self.cause {
            Cause::ChallengeFailed(ChallengeFault::WrongToken) => {
                "Give the receiver this app's consumer secret, and run `birdhook doctor` on its URL."
            }
            Cause::ChallengeFailed(ChallengeFault::TooSlow) => {
                "Let the receiver answer challenges at once, without I/O and awake; X waits 3 s at its shortest."
            }
            Cause::ChallengeFailed(_) => "Run `birdhook doctor` on the URL: it says what X got to see.",
            Cause::UrlRefused => "Register a public https URL without a port, of at most 200 characters.",
            Cause::DuplicateUrl => "List the app's webhooks: it has one of this URL, which can be used.",
            Cause::LimitReached => "Delete what is not needed, or ask X for a larger plan.",
            Cause::AlreadySubscribed => "Nothing is to be done: the subscription is there.",
            Cause::NotSubscribed => "Nothing is to be done to remove it; subscribe first to use it.",
            Cause::NoSuchWebhook => {
                "List the app's webhooks: the id is wrong, the webhook was deleted, or it is another app's."
            }
            Cause::WebhookInvalid => {
                "Let X challenge the webhook again (PUT), and see `birdhook doctor` when that fails."
            }
            Cause::NotAllowed => "Look at the app in X's console: its plan, its project and its access to this API.",
            Cause::Permission => {
                "Set the app's permissions to read, write and direct messages, and let the user authorise it again: old tokens keep old permissions."
            }
            Cause::Unauthenticated => {
                "Check keys and tokens for missing characters, that they are all of one app, and the machine's clock."
            }
            Cause::WrongCredential => "Make the call with the kind of credentials that X names.",
            Cause::NoCredential(_) => "Add credentials of one of these kinds.",
            Cause::RateLimited { .. } => "Wait until X lets calls through again.",
            Cause::ReplayUnderWay => "Wait for the `replay_job_status` of the job under way: there is one at a time.",
            Cause::ReplayDates => {
                "Ask for a span within X's window (24 hours in v2, 5 days in 1.1) that ended at least 10 minutes ago."
            }
            Cause::Down => "Try again later; see X's status page.",
            Cause::NoAnswer(TransportError::Connect(_)) => "Check the network, the proxy and the name of X's host.",
            Cause::NoAnswer(_) => "Look first whether the call was carried out, then try again.",
            Cause::Unreadable => "See the message: X may have changed its answer.",
            Cause::Invalid => "Correct what X's words name.",
            Cause::Other => "See X's words.",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, self.cause)?;
        let numbers = [self.status.map(|status| status.to_string()), self.code.map(|code| format!("code {code}"))];
        let said: Vec<String> = numbers.into_iter().flatten().chain(self.reason.clone()).collect();
        if !said.is_empty() {
            write!(f, " ({})", said.join(", "))?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(credential) = self.credential {
            write!(f, " [with {credential}]")?;
        }
        Ok(())
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
            Self::UrlRefused => "X does not take the URL",
            Self::DuplicateUrl => "the app has a webhook of this URL",
            Self::LimitReached => "there are as many as there may be",
            Self::AlreadySubscribed => "subscribed already",
            Self::NotSubscribed => "there is no such subscription",
            Self::NoSuchWebhook => "there is no such webhook, or it is another app's",
            Self::WebhookInvalid => "the webhook is invalid",
            Self::NotAllowed => "the app may not do this",
            Self::Permission => "the user has not authorised the app for this",
            Self::Unauthenticated => "X does not know who calls",
            Self::WrongCredential => "this call takes other credentials",
            Self::NoCredential(kinds) => {
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
                return write!(f, "nothing to sign it with: it takes {}", kinds.join(", or "));
            }
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
