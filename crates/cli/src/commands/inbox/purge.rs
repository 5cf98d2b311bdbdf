//! `birdhook inbox purge`: deletes the events of one user's subscriptions.

use anyhow::Result;
use serde_json::json;

use super::folder::Folder;
use crate::account::confirm;
use crate::exit_status::ExitStatus;
use crate::output::{self, plural};

/// Delete all events of one user's subscriptions, dead letters and kept events included.
///
/// Use it when the user revokes the app's access. An event that is leased now stays with its
/// consumer. Later duplicates are still recognised. The deleted bytes stay in the file until they
/// are overwritten. With --json, the output is an object: `purged`, the number of events.
#[derive(Debug, clap::Args)]
pub(super) struct Purge {
    #[command(flatten)]
    folder: Folder,
    /// The id of the user.
    #[arg(value_name = "SUBSCRIBER", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    subscriber: String,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

impl Purge {
    pub(super) async fn run(self, json: bool) -> Result<ExitStatus> {
        let count = self.folder.with(async |inbox| {
            let question = format!("Delete all events of the subscriber {}?", self.subscriber);
            confirm(self.yes, &question, "nothing was deleted")?;
            Ok(inbox.purge(&self.subscriber).await?)
        });
        let count = count.await?;
        if json {
            output::json(&json!({"purged": count}))?;
        } else {
            output::line(format!("purged {}", plural(count, "event")))?;
        }
        Ok(ExitStatus::Success)
    }
}
