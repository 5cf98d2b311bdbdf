//! `birdhook inbox dead-letters`: lists and shows events that used all their attempts.

use anyhow::{Context, Result};
use birdhook::inbox::control::InboxAccess;
use birdhook::inbox::{EventId, EventQuery, EventStatus, ListedEvent};

use super::export::Exported;
use super::folder::Folder;
use super::list::print_events;
use crate::error::{Code, Failure};
use crate::event_format::EventFormat;
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, escaped_json, shown, styled};

/// List the dead letters of an inbox, or show one.
#[derive(Debug, clap::Args)]
pub(super) struct DeadLetters {
    #[command(flatten)]
    folder: Folder,
    /// Show this dead letter in full, with the event as X wrote it. With --json, the output has the
    /// format of `birdhook inbox export`.
    #[arg(long, value_name = "ID")]
    show: Option<EventId>,
    /// List at most this many dead letters.
    #[arg(long, value_name = "N", default_value_t = 100, conflicts_with = "show")]
    limit: usize,
}

impl DeadLetters {
    pub(super) async fn run(self, json: bool) -> Result<ExitStatus> {
        match self.show {
            None => print_events(&self.folder, dead_letters_query(), self.limit, json).await?,
            Some(id) => {
                let letter = self.folder.with(async |inbox| find(inbox, id).await).await?;
                if json { output::json(&Exported::new(&letter))? } else { show(&letter)? }
            }
        }
        Ok(ExitStatus::Success)
    }
}

pub(super) fn dead_letters_query() -> EventQuery {
    EventQuery::all().status(EventStatus::Dead)
}

async fn find(inbox: &InboxAccess, id: EventId) -> Result<ListedEvent> {
    let found = inbox.find(id).await?.filter(|letter| letter.status == EventStatus::Dead);
    found.with_context(|| {
        let fix = "`birdhook inbox dead-letters DIR` lists the dead letters";
        Failure::new(Code::NoSuchEvent, format!("{id} is not a dead letter"), fix)
    })
}

/// Prints a line for the event, then its indented JSON. Shows an unreadable body as lossy UTF-8.
fn show(letter: &ListedEvent) -> Result<()> {
    match &letter.event {
        Ok(event) => EventFormat::new(false, false).print(event)?,
        Err(why) => {
            output::line(styled(BAD, format!("unreadable: {why}")))?;
            output::line(shown(&String::from_utf8_lossy(why.body())))?;
        }
    }
    let json = serde_json::to_string_pretty(&Exported::new(letter))?;
    json.lines().try_for_each(|line| output::line(escaped_json(line)))
}
