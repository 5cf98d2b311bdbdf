//! What an inbox holds and has done.

use std::time::Duration;

/// A snapshot, as of the last commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Whether the store works and its files are where they were opened. Otherwise deliveries are answered 503;
    /// [`Inbox::failure`](crate::Inbox::failure) says why.
    pub is_sound: bool,
    /// Whether deliveries are refused for lack of space.
    pub is_full: bool,
    /// Events that are neither done with nor dead letters.
    pub depth: usize,
    /// Of these, those that are handed out.
    pub leased: usize,
    /// Of these, those that failed and wait to be tried again.
    pub waiting: usize,
    /// Since the oldest of these was stored; `None` when there is none.
    pub oldest: Option<Duration>,
    /// Events that failed as often as they may.
    pub dead: usize,
    /// Events that are remembered as seen.
    pub remembered: usize,
    /// What deliveries and keys take, in bytes.
    pub bytes: u64,
    /// What the store takes on the disk, in bytes.
    pub disk: u64,
    /// Events stored since the inbox was opened.
    pub stored: u64,
    /// Events acknowledged since the inbox was opened.
    pub acknowledged: u64,
    /// Commits since the inbox was opened.
    pub commits: u64,
    /// How often the store failed since the inbox was opened.
    pub failures: u64,
}
