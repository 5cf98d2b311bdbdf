//! Records the headers of requests, without their secrets.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Request};
use tokio::task::futures::TaskLocalFuture;
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    /// The headers of the current request.
    static HEADERS: Arc<HeaderList>;
}

/// Maximum number of recorded headers of a request.
const MAX_HEADERS: usize = 64;

/// Maximum number of recorded bytes of a value.
const MAX_VALUE: usize = 256;

/// Shown in place of a secret value.
pub(crate) const REDACTED: &str = "(redacted)";

/// Parts of the names of headers whose values are never recorded.
const SECRET_NAMES: [&str; 9] =
    ["signature", "authorization", "cookie", "secret", "token", "password", "api-key", "apikey", "credential"];

/// Names and values, in order. Secret values are replaced when they are recorded.
pub(crate) type HeaderList = Vec<(Box<str>, Box<str>)>;

/// Returns the headers of the current request, if the [`HeaderLayer`] records them.
pub(crate) fn current() -> Option<Arc<HeaderList>> {
    HEADERS.try_with(Arc::clone).ok()
}

pub(crate) fn recorded(headers: &HeaderMap) -> HeaderList {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let is_secret = value.is_sensitive() || SECRET_NAMES.iter().any(|part| name.as_str().contains(part));
        let value = match is_secret {
            true => REDACTED.into(),
            false => String::from_utf8_lossy(value.as_bytes().get(..MAX_VALUE).unwrap_or(value.as_bytes())).into(),
        };
        (name.as_str().into(), value)
    };
    headers.iter().take(MAX_HEADERS).map(header).collect()
}

/// A layer around a receiver that makes the console show the headers of its requests. Optional.
///
/// It never records the values of signatures, `Authorization`, cookies, and other headers whose
/// names suggest a secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeaderLayer;

/// The service of [`HeaderLayer`].
#[derive(Clone, Copy, Debug)]
pub struct HeaderService<S>(S);

impl<S> HeaderService<S> {
    /// Wraps a receiver.
    pub fn new(receiver: S) -> Self {
        Self(receiver)
    }
}

impl<S> Layer<S> for HeaderLayer {
    type Service = HeaderService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HeaderService(inner)
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for HeaderService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = HeaderFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let headers = Arc::new(recorded(request.headers()));
        // A receiver begins the request in `call`, an extractor when the future is polled.
        let inner = HEADERS.sync_scope(Arc::clone(&headers), || self.0.call(request));
        HeaderFuture { inner: HEADERS.scope(headers, inner) }
    }
}

pin_project_lite::pin_project! {
    /// The future of [`HeaderService`].
    pub struct HeaderFuture<F> {
        #[pin]
        inner: TaskLocalFuture<Arc<HeaderList>, F>,
    }
}

impl<F: Future> Future for HeaderFuture<F> {
    type Output = F::Output;

    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().inner.poll(cx)
    }
}

impl<F> std::fmt::Debug for HeaderFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeaderFuture")
    }
}
