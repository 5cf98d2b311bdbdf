//! The replays that close gaps, with the time at which X accepts each.

use birdhook::client::ReplayRules;
use birdhook::client::api::ReplaySpan;
use birdhook::event::Timestamp;
use serde::Serialize;

/// Replays in whole minutes, and the parts that X no longer replays.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Plan {
    pub(super) jobs: Vec<PlannedJob>,
    pub(super) lost: Vec<ReplaySpan>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct PlannedJob {
    /// The earliest time at which X accepts it. Jobs run one at a time, so it may be later.
    pub(super) at: Timestamp,
    pub(super) span: ReplaySpan,
}

/// Plans the replays of gaps, seen from the time `now`.
pub(super) fn plan(gaps: &[ReplaySpan], now: Timestamp, rules: ReplayRules) -> Plan {
    let mut plan = Plan::default();
    for gap in gaps {
        let (mut from, mut at) = (gap.from(), now);
        loop {
            let found = rules.jobs(from, gap.to(), at);
            plan.lost.extend(found.too_old);
            plan.jobs.extend(found.spans.into_iter().map(|span| PlannedJob { at, span }));
            // The first job of the rest is accepted at that time.
            let Some(later) = found.not_yet.filter(|later| later.at > at) else { break };
            (from, at) = (later.span.from(), later.at);
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use birdhook::client::ManagementApi;

    use super::*;

    const MINUTE: i64 = 60_000;
    /// 2026-11-23T09:30:00Z.
    const NOW: i64 = 1_795_426_200_000;

    fn minute(minutes: i64) -> Timestamp {
        Timestamp::from_millis(NOW + minutes * MINUTE)
    }

    type Job = (i64, i64, i64);

    /// Returns jobs as `(at, from, to)` and lost spans as `(from, to)`, in minutes from now.
    fn planned(gaps: &[(i64, i64)], api: ManagementApi) -> (Vec<Job>, Vec<(i64, i64)>) {
        let gaps: Vec<_> =
            gaps.iter().map(|(from, to)| ReplaySpan::around(minute(*from), minute(*to)).unwrap()).collect();
        let Plan { jobs, lost } = plan(&gaps, minute(0), ReplayRules::of(api));
        let number = |time: Timestamp| (time.as_millis() - NOW) / MINUTE;
        let span = |span: ReplaySpan| (number(span.from()), number(span.to()));
        let job = |job: &PlannedJob| (number(job.at), span(job.span).0, span(job.span).1);
        (jobs.iter().map(job).collect(), lost.into_iter().map(span).collect())
    }

    #[test]
    fn each_part_of_a_gap_is_planned_for_the_time_at_which_x_accepts_it() {
        for (gap, jobs, lost) in [
            // All of it is old enough.
            ((-100, -40), vec![(0, -100, -40)], vec![]),
            // X replays until 10 minutes ago.
            ((-100, 0), vec![(10, -100, 0)], vec![]),
            // X replays what began 31 minutes ago.
            ((-5, 0), vec![(26, -5, 0)], vec![]),
            // Jobs of 2 hours, the newest later.
            ((-300, 0), vec![(0, -300, -180), (0, -180, -60), (10, -60, 0)], vec![]),
            // The last job is short, and begins too late for now.
            ((-125, 0), vec![(5, -125, -5), (26, -5, 0)], vec![]),
            // X replays 24 hours.
            ((-1500, -1380), vec![(0, -1440, -1380)], vec![(-1500, -1440)]),
            ((-3000, -2000), vec![], vec![(-3000, -2000)]),
        ] {
            assert_eq!(planned(&[gap], ManagementApi::V2), (jobs, lost), "{gap:?}");
        }
        let (jobs, lost) = planned(&[(-1500, -1380)], ManagementApi::Enterprise);
        assert_eq!((jobs, lost), (vec![(0, -1500, -1380)], vec![]), "enterprise replays 5 days");
    }

    #[test]
    fn gaps_are_planned_one_after_the_other() {
        let (jobs, _) = planned(&[(-100, -90), (-5, 0)], ManagementApi::V2);
        assert_eq!(jobs, [(0, -100, -90), (26, -5, 0)]);
        assert_eq!(plan(&[], minute(0), ReplayRules::of(ManagementApi::V2)), Plan::default());
    }
}
