use std::time::Duration;

use birdhook_core::Timestamp;
use serde::Serialize;

use crate::api::ReplaySpan;
use crate::api::managed::ManagementApi;
use crate::time::{after, before};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// X's rules for the dates of a replay (<https://docs.x.com/x-api/account-activity/introduction>).
///
/// Dates are whole minutes. `from_date` is within the last 24 hours in v2, or 5 days in enterprise
/// 1.1, and at least 31 minutes ago. `to_date` is at least 10 minutes ago. A job covers about 2
/// hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayRules {
    window: Duration,
    from_age: Duration,
    to_age: Duration,
    longest: Duration,
}

/// The jobs that replay a period.
///
/// The jobs, the part that is too old and the part that is too recent together cover the whole
/// minutes of the period, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReplayJobs {
    /// The jobs that can be requested now, oldest first.
    pub spans: Vec<ReplaySpan>,
    /// The part that X no longer replays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub too_old: Option<ReplaySpan>,
    /// The part that X does not replay yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_yet: Option<DeferredReplay>,
}

/// A span that X does not replay yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeferredReplay {
    /// The span.
    pub span: ReplaySpan,
    /// The time at which its first job can be requested.
    pub at: Timestamp,
}

impl ReplayRules {
    /// Returns the rules of this API.
    pub fn of(api: ManagementApi) -> Self {
        let hours = match api {
            ManagementApi::V2 => 24,
            ManagementApi::Enterprise => 5 * 24,
        };
        let minutes = |many: u64| Duration::from_secs(many * MINUTE);
        Self {
            window: Duration::from_secs(hours * HOUR),
            from_age: minutes(31),
            to_age: minutes(10),
            longest: Duration::from_secs(2 * HOUR),
        }
    }

    /// Returns how far back X replays.
    pub fn window(&self) -> Duration {
        self.window
    }

    /// Returns the maximum length of a job.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// Returns the jobs for the period from `from` up to but excluding `to`, at the time `now`.
    /// Empty if `to` is not after `from`.
    pub fn jobs(&self, from: Timestamp, to: Timestamp, now: Timestamp) -> ReplayJobs {
        let mut jobs = ReplayJobs::default();
        let Some(requested) = ReplaySpan::around(from, to) else { return jobs };
        let window_start = before(now, self.window);
        // A job may begin with the first whole minute within the window.
        let oldest =
            ReplaySpan::around(Timestamp::from_millis(i64::MIN / 2), window_start).map_or(window_start, ReplaySpan::to);
        jobs.too_old = ReplaySpan::around(requested.from(), requested.to().min(oldest));
        let mut from = requested.from().max(oldest);
        while from < requested.to() {
            let to = requested.to().min(after(from, self.longest));
            let at = self.ready_at(from, to);
            if at > now {
                jobs.not_yet = ReplaySpan::around(from, requested.to()).map(|span| DeferredReplay { span, at });
                break;
            }
            jobs.spans.extend(ReplaySpan::around(from, to));
            from = to;
        }
        jobs
    }

    fn ready_at(&self, from: Timestamp, to: Timestamp) -> Timestamp {
        after(from, self.from_age).max(after(to, self.to_age))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;
    /// 2026-11-23T09:30:00Z.
    const NOW: i64 = 1_795_426_200_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn ends(span: ReplaySpan) -> (i64, i64) {
        (span.from().as_millis(), span.to().as_millis())
    }

    proptest! {
        #![proptest_config(birdhook_test_harness::seed::property())]

        /// For any gap, each minute is covered once. X accepts every job now, and no acceptable
        /// minute is left out.
        #[test]
        fn jobs_cover_exactly_the_minutes_that_x_replays(
            api in prop_oneof![Just(ManagementApi::V2), Just(ManagementApi::Enterprise)],
            now in NOW..NOW + 3 * MINUTE,
            ago in -600_000i64..6 * 24 * 60 * MINUTE,
            length in 1i64..6 * 24 * 60 * MINUTE,
        ) {
            let (rules, from) = (ReplayRules::of(api), now - ago);
            let to = from + length;
            let jobs = rules.jobs(at(from), at(to), at(now));
            let window = rules.window().as_millis() as i64;

            let mut parts: Vec<_> = jobs.too_old.into_iter().chain(jobs.spans.iter().copied()).map(ends).collect();
            parts.extend(jobs.not_yet.map(|later| ends(later.span)));
            let whole = (from.div_euclid(MINUTE) * MINUTE, -(-to).div_euclid(MINUTE) * MINUTE);
            prop_assert_eq!((parts[0].0, parts[parts.len() - 1].1), whole);
            for pair in parts.windows(2) {
                prop_assert_eq!(pair[0].1, pair[1].0, "each minute is covered once");
            }
            for (from, to) in jobs.spans.iter().copied().map(ends) {
                prop_assert!(from < to && to - from <= 120 * MINUTE);
                prop_assert!(from >= now - window && from <= now - 31 * MINUTE && to <= now - 10 * MINUTE);
            }
            if let Some(old) = jobs.too_old.map(ends) {
                prop_assert!(old.1 - MINUTE < now - window, "X would still replay its last minute");
            }
            if let Some(later) = jobs.not_yet {
                let (from, to) = ends(later.span);
                let to = to.min(from + 120 * MINUTE);
                prop_assert!(later.at.as_millis() > now);
                prop_assert_eq!(later.at.as_millis(), (from + 31 * MINUTE).max(to + 10 * MINUTE));
                prop_assert_eq!(rules.jobs(at(from), at(to), later.at).spans.len(), 1, "it can be requested at the announced time");
            }
        }

        #[test]
        fn any_times_are_accepted(from: i64, to: i64, now: i64) {
            let jobs = ReplayRules::of(ManagementApi::Enterprise).jobs(at(from), at(to), at(now));
            prop_assert!(jobs.spans.len() <= 60);
        }
    }

    #[test]
    fn the_limits_are_those_of_x() {
        let rules = ReplayRules::of(ManagementApi::V2);
        let jobs = |from: i64, to: i64| rules.jobs(at(NOW - from * MINUTE), at(NOW - to * MINUTE), at(NOW));
        assert_eq!(jobs(31, 10).spans.len(), 1);
        assert_eq!(jobs(30, 10).not_yet.unwrap().at, at(NOW + MINUTE));
        assert_eq!(jobs(31, 9).not_yet.unwrap().at, at(NOW + MINUTE));
        assert_eq!(jobs(24 * 60, 22 * 60).spans.len(), 1);
        let cut = jobs(24 * 60 + 1, 22 * 60);
        assert_eq!((cut.spans.len(), cut.too_old.map(|old| ends(old).1)), (1, Some(NOW - 24 * 60 * MINUTE)));
        assert_eq!(jobs(600, 600), ReplayJobs::default());
    }
}
