//! Consuming across failures of the server and the stream.

use birdhook_redis::ReadError;
use futures_util::StreamExt;

use crate::fixture::{deliver_posts, next, nothing, posts, reports, take};
use crate::redis::fixture::{Engine, STREAM};

#[tokio::test]
async fn what_somebody_deleted_is_no_longer_pending() {
    let engine = Engine::new().await;
    deliver_posts(&engine.redis.sink(STREAM), 1, 3).await;
    let mut gone = engine.group(100).await;
    let id = next(&mut gone).await.id().to_owned();
    drop(gone);
    engine.run(&["XDEL", STREAM, &id]).await;
    let mut group = engine.group(100).await;
    take(&mut group, 2).await;
    nothing(&mut group, 300).await;
    assert_eq!((engine.len().await, engine.pending("app").await), (0, 0));
}

#[tokio::test]
async fn a_stream_that_somebody_deleted_is_made_again() {
    let engine = Engine::new().await;
    let (sink, mut group) = (engine.redis.sink(STREAM), engine.group(60_000).await);
    deliver_posts(&sink, 1, 2).await;
    let held = next(&mut group).await;
    take(&mut group, 1).await;
    for (seed, words) in [(2, &["DEL", STREAM][..]), (3, &["FLUSHALL"])] {
        // Reads first, so that a blocked read may be in progress when the stream is deleted.
        nothing(&mut group, 20).await;
        engine.run(words).await;
        deliver_posts(&sink, seed, 1).await;
        assert_eq!(take(&mut group, 1).await, reports(&posts(seed, 1)));
    }
    engine.run(&["DEL", STREAM]).await;
    held.ack_durable().await.unwrap();
}

/// The first call after a restart may fail, because the old connection is closed.
#[tokio::test]
async fn a_group_is_a_stream_that_outlives_the_server() {
    let mut engine = Engine::new().await;
    let (sink, mut group) = (engine.redis.sink(STREAM), engine.group(60_000).await);
    deliver_posts(&sink, 1, 1).await;
    group.next().await.unwrap().unwrap().ack_durable().await.unwrap();
    engine.server.kill();
    for _ in 0..2 {
        assert!(matches!(group.next().await, Some(Err(ReadError::Unavailable(_)))));
    }
    engine.server.restart();
    deliver_posts(&sink, 2, 1).await;
    loop {
        if let Ok(message) = group.next().await.unwrap() {
            break message.ack_durable().await.unwrap();
        }
    }
}

#[tokio::test]
async fn events_are_fetched_and_acknowledged_together() {
    const EVENTS: usize = 600;
    let engine = Engine::new().await;
    let posts = deliver_posts(&engine.redis.sink(STREAM), 1, EVENTS).await;
    let mut group = engine.group(60_000).await;
    engine.run(&["CONFIG", "RESETSTAT"]).await;
    assert_eq!(take(&mut group, EVENTS).await, reports(&posts));
    let statistics: String = engine.ask(&["INFO", "commandstats"]).await;
    let calls = statistics.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap();
    let calls: usize = calls.split(',').next().unwrap().parse().unwrap();
    assert!(calls < EVENTS / 4, "{calls} calls");
}
