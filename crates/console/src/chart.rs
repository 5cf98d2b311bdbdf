//! Counts of the last 24 hours, for sparklines.

use serde::Serialize;

/// Length of one bucket in milliseconds.
pub(crate) const BUCKET: i64 = 15 * 60_000;

/// Number of buckets: 24 hours.
pub(crate) const BUCKETS: usize = 96;

/// The groups of requests that have a sparkline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Accepted,
    /// Duplicates and dropped deliveries, answered 200.
    Skipped,
    /// Everything that was not answered 200.
    Refused,
    Challenges,
}

/// Counts by bucket, oldest first.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Series {
    pub(crate) bucket_minutes: i64,
    pub(crate) accepted: Vec<u32>,
    pub(crate) skipped: Vec<u32>,
    pub(crate) refused: Vec<u32>,
    pub(crate) challenges: Vec<u32>,
}

#[derive(Debug)]
pub(crate) struct Chart {
    /// The number of the newest bucket since 1970.
    newest: i64,
    counts: [[u32; 4]; BUCKETS],
}

impl Default for Chart {
    fn default() -> Self {
        Self { newest: 0, counts: [[0; 4]; BUCKETS] }
    }
}

impl Chart {
    pub(crate) fn add(&mut self, millis: i64, group: Group) {
        self.turn(millis);
        if let Some(count) = self.bucket(self.newest).and_then(|counts| counts.get_mut(group as usize)) {
            *count = count.saturating_add(1);
        }
    }

    pub(crate) fn series(&mut self, millis: i64) -> Series {
        self.turn(millis);
        let oldest = self.newest - BUCKETS as i64 + 1;
        let counts: Vec<_> =
            (oldest..=self.newest).map(|number| self.bucket(number).copied().unwrap_or_default()).collect();
        let of = |group: Group| counts.iter().map(|counts| counts.get(group as usize).copied().unwrap_or(0)).collect();
        Series {
            bucket_minutes: BUCKET / 60_000,
            accepted: of(Group::Accepted),
            skipped: of(Group::Skipped),
            refused: of(Group::Refused),
            challenges: of(Group::Challenges),
        }
    }

    /// Clears the buckets that began since the last call. A clock that goes back adds to the newest.
    fn turn(&mut self, millis: i64) {
        let now = millis.div_euclid(BUCKET);
        let first = (self.newest + 1).max(now - BUCKETS as i64 + 1);
        for number in first..=now {
            if let Some(counts) = self.bucket(number) {
                *counts = [0; 4];
            }
        }
        self.newest = self.newest.max(now);
    }

    fn bucket(&mut self, number: i64) -> Option<&mut [u32; 4]> {
        self.counts.get_mut(usize::try_from(number.rem_euclid(BUCKETS as i64)).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_move_to_the_left_and_leave_after_24_hours() {
        let mut chart = Chart::default();
        let start = 1_000_000 * BUCKET;
        chart.add(start, Group::Refused);
        chart.add(start + BUCKET - 1, Group::Refused);
        chart.add(start + BUCKET, Group::Accepted);
        let series = chart.series(start + BUCKET);
        assert_eq!((series.refused[BUCKETS - 2], series.accepted[BUCKETS - 1]), (2, 1));
        let last = chart.series(start + (BUCKETS as i64 - 1) * BUCKET);
        assert_eq!((last.refused[0], last.accepted[1]), (2, 1));
        let later = chart.series(start + BUCKETS as i64 * BUCKET);
        assert_eq!((later.refused.iter().sum::<u32>(), later.accepted[0]), (0, 1));
        let much_later = chart.series(start + 10_000 * BUCKET);
        assert_eq!(much_later.accepted.iter().sum::<u32>(), 0);
    }

    #[test]
    fn a_clock_that_goes_back_adds_to_the_newest_bucket() {
        let mut chart = Chart::default();
        chart.add(1_000_000 * BUCKET, Group::Challenges);
        chart.add(999_000 * BUCKET, Group::Challenges);
        assert_eq!(chart.series(0).challenges[BUCKETS - 1], 2);
    }
}
