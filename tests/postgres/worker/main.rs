//! A process that tests kill: a receiver, or a consumer of an app.
//!
//! A receiver reads deliveries from its standard input, a line each, and prints `stored <number>`
//! once one is stored, or `refused <number>`. A consumer inserts each event's key into the table
//! `effects`, in the transaction that acknowledges it, and prints nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "it runs in tests only")]
#![allow(clippy::panic, clippy::print_stdout, reason = "it runs in tests only")]

use std::time::Duration;

use birdhook_core::Delivery;
use birdhook_inbox::{Inbox, InboxSettings};
use birdhook_pipeline::EventSink;
use birdhook_postgres::{AckIn, Postgres};
use tokio::io::{AsyncBufReadExt, BufReader};

/// A planted fault.
fn has(fault: &str) -> bool {
    std::env::var("FAULT").is_ok_and(|set| set == fault)
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (role, url) = (arguments[0].as_str(), arguments[1].as_str());
    let settings = || InboxSettings::new().lease(Duration::from_secs(2)).max_attempts(1000);
    let inbox = loop {
        let open = async { Postgres::connect(url).await?.open_inbox(settings()).await };
        match open.await {
            Ok(inbox) => break inbox,
            // The server is starting.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    println!("ready");
    match role {
        "receive" => receive(inbox, url).await,
        _ => consume(inbox, url).await,
    }
}

async fn receive(inbox: Inbox, url: &str) {
    let mut marks = None;
    if has("key-before-event") {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        marks = Some(std::sync::Arc::new(client));
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let (number, body) = line.split_once(' ').unwrap();
        let (number, delivery) = (number.to_owned(), Delivery::restore("shop", body.to_owned(), 1).unwrap());
        let (inbox, marks) = (inbox.clone(), marks.clone());
        tokio::spawn(async move {
            if let Some(marks) = marks {
                let key: String = delivery.events()[0].dedupe_key().to_string()[..32].to_owned();
                let mark = "SELECT pg_sleep(0.05); INSERT INTO birdhook.keys VALUES ($key, current_date)";
                let _ = marks.batch_execute(&mark.replace("$key", &format!("'{key}'"))).await;
            }
            let word = if inbox.deliver(delivery).await.is_ok() { "stored" } else { "refused" };
            println!("{word} {number}");
        });
    }
}

async fn consume(inbox: Inbox, url: &str) {
    loop {
        let Ok((mut client, connection)) = tokio_postgres::connect(url, tokio_postgres::NoTls).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        tokio::spawn(connection);
        while !client.is_closed() {
            let Some(lease) = inbox.recv().await else { return };
            let key = lease.event().dedupe_key().to_string();
            let insert = "INSERT INTO effects VALUES ($1, pg_backend_pid())";
            if has("effect-before-transaction") {
                let _ = client.execute(insert, &[&key]).await;
            }
            if has("ack-before-commit") {
                let id = lease.event().dedupe_key().to_string();
                lease.ack_durable().await.unwrap();
                let _ = client.execute(insert, &[&id]).await;
                continue;
            }
            let Ok(transaction) = client.transaction().await else { continue };
            let done = async {
                if !has("effect-before-transaction") {
                    transaction.execute(insert, &[&key]).await.ok()?;
                }
                lease.ack_in(&transaction).await.ok()?;
                transaction.commit().await.ok()
            };
            let _ = done.await;
        }
    }
}
