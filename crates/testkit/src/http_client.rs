//! The HTTP client for deliveries and challenges.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// Returns a client that times out after `timeout` and also trusts the certificates in `further`.
///
/// Like X, it follows no redirects. It trusts Mozilla's certificate authorities and ignores the
/// system's trust store.
///
/// # Errors
/// Returns an error if one of `further` is not a valid certificate.
pub(crate) fn client(
    timeout: Duration,
    further: &[CertificateDer<'static>],
) -> Result<reqwest::Client, HttpClientError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    for root in further {
        roots.add(root.clone())?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(timeout)
        .build()?;
    Ok(client)
}

/// The reason why the client cannot be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpClientError {
    #[error("invalid root certificate: {0}")]
    Root(#[from] rustls::Error),
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}
