use std::collections::BTreeSet;
use std::sync::Arc;

use birdhook_core::Timestamp;
use bytes::Bytes;
use http::Request;
use http::header::AUTHORIZATION;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::context::{ApiContext, INVALID_BASE_URL, context_setters};
use super::error::LoginError;
use super::redirect::{Proof, Redirect};
#[cfg(doc)]
use crate::api::EVENT_TYPES;
use crate::api::EventType;
use crate::oauth1::sensitive;
use crate::time::after;
use crate::{Transport, TransportError, UserToken, redact_url};

/// The default scopes of a login.
///
/// They cover subscriptions of a user to every type of either API ([`EVENT_TYPES`]).
/// `offline.access` is needed to renew a token.
pub const SCOPES: &[&str] = &[
    "dm.read",
    "dm.write",
    "tweet.read",
    "users.read",
    "like.read",
    "mute.read",
    "block.read",
    "follows.read",
    "broadcast.read",
    "offline.access",
];

/// The scopes of every login for selected types: those of [`OAuth2::user_id`], and
/// `offline.access`.
const BASE: [&str; 3] = ["tweet.read", "users.read", "offline.access"];

/// The OAuth 2.0 login flow, which obtains a user's token.
///
/// The token lasts two hours and can be renewed. X's documentation:
/// <https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code>.
#[derive(Clone)]
#[must_use]
pub struct OAuth2 {
    pub(super) client_id: String,
    pub(super) client_secret: Option<SecretString>,
    authorize_url: String,
    scopes: Vec<String>,
    pub(super) context: ApiContext,
}

/// A login that waits for the user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuth2Pending {
    /// The URL at which the user authorises the app.
    pub authorize_url: String,
    /// The state that [`OAuth2::finish`] needs. Keep it until the user returns.
    pub proof: Proof,
}

type App = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

impl OAuth2 {
    /// Creates the login flow of the app with this OAuth 2.0 client id. A confidential client also
    /// has a client secret. Fails if TLS cannot be set up.
    pub fn new(client_id: impl Into<String>, client_secret: Option<SecretString>) -> Result<Self, TransportError> {
        Ok(Self::with_context(client_id.into(), client_secret, ApiContext::for_x()?))
    }

    pub(super) fn with_context(client_id: String, client_secret: Option<SecretString>, context: ApiContext) -> Self {
        let scopes = SCOPES.iter().map(|scope| (*scope).to_owned()).collect();
        Self { client_id, client_secret, authorize_url: "https://x.com/i/oauth2/authorize".to_owned(), scopes, context }
    }

    context_setters!("the expiry of tokens");

    /// Sets the URL at which the user authorises the app. Defaults to
    /// `https://x.com/i/oauth2/authorize`.
    pub fn authorize_url(self, url: impl Into<String>) -> Self {
        Self { authorize_url: url.into(), ..self }
    }

    /// Sets the scopes to request. Defaults to [`SCOPES`].
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Requests the scopes for subscriptions to these X Activity API types, instead of [`SCOPES`].
    /// A type outside [`EVENT_TYPES`] needs the scopes of its family.
    pub fn event_types<S: AsRef<str>>(self, types: impl IntoIterator<Item = S>) -> Self {
        let of_types = types.into_iter().flat_map(|name| EventType::of(name.as_ref()).scopes);
        let scopes: BTreeSet<&str> = BASE.iter().chain(of_types).copied().collect();
        self.scopes(scopes)
    }

    /// Begins a login. X redirects the user to `redirect_url`.
    ///
    /// This must be a callback URL in the app's settings at X. Fails if a URL is invalid. Nothing
    /// is sent.
    pub fn begin(&self, redirect_url: &str) -> Result<OAuth2Pending, LoginError> {
        let app = self.app()?.set_redirect_uri(redirect(redirect_url)?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = self.scopes.iter().cloned().map(Scope::new);
        let (url, state) =
            app.authorize_url(CsrfToken::new_random).add_scopes(scopes).set_pkce_challenge(challenge).url();
        let proof = Proof::new(redirect_url, state.into_secret(), verifier.into_secret());
        Ok(OAuth2Pending { authorize_url: url.into(), proof })
    }

    /// Finishes a login with the redirect. A code expires after 30 s and works once. Fails if the
    /// user did not authorise the app, the redirect belongs to another login, or X refuses or does
    /// not respond.
    pub async fn finish(&self, proof: &Proof, redirect_url: impl Into<Redirect>) -> Result<UserToken, LoginError> {
        let redirected = redirect_url.into();
        let code = AuthorizationCode::new(redirected.code(proof)?.to_owned());
        let app = self.app()?.set_redirect_uri(redirect(&proof.redirect_url)?);
        let verifier = PkceCodeVerifier::new(proof.verifier.expose_secret().to_owned());
        let response = app.exchange_code(code).set_pkce_verifier(verifier).request_async(&self.context).await;
        self.read(response)
    }

    /// Renews a token. X accepts each refresh token once, so store the new token before you use it.
    /// Fails if there is no refresh token, or X refuses or does not respond.
    pub async fn refresh(&self, token: &UserToken) -> Result<UserToken, LoginError> {
        let refresh = token.refresh.as_ref().ok_or(LoginError::NoRefreshToken)?;
        let refresh = RefreshToken::new(refresh.expose_secret().to_owned());
        let app = self.app()?;
        let response = app.exchange_refresh_token(&refresh).request_async(&self.context).await;
        let mut next = self.read(response)?;
        // RFC 6749, section 6: without a new refresh token, the old one stays valid.
        next.refresh = next.refresh.or_else(|| token.refresh.clone());
        Ok(next)
    }

    /// Returns the id of the token's user. Calls `GET /2/users/me`
    /// (<https://docs.x.com/x-api/users/get-my-user>), for which the token needs the scopes
    /// `tweet.read` and `users.read`. Fails if X refuses or does not respond.
    pub async fn user_id(&self, token: &UserToken) -> Result<String, LoginError> {
        let bearer = sensitive(format!("Bearer {}", token.access.expose_secret()))
            .ok_or(LoginError::Invalid("the token contains a character that no header can contain"))?;
        let request = Request::get(format!("{}/2/users/me", self.context.base)).header(AUTHORIZATION, bearer);
        let request = request.body(Bytes::new()).map_err(|_| LoginError::Invalid(INVALID_BASE_URL))?;
        let response = self.context.send(request).await?;
        let response: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let id = response.pointer("/data/id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or(LoginError::Unreadable("it contains no user"))
    }

    fn app(&self) -> Result<App, LoginError> {
        let authorize = AuthUrl::new(self.authorize_url.clone());
        let authorize = authorize.map_err(|_| LoginError::Invalid("the authorisation URL is invalid"))?;
        let token = TokenUrl::new(format!("{}/2/oauth2/token", self.context.base));
        let token = token.map_err(|_| LoginError::Invalid(INVALID_BASE_URL))?;
        let app = BasicClient::new(ClientId::new(self.client_id.clone())).set_auth_uri(authorize).set_token_uri(token);
        Ok(match &self.client_secret {
            Some(secret) => app.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
            None => app,
        })
    }

    fn read(
        &self,
        response: Result<BasicTokenResponse, RequestTokenError<LoginError, BasicErrorResponse>>,
    ) -> Result<UserToken, LoginError> {
        // The errors of the `oauth2` crate contain the response, and with it the token.
        let response = response.map_err(|error| match error {
            RequestTokenError::Request(error) => error,
            _ => LoginError::Unreadable("it contains no token"),
        })?;
        let expires_at = response.expires_in().map(|lifetime| after(self.context.now(), lifetime));
        let refresh = response.refresh_token().map(|refresh| refresh.secret().clone().into());
        let scope = response.scopes().map(|all| all.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "));
        Ok(UserToken { access: response.access_token().secret().clone().into(), refresh, expires_at, scope })
    }
}

fn redirect(url: &str) -> Result<RedirectUrl, LoginError> {
    RedirectUrl::new(url.to_owned()).map_err(|_| LoginError::Invalid("the redirect URL is invalid"))
}

impl_debug!(
    OAuth2: "OAuth2", |this| base: redact_url(&this.context.base), client_id: this.client_id, scopes: this.scopes
);
