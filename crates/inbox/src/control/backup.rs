//! Backups through the control socket.
#![cfg_attr(not(unix), allow(dead_code, reason = "only Unix has the socket"))]

use std::io;
use std::path::{Path, PathBuf};

use birdhook_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::backup::error::BackupError;
use crate::backup::report::Backup;

/// The reply to the request `backup`.
#[derive(Deserialize, Serialize)]
pub(super) struct BackupRecord {
    events: usize,
    dead: usize,
    bytes: u64,
    taken_at: String,
}

impl From<Backup> for BackupRecord {
    fn from(backup: Backup) -> Self {
        let Backup { events, dead, bytes, taken_at } = backup;
        Self { events, dead, bytes, taken_at: taken_at.to_string() }
    }
}

impl BackupRecord {
    /// Returns the backup, or the name of a member that cannot be read.
    pub(super) fn read(self) -> Result<Backup, &'static str> {
        let Self { events, dead, bytes, taken_at } = self;
        Ok(Backup { events, dead, bytes, taken_at: Timestamp::parse(&taken_at).ok_or("taken_at")? })
    }
}

/// Returns the absolute path of a file, because the process that writes it has a current folder of
/// its own.
pub(super) fn absolute(file: &Path) -> Result<String, BackupError> {
    let not_utf8 = |_| io::Error::new(io::ErrorKind::InvalidInput, "its path is not UTF-8");
    let path = std::path::absolute(file).and_then(|path| path.into_os_string().into_string().map_err(not_utf8));
    path.map_err(|reason| BackupError::File { file: file.to_owned(), reason: reason.into() })
}

/// Returns the path in a request, or why it cannot be used.
pub(super) fn requested(file: String) -> Result<PathBuf, String> {
    let path = PathBuf::from(file);
    if path.is_absolute() { Ok(path) } else { Err(format!("{}: expected an absolute path", path.display())) }
}
