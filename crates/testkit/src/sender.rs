//! Sends requests to a receiver over HTTP, as X does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// Maximum number of bytes read from a response body: 1 MiB.
const MAX_BODY: usize = 1 << 20;

/// Sends requests over HTTP/1.1 or HTTP/2, with TLS for `https` URLs.
///
/// Like X, it follows no redirects. It trusts Mozilla's certificate authorities and ignores the
/// system's trust store.
#[derive(Clone, Debug)]
pub struct Sender(reqwest::Client);

impl Sender {
    /// Creates a sender that times out after `timeout`.
    ///
    /// X's shortest timeout is 3 s.
    ///
    /// # Errors
    /// Returns an error if TLS cannot be set up.
    pub fn new(timeout: Duration) -> Result<Self, SendError> {
        Self::trusting(timeout, &[])
    }

    /// Creates a sender that also trusts the given certificate authorities.
    ///
    /// # Errors
    /// Returns an error if one of `roots` is not a valid certificate.
    pub fn trusting(timeout: Duration, roots: &[CertificateDer<'static>]) -> Result<Self, SendError> {
        let invalid = |error: rustls::Error| SendError::Other(format!("invalid root certificate: {error}"));
        let mut store: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        roots.iter().try_for_each(|root| store.add(root.clone())).map_err(invalid)?;
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(invalid)?
            .with_root_certificates(store)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(timeout);
        client.build().map(Self).map_err(|error| SendError::Other(error.to_string()))
    }

    /// Sends a request and reads the response, with at most 1 MiB of its body.
    ///
    /// A longer body is cut off and the connection closed.
    ///
    /// # Errors
    /// Returns an error if the request fails or times out.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Answer, SendError> {
        let begun = Instant::now();
        let request = reqwest::Request::try_from(request).map_err(SendError::new)?;
        let mut response = self.0.execute(request).await.map_err(SendError::new)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        while body.len() < MAX_BODY
            && let Some(piece) = response.chunk().await.map_err(SendError::new)?
        {
            let room = MAX_BODY - body.len();
            body.extend_from_slice(piece.get(..room).unwrap_or(&piece));
        }
        Ok(Answer { status, headers, body: body.freeze(), took: begun.elapsed() })
    }
}

/// The response to a sent request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, up to 1 MiB.
    pub body: Bytes,
    /// Time from sending the request to reading the last byte of the response.
    pub took: Duration,
}

/// The reason why a request got no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The request timed out.
    #[error("the request timed out")]
    Timeout,
    /// The connection failed: unknown host name, connection refused, or TLS error.
    #[error("no connection: {0}")]
    Connect(String),
    /// Any other error.
    #[error("{0}")]
    Other(String),
}

impl SendError {
    fn new(error: reqwest::Error) -> Self {
        let (timeout, connect) = (error.is_timeout(), error.is_connect());
        let error = error.without_url();
        // The innermost cause is the one a user can act on.
        let mut cause: &dyn std::error::Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        match cause.to_string() {
            _ if timeout => Self::Timeout,
            cause if connect => Self::Connect(cause),
            cause => Self::Other(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn reads_at_most_one_mebibyte_of_an_endless_response() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let endless = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            assert!(stream.read(&mut head).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut written = 0;
            while stream.write_all(&[b'x'; 1 << 16]).await.is_ok() {
                written += 1 << 16;
            }
            written
        });
        let sender = Sender::new(Duration::from_secs(30)).unwrap();
        let answer = sender.send(Request::get(url).body(Bytes::new()).unwrap()).await.unwrap();
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, MAX_BODY));
        let written = endless.await.unwrap();
        assert!(written < 32 << 20, "the connection ends: {written} bytes were sent, into the buffers of sockets too");
    }
}
