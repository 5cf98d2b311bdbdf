//! Renews users' OAuth 2.0 tokens before they expire, and when X does not take them.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderValue;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use super::{LoginError, OAuth2, Way};
use crate::call::Call;
use crate::{Cause, CredentialKind, Credentials, Error, TransportError, UserToken};

/// How long before its end a token is renewed, in milliseconds: calls and clocks take their time.
const MARGIN: i64 = 60_000;

/// Told of a user's new token.
pub(crate) type OnRenewal = Arc<dyn Fn(&str, &UserToken) + Send + Sync>;

/// The users' tokens as they are now.
pub(crate) struct Renewal {
    /// By user. Whoever renews a token holds it, so that the others wait for the new one.
    tokens: BTreeMap<String, Arc<Mutex<UserToken>>>,
    login: Option<OAuth2>,
    told: Option<OnRenewal>,
}

impl Renewal {
    pub(crate) fn new(credentials: &Credentials, way: Way, told: Option<OnRenewal>) -> Self {
        let tokens = credentials.users2.iter();
        let tokens = tokens.map(|(id, token)| (id.clone(), Arc::new(Mutex::new(token.clone())))).collect();
        let secret = credentials.client_secret.clone();
        let login = credentials.client_id.clone().map(|id| OAuth2::by(id, secret, way));
        Self { tokens, login, told }
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
            Err((old, error)) if error.is_retryable() && left(&old).is_some_and(|left| left > 0) => Ok(Some(old)),
            Err((_, error)) => Err(error.of_renewal(user)),
            Ok(token) => Ok(token),
        }
    }

    /// X does not take the token of this header `Authorization`: whether there is another now.
    pub(crate) async fn replaced(&self, user: &str, refused: &HeaderValue) -> Result<bool, Error> {
        let is_it = |token: &UserToken| {
            refused.as_bytes().strip_prefix(b"Bearer ") == Some(token.access.expose_secret().as_bytes())
        };
        match self.renewed(user, is_it).await {
            Ok(token) => Ok(token.is_some_and(|token| !is_it(&token))),
            Err((_, error)) => Err(error.of_renewal(user)),
        }
    }

    /// The user's token, which is renewed first if it must be and can be; or the old one, and why there is no other.
    async fn renewed(
        &self,
        user: &str,
        must_be: impl Fn(&UserToken) -> bool,
    ) -> Result<Option<UserToken>, (UserToken, LoginError)> {
        let Some(token) = self.tokens.get(user) else { return Ok(None) };
        let mut token = Arc::clone(token).lock_owned().await;
        let login = self.login.clone().filter(|_| must_be(&token) && token.refresh.is_some());
        let Some(login) = login else { return Ok(Some(token.clone())) };
        let (old, user, told) = (token.clone(), user.to_owned(), self.told.clone());
        // Whoever waits may give up. X has taken the refresh token then, and the answer must not be lost.
        let renewing = tokio::spawn(async move {
            let next = login.refresh(&token).await?;
            *token = next.clone();
            if let Some(told) = told {
                told(&user, &next);
            }
            Ok(next)
        });
        match renewing.await {
            Ok(renewed) => renewed.map(Some).map_err(|error| (old, error)),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err((old, TransportError::Broken("the runtime has ended".to_owned()).into())),
            },
        }
    }
}

impl LoginError {
    fn of_renewal(self, user: &str) -> Error {
        let call = Call::post("/2/oauth2/token", &[CredentialKind::User2]).of(user);
        match self {
            Self::NoAnswer(error) => Error::no_answer(&call, None, error),
            Self::Refused { status, reason, message } => {
                let cause = match status {
                    Some(429) => Cause::RateLimited { until: None },
                    Some(500..) => Cause::Down,
                    _ => Cause::NotRenewed,
                };
                Error::refused(&call, cause, status, reason, message)
            }
            Self::Invalid(why) => Error::invalid(&call, why),
            error => Error::unreadable(&call, None, error.to_string()),
        }
    }
}
