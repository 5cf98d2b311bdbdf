//! Where the inbox can be made to fail, for the tests that prove that it loses nothing. Compiled to nothing unless the
//! compiler is told `--cfg birdhook_faults`.

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

/// A mistake that an inbox could have. Each must be noticed by the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(not(birdhook_faults), allow(unreachable_pub, reason = "only the tests can name it"))]
pub enum Bug {
    /// Keys are remembered before their events are stored.
    MarkBeforeAppend,
    /// 200 is answered before the events are on the disk.
    AnswerBeforeSync,
    /// A failed fsync counts as one that did not fail.
    IgnoredSyncError,
    /// What is read is believed.
    SkippedChecksum,
    /// A lock that another opener has counts as free.
    IgnoredLock,
}

/// Whether this mistake is planted: never, in what anybody uses.
#[cfg(not(birdhook_faults))]
pub(crate) const fn has(_: Bug) -> bool {
    false
}

/// A point of the commit's path, at which the process may be made to end.
#[cfg(not(birdhook_faults))]
pub(crate) const fn point(_: &'static str) {}
