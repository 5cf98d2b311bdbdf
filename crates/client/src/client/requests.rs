use std::time::Duration;

use backon::BackoffBuilder;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Client, CredentialStatus, RetryPolicy};
use crate::call::Call;
use crate::credentials::CredentialKind;
use crate::oauth1::{self, Stamp, sensitive};
use crate::{Error, ErrorCause};

/// Extra wait in milliseconds after a rate limit. X counts whole seconds, so a limit may end this
/// much later than announced.
const RESET_MARGIN: u64 = 1000;

impl Client {
    pub(crate) async fn fetch<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let (response, kind) = self.send(&call).await?;
        serde_json::from_slice(response.body()).map_err(|error| Error::unreadable(&call, Some(kind), error.to_string()))
    }

    /// Makes a call whose response has one of several shapes.
    pub(crate) async fn fetch_as<T>(&self, call: Call, read: impl Fn(&Value) -> Option<T>) -> Result<T, Error> {
        let (response, kind) = self.send(&call).await?;
        let unreadable = || "it has none of the shapes that X documents".to_owned();
        self.read(&call, kind, &response, read)?.ok_or_else(|| Error::unreadable(&call, Some(kind), unreadable()))
    }

    /// Makes a call whose response may lack the expected object. `None` means success without it,
    /// or without a body.
    pub(crate) async fn try_fetch<T>(
        &self,
        call: Call,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let (response, kind) = self.send(&call).await?;
        if response.body().is_empty() { Ok(None) } else { self.read(&call, kind, &response, read) }
    }

    /// Makes a call that only reports success (204).
    pub(crate) async fn execute(&self, call: Call) -> Result<(), Error> {
        self.execute_checked(call, |_| None).await
    }

    /// Makes a call whose response may report the new state. `done` reads it and returns `None`
    /// if it is absent.
    pub(crate) async fn execute_checked(&self, call: Call, done: impl Fn(&Value) -> Option<bool>) -> Result<(), Error> {
        let (response, kind) = self.send(&call).await?;
        if response.body().is_empty() {
            return Ok(());
        }
        match self.read(&call, kind, &response, done)? {
            Some(false) => Err(Error::not_done(&call, kind, &response)),
            Some(true) | None => Ok(()),
        }
    }

    /// Reads a response. `None` if it lacks the object and reports no errors: v2 may respond with
    /// 200 and nothing but errors.
    fn read<T>(
        &self,
        call: &Call,
        kind: CredentialKind,
        response: &Response<Bytes>,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let json = serde_json::from_slice(response.body());
        let json: Value = json.map_err(|error| Error::unreadable(call, Some(kind), error.to_string()))?;
        match read(&json) {
            None if has_errors(&json) => Err(Error::read(call, Some(kind), response, self.now())),
            read => Ok(read),
        }
    }

    async fn send(&self, call: &Call) -> Result<(Response<Bytes>, CredentialKind), Error> {
        let RetryPolicy { times, first, longest } = self.inner.retries;
        let backoff = backon::ExponentialBuilder::default().with_min_delay(first).with_max_delay(longest);
        let mut waits = backoff.with_max_times(times).with_jitter().build();
        let (mut may_be_done, mut has_new_bearer) = (false, false);
        loop {
            let error = match self.send_once(call).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            // The bearer token is fetched by a separate call before this one.
            let was_sent = error.call() == call.name();
            match error.credential() {
                // An earlier attempt was carried out, but its response was lost.
                Some(kind) if may_be_done && is_done_when(call, error.cause()) => {
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
            let is_safe = call.is_idempotent || !was_sent || error.was_not_carried_out();
            let may_help = error.is_retryable() && *error.cause() != ErrorCause::ReplayUnderWay;
            let Some(wait) = waits.next().filter(|_| is_safe && may_help) else { return Err(error) };
            may_be_done |= was_sent && !error.was_not_carried_out();
            let wait = match error.cause() {
                ErrorCause::RateLimited { until: Some(until) } => {
                    let left = until.as_millis().saturating_sub(self.now().as_millis()).max(0).unsigned_abs();
                    Duration::from_millis(left.saturating_add(RESET_MARGIN)).max(wait)
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
        let kind = self.credential_for(call).await?;
        let request = self.request(call, kind).await?;
        let signed = request.headers().get(AUTHORIZATION).cloned();
        let response = self.inner.transport.send(request).await;
        let mut response = response.map_err(|error| Error::no_response(call, Some(kind), error))?;
        let is_refused = kind == CredentialKind::User2 && response.status() == StatusCode::UNAUTHORIZED;
        if is_refused
            && let Some((token, user)) = signed.zip(call.user.as_deref())
            && self.inner.renewal.replaced(user, &token).await?
        {
            let request = self.request(call, kind).await?;
            let retried = self.inner.transport.send(request).await;
            response = retried.map_err(|error| Error::no_response(call, Some(kind), error))?;
        }
        if response.status().is_success() {
            return Ok((response, kind));
        }
        Err(Error::read(call, Some(kind), &response, self.now()))
    }

    /// Returns the best available kind of credentials that the call accepts.
    pub(crate) async fn credential_for(&self, call: &Call) -> Result<CredentialKind, Error> {
        let kinds = self.only.map_or(call.takes, CredentialKind::only);
        let mut lacks_scope = false;
        for kind in kinds {
            match self.credential_status(*kind, call.user.as_deref(), call.scopes).await? {
                CredentialStatus::Usable => return Ok(*kind),
                CredentialStatus::LacksScope => lacks_scope = true,
                CredentialStatus::Missing => {}
            }
        }
        Err(if lacks_scope { Error::scope_not_granted(call) } else { Error::no_credential(call, kinds) })
    }

    async fn request(&self, call: &Call, kind: CredentialKind) -> Result<Request<Bytes>, Error> {
        if call.has_empty_segment() {
            return Err(Error::invalid(call, "an id or a name is empty"));
        }
        let invalid = || Error::invalid(call, "the base URL and the path do not form a valid URL");
        let mut url = format!("{}{}", self.inner.base, call.path);
        if !call.query.is_empty() {
            let pairs = call.query.iter().map(|(name, value)| (*name, value.as_str()));
            let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            url += &format!("?{query}");
        }
        let url = Uri::try_from(url).map_err(|_| invalid())?;
        let authorization = self.authorization(call, (&url, &[]), kind).await?;
        let mut request = Request::builder().method(call.method.clone()).uri(url);
        request = request.header(ACCEPT, "application/json").header(AUTHORIZATION, authorization);
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(call.body.clone().unwrap_or_default()).map_err(|_| invalid())
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
            CredentialKind::Bearer => sensitive(format!("Bearer {}", self.bearer(call).await?.expose_secret())),
            CredentialKind::User2 => {
                let token = self.inner.renewal.token(user.unwrap_or_default()).await?;
                token.and_then(|token| sensitive(format!("Bearer {}", token.access.expose_secret())))
            }
            CredentialKind::Owner | CredentialKind::User => {
                let token = match kind {
                    CredentialKind::Owner => credentials.owner.as_ref(),
                    _ => user.and_then(|user| credentials.token_of(user)),
                };
                let stamp = Stamp::new(self.now());
                let consumer = credentials.consumer.as_ref();
                consumer.zip(token).and_then(|(consumer, token)| {
                    oauth1::authorization((&call.method, url), form, consumer, Some(token), &[], &stamp)
                })
            }
            CredentialKind::Consumer => None,
        };
        header.ok_or_else(|| Error::invalid(call, "a key or token contains a character that no header can contain"))
    }
}

/// Returns whether this error on a retry shows that an earlier attempt did the work.
fn is_done_when(call: &Call, cause: &ErrorCause) -> bool {
    match cause {
        ErrorCause::NotSubscribed | ErrorCause::NoSuchWebhook => call.method == Method::DELETE,
        ErrorCause::AlreadySubscribed => call.method == Method::POST && call.is_idempotent,
        _ => false,
    }
}

fn has_errors(json: &Value) -> bool {
    let errors = json.get("errors").and_then(Value::as_array);
    errors.is_some_and(|errors| !errors.is_empty()) && json.get("data").is_none_or(Value::is_null)
}
