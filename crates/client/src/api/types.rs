//! What several APIs answer with.

use birdhook_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::answer;

/// A registered webhook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Webhook {
    /// The id.
    #[serde(deserialize_with = "answer::id")]
    pub id: String,
    /// The URL, which cannot be changed.
    pub url: String,
    /// Whether X delivers to it: its last challenge was answered well.
    #[serde(default)]
    pub valid: bool,
    /// When it was registered.
    #[serde(default, deserialize_with = "answer::time")]
    pub created_at: Option<Timestamp>,
}

/// How many subscriptions an account has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// The account's name.
    #[serde(default)]
    pub account_name: Option<String>,
    /// How many users are subscribed.
    #[serde(default, alias = "subscriptions_count_all", deserialize_with = "answer::number")]
    pub subscriptions_count: Option<u64>,
    /// How many of them to direct messages only.
    #[serde(default, deserialize_with = "answer::number")]
    pub subscriptions_count_direct_messages: Option<u64>,
    /// How many there may be.
    #[serde(default, deserialize_with = "answer::number")]
    pub provisioned_count: Option<u64>,
}

/// A replay job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReplayJob {
    /// The job's id, which comes with its `replay_job_status`. One of X's samples has none.
    pub id: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
pub(super) struct Job {
    #[serde(default, rename = "job_id", deserialize_with = "answer::id")]
    id: String,
    #[serde(default, deserialize_with = "answer::time")]
    created_at: Option<Timestamp>,
}

impl ReplayJob {
    pub(super) fn read(answer: &serde_json::Value) -> Self {
        let job: Option<Job> = answer::one(answer, "job");
        let (id, created_at) = job.map(|job| (job.id, job.created_at)).unzip();
        Self { id: id.filter(|id| !id.is_empty()), created_at: created_at.flatten() }
    }
}

/// From when to when to replay, in whole minutes: the first is included, the last is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReplaySpan {
    from: Timestamp,
    to: Timestamp,
}

const MINUTE: i64 = 60_000;

impl ReplaySpan {
    /// The whole minutes around these times; `None` when `to` is not after `from`.
    pub fn around(from: Timestamp, to: Timestamp) -> Option<Self> {
        let from = Timestamp::from_millis(from.as_millis().div_euclid(MINUTE).checked_mul(MINUTE)?);
        let minutes = to.as_millis().checked_add(MINUTE - 1)?.div_euclid(MINUTE);
        let to = Timestamp::from_millis(minutes.checked_mul(MINUTE)?);
        (from < to).then_some(Self { from, to })
    }

    /// From when, included.
    pub fn from(self) -> Timestamp {
        self.from
    }

    /// Until when, not included.
    pub fn to(self) -> Timestamp {
        self.to
    }

    /// `yyyymmddhhmm` of both, in UTC. X's documents disagree whether the last minute is included: where it is, a minute comes
    /// twice, which de-duplication takes care of.
    pub(super) fn dates(self) -> (String, String) {
        (date(self.from), date(self.to))
    }
}

fn date(time: Timestamp) -> String {
    time.to_string().chars().filter(char::is_ascii_digit).take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_the_whole_minutes_around() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let span = ReplaySpan::around(at("2026-11-23T09:30:59.999Z"), at("2026-11-23T10:05:00.001Z")).unwrap();
        assert_eq!(span.dates(), ("202611230930".to_owned(), "202611231006".to_owned()));
        let exact = ReplaySpan::around(at("2026-11-23T09:30:00Z"), at("2026-11-23T09:31:00Z")).unwrap();
        assert_eq!(exact.dates(), ("202611230930".to_owned(), "202611230931".to_owned()));
        assert_eq!(ReplaySpan::around(at("2026-11-23T09:30:00Z"), at("2026-11-23T09:30:00Z")), None);
    }
}
