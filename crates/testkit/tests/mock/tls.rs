//! A receiver behind TLS whose certificate is replaced.

use std::sync::{Arc, Mutex};

use birdhook_core::EventKind;
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{ChallengeFailure, Refusal};
use rcgen::{CertificateParams, CertifiedKey, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use time::{Duration, OffsetDateTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::mock::world::{USER, World, with_url};

fn certificate() -> CertifiedKey<KeyPair> {
    let signing_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - Duration::days(1), now + Duration::days(1));
    CertifiedKey { cert: params.self_signed(&signing_key).unwrap(), signing_key }
}

fn acceptor(certificate: &CertifiedKey<KeyPair>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
    let chain = vec![certificate.cert.der().clone()];
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()))
}

/// A TLS proxy in front of the receiver.
#[derive(Clone)]
struct Front {
    acceptor: Arc<Mutex<TlsAcceptor>>,
    connections: Arc<Mutex<JoinSet<()>>>,
}

impl Front {
    async fn start(certificate: &CertifiedKey<KeyPair>, behind: &str) -> (Self, String) {
        let front = Self { acceptor: Arc::new(Mutex::new(acceptor(certificate))), connections: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/hooks", listener.local_addr().unwrap().port());
        let behind = behind.trim_start_matches("http://").trim_end_matches("/hooks").to_owned();
        let this = front.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, behind) = (this.acceptor.lock().unwrap().clone(), behind.clone());
                this.connections.lock().unwrap().spawn(async move {
                    let Ok(mut outer) = acceptor.accept(stream).await else { return };
                    let mut inner = TcpStream::connect(behind).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
                });
            }
        });
        (front, url)
    }

    /// Uses this certificate from now on, and closes the connections made with the old one.
    async fn replace(&self, certificate: &CertifiedKey<KeyPair>) {
        *self.acceptor.lock().unwrap() = acceptor(certificate);
        let mut old = std::mem::take(&mut *self.connections.lock().unwrap());
        old.shutdown().await;
    }
}

#[tokio::test]
async fn an_invalid_certificate_is_rejected_and_invalidates_at_once() {
    let (good, bad) = (certificate(), certificate());
    let world = World::with(|settings| settings.trusted_certificates = vec![good.cert.der().to_vec()]).await;
    let (front, url) = Front::start(&bad, &world.receiver.url).await;
    let refusal = world.x.register(&url).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Challenge(ChallengeFailure::Tls(_))), "{refusal:?}");
    let reply = world.call("POST", &with_url("/1.1/account_activity/webhooks", &url), world.owner(), "").await;
    assert_eq!(reply.error(), (403, 214, "Webhook URL does not meet the requirements."));

    front.replace(&good).await;
    let webhook = world.x.register(&url).await.unwrap();
    world.x.subscribe(&webhook, USER).unwrap();
    world.x.emit(MockEventKind::Like, USER);
    world.x.ledger().expect(EventKind::Liked).await.unwrap();

    front.replace(&bad).await;
    world.x.revalidate(&webhook).await.unwrap_err();
    assert!(!world.x.webhooks()[0].valid, "at once");
    front.replace(&good).await;
    world.x.revalidate(&webhook).await.unwrap();
    assert!(world.x.webhooks()[0].valid);
}

#[tokio::test]
async fn a_server_without_tls_counts_as_an_invalid_certificate() {
    let world = World::new().await;
    let url = world.receiver.url.replace("http://", "https://");
    let refusal = world.x.register(&url).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Challenge(ChallengeFailure::Tls(_))), "{refusal:?}");
}
