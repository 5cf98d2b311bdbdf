//! Acknowledgements in the app's transaction.

use std::time::Duration;

use birdhook_inbox::{EventQuery, EventStatus, InboxSettings};
use birdhook_pipeline::EventSink;
use birdhook_postgres::{AckIn, AckInError, AckInSqlx, TransactError};
use birdhook_postgres_proof::{app, next, open, posts};
use birdhook_test_harness::postgres::PostgresServer;
use sqlx::Connection;

const EFFECTS: &str = "CREATE TABLE effects (post text PRIMARY KEY)";

#[tokio::test]
async fn an_effect_and_its_acknowledgement_commit_together() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    server.psql(EFFECTS);
    for delivery in posts(1, 2) {
        inbox.deliver(delivery).await.unwrap();
    }
    let mut client = app(&server.url()).await;
    let (first, second) = (next(&inbox).await, next(&inbox).await);

    let transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO effects VALUES ('first')", &[]).await.unwrap();
    first.ack_in(&transaction).await.unwrap();
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "2", "nothing is committed yet");
    transaction.commit().await.unwrap();
    drop(first);
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "1");

    let transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO effects VALUES ('second')", &[]).await.unwrap();
    second.ack_in(&transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    let listed = inbox.list(EventQuery::all()).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].id, listed[0].status), (second.id(), EventStatus::Leased), "the lease lives on");

    let transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO effects VALUES ('second')", &[]).await.unwrap();
    second.ack_in(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "0");
    assert_eq!(server.psql("SELECT string_agg(post, ' ' ORDER BY post) FROM effects"), "first second");
}

#[tokio::test]
async fn refuses_an_acknowledgement_after_the_lease_was_given_to_another() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new().lease(Duration::from_millis(300))).await;
    inbox.deliver(posts(2, 1).remove(0)).await.unwrap();
    let mut client = app(&server.url()).await;
    let late = next(&inbox).await;
    let again = next(&inbox).await;
    assert_eq!((again.id(), again.attempts()), (late.id(), 2));

    let transaction = client.transaction().await.unwrap();
    assert!(matches!(late.ack_in(&transaction).await, Err(AckInError::Expired)));
    again.ack_in(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "0");
}

#[tokio::test]
async fn refuses_a_transaction_of_another_database_or_schema() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    inbox.deliver(posts(3, 1).remove(0)).await.unwrap();
    server.psql("CREATE DATABASE empty");
    server.psql("CREATE DATABASE other");
    let lease = next(&inbox).await;
    let url = |name: &str| format!("{}/{name}", server.url().trim_end_matches("/postgres"));
    open(&url("other"), InboxSettings::new()).await;
    for name in ["empty", "other"] {
        let mut client = app(&url(name)).await;
        let transaction = client.transaction().await.unwrap();
        let refused = lease.ack_in(&transaction).await;
        assert!(matches!(refused, Err(AckInError::OtherDatabase)), "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn acknowledges_in_a_transaction_of_sqlx() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    inbox.deliver(posts(4, 1).remove(0)).await.unwrap();
    let lease = next(&inbox).await;
    let mut connection = sqlx::PgConnection::connect(&server.url()).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    lease.ack_in_sqlx(&mut transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "1");
    let mut transaction = connection.begin().await.unwrap();
    lease.ack_in_sqlx(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "0");
}

/// PostgreSQL cannot see a deadlock between a statement and an app that waits for its answer.
#[tokio::test]
async fn a_lease_is_extended_while_a_transaction_acknowledges_the_event() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    inbox.deliver(posts(5, 1).remove(0)).await.unwrap();
    let mut client = app(&server.url()).await;
    let mut lease = next(&inbox).await;
    let transaction = client.transaction().await.unwrap();
    lease.ack_in(&transaction).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), lease.extend(Duration::from_secs(60)))
        .await
        .expect("no wait")
        .unwrap();
    transaction.commit().await.unwrap();
    assert!(lease.extend(Duration::from_secs(60)).await.is_err(), "the event is acknowledged");
}

/// A conflict is not a failure of the event: it costs no attempt.
#[tokio::test]
async fn repeats_a_transaction_that_lost_against_another_one() {
    let server = PostgresServer::start();
    let inbox = open(&server.url(), InboxSettings::new()).await;
    server.psql(EFFECTS);
    for (seed, code) in [(6, "40001"), (7, "40P01")] {
        inbox.deliver(posts(seed, 1).remove(0)).await.unwrap();
        let mut client = app(&server.url()).await;
        let lease = next(&inbox).await;
        let mut calls = 0;
        let work = async |transaction: &tokio_postgres::Transaction<'_>, _: &birdhook_inbox::Event| {
            calls += 1;
            transaction.execute(&format!("INSERT INTO effects VALUES ('{code}')"), &[]).await?;
            if calls < 3 {
                let conflict = format!("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{code}'; END $$");
                transaction.batch_execute(&conflict).await?;
            }
            Ok::<_, tokio_postgres::Error>(())
        };
        lease.transact(&mut client, work).await.unwrap();
        assert_eq!(calls, 3);
        assert_eq!(server.psql(&format!("SELECT count(*) FROM effects WHERE post = '{code}'")), "1");
        assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "0");
    }
    inbox.deliver(posts(8, 1).remove(0)).await.unwrap();
    let mut client = app(&server.url()).await;
    let failing = async |transaction: &tokio_postgres::Transaction<'_>, _: &birdhook_inbox::Event| {
        transaction.batch_execute("SELECT 1 / 0").await
    };
    let refused = next(&inbox).await.transact(&mut client, failing).await;
    assert!(matches!(refused, Err(TransactError::Work(_))), "{refused:?}");
    assert_eq!(server.psql("SELECT count(*) FROM birdhook.events"), "1");
}

/// Returns whether a consumer whose lease expired leaves the lease of the next consumer alone.
async fn a_late_consumer_changes_nothing(server: &PostgresServer) -> bool {
    let inbox = open(&server.url(), InboxSettings::new().lease(Duration::from_millis(500))).await;
    inbox.deliver(posts(9, 1).remove(0)).await.unwrap();
    let late = next(&inbox).await;
    let other = open(&server.url(), InboxSettings::new()).await;
    let held = next(&other).await;
    assert_eq!((held.id(), held.attempts()), (late.id(), 2));
    late.nack(Duration::ZERO).await.unwrap();
    server.psql("SELECT count(token) FROM birdhook.events") == "1"
}

#[tokio::test]
async fn a_lease_without_a_token_is_noticed() {
    let server = PostgresServer::start();
    assert!(a_late_consumer_changes_nothing(&server).await);
    let server = PostgresServer::start();
    open(&server.url(), InboxSettings::new()).await;
    let settle = server.psql("SELECT pg_get_functiondef('birdhook.settle'::regproc)");
    let planted = settle.replace(" AND e.token = lease_token", "");
    assert_ne!(settle, planted);
    server.psql(&planted);
    assert!(!a_late_consumer_changes_nothing(&server).await);
}
