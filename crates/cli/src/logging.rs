//! The log on standard error: one line for each request, and what the library reports.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use clap::ValueEnum;
use tracing::{Level, Metadata};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::output;

/// The target of the line for each request.
pub(crate) const REQUESTS: &str = "birdhook::request";
/// The target of notes, which a command without a log prints as they are.
const NOTES: &str = "birdhook::note";
/// The module of the library that also reports each request.
const LIBRARY_REQUESTS: &str = "birdhook_pipeline::telemetry";

static IS_ON: OnceLock<()> = OnceLock::new();

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The options for the log.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct LogArgs {
    /// Write a log to standard error, as text or as one JSON object per line: a line for each
    /// request, notes, and what the library reports. It has no texts, tokens or secrets.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    /// Write the log from this level on. Defaults to info with --log-format; implies --log-format
    /// text. Other libraries are logged from warn on.
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<LogLevel>,
}

impl LogArgs {
    /// Starts the log if an option asks for it. Returns whether one did.
    pub(crate) fn start(self) -> bool {
        if self.log_format.is_none() && self.log_level.is_none() {
            return false;
        }
        let level = match self.log_level {
            Some(LogLevel::Error) => Level::ERROR,
            Some(LogLevel::Warn) => Level::WARN,
            Some(LogLevel::Debug) => Level::DEBUG,
            Some(LogLevel::Trace) => Level::TRACE,
            Some(LogLevel::Info) | None => Level::INFO,
        };
        output::queue_output();
        let layer = tracing_subscriber::fmt::layer().with_writer(Lines);
        let layer = match self.log_format {
            Some(LogFormat::Json) => layer.json().flatten_event(true).with_span_list(false).boxed(),
            _ => layer.with_ansi(is_colored()).boxed(),
        };
        let filter = filter_fn(move |metadata| is_logged(metadata, level));
        // Fails if a subscriber was set before, which no command does.
        let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
        IS_ON.set(()).is_ok()
    }
}

fn is_colored() -> bool {
    io::stderr().is_terminal() && anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

fn is_logged(metadata: &Metadata<'_>, level: Level) -> bool {
    if !metadata.target().starts_with("birdhook") {
        return *metadata.level() <= level.min(Level::WARN);
    }
    let has_line_already =
        metadata.is_event() && metadata.target() == LIBRARY_REQUESTS && *metadata.level() >= Level::INFO;
    // Spans carry the fields of the events inside them.
    metadata.is_span() || (*metadata.level() <= level && !has_line_already)
}

/// Logs a note if the log is on. Returns whether it is.
pub(crate) fn note(text: &str) -> bool {
    if IS_ON.get().is_none() {
        return false;
    }
    tracing::info!(target: NOTES, "{}", anstream::adapter::strip_str(text));
    true
}

/// Writes each line of the log without waiting.
struct Lines;

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Lines {
    /// Called once for each event, with its whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        output::log(String::from_utf8_lossy(line).trim_end_matches('\n'));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
