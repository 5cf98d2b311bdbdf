//! Rate limit for notes.

use std::time::Duration;

/// Time during which a repeated note is suppressed.
const REPEAT_INTERVAL: Duration = Duration::from_secs(10);

/// Maximum number of notes per second.
const MAX_PER_SECOND: u32 = 20;

/// Suppresses and counts notes that repeat the last one or exceed the rate limit.
#[derive(Debug, Default)]
pub(super) struct NoteLimit {
    last: Option<(String, Duration)>,
    second: u64,
    in_second: u32,
    suppressed: u64,
}

impl NoteLimit {
    /// Returns whether to write this note. `now` is the time since the start.
    pub(super) fn allows(&mut self, text: &str, now: Duration) -> bool {
        if self.second != now.as_secs() {
            (self.second, self.in_second) = (now.as_secs(), 0);
        }
        let is_last = |(last, at): &(String, Duration)| last == text && now.saturating_sub(*at) < REPEAT_INTERVAL;
        if self.in_second >= MAX_PER_SECOND || self.last.as_ref().is_some_and(is_last) {
            self.suppressed += 1;
            return false;
        }
        self.in_second += 1;
        self.last = Some((text.to_owned(), now));
        true
    }

    /// Counts notes that were allowed but not written.
    pub(super) fn suppressed(&mut self, notes: u64) {
        self.suppressed += notes;
    }

    /// Returns the number of notes suppressed since the last call.
    pub(super) fn take(&mut self) -> u64 {
        std::mem::take(&mut self.suppressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_note_is_counted_and_written_again_after_an_interval() {
        let (mut limit, at) = (NoteLimit::default(), Duration::from_secs);
        assert!(limit.allows("a", at(0)));
        assert!((1..10).all(|second| !limit.allows("a", at(second))));
        assert!(limit.allows("b", at(9)));
        assert_eq!((limit.take(), limit.take()), (9, 0));
        assert!(limit.allows("b", at(20)));
    }

    #[test]
    fn the_number_of_notes_per_second_is_limited() {
        let mut limit = NoteLimit::default();
        let allowed = (0..1000).filter(|number| limit.allows(&number.to_string(), Duration::from_millis(1))).count();
        assert_eq!((allowed, limit.take()), (20, 980));
        assert!(limit.allows("another second", Duration::from_secs(1)));
    }
}
