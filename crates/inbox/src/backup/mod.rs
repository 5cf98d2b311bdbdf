//! Backups of an inbox in a folder.

pub(crate) mod error;
pub(crate) mod report;
pub(crate) mod restore;
pub(crate) mod write;

use std::path::Path;

use tokio::sync::oneshot;

use crate::backend::Store;
use crate::backup::error::BackupError;
use crate::backup::report::Backup;
use crate::inbox::Inbox;
use crate::writer::command::Command;

impl Inbox {
    /// Writes a backup to a new file, while events are stored and consumed.
    ///
    /// The backup holds the events and keys that are on disk when it begins, dead letters and kept
    /// events included, with all acknowledgements before. It is written by a thread of its own to
    /// `FILE.partial`, read again, synced and then renamed, so that `file` is complete or does not
    /// exist. It has mode 0600. Meanwhile the inbox's own file does not reuse space. If this future
    /// is dropped or the inbox is closed, the backup is abandoned.
    ///
    /// The disk of `file` must have room for it and for [`InboxSettings::free_space`].
    ///
    /// [`InboxSettings::free_space`]: crate::InboxSettings::free_space
    ///
    /// # Errors
    /// If the file exists, if there is too little space, if reading or writing fails, and if the
    /// inbox is closed or not in a folder.
    pub async fn backup(&self, file: impl AsRef<Path>) -> Result<Backup, BackupError> {
        let file = file.as_ref().to_owned();
        match &self.store {
            Store::Folder(writer) => writer.ask(|done| Command::Backup(file, done)).await?,
            Store::Remote(_) => Err(BackupError::NotInFolder),
        }
    }

    /// Creates the folder of an inbox from a backup. `folder` must be empty or not exist.
    ///
    /// The copy is verified before it becomes an inbox, and a failure leaves no inbox. Events
    /// acknowledged after the backup was taken are leased again. Events stored after that are not in
    /// it; X delivers them again in a replay. New events may have ids that events had which
    /// are not in the backup.
    ///
    /// # Errors
    /// If the folder is in use or not empty, if the file is not a complete backup or is damaged, if
    /// there is too little space, and if reading or writing fails.
    pub async fn restore(file: impl AsRef<Path>, folder: impl AsRef<Path>) -> Result<Backup, BackupError> {
        let (file, folder) = (file.as_ref().to_owned(), folder.as_ref().to_owned());
        let (done, restored) = oneshot::channel();
        let thread = std::thread::Builder::new().name("birdhook-restore".to_owned());
        let thread = thread.spawn(move || _ = done.send(restore::restore(&file, &folder)));
        thread.map_err(|error| BackupError::Inbox(error.into()))?;
        restored.await.unwrap_or_else(|_| Err(std::io::Error::other("the thread has ended").into()))
    }
}
