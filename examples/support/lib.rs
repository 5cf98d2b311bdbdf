//! What the example servers share: their settings, and how they print an event.
#![allow(clippy::print_stdout)]

use std::env;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use birdhook::{Apps, Event, Events};

mod serve;

pub use serve::{IDLE, SILENCE, listen, serve};

/// Where the example servers receive.
pub const PATH: &str = "/webhooks/twitter";

/// How long deliveries in flight and unread events are waited for when stopping.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What went wrong, for `main`.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The apps of `BIRDHOOK_CONSUMER_SECRET`: one secret, or `name=secret,name=secret`.
///
/// # Errors
/// When the variable is not set, or cannot be read.
pub fn apps() -> Result<Apps, Error> {
    let secrets = env::var("BIRDHOOK_CONSUMER_SECRET")
        .map_err(|_| "set BIRDHOOK_CONSUMER_SECRET to the app's consumer secret, or to name=secret,name=secret")?;
    secrets.parse().map_err(|why| format!("BIRDHOOK_CONSUMER_SECRET: {why}").into())
}

/// `127.0.0.1:$PORT`, with port 8080 unless set.
///
/// # Errors
/// When `PORT` is not a port.
pub fn address() -> Result<SocketAddr, Error> {
    let port = match env::var("PORT") {
        Ok(port) => port.parse().map_err(|_| format!("PORT is {port}, which is not a port"))?,
        Err(_) => 8080,
    };
    Ok((Ipv4Addr::LOCALHOST, port).into())
}

/// What `main` says when somebody else listens there, for one.
pub fn cannot_listen(address: SocketAddr, why: &std::io::Error) -> Error {
    format!("cannot listen on {address}: {why}").into()
}

/// Resolves when the process is asked to stop, by Ctrl-C or SIGTERM.
pub async fn asked_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupted.await;
}

/// Prints each event as one line of JSON, until the receiver is shut down.
pub async fn print_events(mut events: Events) {
    while let Some(event) = events.recv().await {
        println!("{}", line(&event));
    }
}

/// An event as one line of JSON: what birdhook knows of it, what happened, and the event as X wrote it.
pub fn line(event: &Event) -> String {
    // The only line breaks in valid JSON are white space between its values.
    serde_json::to_string(&event.report().with_raw()).unwrap_or_default().replace(['\n', '\r'], " ")
}
