//! Acknowledgements in the app's transaction.

use std::time::Duration;

use birdhook_inbox::{EventQuery, EventStatus, InboxSettings};
use birdhook_pipeline::EventSink;
use birdhook_postgres::{AckIn, AckInError, AckInSqlx};
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
