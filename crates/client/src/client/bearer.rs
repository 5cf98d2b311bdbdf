use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use secrecy::SecretString;

use super::Client;
use crate::call::Call;
use crate::oauth1::basic;
use crate::{CredentialKind, Error};

const CONSUMER: CredentialKind = CredentialKind::Consumer;

#[derive(serde::Deserialize)]
struct Fetched {
    access_token: String,
}

impl Client {
    /// Returns the app's bearer token, fetching it if necessary. Concurrent calls wait for one
    /// fetch.
    pub(super) async fn bearer(&self, call: &Call) -> Result<SecretString, Error> {
        let mut known = self.inner.bearer.lock().await;
        if let Some(bearer) = &*known {
            return Ok(bearer.clone());
        }
        let bearer = self.fetch_bearer(call).await?;
        *known = Some(bearer.clone());
        Ok(bearer)
    }

    /// Forgets a fetched token that X rejects. Returns whether a new one can be fetched.
    pub(super) async fn forget_bearer(&self) -> bool {
        let was_fetched = self.inner.credentials.bearer.is_none();
        if was_fetched {
            *self.inner.bearer.lock().await = None;
        }
        was_fetched
    }

    async fn fetch_bearer(&self, call: &Call) -> Result<SecretString, Error> {
        let consumer =
            self.inner.credentials.consumer.as_ref().ok_or_else(|| Error::no_credential(call, call.takes))?;
        let fetch = Call::post("/oauth2/token", &[CONSUMER]);
        let basic = basic(consumer.key(), consumer.secret())
            .ok_or_else(|| Error::invalid(&fetch, "a key or token contains a character that no header can contain"))?;
        let request = Request::post(format!("{}{}", self.inner.base, fetch.path))
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, basic)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded;charset=UTF-8")
            .body(Bytes::from_static(b"grant_type=client_credentials"))
            .map_err(|_| Error::invalid(&fetch, "the base URL and the path do not form a valid URL"))?;
        let response = self.inner.transport.send(request).await;
        let response = response.map_err(|error| Error::no_response(&fetch, Some(CONSUMER), error))?;
        if !response.status().is_success() {
            return Err(Error::read(&fetch, Some(CONSUMER), &response, self.now()));
        }
        // A serde error may contain the token.
        let fetched: Option<Fetched> = serde_json::from_slice(response.body()).ok();
        let unreadable = || Error::unreadable(&fetch, Some(CONSUMER), "it contains no access_token".to_owned());
        fetched.map(|fetched| SecretString::from(fetched.access_token)).ok_or_else(unreadable)
    }
}
