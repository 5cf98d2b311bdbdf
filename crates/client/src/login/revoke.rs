use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::context::INVALID_BASE_URL;
use super::error::LoginError;
use super::pkce::OAuth2;
use crate::UserToken;
use crate::oauth1::basic;

impl OAuth2 {
    /// Revokes a user's refresh token and access token at X.
    ///
    /// The app then has no access to the user's account. X's documentation:
    /// <https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token>. Fails if X
    /// refuses or does not respond. The tokens may still work.
    pub async fn revoke(&self, token: &UserToken) -> Result<(), LoginError> {
        let Some(refresh) = &token.refresh else { return self.revoke_one(&token.access).await };
        self.revoke_one(refresh).await?;
        match self.revoke_one(&token.access).await {
            // RFC 7009, section 2.1: revoking a refresh token also revokes its access tokens.
            Err(LoginError::Refused { status: Some(400), .. }) => Ok(()),
            revoked => revoked,
        }
    }

    async fn revoke_one(&self, token: &SecretString) -> Result<(), LoginError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token.expose_secret());
        let mut request = Request::post(format!("{}/2/oauth2/revoke", self.context.base));
        match &self.client_secret {
            Some(secret) => {
                let invalid = "the client secret contains a character that no header can contain";
                let basic = basic(&self.client_id, secret.expose_secret()).ok_or(LoginError::Invalid(invalid))?;
                request = request.header(AUTHORIZATION, basic);
            }
            None => {
                form.append_pair("client_id", &self.client_id);
            }
        }
        let request = request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form.finish()))
            .map_err(|_| LoginError::Invalid(INVALID_BASE_URL))?;
        let response = self.context.send(request).await?;
        let response: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        match response.get("revoked").and_then(Value::as_bool) {
            Some(false) => Err(LoginError::Unreadable("it reports that the token was not revoked")),
            _ => Ok(()),
        }
    }
}
