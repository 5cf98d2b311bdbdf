//! TLS connections with X's requirements, and readable descriptions of TLS faults.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage, RootCertStore,
    SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Opens TLS connections, trusting Mozilla's certificate authorities and additional roots.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    verifier: Arc<RecordingVerifier>,
}

impl Tls {
    pub(crate) fn new(additional: &[CertificateDer<'static>]) -> Result<Self, TlsFault> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        for root in additional {
            roots.add(root.clone()).map_err(|error| TlsFault::of(error, None))?;
        }
        let verifier = Arc::new(RecordingVerifier::new(roots, Arc::clone(&provider))?);
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsFault::of(error, None))?
            .dangerous() // Only observes; see `RecordingVerifier`.
            .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), verifier })
    }

    pub(crate) async fn connect<S>(&self, host: &str, stream: S) -> Result<TlsStream<S>, TlsFault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsFault::WrongName)?;
        self.connector.connect(name, stream).await.map_err(|error| {
            let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            fault.map_or_else(
                || TlsFault::Broken(error.kind()),
                |fault| TlsFault::of(fault.clone(), self.verifier.rejection()),
            )
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TlsFault {
    #[error("the certificate has expired")]
    Expired,
    #[error("the certificate is not valid yet")]
    NotValidYet,
    #[error("the certificate is for another name")]
    WrongName,
    #[error("the certificate is self-signed")]
    SelfSigned,
    #[error("the issuer of the certificate is unknown, and the server sends no intermediate certificate")]
    NoIntermediate,
    #[error("the certificate authority is not trusted by Mozilla")]
    UnknownIssuer,
    #[error("the server does not support TLS 1.2 or later")]
    OldTls,
    #[error("the server at this port does not speak TLS")]
    NotTls,
    #[error("the server has no certificate for this host name")]
    UnknownHost,
    #[error("the connection closed during the handshake ({0})")]
    Broken(io::ErrorKind),
    #[error("{0}")]
    Other(String),
}

impl TlsFault {
    fn of(error: Error, rejection: Option<Rejection>) -> Self {
        match error {
            Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
                Self::Expired
            }
            Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
                Self::NotValidYet
            }
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => Self::WrongName,
            Error::InvalidCertificate(fault) => match rejection {
                Some(Rejection { is_self_signed: true, .. }) => Self::SelfSigned,
                Some(Rejection { lacks_intermediates: true, .. }) if fault == CertificateError::UnknownIssuer => {
                    Self::NoIntermediate
                }
                _ if fault == CertificateError::UnknownIssuer => Self::UnknownIssuer,
                _ => Self::Other(format!("the certificate is invalid: {fault}")),
            },
            Error::PeerIncompatible(_) | Error::AlertReceived(AlertDescription::ProtocolVersion) => Self::OldTls,
            Error::AlertReceived(AlertDescription::UnrecognisedName) => Self::UnknownHost,
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NotTls,
            other => Self::Other(other.to_string()),
        }
    }

    pub(crate) fn fix(&self) -> &'static str {
        match self {
            Self::Expired => "renew the certificate, and make the server load it",
            Self::NotValidYet => "correct the server's clock, or wait until the certificate is valid",
            Self::WrongName | Self::UnknownHost => "serve a certificate that names the URL's host",
            Self::SelfSigned | Self::UnknownIssuer => {
                "use a certificate of a public authority such as Let's Encrypt; X trusts no others"
            }
            Self::NoIntermediate => {
                "serve the whole chain (fullchain.pem, not cert.pem) of a public authority; browsers often work without it"
            }
            Self::OldTls => "enable TLS 1.2 or 1.3 with current ciphers",
            Self::NotTls | Self::Broken(_) | Self::Other(_) => "check what terminates TLS in front of the app",
        }
    }
}

/// Verifies like rustls, and records why a chain was rejected.
#[derive(Debug)]
struct RecordingVerifier {
    inner: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    rejection: Mutex<Option<Rejection>>,
}

#[derive(Clone, Copy, Debug)]
struct Rejection {
    /// Whether the certificate is self-signed: it would be trusted if it were a root.
    is_self_signed: bool,
    lacks_intermediates: bool,
}

impl RecordingVerifier {
    fn new(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Result<Self, TlsFault> {
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let inner = inner.map_err(|error| TlsFault::Other(error.to_string()))?;
        Ok(Self { inner, provider, rejection: Mutex::new(None) })
    }

    fn rejection(&self) -> Option<Rejection> {
        self.rejection.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_self_signed(&self, end_entity: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> bool {
        let mut roots = RootCertStore::empty();
        if roots.add(end_entity.clone().into_owned()).is_err() {
            return false;
        }
        let Ok(verifier) = Self::new(roots, Arc::clone(&self.provider)) else { return false };
        let verified = verifier.inner.verify_server_cert(end_entity, &[], name, &[], now);
        // `openssl req -x509` creates a CA certificate, which is rejected with a different error
        // although it is self-signed.
        let others = [CertificateError::UnknownIssuer, CertificateError::BadSignature].map(Error::InvalidCertificate);
        verified.err().is_none_or(|error| !others.contains(&error))
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.inner.verify_server_cert(end_entity, intermediates, name, ocsp, now).inspect_err(|_| {
            let is_self_signed = self.is_self_signed(end_entity, name, now);
            let rejection = Rejection { is_self_signed, lacks_intermediates: intermediates.is_empty() };
            *self.rejection.lock().unwrap_or_else(PoisonError::into_inner) = Some(rejection);
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
