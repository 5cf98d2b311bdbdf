//! The entries of a stream after a 200, and streams and servers that are full.

use std::collections::HashMap;

use birdhook_core::codec::Format;
use birdhook_pipeline::{EventSink, SinkError};
use birdhook_redis::{GroupSettings, Redis};

use crate::fixture::{batch, deliver, deliver_all, deliver_posts, next, posts, report, reports, take};
use crate::redis::fixture::{Engine, STREAM};

#[tokio::test]
async fn an_entry_has_the_facts_as_fields() {
    let engine = Engine::new().await;
    let delivery = posts(1, 1).remove(0);
    deliver_all(&engine.redis.sink(STREAM).format(Format::CloudEvents), std::slice::from_ref(&delivery)).await;
    let entries: Vec<(String, HashMap<String, String>)> = engine.ask(&["XRANGE", STREAM, "-", "+"]).await;
    let [(_, fields)] = &entries[..] else { panic!("{entries:?}") };
    let event = &delivery.events()[0];
    let message = Format::CloudEvents.write(event);
    let mut expected: HashMap<_, _> =
        message.attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    expected.insert("payload".to_owned(), String::from_utf8(message.payload.to_vec()).unwrap());
    assert_eq!(*fields, expected);
}

#[tokio::test]
async fn of_a_delivery_only_what_is_new_is_appended() {
    let engine = Engine::new().await;
    let sink = engine.redis.sink(STREAM);
    let (all, alone) = batch(4, 5);
    deliver_all(&sink, &[alone[1].clone(), alone[3].clone()]).await;
    deliver_all(&sink, &[all.clone(), all.clone()]).await;
    let expected: Vec<_> = [1, 3, 0, 2, 4].iter().map(|&at| report(&all.events()[at])).collect();
    assert_eq!(take(&mut engine.group(60_000).await, 5).await, expected);
    assert_eq!(engine.len().await, 0);
    deliver_all(&sink, &[all]).await;
    assert_eq!(engine.len().await, 0, "what was consumed is known all the same");
}

/// They are appended by several calls. A stream that is nearly full takes all of them still.
#[tokio::test]
async fn a_delivery_of_many_events_is_appended_whole_and_in_order() {
    let engine = Engine::new().await;
    let sink = engine.redis.sink(STREAM).limit(1);
    let (all, alone) = batch(7, 300);
    sink.deliver(alone[200].clone()).await.unwrap();
    assert!(matches!(sink.deliver(all.clone()).await, Err(SinkError::Full)), "the stream is full");
    take(&mut engine.group(60_000).await, 1).await;
    deliver_all(&sink, &[all.clone(), all.clone()]).await;
    let mut expected = reports(std::slice::from_ref(&all));
    expected.remove(200);
    assert_eq!(take(&mut engine.group(60_000).await, 299).await, expected);
}

#[tokio::test]
async fn a_mark_lives_for_the_horizon() {
    let engine = Engine::new().await;
    let sink = engine.redis.sink(STREAM).horizon(std::time::Duration::from_secs(7_000));
    let delivery = posts(6, 1).remove(0);
    deliver_all(&sink, std::slice::from_ref(&delivery)).await;
    let mark = format!("{{{STREAM}}}:seen:{}", delivery.events()[0].delivery_key());
    let left: u64 = engine.ask(&["PTTL", &mark]).await;
    assert!((6_900_000..=7_000_000).contains(&left), "{left}");
    let never = engine.redis.sink("other").horizon(std::time::Duration::MAX);
    deliver_all(&never, &[delivery]).await;
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_told_again() {
    let engine = Engine::new().await;
    let (sink, mut group) = (engine.redis.sink(STREAM), engine.group(60_000).await);
    for seed in 0..3 {
        deliver_posts(&sink, seed, 1).await;
        engine.run(&["SCRIPT", "FLUSH"]).await;
        take(&mut group, 1).await;
        engine.run(&["SCRIPT", "FLUSH"]).await;
    }
    assert_eq!(engine.len().await, 0);
}

/// A cluster node with all slots still rejects a script that touches two slots.
#[tokio::test]
async fn any_name_of_a_stream_works_and_with_braces_on_a_cluster_too() {
    let cluster = Engine::with(&["--cluster-enabled", "yes"]).await;
    cluster.run(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
    while !cluster.ask::<String>(&["CLUSTER", "INFO"]).await.contains("cluster_state:ok") {
        tokio::task::yield_now().await;
    }
    let single = Engine::new().await;
    let names = ["events", "{s}", "s", "{s}:a", "a{b", "x{y}{z}", "a b é"];
    for (engine, names) in [(&cluster, &names[..]), (&single, &[&names[..], &["a}b", "{}a", "}"]].concat())] {
        for name in names {
            let sink = engine.redis.sink(*name);
            deliver_posts(&sink, 1, 3).await;
            deliver_posts(&sink, 1, 3).await;
            let mut group = engine.group_of(GroupSettings::new(*name, "g{x}")).await;
            next(&mut group).await.ack_durable().await.unwrap();
            next(&mut group).await.nack(std::time::Duration::ZERO).await.unwrap();
            next(&mut group).await.reject().await.unwrap();
            let again = next(&mut group).await;
            assert_eq!(again.attempts(), 2);
            again.ack_durable().await.unwrap();
            assert_eq!(engine.ask::<usize>(&["XLEN", name]).await, 0, "{name}");
            let dead = group.dead_letters().to_owned();
            assert_eq!(engine.ask::<usize>(&["XLEN", &dead]).await, 1, "{dead}");
        }
    }
}

/// The server stops the script at a command that the user may not run.
#[tokio::test]
async fn a_script_that_ends_half_way_leaves_no_mark_without_its_event() {
    let engine = Engine::new().await;
    let delivery = posts(1, 1);
    engine.run(&["ACL", "SETUSER", "half", "on", "nopass", "~*", "+@all", "-set"]).await;
    let url = engine.server.url().replace("redis://", "redis://half:any@");
    let half = Redis::connect(&url).await.unwrap().sink(STREAM);
    half.deliver(delivery[0].clone()).await.unwrap_err();
    assert_eq!((engine.len().await, engine.marks().await), (1, 0), "appended, and not marked");

    engine.run(&["ACL", "SETUSER", "half", "+set", "-xadd"]).await;
    engine.run(&["DEL", STREAM]).await;
    half.deliver(delivery[0].clone()).await.unwrap_err();
    assert_eq!((engine.len().await, engine.marks().await), (0, 0), "neither");

    engine.run(&["ACL", "SETUSER", "half", "+xadd"]).await;
    deliver_all(&half, &delivery).await;
    assert_eq!((engine.len().await, engine.marks().await), (1, 1));
    assert_eq!(take(&mut engine.group(60_000).await, 1).await, reports(&delivery));
}

fn full(answers: &[Result<(), SinkError>]) -> usize {
    answers.iter().filter(|answer| matches!(answer, Err(SinkError::Full))).count()
}

#[tokio::test]
async fn a_full_stream_refuses_what_is_new_until_something_was_acknowledged() {
    let engine = Engine::new().await;
    let sink = engine.redis.sink(STREAM).limit(3);
    let posts = posts(1, 6);
    let answers = deliver(&sink, &posts).await;
    assert_eq!(full(&answers), 3);
    assert!(answers[..3].iter().all(Result::is_ok));
    deliver_all(&sink, &posts[..3]).await;
    assert_eq!(
        (engine.len().await, engine.marks().await),
        (3, 3),
        "nothing was cut off, and what was refused left nothing"
    );
    let mut group = engine.group(60_000).await;
    let held = next(&mut group).await;
    assert_eq!(full(&deliver(&sink, &posts).await), 3, "handed out is not acknowledged");
    held.ack_durable().await.unwrap();
    assert_eq!(full(&deliver(&sink, &posts).await), 2);
    take(&mut group, 3).await;
    deliver_all(&sink, &posts).await;
    assert_eq!(take(&mut group, 2).await, reports(&posts[4..]));
}

#[tokio::test]
async fn all_of_a_delivery_or_nothing_is_refused() {
    let engine = Engine::new().await;
    let sink = engine.redis.sink(STREAM).limit(3);
    let (all, alone) = batch(2, 5);
    deliver_all(&sink, &alone[..2]).await;
    deliver_all(&sink, &[all]).await;
    assert_eq!(engine.len().await, 5, "one delivery may go beyond");
    let (more, _) = batch(3, 5);
    assert_eq!(full(&deliver(&sink, &[more]).await), 1);
    assert_eq!((engine.len().await, engine.marks().await), (5, 5));
}

#[tokio::test]
async fn memory_that_is_full_is_a_refusal_and_nothing_is_lost() {
    let engine = Engine::new().await;
    let limit = engine.memory().await + 1_000_000;
    engine.run(&["CONFIG", "SET", "maxmemory", &limit.to_string()]).await;
    let (sink, mut group) = (engine.redis.sink(STREAM), engine.group_of(GroupSettings::new(STREAM, "app")).await);
    let posts = posts(3, 500);
    let answers = deliver(&sink, &posts).await;
    let refused = full(&answers);
    let answered = |is_ok| posts.iter().zip(&answers).filter(move |(_, answer)| answer.is_ok() == is_ok);
    let taken: Vec<_> = answered(true).map(|(post, _)| post.clone()).collect();
    assert_eq!(taken.len() + refused, posts.len(), "{answers:?}");
    assert!(refused > 50 && taken.len() > 50, "{refused} were refused");
    assert_eq!((engine.len().await, engine.marks().await), (taken.len(), taken.len()));

    assert_eq!(take(&mut group, taken.len()).await, reports(&taken));
    assert_eq!(engine.len().await, 0);
    let left: Vec<_> = answered(false).map(|(post, _)| post.clone()).take(50).collect();
    deliver_all(&sink, &left).await;
    assert_eq!(take(&mut group, left.len()).await, reports(&left));
}
