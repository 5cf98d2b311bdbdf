//! `birdhook inbox stats`: prints the size of an inbox.

use std::time::Duration;

use anyhow::Result;
use indicatif::{HumanBytes, HumanDuration};
use serde::Serialize;

use super::folder::Folder;
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, plural, styled};

/// Print the size of an inbox.
///
/// With --json, the output is an object. `depth` is the number of events that are neither
/// acknowledged nor dead letters: `ready` of them can be leased, `waiting` have failed and wait for
/// a retry. `oldest_seconds` is the age of the oldest of them, if there is one. `dead` is the
/// number of dead letters, `remembered` the number of events whose keys are kept for deduplication.
/// `bytes` is the size of the events and keys, `disk` the size of the file.
#[derive(Debug, clap::Args)]
pub(super) struct Stats {
    #[command(flatten)]
    folder: Folder,
}

#[derive(Serialize)]
struct Numbers {
    depth: usize,
    ready: usize,
    waiting: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_seconds: Option<f64>,
    dead: usize,
    remembered: usize,
    bytes: u64,
    disk: u64,
}

impl Stats {
    pub(super) async fn run(self, json: bool) -> Result<ExitStatus> {
        let stats = self.folder.with(async |inbox| Ok(inbox.snapshot().await?.stats)).await?;
        let numbers = Numbers {
            depth: stats.depth,
            ready: stats.depth.saturating_sub(stats.waiting),
            waiting: stats.waiting,
            oldest_seconds: stats.oldest.map(|age| age.as_secs_f64()),
            dead: stats.dead,
            remembered: stats.remembered,
            bytes: stats.bytes,
            disk: stats.disk,
        };
        if json { output::json(&numbers) } else { numbers.print(stats.oldest) }?;
        Ok(ExitStatus::Success)
    }
}

impl Numbers {
    fn print(&self, oldest: Option<Duration>) -> Result<()> {
        let oldest = oldest.map(|age| format!(", the oldest for {}", HumanDuration(age))).unwrap_or_default();
        let dead = self.dead.to_string();
        let dead = if self.dead > 0 { styled(BAD, dead) } else { dead };
        for (name, value) in [
            ("pending", format!("{} ({} ready, {} waiting){oldest}", self.depth, self.ready, self.waiting)),
            ("dead letters", dead),
            ("remembered", plural(self.remembered, "event")),
            ("size", format!("{}, {} on disk", HumanBytes(self.bytes), HumanBytes(self.disk))),
        ] {
            output::line(format!("{name:12}  {value}"))?;
        }
        Ok(())
    }
}
