mod cause;
mod fix;
mod markup;
mod read;

use std::borrow::Cow;
use std::fmt;

use birdhook_core::Timestamp;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use crate::call::Call;
use crate::credentials::{CredentialKind, one_of};
use crate::rate_limit::retry_after;
use crate::{RateLimit, TokenStoreError, TransportError};

pub use cause::{ChallengeFault, ErrorCause};
use fix::Details;
pub(crate) use fix::{WRONG_CLIENT, fix_of_code};
pub(crate) use markup::{page_words, xml_as_json};
pub(crate) use read::reasons;

/// An error of a call: its cause, X's response, and a fix. Holds no credentials.
#[derive(Clone, Debug)]
pub struct Error(Box<Details>);

impl Error {
    fn new(call: &Call, credential: Option<CredentialKind>, cause: ErrorCause, message: Option<String>) -> Self {
        Self(Box::new(Details {
            cause,
            call: call.name(),
            user: call.user.clone(),
            scopes: call.scopes,
            credential,
            status: None,
            code: None,
            reason: None,
            message,
            takes: call.takes,
            rate_limit: None,
        }))
    }

    pub(crate) fn no_credential(call: &Call, accepted: &'static [CredentialKind]) -> Self {
        Self::new(call, None, ErrorCause::NoCredential(accepted), None)
    }

    /// Reports that the user's OAuth 2.0 token lacks the scopes of the call. The call is not sent.
    pub(crate) fn scope_not_granted(call: &Call) -> Self {
        Self::new(call, Some(CredentialKind::User2), ErrorCause::Permission, None)
    }

    pub(crate) fn no_response(call: &Call, credential: Option<CredentialKind>, error: TransportError) -> Self {
        Self::new(call, credential, ErrorCause::NoResponse(error), None)
    }

    pub(crate) fn unreadable(call: &Call, credential: Option<CredentialKind>, why: String) -> Self {
        Self::new(call, credential, ErrorCause::Unreadable, Some(why))
    }

    pub(crate) fn invalid(call: &Call, why: &str) -> Self {
        Self::new(call, None, ErrorCause::Invalid, Some(why.to_owned()))
    }

    pub(crate) fn token_store(call: &Call, error: &TokenStoreError) -> Self {
        Self::new(call, None, ErrorCause::TokenStore, Some(error.to_string()))
    }

    /// Reads an error response. `now` is the time at which `Retry-After` begins.
    pub(crate) fn read(call: &Call, kind: Option<CredentialKind>, response: &Response<Bytes>, now: Timestamp) -> Self {
        let body = read::ErrorBody::read(response.body());
        let rate_limit = RateLimit::read(response.headers());
        let after = retry_after(response.headers()).and_then(|wait| i64::try_from(wait.as_millis()).ok());
        let after = after.map(|wait| Timestamp::from_millis(now.as_millis().saturating_add(wait)));
        let until = rate_limit.and_then(|limit| limit.reset).or(after);
        let cause = body.cause(call, kind, response.status(), until);
        let mut error = Self::refused(call, cause, Some(response.status().as_u16()), body.reason, body.message);
        (error.0.credential, error.0.code, error.0.rate_limit) = (kind, body.code, rate_limit);
        error
    }

    /// Reports a success response that says the request was not carried out.
    pub(crate) fn not_done(call: &Call, credential: CredentialKind, response: &Response<Bytes>) -> Self {
        let message = Some("X reports that it was not done".to_owned());
        let mut error = Self::new(call, Some(credential), ErrorCause::Other, message);
        error.0.status = Some(response.status().as_u16());
        error
    }

    pub(crate) fn refused(
        call: &Call,
        cause: ErrorCause,
        status: Option<u16>,
        reason: Option<String>,
        message: Option<String>,
    ) -> Self {
        let mut error = Self::new(call, None, cause, message);
        (error.0.status, error.0.reason) = (status, reason);
        error
    }

    /// Returns the cause.
    pub fn cause(&self) -> &ErrorCause {
        &self.0.cause
    }

    /// Returns the method and the path of the call, for example `POST /2/webhooks`.
    pub fn call(&self) -> &str {
        &self.0.call
    }

    /// Returns the kind of credentials that signed the call, or `None` if it was not sent.
    pub fn credential(&self) -> Option<CredentialKind> {
        self.0.credential
    }

    /// Returns the kinds of credentials that the call accepts, best first.
    pub fn takes(&self) -> &'static [CredentialKind] {
        self.0.takes
    }

    /// Returns the user on whose behalf the call was made, if any.
    pub fn user(&self) -> Option<&str> {
        self.0.user.as_deref()
    }

    /// Returns the OAuth 2.0 scopes that the call needs of a user's token. Empty for calls that do
    /// not accept users' tokens.
    pub fn scopes(&self) -> &'static [&'static str] {
        self.0.scopes
    }

    /// Returns the rate limit, if the response contains one.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.0.rate_limit
    }

    /// Returns the HTTP status, if there was a response.
    pub fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.0.status?).ok()
    }

    /// Returns X's error code, for example 214.
    pub fn code(&self) -> Option<i64> {
        self.0.code
    }

    /// Returns X's reason, for example `CrcValidationFailed`.
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Returns X's message.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// Returns whether the same call may succeed later without any other change.
    pub fn is_retryable(&self) -> bool {
        match &self.0.cause {
            ErrorCause::RateLimited { .. }
            | ErrorCause::Down
            | ErrorCause::NoResponse(_)
            | ErrorCause::ReplayUnderWay => true,
            ErrorCause::ChallengeFailed(fault) => *fault == ChallengeFault::TooSlow,
            _ => false,
        }
    }

    /// Returns whether X cannot have carried out the call. Any call is then safe to repeat.
    pub(crate) fn was_not_carried_out(&self) -> bool {
        matches!(self.0.cause, ErrorCause::RateLimited { .. } | ErrorCause::NoResponse(TransportError::Connect(_)))
    }

    /// Returns whether X may have carried out the call although it failed.
    pub(crate) fn may_be_carried_out(&self) -> bool {
        matches!(
            self.0.cause,
            ErrorCause::AlreadySubscribed | ErrorCause::LimitReached | ErrorCause::NoResponse(_) | ErrorCause::Down
        )
    }

    /// Returns the fix in one phrase, with the command that applies it, if there is one.
    pub fn fix(&self) -> Cow<'static, str> {
        self.0.fix()
    }

    /// Returns whether the user's OAuth 2.0 token may lack a scope.
    fn lacks_scope(&self) -> bool {
        self.0.cause == ErrorCause::Permission
            && self.0.credential == Some(CredentialKind::User2)
            && !self.0.scopes.is_empty()
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.call, self.0.cause)?;
        if self.0.cause == ErrorCause::WrongCredential {
            write!(f, ": it needs {}", one_of(self.0.takes))?;
        }
        if self.lacks_scope() {
            write!(f, ": it needs the scopes {}", self.0.scopes.join(", "))?;
        }
        let numbers = [self.0.status.map(|status| status.to_string()), self.0.code.map(|code| format!("code {code}"))];
        let known: Vec<String> = numbers.into_iter().flatten().chain(self.0.reason.clone()).collect();
        if !known.is_empty() {
            write!(f, " ({})", known.join(", "))?;
        }
        if let Some(message) = &self.0.message {
            write!(f, ": {message}")?;
        }
        if let Some(credential) = self.0.credential {
            write!(f, " [with {credential}]")?;
        }
        Ok(())
    }
}

impl Call {
    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::unreadable(&self, None, error.to_string()))?;
        self.body = Some(body.into());
        Ok(self)
    }
}
