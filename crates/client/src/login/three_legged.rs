use std::sync::Arc;

use birdhook_core::Timestamp;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, Uri};

use super::context::{ApiContext, INVALID_BASE_URL, context_setters};
use super::error::LoginError;
use super::redirect::Redirect;
use crate::oauth1::{self, Stamp};
use crate::{AccessToken, ConsumerKeys, Transport, TransportError, redact_url};

/// The OAuth 1.0a login flow, which obtains a user's token for the Account Activity API.
///
/// The token lasts until the user or the app revokes it. X's documentation:
/// <https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens>.
#[derive(Clone)]
#[must_use]
pub struct OAuth1 {
    consumer: ConsumerKeys,
    context: ApiContext,
}

/// A login that waits for the user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuth1Pending {
    /// The URL at which the user authorises the app.
    pub authorize_url: String,
    /// The state that [`OAuth1::finish`] needs. Keep it until the user returns.
    pub request_token: AccessToken,
}

/// A user who has authorised the app.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authorised {
    /// The user's id.
    pub user_id: String,
    /// The user's current handle, without the `@`.
    pub screen_name: String,
    /// The token.
    pub token: AccessToken,
}

impl OAuth1 {
    /// The value of `callback` for a login with a PIN. X shows the user a PIN of seven digits,
    /// which they type into the app
    /// (<https://docs.x.com/fundamentals/authentication/oauth-1-0a/pin-based-oauth>).
    pub const PIN: &str = "oob";

    /// Creates the login flow of this app. Fails if TLS cannot be set up.
    pub fn new(consumer: ConsumerKeys) -> Result<Self, TransportError> {
        Ok(Self { consumer, context: ApiContext::for_x()? })
    }

    context_setters!("signatures");

    /// Begins a login. X redirects the user to `callback`.
    ///
    /// This must be a callback URL in the app's settings at X. With [`OAuth1::PIN`], X shows a PIN
    /// instead. Fails if X refuses the keys or the callback URL, or does not respond.
    pub async fn begin(&self, callback: &str) -> Result<OAuth1Pending, LoginError> {
        let response = self.post("/oauth/request_token", None, ("oauth_callback", callback)).await;
        let response = response.map_err(|error| error.of_callback(callback))?;
        if response.get("oauth_callback_confirmed") != Some("true") {
            return Err(LoginError::CallbackNotConfirmed);
        }
        let request_token = response.token()?;
        let parameter: String = form_urlencoded::byte_serialize(request_token.token().as_bytes()).collect();
        let authorize_url = format!("{}/oauth/authorize?oauth_token={parameter}", self.context.base);
        Ok(OAuth1Pending { authorize_url, request_token })
    }

    /// Finishes a login with the redirect or the PIN. Fails if the user did not authorise the app,
    /// the redirect belongs to another login, or X refuses or does not respond.
    pub async fn finish(
        &self,
        request_token: &AccessToken,
        redirect: impl Into<Redirect>,
    ) -> Result<Authorised, LoginError> {
        let redirect = redirect.into();
        let verifier = redirect.verifier(request_token)?;
        let response = self.post("/oauth/access_token", Some(request_token), ("oauth_verifier", verifier)).await?;
        let field = |name| response.get(name).map(str::to_owned).ok_or(LoginError::Unreadable("it contains no user"));
        Ok(Authorised { user_id: field("user_id")?, screen_name: field("screen_name")?, token: response.token()? })
    }

    async fn post(&self, path: &str, token: Option<&AccessToken>, parameter: (&str, &str)) -> Result<Form, LoginError> {
        let url = Uri::try_from(format!("{}{path}", self.context.base));
        let url = url.map_err(|_| LoginError::Invalid(INVALID_BASE_URL))?;
        let stamp = Stamp::new(self.context.now());
        let call = (&Method::POST, &url);
        let header = oauth1::authorization(call, &[], &self.consumer, token, &[parameter], &stamp)
            .ok_or(LoginError::Invalid("the keys contain a character that no header can contain"))?;
        let request = Request::post(url).header(AUTHORIZATION, header).body(Bytes::new());
        let response = self.context.send(request.map_err(|_| LoginError::Invalid(INVALID_BASE_URL))?).await?;
        Ok(Form(form_urlencoded::parse(response.body()).into_owned().collect()))
    }
}

struct Form(Vec<(String, String)>);

impl Form {
    fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    fn token(&self) -> Result<AccessToken, LoginError> {
        let (token, secret) = (self.get("oauth_token"), self.get("oauth_token_secret"));
        let (token, secret) = token.zip(secret).ok_or(LoginError::Unreadable("it contains no token"))?;
        Ok(AccessToken::new(token, secret))
    }
}

impl_debug!(OAuth1: "OAuth1", |this| base: redact_url(&this.context.base));
