//! The errors of access to an inbox.

use std::io;
use std::path::PathBuf;

use crate::backup::error::BackupError;
use crate::error::{Closed, ListError};
use crate::storage::error::StoreError;

/// The error when an inbox cannot be inspected or changed, from its process or from another one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The inbox is closed.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The inbox cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The backup cannot be written.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The process that has the inbox open cannot be reached.
    #[error("cannot reach the process that has the inbox open, at {}: {reason}", socket.display())]
    Unreachable {
        /// The control socket.
        socket: PathBuf,
        /// The cause, included in the error's text.
        reason: io::Error,
    },
    /// The process that has the inbox open did not reply in time.
    #[error("the process that has the inbox open did not reply in time")]
    Timeout,
    /// The process that has the inbox open refused the request.
    #[error("{message}")]
    Refused {
        /// One word for programs.
        code: String,
        /// The reason.
        message: String,
    },
    /// The reply is not one of this version's protocol.
    #[error(
        "unreadable reply from the process that has the inbox open: {0}; use the same version of birdhook for both"
    )]
    Reply(String),
    /// This system has no control sockets.
    #[error("control sockets are only available on Unix")]
    Unsupported,
}

impl From<ListError> for ControlError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Closed(closed) => Self::Closed(closed),
            ListError::Store(store) => Self::Store(store),
        }
    }
}
