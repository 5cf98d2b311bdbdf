//! Leases: retries, dead letters, order, expiry, and several consumers.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use birdhook_core::Delivery;
use birdhook_inbox::{Event, EventQuery, EventStatus, Inbox, InboxSettings, Order};
use birdhook_pipeline::EventSink;
use birdhook_postgres_proof::{next, open, posts};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::postgres::PostgresServer;
use tokio::time::timeout;

async fn store(inbox: &Inbox, deliveries: &[Delivery]) {
    for delivery in deliveries {
        inbox.deliver(delivery.clone()).await.unwrap();
    }
}

fn fast() -> InboxSettings {
    InboxSettings::new().backoff(Duration::from_millis(1), Duration::from_millis(1)).max_attempts(2)
}

#[tokio::test]
async fn leases_events_in_the_order_of_their_arrival_and_as_they_were_sent() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    let posts = posts(21, 50);
    store(&inbox, &posts).await;
    for post in &posts {
        let lease = next(&inbox).await;
        let (sent, leased) = (&post.events()[0], lease.event());
        assert_eq!((lease.attempts(), leased.app()), (1, "shop"));
        assert_eq!(leased.raw().as_str(), sent.raw().as_str());
        assert_eq!((leased.dedupe_key(), leased.subscriber()), (sent.dedupe_key(), sent.subscriber()));
        lease.ack().await.unwrap();
    }
    inbox.flush().await.unwrap();
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "0");
}

#[tokio::test]
async fn a_failed_event_is_retried_and_then_a_dead_letter_that_can_be_requeued() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), fast()).await;
    store(&inbox, &posts(22, 1)).await;
    let lease = next(&inbox).await;
    let id = lease.id();
    lease.nack(None).await.unwrap();
    let lease = next(&inbox).await;
    assert_eq!((lease.id(), lease.attempts()), (id, 2));
    drop(lease);
    let dead = async || inbox.list(EventQuery::all().status(EventStatus::Dead)).await.unwrap();
    timeout(TIMEOUT, async {
        while dead().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("a dead letter");
    assert_eq!((dead().await[0].id, dead().await[0].attempts), (id, 2));
    assert_eq!(inbox.requeue([id]).await.unwrap(), 1);
    let lease = next(&inbox).await;
    assert_eq!((lease.id(), lease.attempts()), (id, 1));
    lease.reject().await.unwrap();
    assert_eq!(dead().await.len(), 1);
    assert_eq!(inbox.discard([id]).await.unwrap(), 1);
    assert!(inbox.list(EventQuery::all()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_released_event_costs_no_attempt_and_keeps_its_place() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new().prefetch(0)).await;
    store(&inbox, &posts(23, 2)).await;
    let lease = next(&inbox).await;
    let id = lease.id();
    lease.release().await.unwrap();
    let again = next(&inbox).await;
    assert_eq!((again.id(), again.attempts()), (id, 1));
    again.ack_durable().await.unwrap();
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consumers_share_the_events() {
    let server = PostgresServer::start();
    let posts = posts(24, 2_000);
    let storing = open(&server.url(), InboxSettings::new()).await;
    futures_util::future::join_all(posts.iter().map(|post| storing.deliver(post.clone()))).await;
    storing.close(Duration::from_secs(5)).await;
    let (one, two) = (open(&server.url(), InboxSettings::new()).await, open(&server.url(), InboxSettings::new()).await);
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let counts = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
    let run = |inbox: &Inbox, count: &Arc<AtomicUsize>| {
        let (inbox, seen, count) = (inbox.clone(), Arc::clone(&seen), Arc::clone(count));
        tokio::spawn(async move {
            let handler = move |event: Event| {
                seen.lock().unwrap().push(event.dedupe_key());
                count.fetch_add(1, SeqCst);
                async {
                    tokio::task::yield_now().await;
                    Ok::<_, std::io::Error>(())
                }
            };
            inbox.run(handler, 4).await;
        })
    };
    let tasks = [run(&one, &counts[0]), run(&two, &counts[1])];
    timeout(TIMEOUT, async {
        while seen.lock().unwrap().len() < posts.len() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("all events");
    one.close(TIMEOUT).await;
    two.close(TIMEOUT).await;
    for task in tasks {
        task.await.unwrap();
    }
    let seen = seen.lock().unwrap();
    assert_eq!((seen.len(), seen.iter().collect::<HashSet<_>>().len()), (2_000, 2_000));
    assert!(counts.iter().all(|count| count.load(SeqCst) > 0), "{counts:?}");
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "0");
}

#[tokio::test]
async fn closing_returns_events_that_no_consumer_received() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    store(&inbox, &posts(25, 20)).await;
    next(&inbox).await.ack().await.unwrap();
    next(&inbox).await.ack().await.unwrap();
    inbox.close(TIMEOUT).await;
    assert_eq!(server.psql("SELECT count(*), max(attempts), count(token) FROM birdhook.events"), "18|0|0");
    assert!(inbox.recv().await.is_none());
}

/// The consumer may have crashed because of it. Others must not lose an attempt with it again.
#[tokio::test]
async fn an_event_whose_lease_expired_is_leased_alone_and_dies_after_its_attempts() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), fast().lease(Duration::from_secs(3600))).await;
    store(&inbox, &posts(26, 3)).await;
    let (first, second) = (next(&inbox).await, next(&inbox).await);
    // Ends the leases, as a crash of their consumer and an hour would.
    let expire = "UPDATE birdhook.events SET available_at = clock_timestamp() WHERE token IS NOT NULL";
    server.psql(expire);
    let other = open(&server.url(), fast()).await;
    let again = next(&other).await;
    assert_eq!((again.id(), again.attempts()), (first.id(), 2));
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events WHERE attempts = 2"), "1", "leased alone");
    // A late end of the first lease changes nothing.
    first.nack(None).await.unwrap();
    second.ack().await.unwrap();
    inbox.flush().await.unwrap();
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events WHERE attempts = 2 AND token IS NOT NULL"), "1");
    again.ack_durable().await.unwrap();
    let last = next(&other).await;
    let third = open(&server.url(), fast()).await;
    server.psql("UPDATE birdhook.events SET attempts = 3");
    server.psql(expire);
    timeout(TIMEOUT, async {
        while server.psql("SELECT count(*) FROM birdhook.dead_letters") == "0" {
            let _ = timeout(Duration::from_millis(300), third.recv()).await;
        }
    })
    .await
    .expect("a dead letter");
    drop(last);
}

#[tokio::test]
async fn order_per_subscriber_leases_the_next_event_after_the_one_before() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new().order(Order::BySubscriber)).await;
    let posts = posts(27, 3);
    store(&inbox, &posts).await;
    let first = next(&inbox).await;
    assert!(timeout(Duration::from_millis(1500), inbox.recv()).await.is_err(), "the next one waits");
    first.ack().await.unwrap();
    let second = next(&inbox).await;
    assert_eq!(second.event().raw().as_str(), posts[1].events()[0].raw().as_str());
    second.reject().await.unwrap();
    let third = next(&inbox).await;
    assert_eq!(third.event().raw().as_str(), posts[2].events()[0].raw().as_str());
    third.ack_durable().await.unwrap();
}

#[tokio::test]
async fn purges_a_subscriber_and_keeps_acknowledged_events_on_request() {
    let server = PostgresServer::start();
    let inbox =
        open(&server.url(), InboxSettings::new().prefetch(0).keep_acknowledged(Duration::from_secs(3600))).await;
    let posts = posts(28, 3);
    store(&inbox, &posts).await;
    next(&inbox).await.ack_durable().await.unwrap();
    next(&inbox).await.reject().await.unwrap();
    let statuses: Vec<_> =
        inbox.list(EventQuery::all()).await.unwrap().into_iter().map(|listed| listed.status).collect();
    assert_eq!(statuses, [EventStatus::Acknowledged, EventStatus::Dead, EventStatus::Ready]);
    assert_eq!(inbox.verify().await.unwrap(), 3);
    let subscriber = posts[0].events()[0].subscriber().unwrap().to_owned();
    assert_eq!(inbox.purge("9").await.unwrap(), 0);
    assert_eq!(inbox.purge(subscriber).await.unwrap(), 3);
    assert!(inbox.list(EventQuery::all()).await.unwrap().is_empty());
}

#[tokio::test]
async fn counts_what_the_database_holds() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new().prefetch(0)).await;
    store(&inbox, &posts(29, 3)).await;
    next(&inbox).await.reject().await.unwrap();
    let held = next(&inbox).await;
    let expected =
        |stats: &birdhook_inbox::Stats| (stats.depth, stats.leased, stats.dead, stats.stored) == (2, 1, 1, 3);
    timeout(TIMEOUT, async {
        while !expected(&inbox.stats()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{:?}", inbox.stats()));
    assert!(inbox.stats().is_sound && inbox.stats().oldest.is_some() && inbox.stats().disk > 0);
    held.ack().await.unwrap();
}

/// `recv` of one process must not wait for the poll when another one stores.
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_notified_of_events_that_another_process_stored() {
    let server = PostgresServer::start();
    let (storing, consuming) =
        (open(&server.url(), InboxSettings::new()).await, open(&server.url(), InboxSettings::new()).await);
    store(&storing, &posts(30, 1)).await;
    next(&consuming).await.ack().await.unwrap();
    let mut waited = Vec::new();
    for post in posts(31, 5) {
        let lease = tokio::spawn({
            let consuming = consuming.clone();
            async move { consuming.recv().await }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        let start = std::time::Instant::now();
        storing.deliver(post).await.unwrap();
        lease.await.unwrap().unwrap().ack().await.unwrap();
        waited.push(start.elapsed());
    }
    // Half of the polls' interval, for most of them.
    assert!(waited.iter().filter(|time| **time < Duration::from_millis(500)).count() >= 4, "{waited:?}");
}
