//! `birdhook inbox backup`: writes a backup of an inbox.

use std::fmt::Display;
use std::path::PathBuf;

use anyhow::{Error, Result};
use birdhook::inbox::Backup as Written;
use birdhook::inbox::control::ControlError;
use indicatif::HumanBytes;
use serde::Serialize;

use super::folder::Folder;
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::output::{self, plural};

/// Write a backup of an inbox to a new file.
///
/// The app may run: the process that has the inbox open writes the file, at a path of its own file
/// system. The file holds what was on disk when the backup began. It appears under its name once it
/// is complete and verified, with mode 0600; until then it is FILE.partial. The disk needs room for
/// it, and for the space that the inbox leaves free. `birdhook inbox restore` creates a folder from
/// it. An inbox in PostgreSQL is backed up with its database.
///
/// With --json, the output is an object: `file`, `events`, `dead`, `bytes` and `taken_at`.
#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    #[command(flatten)]
    folder: Folder,
    /// The new file.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, json: bool) -> Result<ExitStatus> {
        let failed = |error| match error {
            error @ (ControlError::Backup(_) | ControlError::Refused { .. }) => {
                failure(error, &format!("cannot back up to {}", self.to.display()))
            }
            error => error.into(),
        };
        let written = self.folder.with(async |inbox| inbox.backup(&self.to).await.map_err(failed)).await?;
        let report = Report::new(self.to.display().to_string(), written);
        if json { output::json(&report) } else { report.print("backed up") }?;
        Ok(ExitStatus::Success)
    }
}

/// Returns the failure with its cause in the text, which is all that a client of another process
/// knows of it.
pub(super) fn failure(error: impl Display, message: &str) -> Error {
    let fix = "nothing was written; correct the cause, then run the command again";
    Failure::new(Code::BackupFailed, format!("{message}: {error}"), fix).into()
}

/// The output of `backup` and `restore`.
#[derive(Serialize)]
pub(super) struct Report {
    file: String,
    events: usize,
    dead: usize,
    bytes: u64,
    taken_at: String,
}

impl Report {
    pub(super) fn new(file: String, backup: Written) -> Self {
        let Written { events, dead, bytes, taken_at, .. } = backup;
        Self { file, events, dead, bytes, taken_at: taken_at.to_string() }
    }

    pub(super) fn print(&self, verb: &str) -> Result<()> {
        let Self { events, dead, bytes, taken_at, .. } = self;
        let dead = plural(*dead, "dead letter");
        output::line(format!("{verb} {} ({dead}), {}, as of {taken_at}", plural(*events, "event"), HumanBytes(*bytes)))
    }
}
