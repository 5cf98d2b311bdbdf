//! Redis over TLS, with certificates that the test creates.

use std::error::Error;

use birdhook_engines_proof::encrypted::{Encrypted, authority};
use birdhook_redis::{ConnectError, GroupSettings, Redis};

use crate::redis::bed::{STREAM, all_taken, posts, take};

#[tokio::test]
async fn events_go_in_and_out_over_tls_and_after_a_restart() {
    let mut encrypted = Encrypted::start();
    let redis = Redis::connect_with_roots(&encrypted.url("localhost"), encrypted.root.as_bytes()).await.unwrap();
    let sink = redis.sink(STREAM);
    all_taken(&sink, &posts(1, 3)).await;
    encrypted.server.restart();
    all_taken(&sink, &posts(2, 2)).await;
    let mut group = redis.group(GroupSettings::new(STREAM, "app")).await.unwrap();
    assert_eq!(take(&mut group, 5).await.len(), 5);
}

/// Each case with the expected error, including its sources.
#[tokio::test]
async fn whom_it_cannot_trust_is_refused_and_no_error_tells_the_password() {
    let encrypted = Encrypted::start();
    let (right, other) = (encrypted.root.clone(), authority().pem());
    let plain = format!("rediss://:open-sesame@localhost:{}/", encrypted.server.port());
    let unencrypted = encrypted.url("localhost").replace("rediss", "redis");
    for (url, roots, expected) in [
        (encrypted.url("localhost"), None, "UnknownIssuer"),
        (encrypted.url("localhost"), Some(&other), "certificate"),
        (encrypted.url("127.0.0.1"), Some(&right), "not valid for name"),
        (plain, Some(&right), "no answer from Redis"),
        (unencrypted.clone(), None, "no answer from Redis"),
        (unencrypted, Some(&right), "asks for no TLS"),
        (encrypted.url("localhost"), Some(&"no PEM".to_owned()), "holds none"),
    ] {
        let connected = match roots {
            None => Redis::connect(&url).await,
            Some(roots) => Redis::connect_with_roots(&url, roots.as_bytes()).await,
        };
        let error: ConnectError = connected.unwrap_err();
        let mut said = format!("{error:?} {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            said += &format!(": {cause}");
            source = cause.source();
        }
        assert!(said.contains(expected) && !said.contains("open-sesame"), "{url}: {said}");
    }
}
