//! Reports of events without ids, awaiting a match from the other API.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use birdhook_core::{EventKey, Timestamp};

/// The largest difference between the times that two APIs give for one event.
///
/// X documents neither that the times agree nor to what precision. A user who follows, unfollows
/// and follows again takes longer than this.
const LARGEST_DIFFERENCE: Duration = Duration::from_secs(5);

/// Reports by one API, each to be matched by one report of the other. Bounded in number and time.
///
/// If both reports give the time of the event, the nearest report within [`LARGEST_DIFFERENCE`]
/// matches, regardless of when it arrived. If one gives no time, the newest report that arrived
/// within the tolerance matches.
pub(super) struct UnmatchedReports {
    capacity: usize,
    tolerance: Duration,
    horizon: Duration,
    last_number: u64,
    /// Unmatched reports, oldest first, by a key made of the API, the kind of event and its users.
    by_key: HashMap<EventKey, VecDeque<Report>>,
    /// All reports, matched or not, oldest first.
    order: VecDeque<(Duration, EventKey, u64)>,
}

struct Report {
    number: u64,
    arrived_at: Duration,
    occurred_at: Option<Timestamp>,
}

impl Report {
    fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.arrived_at)
    }

    /// Returns the difference between the times of two reports, if both have one.
    fn difference(&self, occurred_at: Option<Timestamp>) -> Option<Duration> {
        let (one, other) = (self.occurred_at?.as_millis(), occurred_at?.as_millis());
        Some(Duration::from_millis(one.abs_diff(other)))
    }
}

impl UnmatchedReports {
    pub(super) fn new(capacity: usize, tolerance: Duration, horizon: Duration) -> Self {
        Self { capacity, tolerance, horizon, last_number: 0, by_key: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn add(&mut self, key: EventKey, occurred_at: Option<Timestamp>, now: Duration) {
        while self.order.len() >= self.capacity.max(1)
            || self.order.front().is_some_and(|(at, ..)| now.saturating_sub(*at) >= self.horizon)
        {
            if !self.evict_oldest() {
                break;
            }
        }
        if self.capacity > 0 {
            self.last_number = self.last_number.wrapping_add(1);
            let report = Report { number: self.last_number, arrived_at: now, occurred_at };
            self.by_key.entry(key).or_default().push_back(report);
            self.order.push_back((now, key, self.last_number));
        }
    }

    /// Returns `false` if there was none.
    fn evict_oldest(&mut self) -> bool {
        let Some((_, key, number)) = self.order.pop_front() else { return false };
        let is_empty = self.by_key.get_mut(&key).is_some_and(|reports| {
            if reports.front().is_some_and(|report| report.number == number) {
                reports.pop_front();
            }
            reports.is_empty()
        });
        if is_empty {
            self.by_key.remove(&key);
        }
        true
    }

    /// Removes a report of the other API that matches. Returns `false` if there is none.
    ///
    /// Expired reports are ignored here; [`add`](Self::add) evicts them.
    pub(super) fn take(&mut self, key: &EventKey, occurred_at: Option<Timestamp>, now: Duration) -> bool {
        let (tolerance, horizon) = (self.tolerance, self.horizon);
        let Some(reports) = self.by_key.get_mut(key) else { return false };
        let places = || reports.iter().enumerate();
        let nearest = places()
            .filter(|(_, report)| report.age(now) < horizon)
            .filter_map(|(place, report)| Some((report.difference(occurred_at)?, place)))
            .filter(|(difference, _)| *difference <= LARGEST_DIFFERENCE.min(tolerance))
            .min();
        let newest = || {
            let mut untimed = places().rev().filter(|(_, report)| report.difference(occurred_at).is_none());
            untimed.next().filter(|(_, report)| report.age(now) < tolerance).map(|(place, _)| place)
        };
        let place = nearest.map(|(_, place)| place).or_else(newest);
        place.and_then(|place| reports.remove(place)).is_some()
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

    fn reports(capacity: usize) -> UnmatchedReports {
        UnmatchedReports::new(capacity, seconds(60), seconds(900))
    }

    #[test]
    fn each_report_is_matched_once_the_newest_first() {
        let mut reports = reports(10);
        reports.add(key(1), None, seconds(0));
        reports.add(key(1), at(7), seconds(50));
        assert!(reports.take(&key(1), None, seconds(55)), "the report of 50 s");
        assert!(!reports.take(&key(1), at(9), seconds(60)), "the report of 0 s has expired");
        assert!(!reports.take(&key(2), None, seconds(55)));
        reports.add(key(1), None, seconds(70));
        assert!(reports.take(&key(1), at(9), seconds(129)));
        assert!(!reports.take(&key(1), None, seconds(129)), "there is no third report");
    }

    #[test]
    fn of_reports_with_a_time_the_nearest_is_matched_whenever_it_arrived() {
        let mut reports = reports(10);
        for happened_at in [0, 3_000, 60_000] {
            reports.add(key(1), at(happened_at), seconds(0));
        }
        assert!(!reports.take(&key(1), at(30_000), seconds(1)), "half a minute from each");
        assert!(reports.take(&key(1), at(2_900), seconds(899)), "the report of 3 s");
        assert!(reports.take(&key(1), at(2_900), seconds(899)), "the report of 0 s");
        assert!(!reports.take(&key(1), at(2_900), seconds(899)));
        assert!(!reports.take(&key(1), at(60_000), seconds(900)), "the report of 60 s has expired");
    }

    #[test]
    fn reports_are_bounded_in_number_and_in_time() {
        let mut reports = reports(2);
        (1..=3).for_each(|byte| reports.add(key(byte), None, seconds(0)));
        assert_eq!(reports.order.len(), 2);
        assert!(!reports.take(&key(1), None, seconds(1)) && reports.take(&key(2), None, seconds(1)));
        reports.add(key(4), None, seconds(900));
        assert_eq!((reports.order.len(), reports.by_key.len()), (1, 1));
        let mut nothing = UnmatchedReports::new(0, seconds(60), seconds(900));
        nothing.add(key(1), None, seconds(0));
        assert!(!nothing.take(&key(1), None, seconds(0)));
    }
}
