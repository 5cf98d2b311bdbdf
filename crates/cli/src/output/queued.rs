//! Queued output for commands that serve. Only deliveries wait for it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::escape::styled_text;
use super::note_limit::NoteLimit;
use super::plural;
use super::queued_writer::QueuedWriter;

/// Maximum number of lines that wait, for standard output and standard error each.
const CAPACITY: usize = 256;

/// Time limit at exit for writing queued output.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

static EVENTS: LazyLock<QueuedWriter<String>> =
    LazyLock::new(|| QueuedWriter::new(CAPACITY, |line: String| write(&line)));

static NOTES: OnceLock<Notes> = OnceLock::new();

struct Notes {
    writer: QueuedWriter<String>,
    limit: Mutex<NoteLimit>,
    started: Instant,
}

/// Queues notes from now on. If standard error is not read, notes are dropped and counted, and the
/// count is printed later. Every command that serves calls this first.
pub(crate) fn queue_output() {
    NOTES.get_or_init(|| Notes {
        writer: QueuedWriter::new(CAPACITY, |note: String| writeln!(anstream::stderr(), "{}", styled_text(&note))),
        limit: Mutex::default(),
        started: Instant::now(),
    });
}

/// Whether the last write to standard output failed, so that it may have ended within a line.
static IS_CUT_OFF: AtomicBool = AtomicBool::new(false);

fn write(lines: &str) -> io::Result<()> {
    // After a line that a full disk cut off, the next one must not merge with it.
    let start = if IS_CUT_OFF.load(Relaxed) { "\n" } else { "" };
    let text = format!("{start}{}\n", styled_text(lines));
    // Written at once: standard output would keep the rest of a failed write. Output without styles
    // needs no search for styles to strip.
    let written = if text.contains('\u{1b}') {
        anstream::stdout().write_all(text.as_bytes())
    } else {
        io::stdout().write_all(text.as_bytes())
    };
    IS_CUT_OFF.store(written.is_err(), Relaxed);
    written
}

/// Prints one or more lines. Returns once they are written. If dropped earlier, they are not
/// printed, unless the write has begun.
pub(crate) async fn print(line: String) -> io::Result<()> {
    EVENTS.write(line).await
}

/// Prints one line if the queue has room.
pub(crate) fn try_print(line: String) {
    if !EVENTS.try_write(line) {
        super::note("standard output is not read: 1 line dropped");
    }
}

/// Queues a note if the command serves. Returns whether it does.
pub(super) fn queue_note(text: &str) -> bool {
    let Some(notes) = NOTES.get() else { return false };
    let mut limit = notes.limit.lock().unwrap_or_else(PoisonError::into_inner);
    if limit.allows(text, notes.started.elapsed()) {
        notes.write(&mut limit, Some(text));
    }
    true
}

/// Queues a line on standard error, without the limits of notes. Lines that find no room are counted
/// as dropped notes.
pub(crate) fn log(line: &str) {
    let Some(notes) = NOTES.get() else {
        // Standard error may be closed.
        let _ = writeln!(anstream::stderr(), "{}", styled_text(line));
        return;
    };
    if !notes.writer.try_write(line.to_owned()) {
        notes.limit.lock().unwrap_or_else(PoisonError::into_inner).suppressed(1);
    }
}

impl Notes {
    /// Writes the number of notes that were dropped, if any, then this note.
    fn write(&self, limit: &mut NoteLimit, text: Option<&str>) {
        let suppressed = limit.take();
        let count = (suppressed > 0).then(|| format!("{} dropped", plural(suppressed, "note")));
        let lines: Vec<String> = count.into_iter().chain(text.map(str::to_owned)).collect();
        if !lines.is_empty() && !self.writer.try_write(lines.join("\n")) {
            limit.suppressed(suppressed + u64::from(text.is_some()));
        }
    }
}

/// Writes queued output. Gives up after 1 s if the output is not read.
pub(crate) async fn finish() {
    let Some(notes) = NOTES.get() else { return };
    notes.write(&mut notes.limit.lock().unwrap_or_else(PoisonError::into_inner), None);
    let config = async { tokio::join!(EVENTS.flush(), notes.writer.flush()) };
    // Deliveries whose events are not written by then were not answered 200.
    let _ = tokio::time::timeout(FINISH_TIMEOUT, config).await;
}
