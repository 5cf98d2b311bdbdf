//! Signs calls, sends them, and tries again where that does no harm.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use backon::BackoffBuilder;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_core::Timestamp;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::call::Call;
use crate::oauth1::{self, Once};
use crate::rate_limit::{RateLimit, retry_after};
use crate::{Cause, CredentialKind, Credentials, Error, Https, Transport, TransportError};

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

    /// The clock by which OAuth 1.0a signs; the machine's unless set.
    pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
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
        let Self { base, credentials, retries, now, .. } = self;
        Ok(Client { inner: Arc::new(Inner { base, credentials, transport, retries, now, bearer }), only: None })
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
        }
    }

    /// The same client, which signs with this kind of credentials only.
    #[must_use]
    pub fn only(&self, kind: CredentialKind) -> Self {
        Self { only: Some(kind), ..self.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.inner.now)()
    }

    /// The ids of the users of whom there are credentials of this kind.
    pub(crate) fn has_credentials_of(&self, user: &str, kind: CredentialKind) -> bool {
        match kind {
            CredentialKind::User => self.inner.credentials.token_of(user).is_some(),
            CredentialKind::User2 => self.inner.credentials.users2.contains_key(user),
            _ => false,
        }
    }

    /// Makes a call and reads the answer.
    pub(crate) async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let (answer, kind) = self.send(&call).await?;
        serde_json::from_slice(answer.body()).map_err(|error| Error::unreadable(&call, Some(kind), error.to_string()))
    }

    /// Makes a call whose answer has one of several shapes.
    pub(crate) async fn read_as<T>(&self, call: Call, read: impl Fn(&Value) -> Option<T>) -> Result<T, Error> {
        let (answer, kind) = self.send(&call).await?;
        let unreadable = |why: String| Error::unreadable(&call, Some(kind), why);
        let answer: Value = serde_json::from_slice(answer.body()).map_err(|error| unreadable(error.to_string()))?;
        read(&answer).ok_or_else(|| unreadable("it has none of the shapes that X documents".to_owned()))
    }

    /// Makes a call whose answer says nothing more than that it succeeded.
    pub(crate) async fn done(&self, call: Call) -> Result<(), Error> {
        self.send(&call).await.map(drop)
    }

    /// Makes a call, again where that does no harm.
    async fn send(&self, call: &Call) -> Result<(Response<Bytes>, CredentialKind), Error> {
        let Retries { times, first, longest } = self.inner.retries;
        let backoff = backon::ExponentialBuilder::default().with_min_delay(first).with_max_delay(longest);
        let mut waits = backoff.with_max_times(times).with_jitter().build();
        loop {
            let error = match self.send_once(call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let may = call.is_idempotent || error.was_not_carried_out();
            let is_worth_it = error.is_retryable() && *error.cause() != Cause::ReplayUnderWay;
            let Some(wait) = waits.next().filter(|_| may && is_worth_it) else { return Err(error) };
            let wait = match error.cause() {
                Cause::RateLimited { until: Some(until) } => {
                    // X counts in whole seconds.
                    let left = until.as_millis().saturating_sub(self.now().as_millis()).max(0).unsigned_abs();
                    Duration::from_millis(left.saturating_add(1000)).max(wait)
                }
                _ => wait,
            };
            if wait > longest {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn send_once(&self, call: &Call) -> Result<(Response<Bytes>, CredentialKind), Error> {
        let kind = self.kind(call).ok_or_else(|| Error::no_credential(call))?;
        let request = self.request(call, kind).await?;
        let answer = self.inner.transport.send(request).await;
        let answer = answer.map_err(|error| Error::no_answer(call, Some(kind), error))?;
        if answer.status().is_success() {
            return Ok((answer, kind));
        }
        let reset = RateLimit::read(answer.headers()).and_then(|limit| limit.reset);
        let after = retry_after(answer.headers()).and_then(|wait| i64::try_from(wait.as_millis()).ok());
        let until =
            reset.or_else(|| after.map(|wait| Timestamp::from_millis(self.now().as_millis().saturating_add(wait))));
        Err(Error::read(call, Some(kind), &answer, until))
    }

    /// The best kind of credentials that the call takes and that there are.
    fn kind(&self, call: &Call) -> Option<CredentialKind> {
        let credentials = &self.inner.credentials;
        let user = call.user.as_deref();
        let is_there = |kind: &CredentialKind| match kind {
            CredentialKind::Bearer => credentials.bearer.is_some() || credentials.consumer.is_some(),
            CredentialKind::Owner => credentials.consumer.is_some() && credentials.owner.is_some(),
            CredentialKind::User => {
                credentials.consumer.is_some() && user.is_some_and(|user| credentials.token_of(user).is_some())
            }
            CredentialKind::User2 => user.is_some_and(|user| credentials.users2.contains_key(user)),
        };
        match self.only {
            Some(only) => Some(only).filter(is_there),
            None => call.takes.iter().copied().find(is_there),
        }
    }

    async fn request(&self, call: &Call, kind: CredentialKind) -> Result<Request<Bytes>, Error> {
        let invalid = || Error::invalid(call, "the call makes no URL");
        let mut url = format!("{}{}", self.inner.base, call.path);
        if !call.query.is_empty() {
            let pairs = call.query.iter().map(|(name, value)| (*name, value.as_str()));
            let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            url += &format!("?{query}");
        }
        let url = Uri::try_from(url).map_err(|_| invalid())?;
        let authorization = self.authorization(call, &url, kind).await?;
        let mut request = Request::builder().method(call.method.clone()).uri(url).body(Bytes::new());
        if let Ok(request) = &mut request {
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
            request.headers_mut().insert(AUTHORIZATION, authorization);
            if let Some(body) = &call.body {
                request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                *request.body_mut() = body.clone();
            }
        }
        request.map_err(|_| invalid())
    }

    async fn authorization(&self, call: &Call, url: &Uri, kind: CredentialKind) -> Result<HeaderValue, Error> {
        let credentials = &self.inner.credentials;
        let user = call.user.as_deref();
        let header = match kind {
            CredentialKind::Bearer => bearer(self.bearer(call).await?.expose_secret()),
            CredentialKind::User2 => user
                .and_then(|user| credentials.users2.get(user))
                .and_then(|token| bearer(token.access.expose_secret())),
            CredentialKind::Owner | CredentialKind::User => {
                let token = match kind {
                    CredentialKind::Owner => credentials.owner.as_ref(),
                    _ => user.and_then(|user| credentials.token_of(user)),
                };
                let once = self.once();
                let consumer = credentials.consumer.as_ref();
                consumer.zip(token).and_then(|(consumer, token)| {
                    oauth1::authorization((&call.method, url), &[], consumer, Some(token), &[], &once)
                })
            }
        };
        header.ok_or_else(|| Error::invalid(call, "a key or token holds what no header can"))
    }

    fn once(&self) -> Once {
        let nonce = std::iter::repeat_with(fastrand::alphanumeric).take(32).collect();
        Once { nonce, timestamp: self.now().as_millis().div_euclid(1000) }
    }

    /// The app's bearer token, fetched with the consumer keys if nobody gave it.
    async fn bearer(&self, call: &Call) -> Result<SecretString, Error> {
        let mut known = self.inner.bearer.lock().await;
        if let Some(bearer) = &*known {
            return Ok(bearer.clone());
        }
        let consumer = self.inner.credentials.consumer.as_ref().ok_or_else(|| Error::no_credential(call))?;
        let fetch = Call::post("/oauth2/token", call.takes);
        let invalid = || Error::invalid(&fetch, "a key or token holds what no header can");
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(consumer.key()), encoded(consumer.secret()));
        let mut basic = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).map_err(|_| invalid())?;
        basic.set_sensitive(true);
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{}", self.inner.base, fetch.path))
            .header(AUTHORIZATION, basic)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded;charset=UTF-8")
            .body(Bytes::from_static(b"grant_type=client_credentials"))
            .map_err(|_| invalid())?;
        let answer = self.inner.transport.send(request).await;
        let answer = answer.map_err(|error| Error::no_answer(&fetch, None, error))?;
        if !answer.status().is_success() {
            return Err(Error::read(&fetch, None, &answer, None));
        }
        #[derive(serde::Deserialize)]
        struct Fetched {
            access_token: String,
        }
        let fetched: Fetched = serde_json::from_slice(answer.body())
            .map_err(|error| Error::unreadable(&fetch, None, error.to_string()))?;
        let bearer = SecretString::from(fetched.access_token);
        *known = Some(bearer.clone());
        Ok(bearer)
    }
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}
