//! `birdhook inspect`: prints the events in bodies.

mod bare_event;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use birdhook::{Apps, Delivery};
use birdhook_testkit::read;
use bytes::Bytes;

use crate::event_format::EventFormat;
use crate::exit_status::ExitStatus;
use crate::input::{self, Part};
use crate::logged_request;
use crate::output::note;

/// Read bodies of deliveries, and print one line for each event in them.
///
/// A file may hold one body, several in a row, or one per line. It may also hold what `birdhook
/// record` wrote, requests as n8n, Lambda, API Gateway, SQS and others log them, or single events:
/// an element of `tweet_create_events` and the like, or the `data` of the X Activity API. A note on
/// standard error names such a format. With --json, each line is the documented JSON of an
/// event (docs/activity.md). A part that cannot be read is reported on standard error with its file
/// and line. The rest is still printed, and the exit code is 1. Signatures are not checked.
#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// Files, folders of files, or - for standard input. Defaults to standard input.
    files: Vec<PathBuf>,
    /// Read the bodies as deliveries for the app of this name, which is a part of the events' keys.
    #[arg(long, value_name = "NAME", default_value = Apps::DEFAULT_NAME)]
    app: String,
    /// Include the event as X wrote it, as `raw` in the JSON.
    #[arg(long, requires = "json")]
    raw: bool,
    /// Print a table that fits the terminal, or 80 columns. Ids and texts are shortened. In a narrow
    /// table, each text is on a line below its event.
    #[arg(long, conflicts_with = "json")]
    table: bool,
}

impl Inspect {
    pub(crate) fn run(self, json: bool) -> Result<ExitStatus> {
        let named = if self.files.is_empty() { &[PathBuf::from(input::STDIN)] } else { self.files.as_slice() };
        let form = EventFormat::new(json, self.raw);
        let (mut all_read, mut rows) = (true, Vec::new());
        let files = input::files(named)?;
        if files.is_empty() {
            note("no file to read");
            all_read = false;
        }
        for path in files {
            let parts = match input::bytes(&path) {
                Ok(bytes) => input::parts(&bytes),
                Err(error) => {
                    note(format!("{error:#}"));
                    all_read = false;
                    continue;
                }
            };
            if parts.is_empty() {
                note(format!("{}: empty", path.display()));
                all_read = false;
            }
            for Part { line, json: part } in parts {
                let place = format!("{}:{line}", path.display());
                let bodies = part.map(|json| unwrapped(json, &place));
                let read: Result<Vec<_>, _> =
                    bodies.and_then(|bodies| bodies.into_iter().map(|body| self.read(body)).collect());
                match read {
                    Ok(deliveries) if self.table => {
                        rows.extend(deliveries.iter().flat_map(Delivery::events).map(table::row));
                    }
                    Ok(deliveries) => {
                        deliveries.iter().flat_map(Delivery::events).try_for_each(|event| form.print(event))?;
                    }
                    Err(why) => {
                        note(format!("{place}: {why}"));
                        all_read = false;
                    }
                }
            }
        }
        if self.table {
            table::print(&rows)?;
        }
        Ok(all_read.into())
    }

    fn read(&self, body: Bytes) -> Result<Delivery, String> {
        read(&self.app, body).map_err(|_| "not a delivery: expected a JSON object".to_owned())
    }
}

/// Returns the bodies in a part of a file. Notes the format of what contains them.
fn unwrapped(json: Bytes, place: &str) -> Vec<Bytes> {
    if let Some(recorded) = logged_request::recorded(&json) {
        return vec![recorded.body];
    }
    let reading = |(body, source): (Bytes, String)| {
        note(format!("{place}: reading {source}"));
        body
    };
    let bodies: Vec<Bytes> = match logged_request::bodies(&json) {
        Some(found) => found.into_iter().map(reading).collect(),
        None => vec![json],
    };
    let enveloped = |body: Bytes| match bare_event::delivery(&body) {
        Some((delivery, source)) => reading((delivery, source.to_owned())),
        None => body,
    };
    bodies.into_iter().map(enveloped).collect()
}
