//! Group commit: waits for more requests before a commit.

use std::ops::Range;
use std::time::Duration;

/// The number of requests in the last commit, and its duration. Clients answered by one commit send
/// their next request during the following one. Without a short wait, each commit would hold only
/// half of them.
#[derive(Default)]
pub(crate) struct Crowd {
    last: usize,
    took: Duration,
}

/// Waiting applies only in this range: with fewer clients it costs more than it gains, and with
/// more, collecting them takes as long as a commit and is better done during one.
const CROWDS: Range<usize> = 8..48;

impl Crowd {
    pub(crate) fn was(&mut self, asked: usize, took: Duration) {
        (self.last, self.took) = (asked, took);
    }

    /// Returns how many commands to wait for when `here` have arrived, and for how long: at most a
    /// third of the last commit.
    pub(crate) fn expected(&self, here: usize) -> (usize, Duration) {
        let expected = if 2 * here >= self.last { self.last + here } else { self.last };
        if CROWDS.contains(&self.last) { (expected, self.took / 3) } else { (here, Duration::ZERO) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_half_is_waited_for_where_that_pays() {
        let after = |asked| {
            let mut crowd = Crowd::default();
            crowd.was(asked, Duration::from_millis(3));
            crowd
        };
        let third = Duration::from_millis(1);
        assert_eq!(Crowd::default().expected(1), (1, Duration::ZERO), "nobody has come yet");
        assert_eq!(after(1).expected(1), (1, Duration::ZERO));
        assert_eq!(after(16).expected(16), (32, third), "as many as are here will come again");
        assert_eq!(after(32).expected(2), (32, third), "all of them come again, and the first are here");
        assert_eq!(after(64).expected(64), (64, Duration::ZERO));
    }
}
