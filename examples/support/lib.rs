//! Code that the example servers share: their output and shutdown.

use std::io::{self, Write};
use std::mem;
use std::sync::LazyLock;
use std::time::Duration;

use birdhook::{Deliveries, Delivery, Event};
use tokio::task::JoinHandle;
use tokio::time::timeout;

// The `birdhook` tool prints through the same file.
#[cfg(all(doctest, feature = "guides"))]
mod guides;
#[path = "../../crates/cli/src/output/queued_writer.rs"]
mod queued_writer;
mod serve;
mod settings;

use queued_writer::QueuedWriter;

pub use serve::{IDLE, SILENCE, serve};
pub use settings::{Error, PATH, address, apps, cannot_listen};

/// Time limit at shutdown for deliveries in flight and unread events.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Time limit for the last event once the receiver is shut down, and again for remaining output.
const LAST: Duration = Duration::from_secs(1);

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

/// Queues for standard output and standard error. `println!` in a task would block a server thread
/// while standard output is not read.
static LINES: LazyLock<QueuedWriter<String>> =
    LazyLock::new(|| QueuedWriter::new(64, |line| writeln!(io::stdout(), "{line}")));
static NOTES: LazyLock<QueuedWriter<String>> =
    LazyLock::new(|| QueuedWriter::new(64, |note| writeln!(io::stderr(), "{note}")));

/// Prints a line. Returns once it is written.
///
/// # Errors
/// Fails if the line cannot be written.
pub async fn print(line: String) -> io::Result<()> {
    LINES.write(line).await
}

/// Prints a line on standard output without waiting. Drops it if the queue is full.
pub fn say(line: String) {
    let _ = LINES.try_write(line);
}

/// Prints a line on standard error without waiting. Drops it if the queue is full.
pub fn note(note: String) {
    let _ = NOTES.try_write(note);
}

/// Length of the lines that are written at once, in bytes. Waking the writer takes longer than
/// writing a line.
const AT_ONCE: usize = 64 << 10;

/// Prints each event as one line of JSON, until the receiver is shut down.
///
/// # Errors
/// Fails if an event cannot be printed. Deliveries are answered 503 from then on.
pub async fn print_events(mut deliveries: Deliveries) -> io::Result<()> {
    let (mut read, mut lines) = (Vec::new(), String::new());
    while deliveries.recv_many(&mut read, 64).await > 0 {
        for event in read.drain(..).flat_map(Delivery::into_events) {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(&line(&event));
            if lines.len() >= AT_ONCE {
                print(mem::take(&mut lines)).await?;
            }
        }
        if !lines.is_empty() {
            print(mem::take(&mut lines)).await?;
        }
    }
    Ok(())
}

/// Waits for the task that consumes the events, then for the remaining output. Each wait is limited
/// to 1 s, because the output may not be read.
///
/// # Errors
/// Fails if the task failed.
pub async fn finish(task: JoinHandle<io::Result<()>>) -> Result<(), Error> {
    let ended = timeout(LAST, task).await;
    if ended.is_err() {
        note("not every event was finished: is standard output read?".to_owned());
    }
    let _ = timeout(LAST, async { tokio::join!(LINES.flush(), NOTES.flush()) }).await;
    Ok(ended.unwrap_or(Ok(Ok(())))??)
}

/// Returns an event as one line of JSON: birdhook's fields, the activity, and X's own event.
pub fn line(event: &Event) -> String {
    // In valid JSON, line breaks occur only as white space between values.
    serde_json::to_string(&event.report().with_raw()).unwrap_or_default().replace(['\n', '\r'], " ")
}
