//! Sends a kept delivery again: the settings, and the request.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use birdhook_core::{Secret, SecretKind, signature};
use bytes::Bytes;
use http::{Request, Response, Uri, header};
use serde::Serialize;
use tokio::sync::{Semaphore, TryAcquireError};

use crate::headers;

/// The header that marks a request as sent by the console, and not by X.
const MARK: &str = "birdhook-replayed";

/// Maximum number of bytes shown of a response's body.
const MAX_SHOWN: usize = 16 << 10;

/// The default of [`Resend::time_limit`].
const TIME_LIMIT: Duration = Duration::from_secs(10);

type SendFuture = Pin<Box<dyn Future<Output = Result<Response<Bytes>, String>> + Send>>;
type SendFn = dyn Fn(Request<Bytes>) -> SendFuture + Send + Sync;

/// Settings with which [`Console::resend`](crate::Console::resend) sends kept deliveries again: the
/// targets, and the function that sends a request. Cheap to clone.
///
/// The console has no HTTP client. The function sends the request as it is and returns the response.
/// It must neither follow redirects nor use a proxy: a target could otherwise have the request sent
/// to another place. With reqwest, its client needs `redirect(Policy::none())` and `no_proxy()`.
///
/// ```
/// # mod birdhook { pub mod console { pub use birdhook_console::*; } }
/// use birdhook::console::Resend;
/// use bytes::Bytes;
/// use http::{Request, Response};
///
/// async fn send(request: Request<Bytes>) -> Result<Response<Bytes>, std::io::Error> {
///     // the HTTP client of the app
/// #   Ok(Response::new(request.into_body()))
/// }
///
/// let resend = Resend::new(send).target("staging", "https://staging.example/webhooks/twitter")?;
/// # Ok::<(), birdhook::console::ResendError>(())
/// ```
///
/// Each request has the header `birdhook-replayed: console`, and a signature by
/// [`Console::test_secret`](crate::Console::test_secret) in place of X's.
#[derive(Clone)]
pub struct Resend {
    send: Arc<SendFn>,
    targets: Vec<ResendTarget>,
    time_limit: Duration,
    /// Limits a console to one request at a time.
    slot: Arc<Semaphore>,
}

/// A place to which deliveries are sent.
#[derive(Clone)]
pub(crate) struct ResendTarget {
    pub(crate) name: String,
    uri: Uri,
}

impl Resend {
    /// Creates settings without targets. `send` sends a request.
    pub fn new<F, R, E>(send: F) -> Self
    where
        F: Fn(Request<Bytes>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Response<Bytes>, E>> + Send + 'static,
        E: fmt::Display,
    {
        let send = move |request: Request<Bytes>| -> SendFuture {
            let answer = send(request);
            Box::pin(async move { answer.await.map_err(|error| error.to_string()) })
        };
        Self { send: Arc::new(send), targets: Vec::new(), time_limit: TIME_LIMIT, slot: Arc::new(Semaphore::new(1)) }
    }

    /// Adds a target, which the page offers by its name. Only the app can add one: a request to the
    /// console names a target, and never has a URL.
    ///
    /// # Errors
    /// Returns an error for a name that is empty or repeated, and for a URL that is not an absolute
    /// `http` or `https` URL.
    pub fn target(mut self, name: impl Into<String>, url: impl AsRef<str>) -> Result<Self, ResendError> {
        let name = name.into();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(ResendError::Name);
        }
        if self.find(&name).is_some() {
            return Err(ResendError::Repeated);
        }
        let uri: Uri = url.as_ref().parse().map_err(|_| ResendError::Url)?;
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        if !has_host || !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(ResendError::Url);
        }
        self.targets.push(ResendTarget { name, uri });
        Ok(self)
    }

    /// Sets the time limit of one request. Defaults to 10 s.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    pub(crate) fn targets(&self) -> &[ResendTarget] {
        &self.targets
    }

    pub(crate) fn find(&self, name: &str) -> Option<&ResendTarget> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// Sends a body to a target, signed with a test secret in the header of this kind.
    pub(crate) async fn send(
        &self,
        target: &ResendTarget,
        kind: SecretKind,
        secret: &Secret,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let _slot = self.slot.try_acquire().map_err(|error| match error {
            TryAcquireError::NoPermits | TryAcquireError::Closed => Failure::Busy,
        })?;
        let request = Request::post(target.uri.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("birdhook/", env!("CARGO_PKG_VERSION")))
            .header(MARK, "console")
            .header(kind.header(), signature::sign(secret, &body))
            .body(body)
            .map_err(|error| Failure::Failed(error.to_string()))?;
        let begun = Instant::now();
        let response = tokio::time::timeout(self.time_limit, (self.send)(request)).await;
        let response = response.map_err(|_| Failure::Timeout(self.time_limit))?.map_err(Failure::Failed)?;
        Ok(Answer::new(&response, begun.elapsed()))
    }
}

impl fmt::Debug for Resend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.targets.iter().map(|target| &target.name).collect();
        f.debug_struct("Resend").field("targets", &names).finish_non_exhaustive()
    }
}

impl ResendTarget {
    /// Returns the URL without a password and without the query, which may contain a secret.
    pub(crate) fn place(&self) -> String {
        let port = self.uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        let scheme = self.uri.scheme_str().unwrap_or_default();
        format!("{scheme}://{}{port}{}", self.uri.host().unwrap_or_default(), self.uri.path())
    }

    /// Returns whether the target is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.uri.host().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || literal.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// The response of a target. Its body is cut off after 16 KiB.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) ms: f64,
    pub(crate) headers: headers::HeaderList,
    pub(crate) body: String,
    /// Whether the body is longer.
    pub(crate) is_cut_off: bool,
}

impl Answer {
    fn new(response: &Response<Bytes>, took: Duration) -> Self {
        let body = response.body();
        Self {
            status: response.status().as_u16(),
            ms: took.as_micros() as f64 / 1e3,
            headers: headers::recorded(response.headers()),
            body: String::from_utf8_lossy(body.get(..MAX_SHOWN).unwrap_or(body)).into_owned(),
            is_cut_off: body.len() > MAX_SHOWN,
        }
    }
}

/// The reason why there is no response.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Another delivery is being sent.
    Busy,
    Timeout(Duration),
    Failed(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("another delivery is being sent: try again once it is answered"),
            Self::Timeout(limit) => write!(f, "no response within {} s", limit.as_secs_f64()),
            Self::Failed(reason) => write!(f, "no response: {reason}"),
        }
    }
}

/// Error from [`Resend::target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResendError {
    /// The name is empty, or has a control character.
    Name,
    /// Another target has the name.
    Repeated,
    /// The URL is not an absolute `http` or `https` URL.
    Url,
}

impl fmt::Display for ResendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "invalid name of a target: expected at least one character, and no control characters",
            Self::Repeated => "two targets of the console have the same name",
            Self::Url => "invalid URL of a target: expected an absolute URL, for example http://127.0.0.1:3000/webhook",
        })
    }
}

impl std::error::Error for ResendError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn resend() -> Resend {
        Resend::new(|_| async { Ok::<_, String>(Response::new(Bytes::new())) })
    }

    fn target(url: &str) -> ResendTarget {
        resend().target("a", url).unwrap().targets.remove(0)
    }

    #[test]
    fn a_target_has_a_name_of_its_own_and_an_absolute_url() {
        let url = "http://127.0.0.1/";
        let with = |name: &str, url: &str| resend().target("a", "http://localhost/").unwrap().target(name, url);
        assert_eq!(with("b", "/path").unwrap_err(), ResendError::Url);
        for wrong in ["", "shop", "ftp://127.0.0.1/", "//127.0.0.1/", "http:///x", "file:///etc/passwd"] {
            assert_eq!(with("b", wrong).unwrap_err(), ResendError::Url, "{wrong}");
        }
        assert_eq!(with("", url).unwrap_err(), ResendError::Name);
        assert_eq!(with("b\n", url).unwrap_err(), ResendError::Name);
        assert_eq!(with("a", url).unwrap_err(), ResendError::Repeated);
        assert!(with("b", url).is_ok());
    }

    #[test]
    fn only_localhost_and_loopback_addresses_are_on_this_machine() {
        for url in ["http://127.0.0.1:1/", "http://127.9.9.9/", "https://localhost/", "http://[::1]:8080/x"] {
            assert!(target(url).is_loopback(), "{url}");
        }
        for url in
            ["http://localhost.evil.example/", "http://127.0.0.1.evil.example/", "http://10.0.0.1/", "http://0.0.0.0/"]
        {
            assert!(!target(url).is_loopback(), "{url}");
        }
        assert!(!target("http://127.0.0.1@evil.example/").is_loopback(), "the user's part is not the host");
    }

    #[test]
    fn the_place_of_a_target_has_no_password_and_no_query() {
        assert_eq!(target("https://user:pass@shop.example:8443/x?key=1").place(), "https://shop.example:8443/x");
    }
}
