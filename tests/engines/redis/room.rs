//! Streams and servers that are full.

use birdhook_pipeline::SinkError;
use birdhook_redis::GroupSettings;

use crate::redis::bed::{Bed, STREAM, all_taken, all_told, batch, deliver, next, posts, take};

fn full(answers: &[Result<(), SinkError>]) -> usize {
    answers.iter().filter(|answer| matches!(answer, Err(SinkError::Full))).count()
}

#[tokio::test]
async fn a_full_stream_refuses_what_is_new_until_something_was_acknowledged() {
    let bed = Bed::new().await;
    let sink = bed.redis.sink(STREAM).limit(3);
    let posts = posts(1, 6);
    let answers = deliver(&sink, &posts).await;
    assert_eq!(full(&answers), 3);
    assert!(answers[..3].iter().all(Result::is_ok));
    all_taken(&sink, &posts[..3]).await;
    assert_eq!((bed.len().await, bed.marks().await), (3, 3), "nothing was cut off, and what was refused left nothing");
    let mut group = bed.group(60_000).await;
    let held = next(&mut group).await;
    assert_eq!(full(&deliver(&sink, &posts).await), 3, "handed out is not acknowledged");
    held.ack().await.unwrap();
    assert_eq!(full(&deliver(&sink, &posts).await), 2);
    take(&mut group, 3).await;
    all_taken(&sink, &posts).await;
    assert_eq!(take(&mut group, 2).await, all_told(&posts[4..]));
}

#[tokio::test]
async fn all_of_a_delivery_or_nothing_is_refused() {
    let bed = Bed::new().await;
    let sink = bed.redis.sink(STREAM).limit(3);
    let (all, alone) = batch(2, 5);
    all_taken(&sink, &alone[..2]).await;
    all_taken(&sink, &[all]).await;
    assert_eq!(bed.len().await, 5, "one delivery may go beyond");
    let (more, _) = batch(3, 5);
    assert_eq!(full(&deliver(&sink, &[more]).await), 1);
    assert_eq!((bed.len().await, bed.marks().await), (5, 5));
}

#[tokio::test]
async fn memory_that_is_full_is_a_refusal_and_nothing_is_lost() {
    let bed = Bed::new().await;
    let memory: String = bed.ask(&["INFO", "memory"]).await;
    let used = memory.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    let limit = used.parse::<u64>().unwrap() + 1_000_000;
    bed.tell(&["CONFIG", "SET", "maxmemory", &limit.to_string()]).await;
    let (sink, mut group) = (bed.redis.sink(STREAM), bed.group_of(GroupSettings::new(STREAM, "app")).await);
    let posts = posts(3, 500);
    let answers = deliver(&sink, &posts).await;
    let refused = full(&answers);
    let taken: Vec<_> =
        posts.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(post, _)| post.clone()).collect();
    assert_eq!(taken.len() + refused, posts.len(), "{answers:?}");
    assert!(refused > 50 && taken.len() > 50, "{refused} were refused");
    assert_eq!((bed.len().await, bed.marks().await), (taken.len(), taken.len()));

    assert_eq!(take(&mut group, taken.len()).await, all_told(&taken));
    assert_eq!(bed.len().await, 0);
    let mut left: Vec<_> =
        posts.iter().zip(&answers).filter(|(_, answer)| answer.is_err()).map(|(post, _)| post.clone()).collect();
    left.truncate(50);
    all_taken(&sink, &left).await;
    assert_eq!(take(&mut group, left.len()).await, all_told(&left));
}
