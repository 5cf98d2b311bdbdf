//! Signing, sending and retrying of calls.

use std::time::Duration;

use backon::BackoffBuilder;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Client, Fit, RetryPolicy};
use crate::call::Call;
use crate::oauth1::{self, Once};
use crate::{CredentialKind, Error, ErrorCause};

/// Extra wait in milliseconds after a rate limit. X counts whole seconds, so a limit may end this
/// much later than announced.
const SECOND: u64 = 1000;

impl Client {
    /// Makes a call and reads the response.
    pub(crate) async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let (answer, kind) = self.send(&call).await?;
        serde_json::from_slice(answer.body()).map_err(|error| Error::unreadable(&call, Some(kind), error.to_string()))
    }

    /// Makes a call whose response has one of several shapes.
    pub(crate) async fn read_as<T>(&self, call: Call, read: impl Fn(&Value) -> Option<T>) -> Result<T, Error> {
        let (answer, kind) = self.send(&call).await?;
        let unreadable = |why: String| Error::unreadable(&call, Some(kind), why);
        let said: Value = serde_json::from_slice(answer.body()).map_err(|error| unreadable(error.to_string()))?;
        read(&said).ok_or_else(|| match has_errors(&said) {
            true => Error::read(&call, Some(kind), &answer, self.now()),
            false => unreadable("it has none of the shapes that X documents".to_owned()),
        })
    }

    /// Makes a call whose response may lack the expected object. `None` means success without it,
    /// or without a body.
    pub(crate) async fn read_any<T>(&self, call: Call, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, Error> {
        let (answer, kind) = self.send(&call).await?;
        if answer.body().is_empty() {
            return Ok(None);
        }
        let said: Value = serde_json::from_slice(answer.body())
            .map_err(|error| Error::unreadable(&call, Some(kind), error.to_string()))?;
        match read(&said) {
            None if has_errors(&said) => Err(Error::read(&call, Some(kind), &answer, self.now())),
            read => Ok(read),
        }
    }

    /// Makes a call that only reports success (204).
    pub(crate) async fn done(&self, call: Call) -> Result<(), Error> {
        self.made(call, |_| None).await
    }

    /// Makes a call whose response may report the new state. `is_done` reads it and returns `None`
    /// if it is absent.
    pub(crate) async fn made(&self, call: Call, is_done: impl Fn(&Value) -> Option<bool>) -> Result<(), Error> {
        let (answer, kind) = self.send(&call).await?;
        if answer.body().is_empty() {
            return Ok(());
        }
        let said: Value = serde_json::from_slice(answer.body())
            .map_err(|error| Error::unreadable(&call, Some(kind), error.to_string()))?;
        match is_done(&said) {
            Some(true) => Ok(()),
            Some(false) => Err(Error::not_done(&call, kind, &answer)),
            // v2 may respond with 200 and nothing but errors.
            None if has_errors(&said) => Err(Error::read(&call, Some(kind), &answer, self.now())),
            None => Ok(()),
        }
    }

    /// Makes a call, and retries it if that is safe.
    async fn send(&self, call: &Call) -> Result<(Response<Bytes>, CredentialKind), Error> {
        let RetryPolicy { times, first, longest } = self.inner.retries;
        let backoff = backon::ExponentialBuilder::default().with_min_delay(first).with_max_delay(longest);
        let mut waits = backoff.with_max_times(times).with_jitter().build();
        let (mut may_be_done, mut has_new_bearer) = (false, false);
        loop {
            let error = match self.send_once(call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // The bearer token is fetched by a separate call before this one.
            let was_sent = error.call() == call.name();
            match error.credential() {
                // An earlier attempt was carried out, but its response was lost.
                Some(kind) if may_be_done && call.is_done_when(error.cause()) => {
                    return Ok((Response::new(Bytes::new()), kind));
                }
                Some(CredentialKind::Bearer) if !has_new_bearer && *error.cause() == ErrorCause::Unauthenticated => {
                    has_new_bearer = true;
                    if self.forget_bearer().await {
                        continue;
                    }
                }
                _ => {}
            }
            let may = call.is_idempotent || !was_sent || error.was_not_carried_out();
            let is_worth_it = error.is_retryable() && *error.cause() != ErrorCause::ReplayUnderWay;
            let Some(wait) = waits.next().filter(|_| may && is_worth_it) else { return Err(error) };
            may_be_done |= was_sent && !error.was_not_carried_out();
            let wait = match error.cause() {
                ErrorCause::RateLimited { until: Some(until) } => {
                    let left = until.as_millis().saturating_sub(self.now().as_millis()).max(0).unsigned_abs();
                    Duration::from_millis(left.saturating_add(SECOND)).max(wait)
                }
                _ => wait.min(longest),
            };
            if wait > longest {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn send_once(&self, call: &Call) -> Result<(Response<Bytes>, CredentialKind), Error> {
        let kind = self.kind(call).await?;
        let request = self.request(call, kind).await?;
        let signed = request.headers().get(AUTHORIZATION).cloned();
        let answer = self.inner.transport.send(request).await;
        let mut answer = answer.map_err(|error| Error::no_answer(call, Some(kind), error))?;
        let refused = signed.zip(call.user.as_deref());
        let refused = refused.filter(|_| kind == CredentialKind::User2 && answer.status() == StatusCode::UNAUTHORIZED);
        if let Some((token, user)) = refused
            && self.inner.renewal.replaced(user, &token).await?
        {
            let request = self.request(call, kind).await?;
            let again = self.inner.transport.send(request).await;
            answer = again.map_err(|error| Error::no_answer(call, Some(kind), error))?;
        }
        if answer.status().is_success() {
            return Ok((answer, kind));
        }
        Err(Error::read(call, Some(kind), &answer, self.now()))
    }

    /// Returns the best available kind of credentials that the call accepts.
    pub(crate) async fn kind(&self, call: &Call) -> Result<CredentialKind, Error> {
        let kinds = self.only.map_or(call.takes, CredentialKind::alone);
        let mut lacks_scope = false;
        for kind in kinds {
            match self.fit(*kind, call.user.as_deref(), call.scopes).await? {
                Fit::Fits => return Ok(*kind),
                Fit::LacksScope => lacks_scope = true,
                Fit::Missing => {}
            }
        }
        Err(if lacks_scope { Error::scope_not_granted(call) } else { Error::no_credential(call, kinds) })
    }

    async fn request(&self, call: &Call, kind: CredentialKind) -> Result<Request<Bytes>, Error> {
        if call.has_hole() {
            return Err(Error::invalid(call, "an id or a name is empty"));
        }
        let invalid = || Error::invalid(call, "the call makes no URL");
        let mut url = format!("{}{}", self.inner.base, call.path);
        if !call.query.is_empty() {
            let pairs = call.query.iter().map(|(name, value)| (*name, value.as_str()));
            let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            url += &format!("?{query}");
        }
        let url = Uri::try_from(url).map_err(|_| invalid())?;
        let authorization = self.authorization(call, (&url, &[]), kind).await?;
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

    /// Returns the `Authorization` header of a call to this URL. `form` holds the parameters of a
    /// form body.
    pub(super) async fn authorization(
        &self,
        call: &Call,
        (url, form): (&Uri, &[(String, String)]),
        kind: CredentialKind,
    ) -> Result<HeaderValue, Error> {
        let credentials = &self.inner.credentials;
        let user = call.user.as_deref();
        let header = match kind {
            CredentialKind::Bearer => bearer(self.bearer(call).await?.expose_secret()),
            CredentialKind::User2 => {
                let token = self.inner.renewal.token(user.unwrap_or_default()).await?;
                token.and_then(|token| bearer(token.access.expose_secret()))
            }
            CredentialKind::Owner | CredentialKind::User => {
                let token = match kind {
                    CredentialKind::Owner => credentials.owner.as_ref(),
                    _ => user.and_then(|user| credentials.token_of(user)),
                };
                let once = self.once();
                let consumer = credentials.consumer.as_ref();
                consumer.zip(token).and_then(|(consumer, token)| {
                    oauth1::authorization((&call.method, url), form, consumer, Some(token), &[], &once)
                })
            }
            CredentialKind::Consumer => None,
        };
        header.ok_or_else(|| Error::invalid(call, "a key or token holds what no header can"))
    }

    fn once(&self) -> Once {
        let nonce = std::iter::repeat_with(fastrand::alphanumeric).take(32).collect();
        Once { nonce, timestamp: self.now().as_millis().div_euclid(1000) }
    }
}

/// Returns whether a response contains errors and no data.
fn has_errors(said: &Value) -> bool {
    let errors = said.get("errors").and_then(Value::as_array);
    errors.is_some_and(|errors| !errors.is_empty()) && said.get("data").is_none_or(Value::is_null)
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}
