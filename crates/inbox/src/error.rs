//! The errors of an inbox as a whole.

use std::path::PathBuf;

use crate::storage::error::StoreError;

/// The error when an inbox cannot be opened. Nothing was changed or lost.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the inbox in {}: {reason}", folder.display())]
pub struct OpenError {
    /// The inbox's folder.
    pub folder: PathBuf,
    /// The cause, included in the error's text. [`StoreError::InUse`] if this or another process
    /// has the inbox open.
    pub reason: StoreError,
}

/// The error when events cannot be listed, purged or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The inbox is closed.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The inbox cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The inbox was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inbox is closed")]
pub struct Closed;

/// The error when a lease cannot be extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtendError {
    /// The lease has expired.
    #[error("the lease has expired")]
    Expired,
    /// The inbox is closed.
    #[error(transparent)]
    Closed(#[from] Closed),
}

/// The store failed and has not been reopened yet. X is answered 503 meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inbox's store failed and was not reopened yet")]
pub(crate) struct Failed;
