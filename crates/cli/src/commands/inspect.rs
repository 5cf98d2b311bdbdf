//! `birdhook inspect`: prints the events in bodies.

use std::path::PathBuf;

use anyhow::Result;
use birdhook::{Apps, Delivery};
use birdhook_testkit::{Recorded, read};
use bytes::Bytes;

use crate::Verdict;
use crate::input::{self, Part};
use crate::lines::Form;
use crate::output::note;
use crate::wrapped;

/// Read bodies of deliveries and print one line for each event in them.
///
/// A file holds one body, or several, one behind the other or one a line; also what `birdhook record` wrote, and requests as
/// n8n, Lambda, API Gateway and others log them, which it says on standard error. With --json each
/// line is the documented JSON of an event (docs/activity.md). What cannot be read is told on standard error with the name of
/// the file and the line, the rest is printed still, and the exit code is 1. Signatures are not looked at.
#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// Files, folders whose files are read, or - for standard input, which is read when none is named.
    files: Vec<PathBuf>,
    /// The name of the app that the keys are made for.
    #[arg(long, value_name = "NAME", default_value = Apps::DEFAULT_NAME)]
    app: String,
    /// Print the event as X wrote it too, as `raw` in its JSON.
    #[arg(long, requires = "json")]
    raw: bool,
}

impl Inspect {
    pub(crate) fn run(self, json: bool) -> Result<Verdict> {
        let named = if self.files.is_empty() { &[PathBuf::from(input::STDIN)] } else { self.files.as_slice() };
        let form = Form::new(json, self.raw);
        let mut all_read = true;
        let files = input::files(named)?;
        if files.is_empty() {
            note("there is no file to read");
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
                note(format!("{}: holds nothing", path.display()));
                all_read = false;
            }
            for Part { line, json: part } in parts {
                let place = format!("{}:{line}", path.display());
                let bodies = part.map(|json| match wrapped::bodies(&json) {
                    Some(found) if recorded(&json).is_none() => found
                        .into_iter()
                        .map(|(body, what)| {
                            note(format!("{place}: reads {what}"));
                            body
                        })
                        .collect(),
                    _ => vec![json],
                });
                let read = bodies.and_then(|bodies| bodies.into_iter().map(|body| self.read(body)).collect());
                match read {
                    Ok(deliveries) => {
                        let deliveries: Vec<Delivery> = deliveries;
                        deliveries.iter().try_for_each(|delivery| form.print(delivery))?;
                    }
                    Err(why) => {
                        note(format!("{place}: {why}"));
                        all_read = false;
                    }
                }
            }
        }
        Ok(all_read.into())
    }

    fn read(&self, json: Bytes) -> Result<Delivery, String> {
        let body = recorded(&json).map_or(json, |recorded| recorded.body);
        read(&self.app, body).map_err(|_| "it is JSON, but no object, as every delivery is".to_owned())
    }
}

/// Parses a line that `birdhook record` wrote.
fn recorded(json: &Bytes) -> Option<Recorded> {
    str::from_utf8(json).ok()?.parse().ok()
}
