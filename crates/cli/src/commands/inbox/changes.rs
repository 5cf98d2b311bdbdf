//! `birdhook inbox requeue` and `birdhook inbox discard`.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use birdhook::inbox::EventId;
use birdhook::inbox::control::{ControlError, InboxAccess};

use super::dead_letters::dead_letters_query;
use super::folder::{Folder, for_each_event};
use crate::account::confirm;
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::output::{self, note, plural};

/// Return dead letters to the queue with 0 attempts.
///
/// With --json, the output is an object: `requeued`, the number of events, and `refused`, the ids
/// that do not belong to dead letters. Exit code 1 if an id was refused.
#[derive(Debug, clap::Args)]
pub(super) struct Requeue {
    #[command(flatten)]
    folder: Folder,
    /// The ids of the dead letters.
    #[arg(value_name = "ID", required_unless_present_any = ["all", "postgres"])]
    ids: Vec<EventId>,
    /// Select all dead letters.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

/// Discard events without delivering them, dead letters or others.
///
/// Duplicates of discarded events are still recognised. Discarded events count as acknowledged.
/// They are deleted when the inbox is next used, unless its owner keeps acknowledged events. With
/// --json, the output is an object: `discarded`, the number of events, and `refused`, the ids of
/// unknown events and of events that were already acknowledged. Exit code 1 if an id was refused.
#[derive(Debug, clap::Args)]
pub(super) struct Discard {
    #[command(flatten)]
    folder: Folder,
    /// The ids of the events.
    #[arg(value_name = "ID", required_unless_present_any = ["all_dead", "postgres"])]
    ids: Vec<EventId>,
    /// Select all dead letters.
    #[arg(long, conflicts_with = "ids")]
    all_dead: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

impl Requeue {
    pub(super) async fn run(mut self, json: bool) -> Result<ExitStatus> {
        add_first(&mut self.folder, &mut self.ids, self.all)?;
        let change = async |inbox: &InboxAccess| {
            if self.all {
                return Ok(ChangeReport::all(inbox.requeue(&dead_letters(inbox).await?).await?));
            }
            ChangeReport::of_each(self.ids, async |id| inbox.requeue(&[id]).await).await
        };
        self.folder.with(change).await?.print("requeued", "a dead letter", json)
    }
}

impl Discard {
    pub(super) async fn run(mut self, json: bool) -> Result<ExitStatus> {
        add_first(&mut self.folder, &mut self.ids, self.all_dead)?;
        let change = async |inbox: &InboxAccess| {
            let ids = if self.all_dead { dead_letters(inbox).await? } else { self.ids };
            let question = format!("Discard {} permanently?", plural(ids.len(), "event"));
            if !ids.is_empty() {
                confirm(self.yes, &question, "nothing was discarded")?;
            }
            if self.all_dead {
                return Ok(ChangeReport::all(inbox.discard(&ids).await?));
            }
            ChangeReport::of_each(ids, async |id| inbox.discard(&[id]).await).await
        };
        self.folder.with(change).await?.print("discarded", "an event that could be discarded", json)
    }
}

/// Adds the first id of a command line with --postgres, which has no folder. Fails if no id is given.
fn add_first(folder: &mut Folder, ids: &mut Vec<EventId>, selects_all: bool) -> Result<()> {
    if let Some(first) = folder.take_argument() {
        let fix = "`birdhook inbox list` prints the ids";
        let first = first.parse().with_context(|| Failure::new(Code::Usage, format!("{first:?} is not an id"), fix))?;
        ids.insert(0, first);
    }
    if ids.is_empty() && !selects_all {
        bail!(Failure::new(Code::Usage, "no event is named", "add the ids of the events"));
    }
    Ok(())
}

async fn dead_letters(inbox: &InboxAccess) -> Result<Vec<EventId>> {
    let mut ids = Vec::new();
    for_each_event(inbox, dead_letters_query(), |letter| {
        ids.push(letter.id);
        Ok(())
    })
    .await?;
    Ok(ids)
}

/// The number of changed events, and the ids of those that could not be changed.
struct ChangeReport {
    count: usize,
    refused: Vec<EventId>,
}

impl ChangeReport {
    fn all(count: usize) -> Self {
        Self { count, refused: Vec::new() }
    }

    async fn of_each(ids: Vec<EventId>, change: impl AsyncFn(EventId) -> Result<usize, ControlError>) -> Result<Self> {
        let mut report = Self::all(0);
        for id in BTreeSet::from_iter(ids) {
            match change(id).await? {
                0 => report.refused.push(id),
                _ => report.count += 1,
            }
        }
        Ok(report)
    }

    fn print(&self, verb: &str, expected: &str, json: bool) -> Result<ExitStatus> {
        if json {
            let refused: Vec<_> = self.refused.iter().map(ToString::to_string).collect();
            output::json(&serde_json::json!({verb: self.count, "refused": refused}))?;
        } else {
            output::line(format!("{verb} {}", plural(self.count, "event")))?;
            self.refused.iter().for_each(|id| note(format!("{id} is not {expected}")));
        }
        Ok(self.refused.is_empty().into())
    }
}
