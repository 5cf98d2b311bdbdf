//! Servers that are missing or misconfigured.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use birdhook_engines_proof::PATIENCE;
use birdhook_engines_proof::servers::Nats;
use birdhook_nats::{
    ApiError, ConnectError, ConsumerError, ConsumerSettings, EnsureStreamError, JetStream, PublishFailure,
};
use birdhook_pipeline::EventSink;
use serde_json::Value;

use crate::nats::bed::*;

#[tokio::test]
async fn credentials_are_used_and_in_no_error() {
    let server = Nats::start_with(&["--user", "jack", "--pass", "s3cret"]);
    let url = |credentials: &str| format!("nats://{credentials}127.0.0.1:{}", server.port());
    assert!(JetStream::connect(&url("jack:s3cret@")).await.unwrap().is_connected());
    for credentials in ["", "jack:wr0ng@", "wr0ng@"] {
        let error = JetStream::connect(&url(credentials)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Credentials(_)), "{error}");
        assert!(!format!("{error} {error:?}").contains("wr0ng"), "{error:?}");
    }
    let server = Nats::start_with(&["--auth", "t0ken"]);
    JetStream::connect(&format!("nats://t0ken@127.0.0.1:{}", server.port())).await.unwrap();
}

#[tokio::test]
async fn one_of_several_servers_is_enough() {
    let mut server = Nats::start();
    let urls = format!("nats://127.0.0.1:1, {}", server.url());
    JetStream::connect(&urls).await.unwrap();
    server.stop();
    let error = JetStream::connect(&urls).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }) && error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_server_without_jetstream_is_told() {
    let server = WithoutJetStream::start();
    let jetstream = JetStream::connect(&server.url).await.unwrap();
    let error = jetstream.ensure_stream(&small()).await.unwrap_err();
    assert!(
        matches!(error, EnsureStreamError::Api(ApiError::NotEnabled)) && error.to_string().contains("-js"),
        "{error}"
    );
    let error = jetstream.consumer(&ConsumerSettings::new("app")).await.unwrap_err();
    assert!(matches!(error, ConsumerError::Api(ApiError::NotEnabled)), "{error}");
    let error = jetstream.sink().deliver(posts(51, 1).remove(0)).await.unwrap_err();
    assert!(matches!(why(&error), PublishFailure::NoStream(_)), "{:?}", why(&error));
}

#[tokio::test]
async fn an_account_without_jetstream_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, "accounts { A { users [ { user: a, password: b } ] } }").unwrap();
    let server = Nats::start_with(&["-c", config.to_str().unwrap()]);
    let jetstream = JetStream::connect(&format!("nats://a:b@127.0.0.1:{}", server.port())).await.unwrap();
    let error = jetstream.ensure_stream(&small()).await.unwrap_err();
    assert!(matches!(error, EnsureStreamError::Api(ApiError::NotEnabledForAccount)), "{error}");
}

struct WithoutJetStream {
    child: Child,
    url: String,
}

impl WithoutJetStream {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // `nats-server` may be in `/usr/sbin`, which a user's `PATH` often lacks.
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/local/sbin:/usr/sbin";
        let mut command = Command::new("nats-server");
        command.env("PATH", path);
        command.args(["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir"]).arg(folder.path());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut server = Self { child, url: String::new() };
        let start = Instant::now();
        while server.url.is_empty() {
            assert!(start.elapsed() < PATIENCE);
            let file = folder.path().read_dir().unwrap().next();
            let ports = file.and_then(|file| std::fs::read(file.unwrap().path()).ok());
            let ports = ports.and_then(|ports| serde_json::from_slice::<Value>(&ports).ok());
            server.url = ports.map_or_else(String::new, |ports| ports["nats"][0].as_str().unwrap().to_owned());
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }
}

impl Drop for WithoutJetStream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
