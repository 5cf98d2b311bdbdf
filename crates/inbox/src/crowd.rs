//! Waiting for others before a commit.

use std::ops::Range;
use std::time::Duration;

/// How many ask at a time. Those who were answered by one commit come again while the next one is under way, so that each
/// would have half of them; it pays to wait a little for the other half.
#[derive(Default)]
pub(crate) struct Crowd {
    last: usize,
    took: Duration,
}

/// Fewer than these are not waited for, for it would only take longer; nor more, for to take so many in takes as long as a
/// commit, and is better done during one.
const CROWDS: Range<usize> = 8..48;

impl Crowd {
    pub(crate) fn was(&mut self, asked: usize, took: Duration) {
        (self.last, self.took) = (asked, took);
    }

    /// For how many to wait when so many are here, and for how long: never for long beside what a commit takes.
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
