//! A receiver in front of an engine that can be killed at any time: `instance PORT ENGINE [INBOX]`.
//!
//! With the folder of an inbox, it stores events there and relays them to the engine. It prints a
//! line when it is ready, and shuts down on SIGTERM.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test's program")]

use std::time::Duration;

use axum::Router;
use birdhook_engines_proof::engine::{inbox_options, nats_sink, redis_sink, relay};
use birdhook_pipeline::EventSink;
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::fixture::webhook;
use birdhook_tower::Receiver;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let (port, engine, inbox) = match words.as_slice() {
        [port, engine] => (port, engine.clone(), None),
        [port, engine, inbox] => (port, engine.clone(), Some(inbox)),
        _ => panic!("instance PORT ENGINE [INBOX]"),
    };
    let port = port.parse().unwrap();
    match inbox {
        None if engine.starts_with("redis") => serve(port, redis_sink(&engine).await).await,
        None => serve(port, nats_sink(&engine).await).await,
        Some(folder) => {
            let inbox = inbox_options().open(folder).await.unwrap();
            let relaying = tokio::spawn(relay(inbox.clone(), engine));
            serve(port, inbox.clone()).await;
            inbox.close(TIMEOUT).await;
            // The engine may never have been available.
            let _ = tokio::time::timeout(Duration::from_secs(2), relaying).await;
        }
    }
}

async fn serve<S>(port: u16, sink: S)
where
    S: EventSink<Future: Send> + Send + Sync + 'static,
{
    let mut term = signal(SignalKind::terminate()).unwrap();
    let listener = bind(port).await;
    let pipeline = webhook().sink(sink);
    let app = Router::new().fallback_service(Receiver::new(pipeline.clone()));
    println!("{port}");
    let stop = async move {
        term.recv().await;
        pipeline.shutdown(TIMEOUT).await;
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await.unwrap();
}

/// Binds the port, which a connection of another test may hold for a moment.
async fn bind(port: u16) -> TcpListener {
    let start = std::time::Instant::now();
    loop {
        match TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => return listener,
            Err(error) => assert!(start.elapsed() < TIMEOUT, "port {port}: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
