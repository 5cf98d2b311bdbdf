//! A snapshot of an inbox's state and counters.

use std::time::Duration;

/// A snapshot of an inbox, taken at the last commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Whether the store works and its files are where they were opened.
    ///
    /// If not, deliveries are answered 503 and [`Inbox::failure`](crate::Inbox::failure) returns
    /// the reason.
    pub is_sound: bool,
    /// Whether deliveries are refused for lack of space.
    pub is_full: bool,
    /// Events that are neither settled nor dead letters.
    pub depth: usize,
    /// Events in `depth` that consumers have received and not settled, up to this moment.
    pub leased: usize,
    /// Events in `depth` that failed and wait for a retry.
    pub waiting: usize,
    /// Age of the oldest event in `depth`; `None` if `depth` is 0.
    pub oldest: Option<Duration>,
    /// Dead letters.
    pub dead: usize,
    /// Events whose keys are kept for deduplication.
    pub remembered: usize,
    /// Size of the stored deliveries and keys, in bytes.
    pub bytes: u64,
    /// Size of the store on disk, in bytes.
    pub disk: u64,
    /// Events stored since the inbox was opened.
    pub stored: u64,
    /// Events acknowledged since the inbox was opened.
    pub acknowledged: u64,
    /// Commits since the inbox was opened.
    pub commits: u64,
    /// Failures of the store since the inbox was opened.
    pub failures: u64,
}
