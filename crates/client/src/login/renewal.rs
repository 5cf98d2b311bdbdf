//! Renews users' OAuth 2.0 tokens before they expire, and when X does not take them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use secrecy::ExposeSecret;

use super::{LoginError, OAuth2, Way};
use crate::call::Call;
use crate::{Cause, CredentialKind, Credentials, Error, TokenStore, TokenStoreError, TransportError, UserToken};

/// How long before its end a token is renewed, in milliseconds: calls and clocks take their time.
const MARGIN: i64 = 60_000;

/// The users' tokens, in their store, and what renews them.
pub(crate) struct Renewal {
    store: Arc<dyn TokenStore>,
    login: Option<OAuth2>,
    /// New tokens that the store has not taken, by the refresh token that they cost.
    unstored: Arc<Mutex<BTreeMap<String, UserToken>>>,
}

/// Why a token was not renewed.
enum NotRenewed {
    /// X has not given another, and the old one is this.
    Login(UserToken, LoginError),
    Store(TokenStoreError),
}

impl From<TokenStoreError> for NotRenewed {
    fn from(error: TokenStoreError) -> Self {
        Self::Store(error)
    }
}

impl NotRenewed {
    fn of(self, user: &str) -> Error {
        let call = Call::post("/2/oauth2/token", &[CredentialKind::User2]).of(user);
        match self {
            Self::Login(_, error) => error.of_call(&call, Cause::NotRenewed),
            Self::Store(error) => Error::token_store(&call, &error),
        }
    }
}

impl Renewal {
    pub(crate) fn new(credentials: &Credentials, way: Way, store: Arc<dyn TokenStore>) -> Self {
        let secret = credentials.client_secret.clone();
        let login = credentials.client_id.clone().map(|id| OAuth2::by(id, secret, way));
        Self { store, login, unstored: Arc::default() }
    }

    pub(crate) fn store(&self) -> &dyn TokenStore {
        &*self.store
    }

    /// The user's token as the store has it.
    pub(crate) async fn stored(&self, user: &str) -> Result<Option<UserToken>, Error> {
        self.store.get(user).await.map_err(|error| NotRenewed::Store(error).of(user))
    }

    /// The user's token, which is renewed first if it is about to expire.
    pub(crate) async fn token(&self, user: &str) -> Result<Option<UserToken>, Error> {
        let left = |token: &UserToken| {
            let now = self.login.as_ref()?.way.now().as_millis();
            Some(token.expires_at?.as_millis().saturating_sub(now))
        };
        let is_due = |token: &UserToken| left(token).is_some_and(|left| left <= MARGIN);
        match self.renewed(user, is_due).await {
            // X still takes the old one.
            Err(NotRenewed::Login(old, error)) if error.is_retryable() && left(&old).is_some_and(|left| left > 0) => {
                Ok(Some(old))
            }
            renewed => renewed.map_err(|error| error.of(user)),
        }
    }

    /// X does not take the token of this header `Authorization`: whether there is another now.
    pub(crate) async fn replaced(&self, user: &str, refused: &HeaderValue) -> Result<bool, Error> {
        let is_it = |token: &UserToken| {
            refused.as_bytes().strip_prefix(b"Bearer ") == Some(token.access.expose_secret().as_bytes())
        };
        let token = self.renewed(user, is_it).await.map_err(|error| error.of(user))?;
        Ok(token.is_some_and(|token| !is_it(&token)))
    }

    /// The user's token, which is renewed first if it must be and can be.
    async fn renewed(&self, user: &str, must_be: impl Fn(&UserToken) -> bool) -> Result<Option<UserToken>, NotRenewed> {
        let login = |token: &UserToken| self.login.clone().filter(|_| must_be(token) && token.refresh.is_some());
        let Some(token) = self.store.get(user).await? else { return Ok(None) };
        if login(&token).is_none() {
            return Ok(Some(token));
        }
        let mut locked = self.store.lock(user).await?;
        // Another may have renewed it while this one waited.
        let Some(token) = locked.get().await? else { return Ok(None) };
        let Some(login) = login(&token) else { return Ok(Some(token)) };
        let (old, unstored) = (token.clone(), Arc::clone(&self.unstored));
        // Whoever waits may give up. X has taken the refresh token then, and the answer must not be lost.
        let renewing = tokio::spawn(async move {
            let unstored = || unstored.lock().unwrap_or_else(PoisonError::into_inner);
            let spent = token.refresh.as_ref().map(|refresh| refresh.expose_secret().to_owned()).unwrap_or_default();
            let known = unstored().get(&spent).cloned();
            let next = match known {
                Some(next) => next,
                None => {
                    let scope = token.scope.clone();
                    let next = login.refresh(&token).await.map_err(|error| NotRenewed::Login(token, error))?;
                    UserToken { scope: next.scope.clone().or(scope), ..next }
                }
            };
            unstored().insert(spent.clone(), next.clone());
            locked.set(Some(next.clone())).await?;
            unstored().remove(&spent);
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

    /// Revokes the user's tokens at X, and removes them from the store.
    pub(crate) async fn revoke(&self, user: &str) -> Result<(), Error> {
        let call = Call::post("/2/oauth2/revoke", &[CredentialKind::User2]).of(user);
        let failed = |error: TokenStoreError| Error::token_store(&call, &error);
        let mut locked = self.store.lock(user).await.map_err(failed)?;
        let Some(token) = locked.get().await.map_err(failed)? else {
            return Err(Error::no_credential(&call, call.takes));
        };
        let Some(login) = &self.login else {
            return Err(Error::invalid(&call, "the OAuth 2.0 client id is not known: set Credentials::oauth2_client"));
        };
        login.revoke(&token).await.map_err(|error| error.of_call(&call, Cause::Other))?;
        locked.set(None).await.map_err(failed)
    }
}

impl LoginError {
    /// The same as the error of a call, with the cause of a refusal that will not pass.
    fn of_call(self, call: &Call, refused: Cause) -> Error {
        match self {
            Self::NoAnswer(error) => Error::no_answer(call, None, error),
            Self::Refused { status, reason, message } => {
                let cause = match status {
                    Some(429) => Cause::RateLimited { until: None },
                    Some(500..) => Cause::Down,
                    _ => refused,
                };
                Error::refused(call, cause, status, reason, message)
            }
            Self::Invalid(why) => Error::invalid(call, why),
            error => Error::unreadable(call, None, error.to_string()),
        }
    }
}
