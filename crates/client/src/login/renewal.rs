//! Renewal of users' OAuth 2.0 tokens before they expire and when X rejects them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::context::ApiContext;
use super::error::LoginError;
use super::pkce::OAuth2;
use crate::call::Call;
use crate::{CredentialKind, Credentials, Error, ErrorCause, TokenStore, TokenStoreError, TransportError, UserToken};

/// Time before the expiry at which a token is renewed, in milliseconds. Allows for slow calls and
/// inexact clocks.
const MARGIN: i64 = 60_000;

/// Timeout for X's response to a renewal or a revocation. The token is locked meanwhile.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The store of users' tokens, with their renewal.
pub(crate) struct Renewal {
    store: Arc<dyn TokenStore>,
    login: Option<OAuth2>,
    /// The outcome for each refresh token that X may have accepted while the store still has it:
    /// the next token, or the error. None of them is sent again.
    spent: Arc<Mutex<BTreeMap<String, Result<UserToken, LoginError>>>>,
}

enum NotRenewed {
    /// X issued no new token. Holds the old one.
    Login(UserToken, LoginError),
    Store(TokenStoreError),
    /// X issued a new token, but the store failed to save it.
    Unstored(TokenStoreError),
}

impl NotRenewed {
    fn into_error(self, user: &str) -> Error {
        let call = Call::post("/2/oauth2/token", &[CredentialKind::User2]).for_user(user);
        match self {
            Self::Login(_, error) if may_be_spent(&error) => {
                let message = format!("{error}; X may have accepted the refresh token, which will not be sent again");
                Error::refused(&call, ErrorCause::NotRenewed, None, None, Some(message))
            }
            Self::Login(_, error) => error.into_call_error(&call, ErrorCause::NotRenewed),
            Self::Store(error) => Error::token_store(&call, &error),
            Self::Unstored(error) => {
                let lost = format!(
                    "{error}; the renewed token of user {user} is lost if this process ends before it is stored; then \
                     run `birdhook auth user2`"
                );
                Error::token_store(&call, &TokenStoreError::new(lost))
            }
        }
    }
}

impl Renewal {
    pub(crate) fn new(credentials: &Credentials, context: ApiContext, store: Arc<dyn TokenStore>) -> Self {
        let secret = credentials.client_secret.clone();
        let login = credentials.client_id.clone().map(|id| OAuth2::with_context(id, secret, context));
        Self { store, login, spent: Arc::default() }
    }

    pub(crate) fn store(&self) -> &dyn TokenStore {
        &*self.store
    }

    pub(crate) async fn stored(&self, user: &str) -> Result<Option<UserToken>, Error> {
        self.store.get(user).await.map_err(|error| NotRenewed::Store(error).into_error(user))
    }

    /// Returns the user's token, renewing it first if it is about to expire.
    pub(crate) async fn token(&self, user: &str) -> Result<Option<UserToken>, Error> {
        let left = |token: &UserToken| {
            let now = self.login.as_ref()?.context.now().as_millis();
            Some(token.expires_at?.as_millis().saturating_sub(now))
        };
        let is_due = |token: &UserToken| left(token).is_some_and(|left| left <= MARGIN);
        match self.renewed(user, is_due).await {
            // X still accepts the old token.
            Err(NotRenewed::Login(old, error)) if error.is_retryable() && left(&old).is_some_and(|left| left > 0) => {
                Ok(Some(old))
            }
            renewed => renewed.map_err(|error| error.into_error(user)),
        }
    }

    /// Replaces the token of a rejected `Authorization` header. Returns whether the user now has a
    /// different token.
    pub(crate) async fn replaced(&self, user: &str, rejected: &HeaderValue) -> Result<bool, Error> {
        let is_rejected = |token: &UserToken| {
            rejected.as_bytes().strip_prefix(b"Bearer ") == Some(token.access.expose_secret().as_bytes())
        };
        let token = self.renewed(user, is_rejected).await.map_err(|error| error.into_error(user))?;
        Ok(token.is_some_and(|token| !is_rejected(&token)))
    }

    /// Returns the user's token, renewing it first if `is_due` says so and it can be renewed.
    async fn renewed(&self, user: &str, is_due: impl Fn(&UserToken) -> bool) -> Result<Option<UserToken>, NotRenewed> {
        let login = |token: &UserToken| self.login.clone().filter(|_| is_due(token) && token.refresh.is_some());
        let Some(token) = self.store.get(user).await.map_err(NotRenewed::Store)? else { return Ok(None) };
        if login(&token).is_none() {
            return Ok(Some(token));
        }
        let mut locked = self.store.lock(user).await.map_err(NotRenewed::Store)?;
        // Another client may have renewed it while this one waited for the lock.
        let Some(token) = locked.get().await.map_err(NotRenewed::Store)? else { return Ok(None) };
        let Some(login) = login(&token) else { return Ok(Some(token)) };
        let (old, spent) = (token.clone(), Arc::clone(&self.spent));
        // A task, because the caller may be dropped after X has accepted the refresh token. The
        // response must not be lost.
        let renewing = tokio::spawn(async move {
            let spent = || spent.lock().unwrap_or_else(PoisonError::into_inner);
            let refresh = token.refresh.as_ref().map(|refresh| refresh.expose_secret().to_owned()).unwrap_or_default();
            let known = spent().get(&refresh).cloned();
            let next = match known {
                Some(next) => next,
                None => {
                    let timed_out = || Err(TransportError::Timeout.into());
                    // Covers a task that ends before the response.
                    spent().insert(refresh.clone(), timed_out());
                    let next = timeout(TIMEOUT, login.refresh(&token)).await.unwrap_or_else(|_| timed_out());
                    let next = next.map(|next| UserToken { scope: next.scope.or_else(|| token.scope.clone()), ..next });
                    match &next {
                        Err(error) if !may_be_spent(error) => _ = spent().remove(&refresh),
                        next => _ = spent().insert(refresh.clone(), next.clone()),
                    }
                    next
                }
            };
            let next = next.map_err(|error| NotRenewed::Login(token, error))?;
            locked.set(Some(next.clone())).await.map_err(NotRenewed::Unstored)?;
            spent().remove(&refresh);
            Ok(Some(next))
        });
        match renewing.await {
            Ok(renewed) => renewed,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => {
                    let ended = TransportError::Broken("the runtime has ended".to_owned());
                    Err(NotRenewed::Login(old, ended.into()))
                }
            },
        }
    }

    pub(crate) async fn revoke(&self, user: &str) -> Result<(), Error> {
        let call = Call::post("/2/oauth2/revoke", &[CredentialKind::User2]).for_user(user);
        let failed = |error: TokenStoreError| Error::token_store(&call, &error);
        let mut locked = self.store.lock(user).await.map_err(failed)?;
        let Some(token) = locked.get().await.map_err(failed)? else {
            return Err(Error::no_credential(&call, call.takes));
        };
        let Some(login) = &self.login else {
            return Err(Error::invalid(&call, "no OAuth 2.0 client id: set Credentials::oauth2_client"));
        };
        let revoked = timeout(TIMEOUT, login.revoke(&token)).await;
        let revoked = revoked.unwrap_or_else(|_| Err(TransportError::Timeout.into()));
        revoked.map_err(|error| error.into_call_error(&call, ErrorCause::Other))?;
        locked.set(None).await.map_err(failed)
    }
}

/// Returns whether X may have accepted the refresh token although its response contains no token.
fn may_be_spent(error: &LoginError) -> bool {
    let is_unknown = |error: &TransportError| matches!(error, TransportError::Timeout | TransportError::Broken(_));
    match error {
        LoginError::NoResponse(error) => is_unknown(error),
        error => matches!(error, LoginError::Unreadable(_)),
    }
}

impl LoginError {
    /// Converts to the error of a call. `refused` is the cause of a permanent refusal.
    fn into_call_error(self, call: &Call, rejected: ErrorCause) -> Error {
        match self {
            Self::NoResponse(error) => Error::no_response(call, None, error),
            Self::Refused { status, reason, message } => {
                let cause = match status {
                    Some(429) => ErrorCause::RateLimited { until: None },
                    Some(500..) => ErrorCause::Down,
                    _ => rejected,
                };
                Error::refused(call, cause, status, reason, message)
            }
            Self::Invalid(why) => Error::invalid(call, why),
            error => Error::unreadable(call, None, error.to_string()),
        }
    }
}
