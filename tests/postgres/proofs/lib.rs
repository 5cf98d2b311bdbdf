//! What the tests of the inbox in PostgreSQL share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::panic, clippy::print_stdout, missing_docs, reason = "tests")]

use std::time::Duration;

use birdhook_core::{ApiSource, Delivery};
use birdhook_inbox::{Inbox, InboxSettings, Lease};
use birdhook_postgres::Postgres;
use birdhook_test_harness::TIMEOUT;
use birdhook_testkit::{MockEventKind, PayloadGenerator};
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

/// Connects to the database and creates the schema.
pub async fn database(url: &str) -> Postgres {
    let database = Postgres::connect(url).await.unwrap();
    database.migrate().await.unwrap();
    database
}

pub async fn open(url: &str, settings: InboxSettings) -> Inbox {
    database(url).await.open_inbox(settings).await.unwrap()
}

/// Returns posts, each in its own delivery. Another seed gives other posts.
pub fn posts(seed: u64, count: usize) -> Vec<Delivery> {
    let mut generator = PayloadGenerator::new(seed);
    generator.advance(Duration::from_secs(seed % 1_000_000 * 3600));
    let mut post = || generator.event(MockEventKind::Post, "2001").reported_by(ApiSource::XActivity).unwrap();
    (0..count).map(|_| Delivery::restore("shop", post(), 1).unwrap()).collect()
}

pub async fn next(inbox: &Inbox) -> Lease {
    timeout(TIMEOUT, inbox.recv()).await.expect("an event").expect("an open inbox")
}

/// Connects as an app does.
pub async fn app(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
