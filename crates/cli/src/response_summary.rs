//! The progress and the responses of sent requests.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use anyhow::Result;
use birdhook_testkit::{Answer, SendError};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, GOOD, plural, styled};

#[derive(Debug, Default)]
pub(crate) struct ResponseSummary {
    responses: BTreeMap<String, u64>,
    unexpected: u64,
    latencies: Vec<Duration>,
}

#[derive(Serialize)]
struct Summary<'a> {
    sent: u64,
    unexpected: u64,
    /// Number of requests by the status of the response, or by the error if there was none.
    #[serde(rename = "answers")]
    responses: &'a BTreeMap<String, u64>,
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

impl ResponseSummary {
    /// Counts a response, and whether `expected` accepts its status.
    pub(crate) fn count(&mut self, response: &Result<Answer, SendError>, expected: fn(u16) -> bool) {
        let (name, good) = match response {
            Ok(response) => {
                self.latencies.push(response.took);
                (response.status.as_u16().to_string(), expected(response.status.as_u16()))
            }
            Err(error) => (error.to_string(), false),
        };
        *self.responses.entry(name).or_default() += 1;
        self.unexpected += u64::from(!good);
    }

    /// Prints the summary. Returns `Good` if all responses were expected.
    pub(crate) fn print(mut self, json: bool, duration: Duration, more: &[(&'static str, u64)]) -> Result<ExitStatus> {
        self.latencies.sort_unstable();
        let summary = Summary {
            sent: self.responses.values().sum(),
            unexpected: self.unexpected,
            responses: &self.responses,
            latency_ms: self.latency(),
            seconds: duration.as_secs_f64(),
            more: more.iter().copied().collect(),
        };
        if json { output::json(&summary) } else { output::line(summary.text()) }?;
        Ok((self.unexpected == 0).into())
    }

    fn latency(&self) -> Option<Latency> {
        let of = |hundredths: usize| {
            let at = (self.latencies.len() * hundredths).div_ceil(100).saturating_sub(1);
            self.latencies.get(at).map(|time| time.as_secs_f64() * 1e3)
        };
        Some(Latency { min: of(0)?, median: of(50)?, p99: of(99)?, max: of(100)? })
    }
}

impl Summary<'_> {
    fn text(&self) -> String {
        let more: Vec<_> = self.more.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        let mut text = format!("{} sent in {:.2} s{more}", plural(self.sent, "delivery"), self.seconds);
        for (response, count) in self.responses {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {count:>7} x {response}");
        }
        if let Some(Latency { min, median, p99, max }) = self.latency_ms {
            let _ = write!(text, "\n  latency in ms: {min:.1} min, {median:.1} median, {p99:.1} p99, {max:.1} max");
        }
        let conclusion = match self.unexpected {
            0 => styled(GOOD, "all responses as expected"),
            many => styled(BAD, plural(many, "unexpected response")),
        };
        text + "\n" + &conclusion
    }
}

/// Returns a progress bar, which only a terminal shows.
pub(crate) fn progress(total: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta} left").map(|s| s.progress_chars("=> "));
    let bar = ProgressBar::new(total);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
