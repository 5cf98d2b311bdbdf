//! Consuming across failures of the server and the stream.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use birdhook_pipeline::EventSink;
use birdhook_redis::{GroupSettings, ReadError};
use futures_util::StreamExt;

use crate::fixture::{deliver_all, next, nothing, posts, reports, take};
use crate::redis::fixture::{Engine, STREAM};

#[tokio::test]
async fn what_somebody_deleted_is_no_longer_pending() {
    let engine = Engine::new().await;
    deliver_all(&engine.redis.sink(STREAM), &posts(1, 3)).await;
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
    deliver_all(&sink, &posts(1, 2)).await;
    let held = next(&mut group).await;
    take(&mut group, 1).await;
    for (seed, words) in [(2, &["DEL", STREAM][..]), (3, &["FLUSHALL"])] {
        // Reads first, so that a blocked read may be in progress when the stream is deleted.
        nothing(&mut group, 20).await;
        engine.run(words).await;
        deliver_all(&sink, &posts(seed, 1)).await;
        assert_eq!(take(&mut group, 1).await, reports(&posts(seed, 1)));
    }
    engine.run(&["DEL", STREAM]).await;
    held.ack().await.unwrap();
}

/// The first call after a restart may fail, because the old connection is closed.
#[tokio::test]
async fn a_group_is_a_stream_that_outlives_the_server() {
    let mut engine = Engine::new().await;
    let (sink, mut group) = (engine.redis.sink(STREAM), engine.group(60_000).await);
    deliver_all(&sink, &posts(1, 1)).await;
    group.next().await.unwrap().unwrap().ack().await.unwrap();
    engine.server.kill();
    for _ in 0..2 {
        assert!(matches!(group.next().await, Some(Err(ReadError::Unavailable(_)))));
    }
    engine.server.restart();
    deliver_all(&sink, &posts(2, 1)).await;
    loop {
        if let Ok(message) = group.next().await.unwrap() {
            break message.ack().await.unwrap();
        }
    }
}

/// Any call may fail before its reply arrives, on either side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_the_server_is_killed_all_is_consumed_and_nothing_is_appended_twice() {
    let seed = birdhook_test_harness::seed::seed();
    let mut engine = Engine::new().await;
    let posts = posts(seed, 600);
    let keys: HashSet<_> = posts.iter().map(|post| post.events()[0].delivery_key()).collect();
    let sink = engine.redis.sink(STREAM);
    let kills = Arc::new(AtomicU64::new(0));
    let killed = kills.clone();
    let publisher = tokio::spawn(async move {
        for (chunk, number) in posts.chunks(4).zip(0..) {
            // On a fast disk too, the server is killed while events are published.
            while killed.load(SeqCst) < number / 30 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            futures_util::future::join_all(chunk.iter().map(|post| async {
                while sink.deliver(post.clone()).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }))
            .await;
        }
    });
    let settings = GroupSettings::new(STREAM, "app").claim_after(Duration::from_millis(500));
    let mut consumers = Vec::new();
    let (send, mut received) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..2 {
        let (mut group, send) = (engine.group_of(settings.clone()).await, send.clone());
        consumers.push(tokio::spawn(async move {
            loop {
                let Ok(message) = group.recv().await else { continue };
                send.send((message.dedupe_key(), message.id().to_owned())).unwrap();
                let _ = message.ack().await;
            }
        }));
    }
    let (mut ids, mut rng) = (HashMap::<_, HashSet<String>>::new(), fastrand::Rng::with_seed(seed));
    while ids.len() < keys.len() {
        let wait = Duration::from_millis(rng.u64(20..120));
        let pause = tokio::time::sleep(wait);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                Some((key, id)) = received.recv() => {
                    ids.entry(key).or_default().insert(id);
                }
                () = &mut pause => break,
            }
        }
        if !publisher.is_finished() {
            engine.server.restart();
            kills.fetch_add(1, SeqCst);
        }
    }
    publisher.await.unwrap();
    assert!(ids.keys().all(|key| keys.contains(key)));
    assert!(ids.values().all(|ids| ids.len() == 1), "appended twice");
    while engine.len().await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    consumers.iter().for_each(tokio::task::JoinHandle::abort);
}
