//! The entries of a stream after a 200.

use std::collections::HashMap;

use birdhook_core::codec::Format;
use birdhook_core::{Delivery, EventKey};
use birdhook_pipeline::{EventSink, Keys, SinkError};
use birdhook_redis::Redis;
use birdhook_testkit::{MockEventKind, PayloadGenerator};
use futures_util::future::join_all;

use crate::redis::bed::{Bed, STREAM, all_taken, all_told, batch, next, posts, take, told};

#[tokio::test]
async fn whatever_is_published_is_consumed_as_it_was_in_both_forms() {
    let bed = Bed::new().await;
    let mut scene = PayloadGenerator::new(7);
    let mut all = Vec::new();
    for &kind in MockEventKind::ALL {
        for &generation in kind.api_sources() {
            let body = scene.event(kind, "2001").reported_by(generation).unwrap();
            all.push(Delivery::restore("shop é \"1\"", body, 10).unwrap());
        }
    }
    all.push(batch(8, 5).0);
    all.push(Delivery::restore("shop", r#"{"something":"new","of":["x"]}"#, 10).unwrap());
    let events: Vec<_> = all.iter().flat_map(Delivery::events).collect();
    assert!(events.len() > 30, "{}", events.len());
    for format in [Format::Plain, Format::CloudEvents] {
        bed.tell(&["FLUSHALL"]).await;
        all_taken(&bed.redis.sink(STREAM).format(format), &all).await;
        let mut group = bed.group(60_000).await;
        for &event in &events {
            let message = next(&mut group).await;
            assert_eq!((told(&message), message.kind()), (told(event), event.kind()));
            assert_eq!((*message.key(), message.delivery_key()), (event.delivery_key(), event.delivery_key()));
            assert_eq!((message.raw().as_str(), message.attempts()), (event.raw().as_str(), 1));
            message.ack().await.unwrap();
        }
        assert_eq!((bed.len().await, bed.pending("app").await), (0, 0), "everything is given back");
    }
}

#[tokio::test]
async fn an_entry_has_the_facts_as_fields() {
    let bed = Bed::new().await;
    let delivery = posts(1, 1).remove(0);
    all_taken(&bed.redis.sink(STREAM).format(Format::CloudEvents), std::slice::from_ref(&delivery)).await;
    let entries: Vec<(String, HashMap<String, String>)> = bed.ask(&["XRANGE", STREAM, "-", "+"]).await;
    let [(_, fields)] = &entries[..] else { panic!("{entries:?}") };
    let event = &delivery.events()[0];
    let message = Format::CloudEvents.write(event, &event.delivery_key());
    let mut expected: HashMap<_, _> = message.facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    expected.insert("payload".to_owned(), String::from_utf8(message.payload.to_vec()).unwrap());
    assert_eq!(*fields, expected);
}

#[tokio::test]
async fn what_two_receivers_are_sent_at_once_is_there_once() {
    let bed = Bed::new().await;
    let other = Redis::connect(&bed.server.url()).await.unwrap();
    let sinks = [bed.redis.sink(STREAM), other.sink(STREAM)];
    let posts = posts(3, 200);
    let all = sinks.iter().flat_map(|sink| posts.iter().map(|post| sink.deliver(post.clone())));
    join_all(all).await.into_iter().for_each(|taken| taken.unwrap());
    assert_eq!(bed.len().await, 200);
    let mut told = take(&mut bed.group(60_000).await, 200).await;
    let mut expected = all_told(&posts);
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn of_a_delivery_only_what_is_new_is_appended() {
    let bed = Bed::new().await;
    let sink = bed.redis.sink(STREAM);
    let (all, alone) = batch(4, 5);
    all_taken(&sink, &[alone[1].clone(), alone[3].clone()]).await;
    all_taken(&sink, &[all.clone(), all.clone()]).await;
    let expected: Vec<_> = [1, 3, 0, 2, 4].iter().map(|&at| told(&all.events()[at])).collect();
    assert_eq!(take(&mut bed.group(60_000).await, 5).await, expected);
    assert_eq!(bed.len().await, 0);
    all_taken(&sink, &[all]).await;
    assert_eq!(bed.len().await, 0, "what was consumed is known all the same");
}

/// They are appended by several calls. A stream that is nearly full takes all of them still.
#[tokio::test]
async fn a_delivery_of_many_events_is_appended_whole_and_in_order() {
    let bed = Bed::new().await;
    let sink = bed.redis.sink(STREAM).limit(1);
    let (all, alone) = batch(7, 300);
    sink.deliver(alone[200].clone()).await.unwrap();
    assert!(matches!(sink.deliver(all.clone()).await, Err(SinkError::Full)), "the stream is full");
    take(&mut bed.group(60_000).await, 1).await;
    all_taken(&sink, &[all.clone(), all.clone()]).await;
    let mut expected = all_told(std::slice::from_ref(&all));
    expected.remove(200);
    assert_eq!(take(&mut bed.group(60_000).await, 299).await, expected);
}

#[tokio::test]
async fn the_keys_that_are_given_count() {
    let bed = Bed::new().await;
    let sink = bed.redis.sink(STREAM);
    let (all, _) = batch(5, 4);
    let keys: Vec<EventKey> = [1, 2, 1, 3].iter().map(|&byte| [byte; 32].into()).collect();
    sink.deliver_keyed(all.clone(), Keys::from(&keys[..])).await.unwrap();
    let mut group = bed.group(60_000).await;
    for at in [0, 1, 3] {
        let message = next(&mut group).await;
        assert_eq!((*message.key(), told(&message)), (keys[at], told(&all.events()[at])));
    }
    assert_eq!(bed.len().await, 3, "the same key twice in one delivery is one event");
}

#[tokio::test]
async fn keys_of_another_number_than_the_events_do_not_count() {
    let bed = Bed::new().await;
    let (all, _) = batch(5, 2);
    let keys: Vec<EventKey> = [1, 2, 3].iter().map(|&byte| [byte; 32].into()).collect();
    for keys in [&keys[..1], &keys] {
        bed.redis.sink(STREAM).deliver_keyed(all.clone(), Keys::from(keys)).await.unwrap();
    }
    assert_eq!(take(&mut bed.group(60_000).await, 2).await, all_told(std::slice::from_ref(&all)));
    assert_eq!(bed.len().await, 0);
}

#[tokio::test]
async fn a_mark_lives_for_the_horizon() {
    let bed = Bed::new().await;
    let sink = bed.redis.sink(STREAM).horizon(std::time::Duration::from_secs(7_000));
    let delivery = posts(6, 1).remove(0);
    all_taken(&sink, std::slice::from_ref(&delivery)).await;
    let mark = format!("{{{STREAM}}}:seen:{}", delivery.events()[0].delivery_key());
    let left: u64 = bed.ask(&["PTTL", &mark]).await;
    assert!((6_900_000..=7_000_000).contains(&left), "{left}");
    let never = bed.redis.sink("other").horizon(std::time::Duration::MAX);
    all_taken(&never, &[delivery]).await;
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_told_again() {
    let bed = Bed::new().await;
    let (sink, mut group) = (bed.redis.sink(STREAM), bed.group(60_000).await);
    for seed in 0..3 {
        all_taken(&sink, &posts(seed, 1)).await;
        bed.tell(&["SCRIPT", "FLUSH"]).await;
        take(&mut group, 1).await;
        bed.tell(&["SCRIPT", "FLUSH"]).await;
    }
    assert_eq!(bed.len().await, 0);
}

/// A cluster node with all slots still rejects a script that touches two slots.
#[tokio::test]
async fn any_name_of_a_stream_works_and_with_braces_on_a_cluster_too() {
    let cluster = Bed::with(&["--cluster-enabled", "yes"]).await;
    cluster.tell(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
    while !cluster.ask::<String>(&["CLUSTER", "INFO"]).await.contains("cluster_state:ok") {
        tokio::task::yield_now().await;
    }
    let single = Bed::new().await;
    let names = ["events", "{s}", "s", "{s}:a", "a{b", "x{y}{z}", "a b é"];
    for (bed, names) in [(&cluster, &names[..]), (&single, &[&names[..], &["a}b", "{}a", "}"]].concat())] {
        for name in names {
            let sink = bed.redis.sink(*name);
            all_taken(&sink, &posts(1, 3)).await;
            all_taken(&sink, &posts(1, 3)).await;
            let mut group = bed.group_of(birdhook_redis::GroupSettings::new(*name, "g{x}")).await;
            next(&mut group).await.ack().await.unwrap();
            next(&mut group).await.nack(std::time::Duration::ZERO).await.unwrap();
            next(&mut group).await.reject().await.unwrap();
            let again = next(&mut group).await;
            assert_eq!(again.attempts(), 2);
            again.ack().await.unwrap();
            assert_eq!(bed.ask::<usize>(&["XLEN", name]).await, 0, "{name}");
            let dead = group.dead_letters().to_owned();
            assert_eq!(bed.ask::<usize>(&["XLEN", &dead]).await, 1, "{dead}");
        }
    }
}

/// The server stops the script at a command that the user may not run.
#[tokio::test]
async fn a_script_that_ends_half_way_leaves_no_mark_without_its_event() {
    let bed = Bed::new().await;
    let delivery = posts(1, 1);
    bed.tell(&["ACL", "SETUSER", "half", "on", "nopass", "~*", "+@all", "-set"]).await;
    let url = bed.server.url().replace("redis://", "redis://half:any@");
    let half = Redis::connect(&url).await.unwrap().sink(STREAM);
    half.deliver(delivery[0].clone()).await.unwrap_err();
    assert_eq!((bed.len().await, bed.marks().await), (1, 0), "appended, and not marked");

    bed.tell(&["ACL", "SETUSER", "half", "+set", "-xadd"]).await;
    bed.tell(&["DEL", STREAM]).await;
    half.deliver(delivery[0].clone()).await.unwrap_err();
    assert_eq!((bed.len().await, bed.marks().await), (0, 0), "neither");

    bed.tell(&["ACL", "SETUSER", "half", "+xadd"]).await;
    all_taken(&half, &delivery).await;
    assert_eq!((bed.len().await, bed.marks().await), (1, 1));
    assert_eq!(take(&mut bed.group(60_000).await, 1).await, all_told(&delivery));
}
