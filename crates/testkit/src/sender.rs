//! Sends requests as X does.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use rustls::pki_types::CertificateDer;

use crate::http_client;

/// Sends requests over HTTP/1.1 or HTTP/2 and, for `https`, over TLS: as X's, it follows no redirect and trusts Mozilla's
/// certificate authorities, whatever this machine trusts.
#[derive(Clone, Debug)]
pub struct Sender(reqwest::Client);

impl Sender {
    /// A sender that gives up on a request after `patience`; X waits 3 s at its shortest.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(patience: Duration) -> Result<Self, SendError> {
        Self::trusting(patience, &[])
    }

    /// A sender that trusts these certificate authorities besides.
    ///
    /// # Errors
    /// When one of them is no certificate.
    pub fn trusting(patience: Duration, roots: &[CertificateDer<'static>]) -> Result<Self, SendError> {
        http_client::client(patience, roots).map(Self).map_err(|error| SendError::Other(error.to_string()))
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Answer, SendError> {
        let begun = Instant::now();
        let request = reqwest::Request::try_from(request).map_err(SendError::new)?;
        let response = self.0.execute(request).await.map_err(SendError::new)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(SendError::new)?;
        Ok(Answer { status, headers, body, took: begun.elapsed() })
    }
}

/// What was answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// From the first byte sent to the last one read.
    pub took: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Nothing came in time.
    #[error("no answer in time")]
    Timeout,
    /// There is no connection: the name is not known, nobody listens, or TLS failed.
    #[error("no connection: {0}")]
    Connect(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl SendError {
    fn new(error: reqwest::Error) -> Self {
        let (timeout, connect) = (error.is_timeout(), error.is_connect());
        let error = error.without_url();
        // The last cause is the one that says what to do.
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
