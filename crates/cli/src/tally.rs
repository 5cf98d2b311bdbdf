//! Counts the responses to the requests sent.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use anyhow::Result;
use birdhook_testkit::{Answer, SendError};
use serde::Serialize;

use crate::Verdict;
use crate::output::{self, BAD, GOOD, styled};

/// Counts of responses, and their latencies.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    answers: BTreeMap<String, u64>,
    unexpected: u64,
    took: Vec<Duration>,
}

#[derive(Serialize)]
struct Summary<'a> {
    sent: u64,
    unexpected: u64,
    /// Number of requests by the status of the response, or by the error if there was none.
    answers: &'a BTreeMap<String, u64>,
    /// Latency of the responses. Absent if there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<Latency>,
    seconds: f64,
    #[serde(flatten)]
    more: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Latency {
    min: f64,
    median: f64,
    p99: f64,
    max: f64,
}

impl Tally {
    /// Counts a response, and whether `expected` accepts its status.
    pub(crate) fn count(&mut self, answer: &Result<Answer, SendError>, expected: fn(u16) -> bool) {
        let (name, good) = match answer {
            Ok(answer) => {
                self.took.push(answer.took);
                (answer.status.as_u16().to_string(), expected(answer.status.as_u16()))
            }
            Err(error) => (error.to_string(), false),
        };
        *self.answers.entry(name).or_default() += 1;
        self.unexpected += u64::from(!good);
    }

    /// Prints the summary. Returns `Good` if all responses were expected.
    pub(crate) fn tell(mut self, json: bool, in_all: Duration, more: &[(&'static str, u64)]) -> Result<Verdict> {
        self.took.sort_unstable();
        let summary = Summary {
            sent: self.answers.values().sum(),
            unexpected: self.unexpected,
            answers: &self.answers,
            latency_ms: self.latency(),
            seconds: in_all.as_secs_f64(),
            more: more.iter().copied().collect(),
        };
        if json {
            output::json(&summary)?;
        } else {
            output::line(summary.text())?;
        }
        Ok((self.unexpected == 0).into())
    }

    fn latency(&self) -> Option<Latency> {
        let of = |hundredths: usize| {
            let at = (self.took.len() * hundredths).div_ceil(100).saturating_sub(1);
            self.took.get(at).map(|took| took.as_secs_f64() * 1e3)
        };
        Some(Latency { min: of(0)?, median: of(50)?, p99: of(99)?, max: of(100)? })
    }
}

impl Summary<'_> {
    fn text(&self) -> String {
        let more: Vec<_> = self.more.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        let mut text = format!("{} deliveries sent in {:.2} s{more}", self.sent, self.seconds);
        for (answer, count) in self.answers {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {count:>7} x {answer}");
        }
        if let Some(Latency { min, median, p99, max }) = self.latency_ms {
            let _ = write!(
                text,
                "\n  answered in {min:.1} ms at best, {median:.1} median, {p99:.1} p99, {max:.1} at worst"
            );
        }
        let verdict = match self.unexpected {
            0 => styled(GOOD, "every answer is as it should be"),
            1 => styled(BAD, "1 answer is not as it should be"),
            many => styled(BAD, format!("{many} answers are not as they should be")),
        };
        text + "\n" + &verdict
    }
}
