//! Queued output for commands that serve; only deliveries wait for it.

use std::io::{self, Write};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::escape::styled_text;
use super::flood::Flood;
use super::outlet::Outlet;
use super::plural;

/// Maximum number of lines that wait, for standard output and standard error each.
const CAPACITY: usize = 256;

/// Time limit at exit for writing queued output.
const AT_THE_END: Duration = Duration::from_secs(1);

static EVENTS: LazyLock<Outlet<String>> = LazyLock::new(|| Outlet::new(CAPACITY, |line: String| write(&line)));

static NOTES: OnceLock<Notes> = OnceLock::new();

struct Notes {
    outlet: Outlet<String>,
    flood: Mutex<Flood>,
    since: Instant,
}

/// Queues notes from now on. If standard error is not read, notes are left out and counted, and the
/// count is printed later. Every command that serves calls this first.
pub(crate) fn serving() {
    NOTES.get_or_init(|| Notes {
        outlet: Outlet::new(CAPACITY, |note: String| writeln!(anstream::stderr(), "{}", styled_text(&note))),
        flood: Mutex::default(),
        since: Instant::now(),
    });
}

fn write(lines: &str) -> io::Result<()> {
    let lines = styled_text(lines);
    // Output without styles needs no search for styles to strip.
    if lines.contains('\u{1b}') { writeln!(anstream::stdout(), "{lines}") } else { writeln!(io::stdout(), "{lines}") }
}

/// Prints one or more lines. Returns once they are written. If dropped earlier, they are not
/// printed, unless the write has begun.
pub(crate) async fn print(line: String) -> io::Result<()> {
    EVENTS.write(line).await
}

/// Prints one line if the queue has room.
pub(crate) fn try_print(line: String) {
    if !EVENTS.try_write(line) {
        super::note("standard output is not read: a line was left out");
    }
}

/// Queues a note if the command serves. Returns whether it does.
pub(super) fn noted(text: &str) -> bool {
    let Some(notes) = NOTES.get() else { return false };
    let mut flood = notes.flood.lock().unwrap_or_else(PoisonError::into_inner);
    if flood.admits(text, notes.since.elapsed()) {
        notes.write(&mut flood, Some(text));
    }
    true
}

impl Notes {
    /// Writes the number of notes that were left out, if any, then this note.
    fn write(&self, flood: &mut Flood, text: Option<&str>) {
        let left_out = flood.take();
        let count = (left_out > 0).then(|| format!("{} left out", plural(left_out as usize, "note")));
        let lines: Vec<String> = count.into_iter().chain(text.map(str::to_owned)).collect();
        if !lines.is_empty() && !self.outlet.try_write(lines.join("\n")) {
            flood.left_out(left_out + u64::from(text.is_some()));
        }
    }
}

/// Writes queued output. Gives up after 1 s if the output is not read.
pub(crate) async fn finish() {
    let Some(notes) = NOTES.get() else { return };
    notes.write(&mut notes.flood.lock().unwrap_or_else(PoisonError::into_inner), None);
    let written = async { tokio::join!(EVENTS.flush(), notes.outlet.flush()) };
    // Deliveries whose events are not written by then were not answered 200.
    let _ = tokio::time::timeout(AT_THE_END, written).await;
}
