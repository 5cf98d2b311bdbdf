//! Reports of events without ids, awaiting a match from the other API.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use birdhook_core::{EventKey, Timestamp};

/// The largest difference between the times that two APIs give for one event.
///
/// X documents neither that the times agree nor to what precision. A user who follows, unfollows
/// and follows again takes longer than this.
const CLOSE: Duration = Duration::from_secs(5);

/// Reports by one API, each to be matched by one report of the other. Bounded in number and time.
///
/// If both reports give the time of the event, the nearest report within [`CLOSE`] matches,
/// regardless of when it arrived. If one gives no time, the newest report that arrived within the
/// tolerance matches.
pub(crate) struct Tellings {
    capacity: usize,
    tolerance: Duration,
    horizon: Duration,
    told: u64,
    /// Unmatched reports, oldest first, by a key made of the API, the kind of event and its users.
    unmatched: HashMap<EventKey, VecDeque<Telling>>,
    /// All reports, matched or not, oldest first.
    order: VecDeque<(Duration, EventKey, u64)>,
}

struct Telling {
    number: u64,
    told_at: Duration,
    happened_at: Option<Timestamp>,
}

impl Tellings {
    pub(crate) fn new(capacity: usize, tolerance: Duration, horizon: Duration) -> Self {
        Self { capacity, tolerance, horizon, told: 0, unmatched: HashMap::new(), order: VecDeque::new() }
    }

    pub(crate) fn told(&mut self, key: EventKey, happened_at: Option<Timestamp>, now: Duration) {
        while self.order.len() >= self.capacity.max(1)
            || self.order.front().is_some_and(|(at, ..)| now.saturating_sub(*at) >= self.horizon)
        {
            let Some((_, oldest, number)) = self.order.pop_front() else { break };
            let is_empty = self.unmatched.get_mut(&oldest).is_some_and(|tellings| {
                if tellings.front().is_some_and(|telling| telling.number == number) {
                    tellings.pop_front();
                }
                tellings.is_empty()
            });
            if is_empty {
                self.unmatched.remove(&oldest);
            }
        }
        if self.capacity > 0 {
            self.told = self.told.wrapping_add(1);
            let telling = Telling { number: self.told, told_at: now, happened_at };
            self.unmatched.entry(key).or_default().push_back(telling);
            self.order.push_back((now, key, self.told));
        }
    }

    /// Removes a report of the other API that matches. Returns `false` if there is none.
    ///
    /// Reports past their time are ignored here; [`told`](Self::told) evicts them.
    pub(crate) fn take(&mut self, key: &EventKey, happened_at: Option<Timestamp>, now: Duration) -> bool {
        let (tolerance, horizon) = (self.tolerance, self.horizon);
        let Some(tellings) = self.unmatched.get_mut(key) else { return false };
        let age = |telling: &Telling| now.saturating_sub(telling.told_at);
        let apart = |telling: &Telling| {
            let (one, other) = (telling.happened_at?.as_millis(), happened_at?.as_millis());
            Some(Duration::from_millis(one.abs_diff(other)))
        };
        let places = || tellings.iter().enumerate();
        let nearest = places()
            .filter(|(_, telling)| age(telling) < horizon)
            .filter_map(|(at, telling)| Some((apart(telling)?, at)))
            .filter(|(apart, _)| *apart <= CLOSE.min(tolerance))
            .min();
        let newest = || {
            let mut untimed = places().rev().filter(|(_, telling)| apart(telling).is_none());
            untimed.next().filter(|(_, telling)| age(telling) < tolerance).map(|(at, _)| at)
        };
        let place = nearest.map(|(_, at)| at).or_else(newest);
        place.and_then(|at| tellings.remove(at)).is_some()
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

    fn at(millis: i64) -> Option<Timestamp> {
        Timestamp::parse(&millis.to_string())
    }

    fn tellings(capacity: usize) -> Tellings {
        Tellings::new(capacity, seconds(60), seconds(900))
    }

    #[test]
    fn each_telling_is_matched_once_the_newest_first() {
        let mut tellings = tellings(10);
        tellings.told(key(1), None, seconds(0));
        tellings.told(key(1), at(7), seconds(50));
        assert!(tellings.take(&key(1), None, seconds(55)), "that of 50 s");
        assert!(!tellings.take(&key(1), at(9), seconds(60)), "that of 0 s is over");
        assert!(!tellings.take(&key(2), None, seconds(55)));
        tellings.told(key(1), None, seconds(70));
        assert!(tellings.take(&key(1), at(9), seconds(129)));
        assert!(!tellings.take(&key(1), None, seconds(129)), "no third one");
    }

    #[test]
    fn of_those_with_a_time_the_nearest_is_matched_whenever_it_came() {
        let mut tellings = tellings(10);
        for happened_at in [0, 3_000, 60_000] {
            tellings.told(key(1), at(happened_at), seconds(0));
        }
        assert!(!tellings.take(&key(1), at(30_000), seconds(1)), "half a minute from each");
        assert!(tellings.take(&key(1), at(2_900), seconds(899)), "that of 3 s");
        assert!(tellings.take(&key(1), at(2_900), seconds(899)), "that of 0 s");
        assert!(!tellings.take(&key(1), at(2_900), seconds(899)));
        assert!(!tellings.take(&key(1), at(60_000), seconds(900)), "it is forgotten with all else");
    }

    #[test]
    fn they_are_bounded_in_number_and_in_time() {
        let mut tellings = tellings(2);
        (1..=3).for_each(|byte| tellings.told(key(byte), None, seconds(0)));
        assert_eq!(tellings.order.len(), 2);
        assert!(!tellings.take(&key(1), None, seconds(1)) && tellings.take(&key(2), None, seconds(1)));
        tellings.told(key(4), None, seconds(900));
        assert_eq!((tellings.order.len(), tellings.unmatched.len()), (1, 1));
        let mut nothing = Tellings::new(0, seconds(60), seconds(900));
        nothing.told(key(1), None, seconds(0));
        assert!(!nothing.take(&key(1), None, seconds(0)));
    }
}
