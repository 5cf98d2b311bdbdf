//! Redis over TLS, with generated certificates.

use std::fs;

use birdhook_test_harness::servers::{Kind, Server, free_port};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

/// A server that accepts TLS on its own port, as `localhost`.
#[derive(Debug)]
pub struct Encrypted {
    pub server: Server,
    port: u16,
    /// The PEM of the certificate authority that issued its certificate.
    pub root: String,
    /// A folder with the PEM in the file `root`.
    pub folder: TempDir,
}

/// Returns a new certificate authority, which no client trusts.
pub fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    valid_today(&mut params);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn valid_today(params: &mut CertificateParams) {
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - Duration::days(1), now + Duration::days(1));
}

impl Encrypted {
    /// # Panics
    /// Panics if `redis-server` is not installed, or has no TLS support.
    pub fn start() -> Self {
        let (authority, key) = (authority(), KeyPair::generate().unwrap());
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        valid_today(&mut params);
        let certificate = params.signed_by(&key, &authority).unwrap();
        let (folder, port, root) = (tempfile::tempdir().unwrap(), free_port(), authority.pem());
        let write = |name: &str, pem: &str| {
            let path = folder.path().join(name);
            fs::write(&path, pem).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let files =
            [write("certificate", &certificate.pem()), write("key", &key.serialize_pem()), write("root", &root)];
        let port_text = port.to_string();
        let more = [
            ["--tls-port", &port_text],
            ["--tls-cert-file", &files[0]],
            ["--tls-key-file", &files[1]],
            ["--tls-ca-cert-file", &files[2]],
            ["--tls-auth-clients", "no"],
            ["--requirepass", "open-sesame"],
        ];
        let server = Kind::Redis.start_with(&more.concat());
        Self { server, port, root, folder }
    }

    /// Returns the URL with this host name and the password.
    pub fn url(&self, host: &str) -> String {
        format!("rediss://:open-sesame@{host}:{}/", self.port)
    }
}
