//! `birdhook inbox`: shows an inbox, and requeues or discards the events in it.

mod backup;
mod changes;
mod dead_letters;
mod export;
mod folder;
mod list;
mod purge;
mod restore;
mod stats;
mod verify;

use anyhow::Result;

pub(crate) use self::folder::{access, no_inbox, open_inbox, read_only_settings};
use crate::exit_status::ExitStatus;

/// Inspect a durable inbox, and requeue or discard its events.
///
/// `birdhook listen --inbox` and apps write such inboxes. While another process has the inbox open,
/// these commands reach it through the socket `control.sock` in the folder. `birdhook listen` and
/// `birdhook relay` always serve it, an app does with `InboxSettings::control_socket`; stop other
/// apps first. If no process has the inbox open, the commands open it themselves. They lease no
/// events. Only `requeue`, `discard` and `purge` change events, and only `restore` creates an inbox.
#[derive(Debug, clap::Args)]
pub(crate) struct Inbox {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Stats(stats::Stats),
    List(list::List),
    DeadLetters(dead_letters::DeadLetters),
    Requeue(changes::Requeue),
    Discard(changes::Discard),
    Purge(purge::Purge),
    Export(export::Export),
    Verify(verify::Verify),
    Backup(backup::Backup),
    Restore(restore::Restore),
}

impl Inbox {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        match self.action {
            Action::Stats(stats) => stats.run(json).await,
            Action::List(list) => list.run(json).await,
            Action::DeadLetters(letters) => letters.run(json).await,
            Action::Requeue(requeue) => requeue.run(json).await,
            Action::Discard(discard) => discard.run(json).await,
            Action::Purge(purge) => purge.run(json).await,
            Action::Export(export) => export.run().await,
            Action::Verify(verify) => verify.run(json).await,
            Action::Backup(backup) => backup.run(json).await,
            Action::Restore(restore) => restore.run(json).await,
        }
    }
}
