//! `birdhook inbox`: shows a durable inbox, and settles the events in it.

mod dead_letters;
mod export;
mod folder;
mod list;
mod settle;
mod stats;
mod verify;

use anyhow::Result;

pub(crate) use self::folder::opened;
use crate::Verdict;

/// Inspect a durable inbox, and requeue or discard its events.
///
/// `birdhook listen --inbox` and apps write such inboxes. Only one process at a time can open an
/// inbox, so stop the receiver first. These commands lease no events, delete nothing and create no
/// inbox. Only `requeue` and `discard` change events.
#[derive(Debug, clap::Args)]
pub(crate) struct Inbox {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Stats(stats::Stats),
    List(list::List),
    DeadLetters(dead_letters::DeadLetters),
    Requeue(settle::Requeue),
    Discard(settle::Discard),
    Export(export::Export),
    Verify(verify::Verify),
}

impl Inbox {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        match self.what {
            What::Stats(stats) => stats.run(json).await,
            What::List(list) => list.run(json).await,
            What::DeadLetters(letters) => letters.run(json).await,
            What::Requeue(requeue) => requeue.run(json).await,
            What::Discard(discard) => discard.run(json).await,
            What::Export(export) => export.run().await,
            What::Verify(verify) => verify.run(json).await,
        }
    }
}
