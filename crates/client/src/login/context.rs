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
