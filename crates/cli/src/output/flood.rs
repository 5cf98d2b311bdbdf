//! Rate limit for notes.

use std::time::Duration;

/// Time during which a repeated note is left out.
const REPEATED: Duration = Duration::from_secs(10);

/// Maximum number of notes per second.
const MOST: u32 = 20;

/// Leaves out and counts notes that repeat the last one or exceed the rate limit.
#[derive(Debug, Default)]
pub(super) struct Flood {
    last: Option<(String, Duration)>,
    second: u64,
    of_second: u32,
    left_out: u64,
}

impl Flood {
    /// Returns whether to write this note. `now` is the time since the start.
    pub(super) fn admits(&mut self, text: &str, now: Duration) -> bool {
        if self.second != now.as_secs() {
            (self.second, self.of_second) = (now.as_secs(), 0);
        }
        let is_last = |(last, at): &(String, Duration)| last == text && now.saturating_sub(*at) < REPEATED;
        if self.of_second >= MOST || self.last.as_ref().is_some_and(is_last) {
            self.left_out += 1;
            return false;
        }
        self.of_second += 1;
        self.last = Some((text.to_owned(), now));
        true
    }

    /// Counts notes that were admitted but not written.
    pub(super) fn left_out(&mut self, notes: u64) {
        self.left_out += notes;
    }

    /// Returns the number of notes left out since the last call.
    pub(super) fn take(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_counted_and_written_again_later() {
        let (mut flood, at) = (Flood::default(), Duration::from_secs);
        assert!(flood.admits("a", at(0)));
        assert!((1..10).all(|second| !flood.admits("a", at(second))));
        assert!(flood.admits("b", at(9)));
        assert_eq!((flood.take(), flood.take()), (9, 0));
        assert!(flood.admits("b", at(20)));
    }

    #[test]
    fn a_second_has_a_bounded_number_of_notes() {
        let mut flood = Flood::default();
        let admitted = (0..1000).filter(|number| flood.admits(&number.to_string(), Duration::from_millis(1))).count();
        assert_eq!((admitted, flood.take()), (20, 980));
        assert!(flood.admits("another second", Duration::from_secs(1)));
    }
}
