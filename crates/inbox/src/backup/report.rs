//! The description of a backup.

use birdhook_core::Timestamp;

/// A backup that was written or restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// The number of events in it: pending events, dead letters, and acknowledged events that are
    /// kept.
    pub events: usize,
    /// The number of dead letters among them.
    pub dead: usize,
    /// The size of the file, in bytes.
    pub bytes: u64,
    /// When it was taken. Later deliveries and acknowledgements are not in it.
    pub taken_at: Timestamp,
}
