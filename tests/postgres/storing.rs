//! Storing deliveries: duplicates, failures of the server, and settings.

use std::time::{Duration, Instant};

use birdhook_core::Delivery;
use birdhook_inbox::{Inbox, InboxSettings};
use birdhook_pipeline::{EventSink, SinkError};
use birdhook_postgres::{DatabaseError, Postgres, Weakness};
use birdhook_postgres_proof::{app, database, next, open, posts};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::postgres::PostgresServer;
use futures_util::future::join_all;

const COUNT: &str = "SELECT count(*) FROM birdhook.events";

async fn deliver(inbox: &Inbox, deliveries: &[Delivery]) -> Vec<Result<(), SinkError>> {
    join_all(deliveries.iter().map(|delivery| inbox.deliver(delivery.clone()))).await
}

/// Repeats a delivery, as X does, until it is stored.
async fn deliver_again(inbox: &Inbox, delivery: &Delivery) {
    let start = Instant::now();
    while let Err(error) = inbox.deliver(delivery.clone()).await {
        assert!(start.elapsed() < TIMEOUT, "{error}: {:?}", std::error::Error::source(&error));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_receivers_store_each_event_once() {
    let server = PostgresServer::start();
    let (one, other) =
        (open(&server.url(), InboxSettings::new()).await, open(&server.url(), InboxSettings::new()).await);
    let posts = posts(11, 600);
    let (first, second) = tokio::join!(deliver(&one, &posts), deliver(&other, &posts));
    assert!(first.iter().chain(&second).all(Result::is_ok));
    assert_eq!(server.psql(COUNT), "600");
    deliver(&one, &posts).await.into_iter().for_each(Result::unwrap);
    assert_eq!(server.psql(COUNT), "600");
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.keys"), "600");
}

#[tokio::test]
async fn an_event_stored_on_another_day_within_the_horizon_is_a_duplicate() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    let posts = posts(12, 2);
    deliver(&inbox, &posts).await.into_iter().for_each(Result::unwrap);
    // Only the first event's key moves to the day before.
    server.psql("UPDATE birdhook.keys SET day = day - 1 WHERE key = (SELECT min(key::text) FROM birdhook.keys)::uuid");
    server.psql("DELETE FROM birdhook.events");
    deliver(&inbox, &posts).await.into_iter().for_each(Result::unwrap);
    assert_eq!(server.psql(COUNT), "0");
}

#[tokio::test]
async fn keys_past_the_horizon_are_dropped_with_their_partition() {
    let server = PostgresServer::start();
    database(&server.url()).await;
    let old = "CREATE TABLE birdhook.keys_20200101 PARTITION OF birdhook.keys FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')";
    server.psql(old);
    server.psql("INSERT INTO birdhook.keys VALUES (gen_random_uuid(), '2020-01-01')");
    let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'birdhook.keys'::regclass";
    let before: u32 = server.psql(partitions).parse().unwrap();
    let _inbox = open(&server.url(), InboxSettings::new()).await;
    assert_eq!(server.psql("SELECT to_regclass('birdhook.keys_20200101') IS NULL"), "t");
    // Yesterday's, today's and those of the next two days.
    assert_eq!((before, server.psql(partitions).as_str()), (1, "4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_another_transaction_stores_delays_only_its_own_delivery() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    let posts = posts(13, 20);
    let key = posts[7].events()[0].dedupe_key();
    let key = key.as_bytes()[..8].try_into().map(i64::from_be_bytes).unwrap();
    let other = app(&server.url()).await;
    // The number of a lock is the key's beginning, combined with that of the inbox.
    let seed =
        server.psql("SELECT ('x' || replace(left(id::text, 18), '-', ''))::bit(64)::bigint FROM birdhook.instance");
    let lock = key ^ seed.parse::<i64>().unwrap();
    other.batch_execute(&format!("BEGIN; SELECT pg_advisory_xact_lock({lock})")).await.unwrap();

    let blocked = tokio::spawn({
        let (inbox, delivery) = (inbox.clone(), posts[7].clone());
        async move { inbox.deliver(delivery).await }
    });
    let others: Vec<Delivery> = posts
        .iter()
        .filter(|post| post.events()[0].dedupe_key() != posts[7].events()[0].dedupe_key())
        .cloned()
        .collect();
    deliver(&inbox, &others).await.into_iter().for_each(Result::unwrap);
    assert!(!blocked.is_finished());
    assert_eq!(server.psql(COUNT), "19");
    other.batch_execute("ROLLBACK").await.unwrap();
    // It takes the place of the transaction that was rolled back.
    blocked.await.unwrap().unwrap();
    assert_eq!(server.psql(COUNT), "20");

    other.batch_execute(&format!("BEGIN; SELECT pg_advisory_xact_lock({lock})")).await.unwrap();
    let refused = inbox.deliver(posts[7].clone()).await;
    assert!(matches!(refused, Err(SinkError::InFlight)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_nothing_that_was_stored() {
    let mut server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    let posts = posts(14, 300);
    let mut stored = 0;
    for (round, part) in posts.chunks(100).enumerate() {
        deliver(&inbox, part).await.into_iter().for_each(Result::unwrap);
        stored += part.len();
        server.kill();
        let refused = inbox.deliver(posts[0].clone()).await;
        assert!(matches!(refused, Err(SinkError::Failed(_))), "{round}: {refused:?}");
        assert!(!inbox.is_open() && inbox.failure().is_some());
        server.restart();
        deliver_again(&inbox, &posts[0]).await;
        assert!(inbox.is_open() && inbox.failure().is_none());
        assert_eq!(server.psql(COUNT), stored.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_server_is_reported_within_the_deadline() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    let posts = posts(15, 2);
    deliver(&inbox, &posts[..1]).await.into_iter().for_each(Result::unwrap);
    server.pause();
    let start = Instant::now();
    let refused = inbox.deliver(posts[1].clone()).await;
    let took = start.elapsed();
    server.resume();
    assert!(matches!(refused, Err(SinkError::Failed(_))), "{refused:?}");
    // The timeout is 2 s; a busy machine needs longer.
    assert!(took < Duration::from_secs(10), "{took:?}");
    deliver_again(&inbox, &posts[1]).await;
    assert_eq!(server.psql(COUNT), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_is_reported_and_recovers() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    let posts = posts(16, 2);
    server.psql("ALTER ROLE app SET default_transaction_read_only = on");
    server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'birdhook'");
    let start = Instant::now();
    while inbox.deliver(posts[0].clone()).await.is_ok() {
        assert!(start.elapsed() < TIMEOUT);
    }
    let connected = Postgres::connect(&server.url()).await;
    assert!(matches!(connected, Err(DatabaseError::Unsuitable(_))), "{connected:?}");
    server.psql("BEGIN READ WRITE; ALTER ROLE app RESET default_transaction_read_only; COMMIT");
    deliver_again(&inbox, &posts[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovers_when_the_server_has_connections_again() {
    let mut server = PostgresServer::start_with(["max_connections=12", "superuser_reserved_connections=0"]);
    let inbox = open(&server.url(), InboxSettings::new()).await;
    let posts = posts(17, 1);
    server.restart();
    let mut taken = Vec::new();
    while let Ok((client, connection)) = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await {
        tokio::spawn(connection);
        taken.push(client);
    }
    // The inbox may have got some of the connections again.
    let first = inbox.deliver(posts[0].clone()).await;
    drop(taken);
    deliver_again(&inbox, &posts[0]).await;
    println!("without connections: {first:?}");
    assert_eq!(server.psql(COUNT), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_of_the_app_delays_no_delivery() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    let posts = posts(18, 1);
    let other = app(&server.url()).await;
    // A table lock that conflicts with every insert, for longer than a transaction may wait.
    other.batch_execute("BEGIN; LOCK TABLE birdhook.events IN SHARE MODE").await.unwrap();
    let start = Instant::now();
    let refused = inbox.deliver(posts[0].clone()).await;
    assert!(refused.is_err() && start.elapsed() < Duration::from_secs(20), "{refused:?} {:?}", start.elapsed());
    other.batch_execute("ROLLBACK").await.unwrap();
    deliver_again(&inbox, &posts[0]).await;
    assert_eq!(server.psql(COUNT), "1");
}

#[tokio::test]
async fn opening_needs_the_schema_of_this_version() {
    let server = PostgresServer::start();
    let database = Postgres::connect(&server.url()).await.unwrap();
    let absent = database.open_inbox(InboxSettings::new()).await.unwrap_err();
    assert!(absent.to_string().contains("birdhook postgres migrate"), "{absent}");
    assert_eq!(database.pending_migrations().await.unwrap().len(), 1);
    assert_eq!(server.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'birdhook'"), "0", "nothing was changed");
    let both = tokio::join!(database.migrate(), database.migrate());
    let steps = [both.0.unwrap().len(), both.1.unwrap().len()];
    assert_eq!(steps.iter().sum::<usize>(), 1, "{steps:?}");
    assert!(database.pending_migrations().await.unwrap().is_empty());
    server.psql("UPDATE birdhook.instance SET version = 2");
    assert!(matches!(database.open_inbox(InboxSettings::new()).await, Err(DatabaseError::TooNew { found: 2, .. })));
    assert!(matches!(database.migrate().await, Err(DatabaseError::TooNew { found: 2, .. })));
    server.psql("UPDATE birdhook.instance SET version = 1");
    database.open_inbox(InboxSettings::new()).await.unwrap();
}

#[tokio::test]
async fn a_role_without_other_rights_owns_two_independent_schemas() {
    let server = PostgresServer::start();
    server.psql("CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE postgres TO plain");
    let url = server.url().replace("app@", "plain@");
    let connect = async |name: &str| {
        let database = Postgres::connect(&url).await.unwrap().schema(name).unwrap();
        database.migrate().await.unwrap();
        database.open_inbox(InboxSettings::new()).await.unwrap()
    };
    let (one, two) = (connect("one").await, connect("two").await);
    let post = posts(19, 1).remove(0);
    one.deliver(post.clone()).await.unwrap();
    two.deliver(post).await.unwrap();
    next(&one).await.ack_durable().await.unwrap();
    assert_eq!(server.psql("SELECT (SELECT count(*) FROM one.events), (SELECT count(*) FROM two.events)"), "0|1");
}

#[tokio::test]
async fn names_settings_that_may_lose_events() {
    let server = PostgresServer::start_with(["synchronous_commit=off", "fsync=off"]);
    let database = Postgres::connect(&server.url()).await.unwrap();
    let found = database.weaknesses().await.unwrap();
    assert_eq!(found, [Weakness::AsynchronousCommit, Weakness::NoFsync, Weakness::NoSynchronousStandby]);
    server.psql("ALTER ROLE app SET synchronous_commit = on");
    assert_eq!(database.weaknesses().await.unwrap(), [Weakness::NoFsync, Weakness::NoSynchronousStandby]);
}

#[tokio::test]
async fn errors_contain_no_password() {
    for (url, expected) in [
        ("postgres://app:open-sesame@127.0.0.1:1/x", "cannot reach PostgreSQL"),
        ("host=127.0.0.1 port=1 user=app password=open-sesame", "cannot reach PostgreSQL"),
        ("postgres://app:open-sesame@db.invalid/x", "cannot reach PostgreSQL"),
        ("mysql://app:open-sesame@127.0.0.1/x", "invalid connection string"),
        ("postgres:///x?password=open-sesame", "invalid connection string"),
    ] {
        let error = Postgres::connect(url).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(expected) || error.to_string().contains(expected), "{url}: {text}");
        assert!(!text.contains("sesame"), "{text}");
    }
}
