use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request, Uri};
use secrecy::SecretString;

use super::Client;
use crate::call::Call;
use crate::{CredentialKind, Error, TokenStore};

impl Client {
    /// Signs a request on behalf of this user, and returns it with its `Authorization` header.
    ///
    /// Requests to v2 use the user's OAuth 2.0 token, as [`access_token`](Self::access_token)
    /// returns it, and OAuth 1.0a if there is none. All others prefer OAuth 1.0a.
    /// [`only`](Self::only) selects one kind.
    ///
    /// An OAuth 1.0a signature covers the method, the URL and, for a content type of
    /// `application/x-www-form-urlencoded`, the parameters of the body. It is valid for one request
    /// within a few minutes. Do not change the request afterwards, and sign each attempt
    /// separately.
    ///
    /// ```no_run
    /// # mod birdhook { pub mod client { pub use birdhook_client::{AccessToken, Client, ConsumerKeys, Credentials}; } }
    /// use birdhook::client::{AccessToken, Client, ConsumerKeys, Credentials};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let credentials = Credentials::new(ConsumerKeys::new("API key", "API key secret"))
    ///     .user("2001", AccessToken::new("2001-token", "token secret"));
    /// let client = Client::new(credentials)?;
    /// let request = http::Request::post("https://api.x.com/2/tweets")
    ///     .header("content-type", "application/json")
    ///     .body(r#"{"text":"Hello"}"#)?;
    /// let request = client.sign("2001", request).await?;
    /// // Send it with any HTTP client.
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error if this user has no credentials, X does not renew the token, or the URL is
    /// neither below the client's base URL nor at X (`https://` with `x.com`, `twitter.com` or a
    /// subdomain). The last check keeps tokens from other servers.
    pub async fn sign<B: AsRef<[u8]>>(&self, user: &str, mut request: Request<B>) -> Result<Request<B>, Error> {
        let url = request.uri().clone();
        let takes: &'static [CredentialKind] = match url.path().starts_with("/2/") {
            true => &[CredentialKind::User2, CredentialKind::User],
            false => &[CredentialKind::User, CredentialKind::User2],
        };
        let call = Call::new(request.method().clone(), url.path(), takes).for_user(user);
        if !self.may_have_credentials(&url) {
            return Err(Error::invalid(
                &call,
                "the URL is not one of X: sign an absolute URL of X, or set the base URL",
            ));
        }
        let form = match is_form(request.headers()) {
            true => form_urlencoded::parse(request.body().as_ref()).into_owned().collect(),
            false => Vec::new(),
        };
        let kind = self.credential_for(&call).await?;
        let authorization = self.authorization(&call, (&url, &form), kind).await?;
        request.headers_mut().insert(AUTHORIZATION, authorization);
        Ok(request)
    }

    /// Returns the user's OAuth 2.0 access token, renewing it first if it expires within a minute.
    ///
    /// Clients that share a [`TokenStore`] renew one at a time, across processes. A token that
    /// cannot be renewed, because the refresh token is missing or the
    /// [`oauth2_client`](crate::Credentials::oauth2_client) is not known, is returned unchanged.
    /// Fails if the user has no token, X does not renew it, or the store fails.
    pub async fn access_token(&self, user: &str) -> Result<SecretString, Error> {
        let token = self.inner.renewal.token(user).await?;
        let call = Call::post("/2/oauth2/token", &[CredentialKind::User2]);
        token.map(|token| token.access).ok_or_else(|| Error::no_credential(&call, call.takes))
    }

    /// Revokes the user's OAuth 2.0 tokens at X (`POST /2/oauth2/revoke`) and removes them from the
    /// [`TokenStore`]. Fails if the user has no token, or X refuses or does not respond. The store
    /// then keeps the tokens.
    pub async fn revoke(&self, user: &str) -> Result<(), Error> {
        self.inner.renewal.revoke(user).await
    }

    /// Returns the store of users' OAuth 2.0 tokens, for [`set`](TokenStore::set) after a login.
    pub fn token_store(&self) -> &dyn TokenStore {
        self.inner.renewal.store()
    }

    fn may_have_credentials(&self, url: &Uri) -> bool {
        let origin = |url: &Uri| Some((url.scheme_str()?.to_owned(), url.host()?.to_ascii_lowercase(), url.port_u16()));
        let Some(request) = origin(url) else { return false };
        if self.inner.base.parse().ok().and_then(|base: Uri| origin(&base)).as_ref() == Some(&request) {
            return true;
        }
        let (scheme, host, port) = request;
        let is_below = |domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        scheme == "https" && port.is_none_or(|port| port == 443) && (is_below("x.com") || is_below("twitter.com"))
    }
}

/// Returns whether the body's parameters are part of the signature (RFC 5849, section 3.4.1.3.1).
fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = content_type.split(';').next().unwrap_or_default().trim();
    name.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
