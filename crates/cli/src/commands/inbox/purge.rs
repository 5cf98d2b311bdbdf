//! `birdhook inbox purge`: deletes the events of one user's subscriptions.

use anyhow::{Context, Result};
use serde_json::json;

use super::folder::Folder;
use crate::account::confirm;
use crate::error::{Code, Failure};
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
    #[arg(value_name = "SUBSCRIBER", required_unless_present = "postgres", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    subscriber: Option<String>,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

impl Purge {
    pub(super) async fn run(mut self, json: bool) -> Result<ExitStatus> {
        let subscriber = self
            .folder
            .take_argument()
            .or(self.subscriber)
            .with_context(|| Failure::new(Code::Usage, "no subscriber is named", "add the id of the user"))?;
        let count = self.folder.with(async |inbox| {
            let question = format!("Delete all events of the subscriber {subscriber}?");
            confirm(self.yes, &question, "nothing was deleted")?;
            Ok(inbox.purge(&subscriber).await?)
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
