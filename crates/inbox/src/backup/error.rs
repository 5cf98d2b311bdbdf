//! The errors of backups.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Closed;
use crate::storage::error::{self, StoreError};
use crate::storage::folder;
use crate::storage::lock_holder::LockHolder;

/// The error when a backup cannot be written or restored. No incomplete file or folder is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The inbox is closed.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// A database stores the inbox.
    #[error("a database stores this inbox, not a folder: back up the database")]
    NotInFolder,
    /// The inbox cannot be read or created.
    #[error("cannot use the inbox: {0}")]
    Inbox(#[from] StoreError),
    /// A file with the name of the backup exists.
    #[error("{} exists: name a new file", .0.display())]
    Exists(PathBuf),
    /// The file cannot be written or read.
    #[error("cannot use the file {}: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The cause, included in the error's text.
        reason: StoreError,
    },
    /// The disk has too little space.
    #[error("{} needs {needed} free bytes on its disk, which has {free}", path.display())]
    NoSpace {
        /// The file of the backup, or the folder to restore.
        path: PathBuf,
        /// The size of the copy, and the space that must stay free.
        needed: u64,
        /// The space that is free, in bytes.
        free: u64,
    },
    /// The file is a store, but not a complete backup.
    #[error("{} is not a complete backup: `birdhook inbox backup` writes one", .0.display())]
    Incomplete(PathBuf),
    /// The folder to restore contains files.
    #[error("{} is not empty: name a new folder", .0.display())]
    NotEmpty(PathBuf),
    /// The folder to restore holds an inbox that is open.
    #[error("{} is in use by {}: name a new folder", folder.display(), error::holder(.holder.as_ref()))]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The process that has the inbox open, if known.
        holder: Option<LockHolder>,
    },
}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        Self::Inbox(error.into())
    }
}

impl BackupError {
    /// Returns a function that adds the file to an error.
    pub(super) fn of_file<E: Into<StoreError>>(file: &Path) -> impl Fn(E) -> Self {
        move |reason| Self::File { file: file.to_owned(), reason: reason.into() }
    }

    /// Checks that the disk of `folder` has this many bytes free for the copy at `path`.
    pub(super) fn check_space(path: &Path, folder: &Path, needed: u64) -> Result<(), Self> {
        let free = folder::free_space(folder).map_err(Self::of_file(path))?;
        if free < needed {
            return Err(Self::NoSpace { path: path.to_owned(), needed, free });
        }
        Ok(())
    }
}
