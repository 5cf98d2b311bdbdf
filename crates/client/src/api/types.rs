//! Response types that several APIs share.

use birdhook_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::response;

/// A registered webhook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct RegisteredWebhook {
    /// The id.
    #[serde(deserialize_with = "response::id")]
    pub id: String,
    /// The URL, which cannot change after registration.
    pub url: String,
    /// Whether X delivers to it, because the last challenge passed.
    #[serde(default)]
    pub valid: bool,
    /// The time of registration.
    #[serde(default, deserialize_with = "response::time")]
    pub created_at: Option<Timestamp>,
}

/// The numbers of an account's subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// The account's name.
    #[serde(default)]
    pub account_name: Option<String>,
    /// The number of subscribed users.
    #[serde(default, alias = "subscriptions_count_all", deserialize_with = "response::number")]
    pub subscriptions_count: Option<u64>,
    /// The number of users who are subscribed only to direct messages.
    #[serde(default, deserialize_with = "response::number")]
    pub subscriptions_count_direct_messages: Option<u64>,
    /// The maximum number of subscriptions.
    #[serde(default, deserialize_with = "response::number")]
    pub provisioned_count: Option<u64>,
}

/// A replay job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReplayJob {
    /// The job's id, which the event `replay_job_status` repeats. One of X's samples lacks it.
    pub id: Option<String>,
    /// The time of creation.
    pub created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Job {
    #[serde(default, rename = "job_id", deserialize_with = "response::id")]
    id: String,
    #[serde(default, deserialize_with = "response::time")]
    created_at: Option<Timestamp>,
}

impl ReplayJob {
    pub(super) fn read(response: &serde_json::Value) -> Self {
        let job: Option<Job> = response::one(response, "job");
        let (id, created_at) = job.map(|job| (job.id, job.created_at)).unzip();
        Self { id: id.filter(|id| !id.is_empty()), created_at: created_at.flatten() }
    }
}

/// A time span to replay, in whole minutes, including the first and excluding the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReplaySpan {
    from: Timestamp,
    to: Timestamp,
}

const MINUTE: i64 = 60_000;

impl ReplaySpan {
    /// Rounds the span outwards to whole minutes. Returns `None` if `to` is not after `from`.
    pub fn around(from: Timestamp, to: Timestamp) -> Option<Self> {
        let from = Timestamp::from_millis(from.as_millis().div_euclid(MINUTE).checked_mul(MINUTE)?);
        let minutes = to.as_millis().checked_add(MINUTE - 1)?.div_euclid(MINUTE);
        let to = Timestamp::from_millis(minutes.checked_mul(MINUTE)?);
        (from < to).then_some(Self { from, to })
    }

    /// Returns the first minute, which is included.
    pub fn from(self) -> Timestamp {
        self.from
    }

    /// Returns the last minute, which is excluded.
    pub fn to(self) -> Timestamp {
        self.to
    }

    /// Returns both times as `yyyymmddhhmm`, in UTC. X's documents disagree on whether the last
    /// minute is included. If it is, the events of one minute arrive twice and are deduplicated.
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
