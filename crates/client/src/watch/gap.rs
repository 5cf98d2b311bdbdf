//! Gaps in which events may have been missed, and the queue of their replays.

use std::fmt;

use birdhook_core::Timestamp;
use serde::Serialize;

use crate::api::ReplaySpan;

/// A period in which events may have been missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Gap {
    /// The start, included.
    pub from: Timestamp,
    /// The end, excluded.
    pub to: Timestamp,
    /// The cause.
    pub cause: GapCause,
}

/// The reason why events may have been missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GapCause {
    /// The app was down, as the app reported.
    Down,
    /// The webhook was invalid or did not exist.
    Invalid,
    /// No event arrived for longer than the settings allow.
    NoEvents,
    /// No challenge arrived for longer than X's interval between challenges.
    NoChallenges,
}

impl fmt::Display for GapCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "the app was down",
            Self::Invalid => "the webhook was invalid",
            Self::NoEvents => "no event arrived",
            Self::NoChallenges => "no challenge arrived",
        })
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {} to {}: {}", self.from, self.to, self.cause)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) span: ReplaySpan,
    pub(super) attempts: u32,
    /// The replay time that was last reported for this span.
    pub(super) reported_at: Option<Timestamp>,
}

/// The spans to replay, oldest first, without overlap.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue(Vec<Pending>);

impl Queue {
    /// Adds the parts of a span that are neither queued nor being replayed.
    pub(super) fn add(&mut self, span: ReplaySpan, running: Option<ReplaySpan>) {
        let mut parts = vec![span];
        for covered in self.0.iter().map(|one| one.span).chain(running) {
            parts = parts.into_iter().flat_map(|part| without(part, covered)).collect();
        }
        for span in parts {
            self.insert(Pending { span, attempts: 0, reported_at: None });
        }
    }

    pub(super) fn insert(&mut self, pending: Pending) {
        let index = self.0.partition_point(|one| one.span.from() < pending.span.from());
        self.0.insert(index, pending);
    }

    pub(super) fn take(&mut self) -> Option<Pending> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }

    pub(super) fn spans(&self) -> impl Iterator<Item = ReplaySpan> + '_ {
        self.0.iter().map(|one| one.span)
    }
}

fn without(span: ReplaySpan, covered: ReplaySpan) -> impl Iterator<Item = ReplaySpan> {
    let before = ReplaySpan::around(span.from(), span.to().min(covered.from()));
    let after = ReplaySpan::around(span.from().max(covered.to()), span.to());
    before.into_iter().chain(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(from: i64, to: i64) -> ReplaySpan {
        let minute = |many| Timestamp::from_millis(many * 60_000);
        ReplaySpan::around(minute(from), minute(to)).unwrap()
    }

    proptest! {
        #![proptest_config(birdhook_test_harness::seed::property())]

        #[test]
        fn each_minute_is_queued_once(gaps in proptest::collection::vec((0i64..60, 1i64..30), 1..8)) {
            let mut queue = Queue::default();
            let running = span(20, 25);
            let mut minutes = std::collections::BTreeSet::new();
            for (from, length) in gaps {
                queue.add(span(from, from + length), Some(running));
                minutes.extend((from..from + length).filter(|minute| !(20..25).contains(minute)));
            }
            let mut queued = Vec::new();
            while let Some(one) = queue.take() {
                queued.extend(one.span.from().as_millis() / 60_000..one.span.to().as_millis() / 60_000);
            }
            prop_assert_eq!(queued, minutes.into_iter().collect::<Vec<_>>());
        }
    }
}
