//! A receiver behind TLS, with valid and invalid certificates.

use std::future::pending;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

use birdhook_doctor::{CheckStatus, Diagnosis, Doctor};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::{Duration, OffsetDateTime};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::fault::Fault;
use crate::receiver::{Receiver, SECRET, listen};
use crate::{checks_with, result};

/// The checks that fail in these tests.
pub(crate) const FAILED: &[&str] = &["certificate"];

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    valid(&mut params, -3..3);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    valid(&mut params, -1..1);
    params
}

/// Sets the validity, in days relative to now.
fn valid(params: &mut CertificateParams, days: Range<i64>) {
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now + Duration::days(days.start), now + Duration::days(days.end));
}

fn issued(params: &CertificateParams, authority: &Issuer) -> (CertificateDer<'static>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap().der().clone(), key)
}

fn self_signed(params: &CertificateParams) -> (CertificateDer<'static>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().der().clone(), key)
}

async fn serve(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()));
    let receiver = Receiver::without_listener(Fault::None);
    listen(pending(), move |stream| {
        let (accepting, receiver) = (acceptor.accept(stream), receiver.clone());
        async move {
            if let Ok(stream) = accepting.await {
                receiver.serve(stream).await;
            }
        }
    })
    .await
}

async fn examine(address: SocketAddr, root: &[u8]) -> Diagnosis {
    let url = format!("https://localhost:{}/webhooks/twitter", address.port());
    Doctor::new(url, SECRET).unwrap().local(true).trust_root(root).unwrap().examine().await
}

fn observed(diagnosis: &Diagnosis) -> &str {
    assert_eq!(checks_with(diagnosis, CheckStatus::Failed), ["certificate"], "{diagnosis}");
    result(diagnosis, "certificate").observed()
}

#[tokio::test]
async fn a_valid_certificate_under_a_trusted_root_passes() {
    let root = authority("trusted");
    let (certificate, key) = issued(&params("localhost"), &root);
    let address = serve(vec![certificate], &key).await;
    for form in [root.pem().into_bytes(), root.der().to_vec()] {
        let diagnosis = examine(address, &form).await;
        assert!(diagnosis.is_healthy(), "{diagnosis}");
        assert_eq!(checks_with(&diagnosis, CheckStatus::Skipped), ["url_port", "dns_public", "delivery_headers"]);
    }
}

/// A chain of certificates with a fault.
pub(crate) struct Chain {
    pub(crate) name: &'static str,
    certificates: Vec<CertificateDer<'static>>,
    key: KeyPair,
    fault: &'static str,
    root: CertificateDer<'static>,
}

impl Chain {
    pub(crate) async fn examine(&self) -> Diagnosis {
        examine(serve(self.certificates.clone(), &self.key).await, &self.root).await
    }
}

pub(crate) fn faulty_chains() -> Vec<Chain> {
    let (root, other) = (authority("trusted"), authority("unknown"));
    let mut expired = params("localhost");
    valid(&mut expired, -2..-1);
    let mut early = params("localhost");
    valid(&mut early, 1..2);
    let mut own_authority = params("localhost");
    own_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let alone = |(certificate, key)| (vec![certificate], key);
    let (unknown, unknown_key) = issued(&params("localhost"), &other);
    let rows = [
        ("an expired certificate", alone(issued(&expired, &root)), "the certificate has expired"),
        ("a certificate that is not valid yet", alone(issued(&early, &root)), "the certificate is not valid yet"),
        (
            "a certificate for another name",
            alone(issued(&params("other.example"), &root)),
            "the certificate is for another name",
        ),
        ("a self-signed certificate", alone(self_signed(&params("localhost"))), "the certificate is self-signed"),
        (
            "a certificate that signs itself as an authority",
            alone(self_signed(&own_authority)),
            "the certificate is self-signed",
        ),
        (
            "no intermediate certificate",
            alone(issued(&params("localhost"), &other)),
            "the issuer of the certificate is unknown",
        ),
        (
            "a certificate of a private authority",
            (vec![unknown, other.der().clone()], unknown_key),
            "the certificate authority is not trusted by Mozilla",
        ),
    ];
    let chain = |(name, (certificates, key), fault)| Chain { name, certificates, key, fault, root: root.der().clone() };
    rows.into_iter().map(chain).collect()
}

#[tokio::test]
async fn names_every_fault_of_a_certificate() {
    for chain in faulty_chains() {
        let diagnosis = chain.examine().await;
        assert!(observed(&diagnosis).contains(chain.fault), "{}: {diagnosis}", chain.name);
    }
}

/// Examines a port that answers TLS with plain HTTP.
pub(crate) async fn examine_port_without_tls() -> Diagnosis {
    let plain = |mut stream: TcpStream| async move { stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await };
    examine(listen(pending(), plain).await, authority("trusted").der()).await
}

#[tokio::test]
async fn reports_a_port_without_tls() {
    let diagnosis = examine_port_without_tls().await;
    assert!(observed(&diagnosis).contains("does not speak TLS"), "{diagnosis}");
}
