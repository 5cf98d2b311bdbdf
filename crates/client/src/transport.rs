use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use rustls::{ClientConfig, RootCertStore};

use crate::url::is_loopback;

/// The future that [`Transport::send`] returns.
pub type TransportFuture<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + 'a>>;

/// An HTTP client that sends a request and reads the whole response.
///
/// The default is [`HttpsTransport`]. Implement it for another HTTP client.
pub trait Transport: Send + Sync + 'static {
    /// Sends the request. Fails if there is no response. A response of any status is not an error.
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_>;
}

/// The reason why there is no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The timeout expired. X may have carried out the request.
    #[error("no response in time")]
    Timeout,
    /// No connection: the host name is unknown, nothing listens on the port, or TLS failed. The
    /// request was not carried out.
    #[error("no connection: {0}")]
    Connect(String),
    /// The connection ended before the response. X may have carried out the request.
    #[error("{0}")]
    Broken(String),
}

/// Maximum response size, in bytes. The longest responses are lists of subscribers, at about 30
/// bytes each.
const MAX_BODY: usize = 64 << 20;

/// Connection timeout. Shorter than the timeout of a token renewal, because a request that was not
/// sent can be retried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// HTTPS transport based on reqwest and rustls.
///
/// It uses Mozilla's root certificates, and neither redirects nor cookies. It uses the proxies from
/// the environment (`HTTPS_PROXY`, `NO_PROXY`), except for requests to this machine.
#[derive(Clone, Debug)]
pub struct HttpsTransport {
    client: reqwest::Client,
    local: reqwest::Client,
}

impl HttpsTransport {
    /// Creates a transport with a timeout for each request. Fails if TLS cannot be set up.
    pub fn new(timeout: Duration) -> Result<Self, TransportError> {
        let broken = |error: String| TransportError::Broken(error);
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let builder = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(config.clone())
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT_TIMEOUT.min(timeout))
                .timeout(timeout)
        };
        let build = |builder: reqwest::ClientBuilder| builder.build().map_err(|error| broken(error.to_string()));
        Ok(Self { client: build(builder())?, local: build(builder().no_proxy())? })
    }
}

impl Transport for HttpsTransport {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        Box::pin(async move {
            let client = if request.uri().host().is_some_and(is_loopback) { &self.local } else { &self.client };
            let request = reqwest::Request::try_from(request).map_err(transport_error)?;
            let received = client.execute(request).await.map_err(transport_error)?;
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = received.status();
            *response.headers_mut() = received.headers().clone();
            *response.body_mut() = body(received).await?;
            Ok(response)
        })
    }
}

async fn body(mut response: reqwest::Response) -> Result<Bytes, TransportError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
        if body.len().saturating_add(chunk.len()) > MAX_BODY {
            return Err(TransportError::Broken(format!("the response is longer than {MAX_BODY} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn transport_error(error: reqwest::Error) -> TransportError {
    let (timeout, connect) = (error.is_timeout(), error.is_connect());
    // The URL may contain secrets.
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    match cause.to_string() {
        _ if timeout && !connect => TransportError::Timeout,
        cause if connect => TransportError::Connect(cause),
        cause => TransportError::Broken(cause),
    }
}
