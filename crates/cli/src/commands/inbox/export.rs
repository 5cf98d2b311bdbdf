//! Events of an inbox as lines of JSON.

use anyhow::Result;
use birdhook::Timestamp;
use birdhook::activity::Report;
use birdhook::inbox::{Listed, Query};
use serde::Serialize;

use super::folder::{Folder, each};
use crate::Verdict;
use crate::output;

/// Print every event of an inbox as one line of JSON, the oldest first.
///
/// Each line is what `birdhook listen --json --raw` prints of the event (docs/activity.md), with `id`, `standing` (ready,
/// waiting, dead or acknowledged), `tries` and `stored_at` besides. What was acknowledged is there only if its owner keeps it.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    #[command(flatten)]
    folder: Folder,
}

impl Export {
    pub(super) async fn run(self) -> Result<Verdict> {
        let print = async |inbox: &_| each(inbox, Query::all(), |listed| output::json(&Exported::new(&listed))).await;
        self.folder.with(print).await?;
        Ok(Verdict::Good)
    }
}

/// All that is known of an event.
#[derive(Serialize)]
pub(super) struct Exported<'a> {
    id: String,
    standing: &'static str,
    tries: u32,
    stored_at: Timestamp,
    #[serde(flatten)]
    report: Report<'a>,
}

impl<'a> Exported<'a> {
    pub(super) fn new(listed: &'a Listed) -> Self {
        Self {
            id: listed.id.to_string(),
            standing: listed.standing.as_str(),
            tries: listed.tries,
            stored_at: listed.stored_at,
            report: listed.event.report().with_raw(),
        }
    }
}
