//! What the example servers share: their settings, and how they print an event.

use std::env;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;
use std::time::Duration;

use birdhook::{Apps, Event, Events};
use tokio::task::JoinHandle;
use tokio::time::timeout;

// The tool prints through the same file.
#[path = "../../crates/cli/src/output/outlet.rs"]
mod outlet;
mod serve;

use outlet::Outlet;

pub use serve::{IDLE, SILENCE, listen, serve};

/// Where the example servers receive.
pub const PATH: &str = "/webhooks/twitter";

/// How long deliveries in flight and unread events are waited for when stopping.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long the last event is waited for once the receiver is shut down, and how long what is still to be printed.
const LAST: Duration = Duration::from_secs(1);

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
pub fn cannot_listen(address: SocketAddr, why: &io::Error) -> Error {
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

/// Lines for standard output, and for standard error. `println!` in a task would block one of the threads that answer, for as long as
/// standard output is not read.
static LINES: LazyLock<Outlet<String>> = LazyLock::new(|| Outlet::new(64, |line| writeln!(io::stdout(), "{line}")));
static NOTES: LazyLock<Outlet<String>> = LazyLock::new(|| Outlet::new(64, |note| writeln!(io::stderr(), "{note}")));

/// Prints a line, and returns once it is written.
///
/// # Errors
/// When it cannot be written.
pub async fn print(line: String) -> io::Result<()> {
    LINES.write(line).await
}

/// Prints a line on standard output if it is read, without waiting.
pub fn say(line: String) {
    let _ = LINES.try_write(line);
}

/// Prints a line on standard error if it is read, without waiting.
pub fn note(note: String) {
    let _ = NOTES.try_write(note);
}

/// Prints each event as one line of JSON, until the receiver is shut down.
///
/// # Errors
/// When an event cannot be printed. Deliveries are answered 503 from then on.
pub async fn print_events(mut events: Events) -> io::Result<()> {
    while let Some(event) = events.recv().await {
        print(line(&event)).await?;
    }
    Ok(())
}

/// Waits for the task that takes the events, then until what was said and noted is written: a second each, because it may not be read.
///
/// # Errors
/// When the task has failed.
pub async fn finish(task: JoinHandle<io::Result<()>>) -> Result<(), Error> {
    let ended = timeout(LAST, task).await;
    if ended.is_err() {
        note("not every event was finished: is standard output read?".to_owned());
    }
    let _ = timeout(LAST, async { tokio::join!(LINES.flush(), NOTES.flush()) }).await;
    Ok(ended.unwrap_or(Ok(Ok(())))??)
}

/// An event as one line of JSON: what birdhook knows of it, what happened, and the event as X wrote it.
pub fn line(event: &Event) -> String {
    // The only line breaks in valid JSON are white space between its values.
    serde_json::to_string(&event.report().with_raw()).unwrap_or_default().replace(['\n', '\r'], " ")
}
