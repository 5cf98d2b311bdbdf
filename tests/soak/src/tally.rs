//! Counts of requests and responses, by phase.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    /// A delivery as X sends it: new, repeated, or one of several copies.
    Delivery,
    Challenge,
    /// A request with a wrong or malformed signature.
    Forged,
    /// A request with a body over the limit.
    Oversized,
    /// A request that the client aborted before the response.
    CutOff,
}

/// Counts of responses by kind and status. Status 0 means no response.
pub(crate) struct Tally {
    answers: BTreeMap<(Asked, u16), u64>,
    /// The latencies of deliveries that were answered 200, in microseconds.
    took: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { answers: BTreeMap::new(), took: Histogram::new_with_bounds(1, 60_000_000, 3).unwrap() }
    }
}

impl Tally {
    pub(crate) fn note(&mut self, asked: Asked, status: u16, took: Duration) {
        *self.answers.entry((asked, status)).or_default() += 1;
        if (asked, status) == (Asked::Delivery, 200) {
            self.took.saturating_record(took.as_micros() as u64);
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (key, count) in &other.answers {
            *self.answers.entry(*key).or_default() += count;
        }
        self.took.add(&other.took).unwrap();
    }

    pub(crate) fn requests(&self) -> u64 {
        self.answers.values().sum()
    }

    pub(crate) fn count(&self, is_wanted: impl Fn(Asked, u16) -> bool) -> u64 {
        self.answers.iter().filter(|((asked, status), _)| is_wanted(*asked, *status)).map(|(_, count)| count).sum()
    }

    /// Returns the latency quantile of deliveries that were answered 200, in milliseconds.
    pub(crate) fn within(&self, share: f64) -> f64 {
        self.took.value_at_quantile(share) as f64 / 1000.0
    }

    /// Returns the responses that must not occur, with their counts.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let wrong = self.answers.iter().filter(|((asked, status), _)| !may_be(*asked, *status));
        wrong.map(|((asked, status), count)| format!("{count} x {status} for {asked:?}")).collect()
    }
}

fn may_be(asked: Asked, status: u16) -> bool {
    match asked {
        // On a busy machine, reading a body may take longer than a short deadline.
        Asked::Delivery => matches!(status, 200 | 408 | 503),
        Asked::Challenge => status == 200,
        Asked::Forged => matches!(status, 401 | 408),
        // The receiver may close the connection before the client has read the response, because
        // the rest of the body is unread.
        Asked::Oversized => matches!(status, 0 | 408 | 413),
        Asked::CutOff => status == 0,
    }
}
