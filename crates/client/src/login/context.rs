//! API address, transport and clock of a login.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use birdhook_core::Timestamp;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};

use super::error::LoginError;
use crate::{HttpsTransport, Transport, TransportError};

#[derive(Clone)]
pub(crate) struct ApiContext {
    pub(crate) base: String,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// The setters that the builders of logins share. `$clock` is the purpose of the clock.
macro_rules! context_setters {
    ($clock:literal) => {
        /// Sets the base URL of X's API. Defaults to `https://api.x.com`.
        pub fn base_url(mut self, url: impl Into<String>) -> Self {
            self.context.base = url.into().trim_end_matches('/').to_owned();
            self
        }

        /// Sets the HTTP transport. Defaults to [`HttpsTransport`](crate::HttpsTransport) with a timeout of 30 s.
        pub fn transport(mut self, transport: impl Transport) -> Self {
            self.context.transport = Arc::new(transport);
            self
        }

        #[doc = concat!("Sets the clock for ", $clock, ". Defaults to the system clock.")]
        pub fn clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
            self.context.now = Arc::new(now);
            self
        }
    };
}
pub(super) use context_setters;

impl ApiContext {
    pub(super) fn for_x() -> Result<Self, TransportError> {
        let transport = Arc::new(HttpsTransport::new(Duration::from_secs(30))?);
        Ok(Self { base: API_URL.to_owned(), transport, now: Arc::new(system_time) })
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Sends a request. Returns an error unless the status is a success.
    pub(super) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, LoginError> {
        let response = self.transport.send(request).await?;
        if response.status().is_success() { Ok(response) } else { Err(LoginError::read(&response)) }
    }
}

pub(crate) const API_URL: &str = "https://api.x.com";

pub(super) const INVALID_BASE_URL: &str = "the base URL is invalid";

pub(crate) fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl<'c> AsyncHttpClient<'c> for ApiContext {
    type Error = LoginError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, LoginError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let mut request = request.map(Bytes::from);
        if let Some(header) = request.headers_mut().get_mut(AUTHORIZATION) {
            header.set_sensitive(true);
        }
        Box::pin(async move { Ok(self.send(request).await?.map(|body| body.to_vec())) })
    }
}
