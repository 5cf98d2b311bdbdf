//! Group commit: waits for more requests before a commit.

use std::ops::Range;
use std::time::Duration;

/// The number of requests in the last commit, and its duration. Clients answered by one commit send
/// their next request during the following one. Without a short wait, each commit would hold only
/// half of them.
#[derive(Default)]
pub(crate) struct GroupCommit {
    last: usize,
    took: Duration,
}

/// Waiting applies only in this range: with fewer clients it costs more than it gains, and with
/// more, collecting them takes as long as a commit and is better done during one.
const RANGE: Range<usize> = 8..48;

impl GroupCommit {
    pub(crate) fn record(&mut self, asked: usize, took: Duration) {
        (self.last, self.took) = (asked, took);
    }

    /// Returns how many commands to wait for when `here` have arrived, and for how long: at most a
    /// third of the last commit.
    pub(crate) fn expected(&self, here: usize) -> (usize, Duration) {
        let expected = if 2 * here >= self.last { self.last + here } else { self.last };
        if RANGE.contains(&self.last) { (expected, self.took / 3) } else { (here, Duration::ZERO) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_the_other_half_of_8_to_47_clients() {
        let after = |asked| {
            let mut group_commit = GroupCommit::default();
            group_commit.record(asked, Duration::from_millis(3));
            group_commit
        };
        let third = Duration::from_millis(1);
        assert_eq!(GroupCommit::default().expected(1), (1, Duration::ZERO), "no commit yet");
        assert_eq!(after(1).expected(1), (1, Duration::ZERO));
        assert_eq!(after(16).expected(16), (32, third), "as many again are expected");
        assert_eq!(after(32).expected(2), (32, third), "all of the last commit are expected");
        assert_eq!(after(64).expected(64), (64, Duration::ZERO));
    }
}
