mod app_requests;
mod bearer;
mod requests;

use std::sync::Arc;
use std::time::Duration;

use birdhook_core::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::login::context::{API_URL, ApiContext, system_time};
use crate::login::renewal::Renewal;
use crate::token_store::MemoryTokenStore;
use crate::{
    ConsumerKeys, CredentialKind, Credentials, Error, HttpsTransport, TokenStore, Transport, TransportError, redact_url,
};

/// A client for X's management APIs. Clones share one client.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    only: Option<CredentialKind>,
}

struct Inner {
    base: String,
    credentials: Credentials,
    transport: Arc<dyn Transport>,
    retries: RetryPolicy,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Fetched when the first call needs it.
    bearer: Mutex<Option<SecretString>>,
    renewal: Renewal,
}

/// Retry policy for calls that fail for a temporary reason.
///
/// A call that creates something is retried only if X cannot have carried it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Maximum number of retries. Defaults to 4.
    pub times: usize,
    /// Approximate delay before the first retry. It doubles with each retry. Defaults to 500 ms.
    pub first: Duration,
    /// Longest wait for a rate limit to end. Defaults to 60 s. If the limit lasts longer, the call
    /// returns an error that states when it ends.
    pub longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { times: 4, first: Duration::from_millis(500), longest: Duration::from_secs(60) }
    }
}

impl RetryPolicy {
    /// Returns a policy that never retries.
    pub fn never() -> Self {
        Self { times: 0, ..Self::default() }
    }
}

/// Builder for a [`Client`].
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    base: String,
    credentials: Credentials,
    transport: Option<Arc<dyn Transport>>,
    timeout: Duration,
    retries: RetryPolicy,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    store: Option<Arc<dyn TokenStore>>,
}

impl ClientBuilder {
    /// Sets the base URL of X's API. Defaults to `https://api.x.com`.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        Self { base: url.into().trim_end_matches('/').to_owned(), ..self }
    }

    /// Sets the HTTP transport. Defaults to [`HttpsTransport`].
    pub fn transport(self, transport: impl Transport) -> Self {
        Self { transport: Some(Arc::new(transport)), ..self }
    }

    /// Sets the timeout of [`HttpsTransport`] for each response. Defaults to 30 s. X challenges the
    /// receiver before it responds to some calls.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets the retry policy.
    pub fn retries(self, retries: RetryPolicy) -> Self {
        Self { retries, ..self }
    }

    /// Sets the clock for OAuth 1.0a timestamps and the expiry of OAuth 2.0 tokens. Defaults to the
    /// system clock.
    pub fn clock(self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { now: Arc::new(now), ..self }
    }

    /// Sets the store of users' OAuth 2.0 tokens.
    ///
    /// Without a store, the client keeps the tokens from [`Credentials::user2`] in memory. With
    /// one, it ignores them.
    ///
    /// The client renews a token that expires within a minute or that X rejects, if the token has a
    /// refresh token and the [`oauth2_client`](Credentials::oauth2_client) is known. X accepts each
    /// refresh token once, so an app that restarts or runs in several processes needs a store that
    /// outlives the process, such as [`FileTokenStore`](crate::FileTokenStore).
    pub fn token_store(self, store: impl TokenStore) -> Self {
        Self { store: Some(Arc::new(store)), ..self }
    }

    /// Builds the client. Fails if TLS cannot be set up.
    pub fn build(self) -> Result<Client, TransportError> {
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(HttpsTransport::new(self.timeout)?),
        };
        let bearer = Mutex::new(self.credentials.bearer.clone());
        let Self { base, credentials, retries, now, store, .. } = self;
        let store = store.unwrap_or_else(|| Arc::new(MemoryTokenStore::new(&credentials.users2)));
        let context = ApiContext { base: base.clone(), transport: Arc::clone(&transport), now: Arc::clone(&now) };
        let renewal = Renewal::new(&credentials, context, store);
        Ok(Client {
            inner: Arc::new(Inner { base, credentials, transport, retries, now, bearer, renewal }),
            only: None,
        })
    }
}

impl_debug!(ClientBuilder: "Builder", |this| base: redact_url(&this.base), retries: this.retries);
impl_debug!(Client: "Client", |this| base: redact_url(&this.inner.base), only: this.only);

/// Whether credentials of one kind can sign a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialStatus {
    Usable,
    /// The user's OAuth 2.0 token lacks the scopes of the call.
    LacksScope,
    Missing,
}

impl Client {
    /// Returns a client for X's API with default settings. Fails if TLS cannot be set up.
    pub fn new(credentials: Credentials) -> Result<Self, TransportError> {
        Self::builder(credentials).build()
    }

    /// Returns a builder.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder {
            base: API_URL.to_owned(),
            credentials,
            transport: None,
            timeout: Duration::from_secs(30),
            retries: RetryPolicy::default(),
            now: Arc::new(system_time),
            store: None,
        }
    }

    /// Returns the same client, restricted to this kind of credentials.
    #[must_use]
    pub fn only(&self, kind: CredentialKind) -> Self {
        Self { only: Some(kind), ..self.clone() }
    }

    pub(crate) fn unrestricted(&self) -> Self {
        Self { only: None, ..self.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.inner.now)()
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.inner.transport
    }

    pub(crate) fn consumer_secret(&self) -> Option<&str> {
        self.inner.credentials.consumer.as_ref().map(ConsumerKeys::secret)
    }

    pub(crate) fn client_secret(&self) -> Option<&str> {
        self.inner.credentials.client_secret.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Returns whether X's API is a mock on this machine or in its network.
    pub(crate) fn is_local(&self) -> bool {
        !crate::url::is_public_url(&self.inner.base)
    }

    /// Returns whether credentials of this kind can sign calls with these scopes. `user` is the
    /// user whose token a kind per user needs.
    pub(crate) async fn credential_status(
        &self,
        kind: CredentialKind,
        user: Option<&str>,
        scopes: &[&str],
    ) -> Result<CredentialStatus, Error> {
        let credentials = &self.inner.credentials;
        let has_keys = credentials.consumer.is_some();
        let is_there = match (kind, user) {
            (CredentialKind::Bearer, _) => credentials.bearer.is_some() || has_keys,
            (CredentialKind::Owner, _) => has_keys && credentials.owner.is_some(),
            (CredentialKind::User, Some(user)) => has_keys && credentials.token_of(user).is_some(),
            (CredentialKind::User2, Some(user)) => match self.inner.renewal.stored(user).await? {
                Some(token) if token.lacks(scopes) => return Ok(CredentialStatus::LacksScope),
                token => token.is_some(),
            },
            _ => false,
        };
        Ok(if is_there { CredentialStatus::Usable } else { CredentialStatus::Missing })
    }

    pub(crate) async fn has_user_token(&self, user: &str, scopes: &[&str]) -> Result<bool, Error> {
        for kind in [CredentialKind::User, CredentialKind::User2] {
            if self.credential_status(kind, Some(user), scopes).await? == CredentialStatus::Usable {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
