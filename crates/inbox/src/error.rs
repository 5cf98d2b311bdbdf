//! What can go wrong with an inbox as a whole.

use std::path::PathBuf;

use crate::store::StoreError;

/// Why an inbox was not opened. Nothing was changed or lost.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the inbox in {}: {reason}", folder.display())]
pub struct OpenError {
    /// The folder.
    pub folder: PathBuf,
    /// Why; told in what the error displays. [`StoreError::InUse`] when another process, or this one, has the inbox open.
    pub reason: StoreError,
}

/// The inbox was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inbox is closed")]
pub struct Closed;

/// Why a lease was not extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtendError {
    /// The lease is over.
    #[error("the lease is over")]
    Over,
    /// The inbox is closed.
    #[error(transparent)]
    Closed(#[from] Closed),
}

/// The store failed; it is opened again by itself. X is answered 503 meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inbox's store failed and is not open again yet")]
pub(crate) struct Failed;
