//! `birdhook inbox restore`: creates the folder of an inbox from a backup.

use std::path::PathBuf;

use anyhow::Result;
use birdhook::inbox::Inbox;

use super::backup::{Report, failure};
use crate::commands::listen::upkeep::heartbeat::Heartbeat;
use crate::exit_status::ExitStatus;
use crate::output::{self, note};

/// Create an inbox from a backup.
///
/// The copy is read and verified before it becomes an inbox; the backup itself is only read. Stop
/// the app first. Events acknowledged after the backup was taken come again. Events stored after
/// that are not in it: `birdhook listen --inbox DIR --catch-up` asks X to replay them, up to 24 hours
/// back.
///
/// With --json, the output is an object: `file`, `events`, `dead`, `bytes` and `taken_at`.
#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// The folder of the new inbox, which must be empty or not exist.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The file that `birdhook inbox backup` wrote.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

impl Restore {
    pub(super) async fn run(self, json: bool) -> Result<ExitStatus> {
        let (file, folder) = (self.from.display(), self.folder.display());
        let failed = |error| failure(error, &format!("cannot restore {file} to {folder}"));
        let backup = Inbox::restore(&self.from, &self.folder).await.map_err(failed)?;
        // `listen --catch-up` replays from here.
        Heartbeat::first(backup.taken_at).write(&self.folder)?;
        let report = Report::new(file.to_string(), backup);
        if json { output::json(&report) } else { report.print("restored") }?;
        note(format!(
            "later deliveries are missing, and events acknowledged later come again; \
             `birdhook listen --inbox {folder} --catch-up` asks X for what is missing"
        ));
        Ok(ExitStatus::Success)
    }
}
