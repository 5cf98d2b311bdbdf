//! Connecting and reconnecting.

use std::time::{Duration, Instant};

use birdhook_engines_proof::servers;
use birdhook_pipeline::{EventSink, SinkError};
use birdhook_redis::{ConnectError, GroupSettings, Redis, Weakness};

use crate::redis::bed::{Bed, STREAM, all_taken, next, posts, take};

async fn why(url: &str) -> String {
    let error = Redis::connect(url).await.unwrap_err();
    let said = format!("{error:?} {error}");
    assert!(!said.contains("open-sesame") && !said.contains("aladdin"), "{said}");
    error.to_string()
}

#[tokio::test]
async fn why_there_is_no_connection_is_said_in_a_sentence_without_credentials() {
    let locked = servers::Redis::start_with(&["--requirepass", "swordfish"]);
    let at = format!("127.0.0.1:{}", locked.port());
    let denied = format!("Redis at {at} wants another user or password");
    assert_eq!(why(&format!("redis://:open-sesame@{at}/")).await, denied);
    assert_eq!(why(&format!("redis://aladdin:open-sesame@{at}/")).await, denied);
    assert_eq!(why(&format!("redis://{at}/")).await, denied);
    Redis::connect(&format!("redis://:swordfish@{at}/")).await.unwrap();
    assert_eq!(why(&format!("redis://:swordfish@{at}/99")).await, format!("Redis at {at} refuses the connection"));

    let nobody = format!("127.0.0.1:{}", servers::free_port());
    assert_eq!(
        why(&format!("redis://aladdin:open-sesame@{nobody}/")).await,
        format!("no answer from Redis at {nobody}")
    );
    for wrong in
        ["", "127.0.0.1", "http://aladdin:open-sesame@127.0.0.1/", "redis://aladdin:open-sesame@/", "redis://h/x"]
    {
        assert_eq!(why(wrong).await, ConnectError::Url.to_string(), "{wrong}");
    }

    let redis = Redis::connect(&format!("redis://:swordfish@{at}/")).await.unwrap();
    assert!(!format!("{redis:?} {:?}", redis.sink(STREAM)).contains("swordfish"));
}

#[tokio::test]
async fn a_server_that_hangs_is_an_error_before_x_has_lost_patience() {
    let bed = Bed::new().await;
    let sink = bed.redis.sink(STREAM);
    bed.server.pause();
    let start = Instant::now();
    assert!(matches!(sink.deliver(posts(1, 1).remove(0)).await, Err(SinkError::Failed(_))));
    assert!(matches!(Redis::connect(&bed.server.url()).await, Err(ConnectError::Unreachable { .. })));
    assert!(start.elapsed() < Duration::from_millis(2 * 2_500), "{:?}", start.elapsed());
    bed.server.resume();
    all_taken(&sink, &posts(1, 3)).await;
    assert_eq!(bed.len().await, 3, "what hung was appended perhaps, and is not again");
}

#[tokio::test]
async fn a_server_that_is_started_again_is_found_by_the_first_call() {
    let mut bed = Bed::new().await;
    let sink = bed.redis.sink(STREAM);
    for seed in 0..3 {
        all_taken(&sink, &posts(seed, 1)).await;
        bed.server.restart();
    }
    all_taken(&sink, &posts(3, 1)).await;
    assert_eq!(bed.len().await, 4);
}

#[tokio::test]
async fn who_was_once_not_let_in_is_let_in_later() {
    let locked = servers::Redis::start_with(&["--requirepass", "swordfish"]);
    let url = format!("redis://:swordfish@127.0.0.1:{}/", locked.port());
    let redis = Redis::connect(&url).await.unwrap();
    let sink = redis.sink(STREAM);
    let client = redis::Client::open(url).unwrap();
    let mut own = client.get_multiplexed_async_connection().await.unwrap();
    let mut tell = async |line: &str| {
        let mut words = line.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        words.for_each(|word| _ = command.arg(word));
        command.exec_async(&mut own).await.unwrap();
    };
    tell("CONFIG SET requirepass other").await;
    tell("CLIENT KILL TYPE normal SKIPME yes").await;
    for _ in 0..3 {
        assert!(matches!(sink.deliver(posts(1, 1).remove(0)).await, Err(SinkError::Failed(_))));
    }
    tell("CONFIG SET requirepass swordfish").await;
    all_taken(&sink, &posts(1, 1)).await;
}

#[tokio::test]
async fn what_may_cost_events_is_told_if_the_server_tells_it() {
    let bed = Bed::with(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]).await;
    assert_eq!(bed.redis.weaknesses().await, [Weakness::Evicts("allkeys-lru".to_owned())]);
    bed.tell(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
    assert_eq!(bed.redis.weaknesses().await, []);
    bed.tell(&["CONFIG", "SET", "appendonly", "no"]).await;
    assert_eq!(bed.redis.weaknesses().await, [Weakness::NotOnDisk]);
    bed.tell(&["ACL", "SETUSER", "default", "-info"]).await;
    assert_eq!(bed.redis.weaknesses().await, []);
}

#[tokio::test]
async fn a_user_needs_no_more_than_the_documentation_says() {
    let bed = Bed::new().await;
    for (user, may) in [
        ("writer", "+ping +info +evalsha +script|load +exists +set +xlen +xadd"),
        ("reader", "+ping +info +evalsha +script|load +exists +time +@stream +@sortedset"),
    ] {
        let rights: Vec<_> = ["ACL", "SETUSER", user, "on", "nopass", "~*"].into_iter().chain(may.split(' ')).collect();
        bed.tell(&rights).await;
    }
    let login = |user| bed.server.url().replace("redis://", &format!("redis://{user}:any@"));
    let writer = Redis::connect(&login("writer")).await.unwrap();
    all_taken(&writer.sink(STREAM), &posts(1, 4)).await;
    let reader = Redis::connect(&login("reader")).await.unwrap();
    let settings = GroupSettings::new(STREAM, "app").claim_after(Duration::from_millis(100));
    next(&mut reader.group(settings.clone()).await.unwrap()).await.ack().await.unwrap();
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
    let bed = Bed::new().await;
    let redis = Redis::connect(&format!("{}?protocol=resp3", bed.server.url())).await.unwrap();
    all_taken(&redis.sink(STREAM), &posts(1, 3)).await;
    let settings = GroupSettings::new(STREAM, "app").claim_after(Duration::from_millis(100));
    let mut group = redis.group(settings).await.unwrap();
    next(&mut group).await.nack(Duration::from_millis(200)).await.unwrap();
    drop(next(&mut group).await);
    let mut tries = Vec::new();
    for _ in 0..3 {
        let message = next(&mut group).await;
        tries.push(message.attempts());
        message.ack().await.unwrap();
    }
    assert_eq!(tries, [1, 2, 2]);
    assert_eq!((bed.len().await, bed.pending("app").await), (0, 0));
}
