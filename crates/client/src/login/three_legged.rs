//! OAuth 1.0a: three legs, with a redirect or a PIN.

use std::fmt;
use std::sync::Arc;

use birdhook_core::Timestamp;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, Uri};

use super::{LoginError, Redirect, Way};
use crate::oauth1::{self, Once};
use crate::{AccessToken, ConsumerKeys, Transport, TransportError, redacted};

/// Gets a user's OAuth 1.0a token, which the Account Activity API takes: it lasts until the user or the app revokes it
/// (<https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens>).
#[derive(Clone)]
#[must_use]
pub struct OAuth1 {
    consumer: ConsumerKeys,
    way: Way,
}

/// A login that waits for the user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuth1Pending {
    /// Where the user agrees.
    pub authorize_url: String,
    /// What [`OAuth1::finish`] needs: to be kept until the user comes back.
    pub request_token: AccessToken,
}

/// A user who has let the app in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authorised {
    /// The user's id.
    pub user_id: String,
    /// The user's handle, without the `@`, as it is now.
    pub screen_name: String,
    /// The token.
    pub token: AccessToken,
}

impl OAuth1 {
    /// In place of a callback URL: X shows the user a PIN of seven digits, which they type into the app
    /// (<https://docs.x.com/fundamentals/authentication/oauth-1-0a/pin-based-oauth>).
    pub const PIN: &str = "oob";

    /// Logins to this app.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(consumer: ConsumerKeys) -> Result<Self, TransportError> {
        Ok(Self { consumer, way: Way::to_x()? })
    }

    /// Where X's API is: `https://api.x.com` unless set.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.way.base = url.into().trim_end_matches('/').to_owned();
        self
    }

    /// The way to X, in place of [`Https`](crate::Https), which waits 30 s for an answer.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.way.transport = Arc::new(transport);
        self
    }

    /// The clock by which requests are signed; the machine's unless set.
    pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.way.now = Arc::new(now);
        self
    }

    /// Begins a login. X sends the user back to `callback`, one of the callback URLs in the app's settings at X, or shows a
    /// PIN when it is [`OAuth1::PIN`].
    ///
    /// # Errors
    /// When X refuses the keys or the callback URL, or does not answer.
    pub async fn begin(&self, callback: &str) -> Result<OAuth1Pending, LoginError> {
        let answer = self.post("/oauth/request_token", None, ("oauth_callback", callback)).await;
        let answer = answer.map_err(|error| error.of_callback(callback))?;
        if answer.get("oauth_callback_confirmed") != Some("true") {
            return Err(LoginError::CallbackNotConfirmed);
        }
        let request_token = answer.token()?;
        let parameter: String = form_urlencoded::byte_serialize(request_token.token().as_bytes()).collect();
        let authorize_url = format!("{}/oauth/authorize?oauth_token={parameter}", self.way.base);
        Ok(OAuth1Pending { authorize_url, request_token })
    }

    /// Ends a login with what the user comes back with: the redirect, or the PIN.
    ///
    /// # Errors
    /// When the user has not agreed, the redirect is another login's, or X refuses or does not answer.
    pub async fn finish(
        &self,
        request_token: &AccessToken,
        redirect: impl Into<Redirect>,
    ) -> Result<Authorised, LoginError> {
        let redirect = redirect.into();
        let verifier = redirect.verifier(request_token)?;
        let answer = self.post("/oauth/access_token", Some(request_token), ("oauth_verifier", verifier)).await?;
        let field = |name| answer.get(name).map(str::to_owned).ok_or(LoginError::Unreadable("it tells no user"));
        Ok(Authorised { user_id: field("user_id")?, screen_name: field("screen_name")?, token: answer.token()? })
    }

    async fn post(&self, path: &str, token: Option<&AccessToken>, parameter: (&str, &str)) -> Result<Form, LoginError> {
        let url = Uri::try_from(format!("{}{path}", self.way.base));
        let url = url.map_err(|_| LoginError::Invalid("the base URL is none"))?;
        let nonce = std::iter::repeat_with(fastrand::alphanumeric).take(32).collect();
        let once = Once { nonce, timestamp: self.way.now().as_millis().div_euclid(1000) };
        let call = (&Method::POST, &url);
        let header = oauth1::authorization(call, &[], &self.consumer, token, &[parameter], &once)
            .ok_or(LoginError::Invalid("the keys hold what no header can"))?;
        let mut request = Request::new(Bytes::new());
        (*request.method_mut(), *request.uri_mut()) = (Method::POST, url);
        request.headers_mut().insert(AUTHORIZATION, header);
        let answer = self.way.send(request).await?;
        Ok(Form(form_urlencoded::parse(answer.body()).into_owned().collect()))
    }
}

/// An answer of X's, which is a form.
struct Form(Vec<(String, String)>);

impl Form {
    fn get(&self, wanted: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    fn token(&self) -> Result<AccessToken, LoginError> {
        let (token, secret) = (self.get("oauth_token"), self.get("oauth_token_secret"));
        let (token, secret) = token.zip(secret).ok_or(LoginError::Unreadable("it holds no token"))?;
        Ok(AccessToken::new(token, secret))
    }
}

impl fmt::Debug for OAuth1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth1").field("base", &redacted(&self.way.base)).finish_non_exhaustive()
    }
}
