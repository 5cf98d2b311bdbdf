//! What makes X's calls.

mod bearer;
mod own;
mod sending;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use birdhook_core::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::login::{Renewal, Way};
use crate::token_store::MemoryTokenStore;
use crate::{ConsumerKeys, CredentialKind, Credentials, Error, Https, TokenStore, Transport, TransportError};

/// Makes X's calls. A clone is the same client.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    only: Option<CredentialKind>,
}

struct Inner {
    base: String,
    credentials: Credentials,
    transport: Arc<dyn Transport>,
    retries: Retries,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Fetched when the first call needs it.
    bearer: Mutex<Option<SecretString>>,
    renewal: Renewal,
}

/// How often a call is tried again that failed for a reason that may pass. Calls that create something are tried again
/// only where X has surely not carried them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retries {
    /// At most so many times; 4 unless set.
    pub times: usize,
    /// What the first wait is about, each further one twice as long: 500 ms unless set.
    pub first: Duration,
    /// How long to wait for a rate limit to end; what takes longer is an error that says until when. 60 s unless set.
    pub longest: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { times: 4, first: Duration::from_millis(500), longest: Duration::from_secs(60) }
    }
}

impl Retries {
    /// No call is tried again.
    pub fn never() -> Self {
        Self { times: 0, ..Self::default() }
    }
}

/// What a [`Client`] can be told.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    base: String,
    credentials: Credentials,
    transport: Option<Arc<dyn Transport>>,
    timeout: Duration,
    retries: Retries,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    store: Option<Arc<dyn TokenStore>>,
}

impl Builder {
    /// Where X's API is: `https://api.x.com` unless set.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base = url.into().trim_end_matches('/').to_owned();
        self
    }

    /// The way to X, in place of [`Https`].
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// How long [`Https`] waits for each answer: 30 s unless set. X challenges the receiver before it answers.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often calls are tried again.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// The clock by which OAuth 1.0a signs and OAuth 2.0 tokens expire; the machine's unless set.
    pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// The store of users' OAuth 2.0 tokens. It takes the place of the tokens given to [`Credentials::user2`], which are kept
    /// in memory.
    ///
    /// A token is renewed when it expires within a minute and when X does not take it, if it has a refresh token and the
    /// [`oauth2_client`](Credentials::oauth2_client) is known. X accepts each refresh token once: an app that restarts, or
    /// that runs in several processes, needs a store that outlives the process, such as [`FileTokenStore`](crate::FileTokenStore).
    pub fn token_store(mut self, store: impl TokenStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// The client.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn build(self) -> Result<Client, TransportError> {
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(Https::new(self.timeout)?),
        };
        let bearer = Mutex::new(self.credentials.bearer.clone());
        let Self { base, credentials, retries, now, store, .. } = self;
        let store = store.unwrap_or_else(|| Arc::new(MemoryTokenStore::new(&credentials.users2)));
        let way = Way { base: base.clone(), transport: Arc::clone(&transport), now: Arc::clone(&now) };
        let renewal = Renewal::new(&credentials, way, store);
        Ok(Client {
            inner: Arc::new(Inner { base, credentials, transport, retries, now, bearer, renewal }),
            only: None,
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("base", &self.base).field("retries", &self.retries).finish_non_exhaustive()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.inner.base).field("only", &self.only).finish_non_exhaustive()
    }
}

/// Whether credentials of one kind can make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Fits,
    /// The user's OAuth 2.0 token was made without the scopes of the call.
    LacksScope,
    Missing,
}

impl Client {
    /// A client for X's API.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(credentials: Credentials) -> Result<Self, TransportError> {
        Self::builder(credentials).build()
    }

    /// A client that is told more.
    pub fn builder(credentials: Credentials) -> Builder {
        let now = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        };
        Builder {
            base: "https://api.x.com".to_owned(),
            credentials,
            transport: None,
            timeout: Duration::from_secs(30),
            retries: Retries::default(),
            now: Arc::new(now),
            store: None,
        }
    }

    /// The same client, which signs with this kind of credentials only.
    #[must_use]
    pub fn only(&self, kind: CredentialKind) -> Self {
        Self { only: Some(kind), ..self.clone() }
    }

    /// The same client, which chooses.
    pub(crate) fn free(&self) -> Self {
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

    /// Whether X's API is a mock on this machine or in its network.
    pub(crate) fn is_local(&self) -> bool {
        !crate::error::is_public_url(&self.inner.base)
    }

    /// Whether there are credentials of this kind for calls that take these scopes, of this user where it is a user's.
    pub(crate) async fn fit(&self, kind: CredentialKind, user: Option<&str>, scopes: &[&str]) -> Result<Fit, Error> {
        let credentials = &self.inner.credentials;
        let has_keys = credentials.consumer.is_some();
        let is_there = match (kind, user) {
            (CredentialKind::Bearer, _) => credentials.bearer.is_some() || has_keys,
            (CredentialKind::Owner, _) => has_keys && credentials.owner.is_some(),
            (CredentialKind::User, Some(user)) => has_keys && credentials.token_of(user).is_some(),
            (CredentialKind::User2, Some(user)) => match self.inner.renewal.stored(user).await? {
                Some(token) if token.lacks(scopes) => return Ok(Fit::LacksScope),
                token => token.is_some(),
            },
            _ => false,
        };
        Ok(if is_there { Fit::Fits } else { Fit::Missing })
    }

    /// Whether the user has a token, of either kind, that calls with these scopes take.
    pub(crate) async fn has_user_token(&self, user: &str, scopes: &[&str]) -> Result<bool, Error> {
        for kind in [CredentialKind::User, CredentialKind::User2] {
            if self.fit(kind, Some(user), scopes).await? == Fit::Fits {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
