//! Fault injection for the tests that prove that the inbox loses nothing. Compiled to nothing
//! without `--cfg birdhook_faults`.

#[cfg(birdhook_faults)]
mod disk;
#[cfg(birdhook_faults)]
mod planted;
#[cfg(birdhook_faults)]
mod watched;

#[cfg(birdhook_faults)]
pub use self::{
    disk::Disk,
    planted::{call_at, plant, points},
};
#[cfg(birdhook_faults)]
pub(crate) use self::{
    planted::{has, point},
    watched::Watched,
};

/// A bug that can be planted in the inbox. The tests must notice each one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(not(birdhook_faults), allow(unreachable_pub, reason = "only the tests can name it"))]
pub enum Bug {
    /// Keys are remembered before their events are stored.
    MarkBeforeAppend,
    /// 200 is answered before the events are on disk.
    AnswerBeforeSync,
    /// A failed fsync is treated as a success.
    IgnoredSyncError,
    /// Checksums are not verified.
    SkippedChecksum,
    /// A lock held by another opener is treated as free.
    IgnoredLock,
}

/// Returns whether this bug is planted. Always false without `birdhook_faults`.
#[cfg(not(birdhook_faults))]
pub(crate) const fn has(_: Bug) -> bool {
    false
}

/// Marks a point in the commit path at which tests can end the process.
#[cfg(not(birdhook_faults))]
pub(crate) const fn point(_: &'static str) {}
