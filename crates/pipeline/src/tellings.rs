//! Which API told of happenings without an id, and was not yet matched by the other one.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use birdhook_core::EventKey;

/// What one API told, each telling to be matched by one of the other API, within a tolerance. Bounded in number and in time.
pub(crate) struct Tellings {
    capacity: usize,
    tolerance: Duration,
    /// When each was told, oldest first, by what says who told whom.
    unmatched: HashMap<EventKey, VecDeque<Duration>>,
    /// All that were told, matched or not, oldest first.
    order: VecDeque<(Duration, EventKey)>,
}

impl Tellings {
    pub(crate) fn new(capacity: usize, tolerance: Duration) -> Self {
        Self { capacity, tolerance, unmatched: HashMap::new(), order: VecDeque::new() }
    }

    pub(crate) fn told(&mut self, key: EventKey, now: Duration) {
        while self.order.len() >= self.capacity.max(1)
            || self.order.front().is_some_and(|(at, _)| self.is_past(*at, now))
        {
            let Some((at, oldest)) = self.order.pop_front() else { break };
            let times = self.unmatched.get_mut(&oldest);
            let is_empty = times.is_some_and(|times| {
                if times.front() == Some(&at) {
                    times.pop_front();
                }
                times.is_empty()
            });
            if is_empty {
                self.unmatched.remove(&oldest);
            }
        }
        if self.capacity > 0 {
            self.unmatched.entry(key).or_default().push_back(now);
            self.order.push_back((now, key));
        }
    }

    /// Matches the newest telling of this; `false` when there is none. What was told long ago by one API alone is left to
    /// itself, and is over soon.
    pub(crate) fn take(&mut self, key: &EventKey, now: Duration) -> bool {
        let Some(newest) = self.unmatched.get(key).and_then(VecDeque::back) else { return false };
        if self.is_past(*newest, now) {
            return false;
        }
        if let Some(times) = self.unmatched.get_mut(key) {
            times.pop_back();
        }
        true
    }

    fn is_past(&self, at: Duration, now: Duration) -> bool {
        now.saturating_sub(at) >= self.tolerance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn key(byte: u8) -> EventKey {
        EventKey::from([byte; 32])
    }

    #[test]
    fn each_telling_is_matched_once_the_newest_first() {
        let mut tellings = Tellings::new(10, seconds(60));
        tellings.told(key(1), seconds(0));
        tellings.told(key(1), seconds(50));
        assert!(tellings.take(&key(1), seconds(55)), "that of 50 s");
        assert!(!tellings.take(&key(1), seconds(60)), "that of 0 s is over");
        assert!(!tellings.take(&key(2), seconds(55)));
        tellings.told(key(1), seconds(70));
        assert!(tellings.take(&key(1), seconds(129)));
        assert!(!tellings.take(&key(1), seconds(129)), "no third one");
    }

    #[test]
    fn they_are_bounded_in_number_and_in_time() {
        let mut tellings = Tellings::new(2, seconds(60));
        (1..=3).for_each(|byte| tellings.told(key(byte), seconds(0)));
        assert_eq!(tellings.order.len(), 2);
        assert!(!tellings.take(&key(1), seconds(1)) && tellings.take(&key(2), seconds(1)));
        tellings.told(key(4), seconds(100));
        assert_eq!((tellings.order.len(), tellings.unmatched.len()), (1, 1));
        let mut nothing = Tellings::new(0, seconds(60));
        nothing.told(key(1), seconds(0));
        assert!(!nothing.take(&key(1), seconds(0)));
    }
}
