//! Servers that are missing or misconfigured.

use birdhook_nats::{
    ApiError, ConnectError, ConsumerError, ConsumerSettings, EnsureStreamError, JetStream, PublishFailure,
};
use birdhook_pipeline::EventSink;
use birdhook_test_harness::servers::Kind;

use crate::fixture::posts;
use crate::nats::fixture::{small, why};

#[tokio::test]
async fn credentials_are_used_and_in_no_error() {
    let server = Kind::Nats.start_with(&["--user", "jack", "--pass", "s3cret"]);
    let url = |credentials: &str| format!("nats://{credentials}127.0.0.1:{}", server.port());
    assert!(JetStream::connect(&url("jack:s3cret@")).await.unwrap().is_connected());
    for credentials in ["", "jack:wr0ng@", "wr0ng@"] {
        let error = JetStream::connect(&url(credentials)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Credentials(_)), "{error}");
        assert!(!format!("{error} {error:?}").contains("wr0ng"), "{error:?}");
    }
    let server = Kind::Nats.start_with(&["--auth", "t0ken"]);
    JetStream::connect(&format!("nats://t0ken@127.0.0.1:{}", server.port())).await.unwrap();
}

#[tokio::test]
async fn one_of_several_servers_is_enough() {
    let mut server = Kind::Nats.start();
    let urls = format!("nats://127.0.0.1:1, {}", server.url());
    JetStream::connect(&urls).await.unwrap();
    server.stop();
    let error = JetStream::connect(&urls).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }) && error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_server_without_jetstream_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, "").unwrap();
    let server = Kind::Nats.start_with(&["-c", config.to_str().unwrap(), "-js=false"]);
    let jetstream = JetStream::connect(&server.url()).await.unwrap();
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
    let server = Kind::Nats.start_with(&["-c", config.to_str().unwrap()]);
    let jetstream = JetStream::connect(&format!("nats://a:b@127.0.0.1:{}", server.port())).await.unwrap();
    let error = jetstream.ensure_stream(&small()).await.unwrap_err();
    assert!(matches!(error, EnsureStreamError::Api(ApiError::NotEnabledForAccount)), "{error}");
}
