//! The responses to sent requests: a table of the answers, the failures with their likely causes,
//! and the errors.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use birdhook::client::redact_url;
use birdhook_testkit::{Answer, SendError};
use http::StatusCode;
use serde::Serialize;

use crate::account::{TableRow, print_rows};
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, GOOD, note, plural, shown, styled};
use crate::values::is_of_this_machine;

/// Maximum number of different failures that are explained.
const MAX_FAILURES: usize = 5;

/// Maximum number of kinds that are listed in one line.
const MAX_LISTED: usize = 6;

/// Maximum number of characters of a response body that are printed.
const MAX_BODY: usize = 100;

/// The responses that the sender expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// 200: the deliveries are signed.
    Accepted,
    /// 401 or 403: the deliveries are forged.
    Rejected,
}

impl Expectation {
    fn accepts(self, status: StatusCode) -> bool {
        match self {
            Self::Accepted => status == StatusCode::OK,
            Self::Rejected => matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
        }
    }
}

#[derive(Debug)]
pub(crate) struct ResponseSummary {
    url: String,
    expectation: Expectation,
    answers: BTreeMap<StatusCode, u64>,
    errors: BTreeMap<String, u64>,
    /// By status and first line of the body.
    failures: BTreeMap<(StatusCode, String), Failure>,
    /// Failures beyond [`MAX_FAILURES`].
    other_failures: u64,
    latencies: Vec<Duration>,
}

#[derive(Debug, Default)]
struct Failure {
    count: u64,
    kinds: BTreeSet<String>,
}

#[derive(Serialize)]
struct Summary {
    sent: u64,
    unexpected: u64,
    /// Number of requests by the status of the response, or by the error if there was none.
    #[serde(rename = "answers")]
    responses: BTreeMap<String, u64>,
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

#[derive(Serialize)]
struct AnswerRow {
    status: u16,
    meaning: String,
    count: u64,
}

impl TableRow for AnswerRow {
    const HEADER: &'static [&'static str] = &["status", "meaning", "count"];

    fn cells(&self) -> Vec<String> {
        vec![self.status.to_string(), self.meaning.clone(), self.count.to_string()]
    }
}

impl ResponseSummary {
    pub(crate) fn new(url: &str, expectation: Expectation) -> Self {
        Self {
            url: redact_url(url),
            expectation,
            answers: BTreeMap::new(),
            errors: BTreeMap::new(),
            failures: BTreeMap::new(),
            other_failures: 0,
            latencies: Vec::new(),
        }
    }

    /// Counts a response. `kind` returns the kind of the delivery, for the report of a failure.
    pub(crate) fn count(&mut self, response: &Result<Answer, SendError>, kind: impl FnOnce() -> String) {
        let response = match response {
            Ok(response) => response,
            Err(error) => return *self.errors.entry(error.to_string()).or_default() += 1,
        };
        self.latencies.push(response.took);
        *self.answers.entry(response.status).or_default() += 1;
        if self.expectation.accepts(response.status) {
            return;
        }
        let key = (response.status, first_line(&response.body));
        if self.failures.len() >= MAX_FAILURES && !self.failures.contains_key(&key) {
            self.other_failures += 1;
            return;
        }
        let failure = self.failures.entry(key).or_default();
        failure.count += 1;
        failure.kinds.insert(kind());
    }

    /// Prints the summary. Returns `Success` if all responses were expected.
    pub(crate) fn print(mut self, json: bool, duration: Duration, more: &[(&'static str, u64)]) -> Result<ExitStatus> {
        self.latencies.sort_unstable();
        let answered: u64 = self.answers.values().sum();
        let unanswered: u64 = self.errors.values().sum();
        let failed = self.failures.values().map(|failure| failure.count).sum::<u64>() + self.other_failures;
        let statuses = self.answers.iter().map(|(status, count)| (status.as_str().to_owned(), *count));
        let summary = Summary {
            sent: answered + unanswered,
            unexpected: failed + unanswered,
            responses: statuses.chain(self.errors.clone()).collect(),
            latency_ms: self.latency(),
            seconds: rounded(duration.as_secs_f64()),
            more: more.iter().copied().collect(),
        };
        if json {
            output::json(&summary)?;
        } else {
            self.print_text(&summary, answered)?;
        }
        for (error, count) in &self.errors {
            note(format!("birdhook: {}: {}; {} failed", self.url, shown(error), plural(*count, "delivery")));
        }
        if answered == 0 && unanswered > 0 {
            note(format!("start the receiver or correct the URL, or run `{}`", self.doctor()));
        }
        Ok((summary.unexpected == 0).into())
    }

    fn print_text(&self, summary: &Summary, answered: u64) -> Result<()> {
        if answered > 0 {
            let row = |(status, count): (&StatusCode, &u64)| AnswerRow {
                status: status.as_u16(),
                meaning: meaning(*status, self.expectation),
                count: *count,
            };
            print_rows(&self.answers.iter().map(row).collect::<Vec<_>>(), false)?;
        }
        let Summary { sent, unexpected, seconds, more, .. } = summary;
        let more: Vec<_> = more.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        output::line(match self.errors.is_empty() {
            true => format!("{} sent in {seconds:.2} s{more}", plural(sent, "delivery")),
            false => format!("{answered} of {} answered in {seconds:.2} s{more}", plural(sent, "delivery")),
        })?;
        if let Some(Latency { min, median, p99, max }) = summary.latency_ms {
            output::line(format!("latency in ms: {min:.1} min, {median:.1} median, {p99:.1} p99, {max:.1} max"))?;
        }
        for ((status, body), failure) in &self.failures {
            self.print_failure(*status, body, failure)?;
        }
        if self.other_failures > 0 {
            output::line(format!("{} with other answers", plural(self.other_failures, "failure")))?;
        }
        if answered > 0 && *unexpected > 0 {
            output::line(format!("run `{}` to examine the receiver", self.doctor()))?;
        }
        let unanswered = sent - answered;
        let mut problems = Vec::new();
        problems.extend((*unexpected > unanswered).then(|| plural(unexpected - unanswered, "unexpected response")));
        problems.extend((unanswered > 0).then(|| format!("{} without a response", plural(unanswered, "delivery"))));
        output::line(match problems.is_empty() {
            true => styled(GOOD, "all responses as expected"),
            false => styled(BAD, problems.join(", ")),
        })
    }

    fn print_failure(&self, status: StatusCode, body: &str, failure: &Failure) -> Result<()> {
        let Failure { count, kinds } = failure;
        output::line(styled(BAD, format!("{} answered {}", plural(count, "delivery"), status.as_u16())))?;
        output::line(format!("  kind: {}", listed(kinds.iter().map(String::as_str))))?;
        output::line(format!("  body: {}", if body.is_empty() { "(empty)" } else { body }))?;
        output::line(format!("  likely cause: {}", likely_cause(status, self.expectation)))
    }

    /// Returns the command that examines the receiver.
    fn doctor(&self) -> String {
        let local = if is_of_this_machine(&self.url) { "--local " } else { "" };
        format!("birdhook doctor {local}{}", self.url)
    }

    fn latency(&self) -> Option<Latency> {
        let of = |hundredths: usize| {
            let at = (self.latencies.len() * hundredths).div_ceil(100).saturating_sub(1);
            self.latencies.get(at).map(|time| rounded(time.as_secs_f64() * 1e3))
        };
        Some(Latency { min: of(0)?, median: of(50)?, p99: of(99)?, max: of(100)? })
    }
}

/// Returns names, separated by commas. Long lists are cut.
pub(crate) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let rest = names.len().saturating_sub(MAX_LISTED);
    let names = names.take(MAX_LISTED).map(shown).collect::<Vec<_>>().join(", ");
    if rest == 0 { names } else { format!("{names} and {rest} more") }
}

/// Rounds to three decimals.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

/// Returns the first line of a body that is not empty, cut and escaped.
fn first_line(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let line = body.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let cut: String = line.chars().take(MAX_BODY).collect();
    let more = if cut.len() < line.len() { "..." } else { "" };
    shown(&cut) + more
}

fn meaning(status: StatusCode, expectation: Expectation) -> String {
    match (status, expectation) {
        (StatusCode::OK, _) => "accepted".to_owned(),
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Expectation::Rejected) => "rejected as forged".to_owned(),
        (StatusCode::UNAUTHORIZED, _) => "signature rejected".to_owned(),
        _ => status.canonical_reason().unwrap_or("not a standard status").to_lowercase(),
    }
}

fn likely_cause(status: StatusCode, expectation: Expectation) -> &'static str {
    if expectation == Expectation::Rejected && status.is_success() {
        return "the receiver does not verify signatures, so that anyone can send it events";
    }
    match status.as_u16() {
        200..=299 => "the receiver does not answer 200, the only status that X counts as received",
        300..=399 => "a redirect, which X does not follow: use the URL that it leads to",
        400 => "the receiver cannot read the body, or a proxy in front of it changes or reads the body",
        401 => "the receiver verifies with another secret, or a proxy in front of it changes the body",
        403 => "a firewall or an access rule refuses the request, or the receiver verifies with another secret",
        404 | 410 => "the receiver has no webhook at this path: check the path of the URL",
        405 => "this path does not take POST: check the path of the URL",
        408 => "the receiver or a proxy in front of it waited too long for the body",
        413 => "the receiver or a proxy in front of it limits bodies to less than this delivery",
        415 => "the receiver takes another content type or encoding than X sends",
        429 => "a rate limit, which X's deliveries can reach too; --rate sends more slowly",
        502 | 504 => "a proxy does not reach the receiver, or the receiver answers it too late",
        503 => "the receiver did not accept the events: it is overloaded or stopping, or its queue or handler failed",
        500..=599 => "an error in the receiver: see its log",
        _ => "the receiver does not expect this request: see its log",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_body_is_cut_and_escaped() {
        assert_eq!(first_line(b"\r\n  no\x1b[2J room  \nmore"), "no\\u{1b}[2J room");
        assert_eq!(first_line(b""), "");
        assert_eq!(first_line(&[b'x'; 101]), format!("{}...", "x".repeat(100)));
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        assert_eq!(listed(names.into_iter()), "a, b, c, d, e, f and 2 more");
        assert_eq!(listed(names.into_iter().take(2)), "a, b");
    }
}
