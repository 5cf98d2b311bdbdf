//! Connecting and reconnecting, also over TLS.

use std::error::Error;
use std::time::{Duration, Instant};

use birdhook_engines_proof::encrypted::{Encrypted, authority};
use birdhook_pipeline::{EventSink, SinkError};
use birdhook_redis::{ConnectError, GroupSettings, Redis, Weakness};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::servers::{Kind, free_port};

use crate::fixture::{deliver_posts, next, posts, take};
use crate::redis::fixture::{Engine, STREAM};

#[tokio::test]
async fn why_there_is_no_connection_is_said_in_a_sentence_without_credentials() {
    let locked = Kind::Redis.start_with(&["--requirepass", "swordfish"]);
    let (at, nobody) = (format!("127.0.0.1:{}", locked.port()), format!("127.0.0.1:{}", free_port()));
    let denied = format!("Redis at {at} does not accept these credentials: check the user and the password");
    let mut cases = vec![
        (format!("redis://:open-sesame@{at}/"), denied.clone()),
        (format!("redis://aladdin:open-sesame@{at}/"), denied.clone()),
        (format!("redis://{at}/"), denied),
        (format!("redis://:swordfish@{at}/99"), format!("Redis at {at} refused the connection")),
        (format!("redis://aladdin:open-sesame@{nobody}/"), format!("no answer from Redis at {nobody}")),
    ];
    let invalid =
        ["", "127.0.0.1", "http://aladdin:open-sesame@127.0.0.1/", "redis://aladdin:open-sesame@/", "redis://h/x"];
    cases.extend(invalid.map(|url| (url.to_owned(), ConnectError::Url.to_string())));
    for (url, expected) in cases {
        let error = Redis::connect(&url).await.unwrap_err();
        assert_eq!(error.to_string(), expected, "{url}");
        let said = format!("{error:?} {error}");
        assert!(!said.contains("open-sesame") && !said.contains("aladdin"), "{said}");
    }
    let redis = Redis::connect(&format!("redis://:swordfish@{at}/")).await.unwrap();
    assert!(!format!("{redis:?} {:?}", redis.sink(STREAM)).contains("swordfish"));
}

#[tokio::test]
async fn a_server_that_hangs_is_an_error_before_x_has_lost_patience() {
    let engine = Engine::new().await;
    let sink = engine.redis.sink(STREAM);
    engine.server.pause();
    let start = Instant::now();
    assert!(matches!(sink.deliver(posts(1, 1).remove(0)).await, Err(SinkError::Failed(_))));
    assert!(matches!(Redis::connect(&engine.server.url()).await, Err(ConnectError::Unreachable { .. })));
    assert!(start.elapsed() < Duration::from_millis(2 * 2_500), "{:?}", start.elapsed());
    engine.server.resume();
    deliver_posts(&sink, 1, 3).await;
    assert_eq!(engine.len().await, 3, "what hung was appended perhaps, and is not again");
}

#[tokio::test]
async fn who_was_once_not_let_in_is_let_in_later() {
    let locked = Kind::Redis.start_with(&["--requirepass", "swordfish"]);
    let url = format!("redis://:swordfish@127.0.0.1:{}/", locked.port());
    let redis = Redis::connect(&url).await.unwrap();
    let sink = redis.sink(STREAM);
    let client = redis::Client::open(url).unwrap();
    let mut own = client.get_multiplexed_async_connection().await.unwrap();
    let mut tell = async |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        redis::cmd(words[0]).arg(&words[1..]).exec_async(&mut own).await.unwrap();
    };
    tell("CONFIG SET requirepass other").await;
    tell("CLIENT KILL TYPE normal SKIPME yes").await;
    for _ in 0..3 {
        assert!(matches!(sink.deliver(posts(1, 1).remove(0)).await, Err(SinkError::Failed(_))));
    }
    tell("CONFIG SET requirepass swordfish").await;
    deliver_posts(&sink, 1, 1).await;
}

#[tokio::test]
async fn what_may_cost_events_is_told_if_the_server_tells_it() {
    let engine = Engine::with(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]).await;
    assert_eq!(engine.redis.weaknesses().await, [Weakness::Evicts("allkeys-lru".to_owned())]);
    engine.run(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
    assert_eq!(engine.redis.weaknesses().await, []);
    engine.run(&["CONFIG", "SET", "appendonly", "no"]).await;
    assert_eq!(engine.redis.weaknesses().await, [Weakness::NotOnDisk]);
    engine.run(&["ACL", "SETUSER", "default", "-info"]).await;
    assert_eq!(engine.redis.weaknesses().await, []);
}

#[tokio::test]
async fn a_user_needs_no_more_than_the_documentation_says() {
    let engine = Engine::new().await;
    for (user, may) in [
        ("writer", "+ping +info +evalsha +script|load +exists +set +xlen +xadd"),
        ("reader", "+ping +info +evalsha +script|load +exists +time +@stream +@sortedset"),
    ] {
        let rights: Vec<_> = ["ACL", "SETUSER", user, "on", "nopass", "~*"].into_iter().chain(may.split(' ')).collect();
        engine.run(&rights).await;
    }
    let login = |user| engine.server.url().replace("redis://", &format!("redis://{user}:any@"));
    let writer = Redis::connect(&login("writer")).await.unwrap();
    deliver_posts(&writer.sink(STREAM), 1, 4).await;
    let reader = Redis::connect(&login("reader")).await.unwrap();
    let settings = GroupSettings::new(STREAM, "app").claim_after(Duration::from_millis(100));
    next(&mut reader.group(settings.clone()).await.unwrap()).await.ack_durable().await.unwrap();
    let mut group = reader.group(settings).await.unwrap();
    let message = next(&mut group).await;
    message.extend().await.unwrap();
    message.nack(Duration::ZERO).await.unwrap();
    next(&mut group).await.reject().await.unwrap();
    take(&mut group, 2).await;
    assert!(
        matches!(writer.group(GroupSettings::new(STREAM, "app")).await, Err(error) if error.code() == Some("NOPERM"))
    );
}

#[tokio::test]
async fn both_versions_of_the_protocol_are_spoken() {
    let engine = Engine::new().await;
    let redis = Redis::connect(&format!("{}?protocol=resp3", engine.server.url())).await.unwrap();
    deliver_posts(&redis.sink(STREAM), 1, 3).await;
    let settings = GroupSettings::new(STREAM, "app").claim_after(Duration::from_millis(100));
    let mut group = redis.group(settings).await.unwrap();
    next(&mut group).await.nack(Duration::from_millis(200)).await.unwrap();
    drop(next(&mut group).await);
    let mut tries = Vec::new();
    for _ in 0..3 {
        let message = next(&mut group).await;
        tries.push(message.attempts());
        message.ack_durable().await.unwrap();
    }
    assert_eq!(tries, [1, 2, 2]);
    assert_eq!((engine.len().await, engine.pending("app").await), (0, 0));
}

#[tokio::test]
async fn events_go_in_and_out_over_tls_and_after_a_restart() {
    let mut encrypted = Encrypted::start();
    let redis = Redis::connect_with_roots(&encrypted.url("localhost"), encrypted.root.as_bytes()).await.unwrap();
    let sink = redis.sink(STREAM);
    deliver_posts(&sink, 1, 3).await;
    encrypted.server.restart();
    for delivery in posts(2, 2) {
        // The first call after the restart may still use the old connection.
        let start = Instant::now();
        while let Err(error) = sink.deliver(delivery.clone()).await {
            assert!(start.elapsed() < TIMEOUT, "{error:?}");
        }
    }
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
        (unencrypted, Some(&right), "does not use TLS"),
        (encrypted.url("localhost"), Some(&"no PEM".to_owned()), "contain no valid certificate"),
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
