//! The data of the page "At X" and its API. Private values are hidden here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use birdhook_client::api::{ActivitySubscription, Counts, RegisteredWebhook, ReplaySpan};
use birdhook_client::{Error, ErrorCause, Filter, ManagementApi, ReplayRules, redact_url};
use birdhook_core::Timestamp;
use serde::Serialize;

use crate::mask;
use crate::replay_end::ReplayEnd;

/// Maximum number of subscriptions that are listed. An account may have 150,000.
const MAX_LISTED: usize = 200;

/// An answer of X, and the time at which it arrived.
pub(crate) struct Read<T> {
    pub(crate) at: Timestamp,
    pub(crate) answer: Result<T, Problem>,
}

/// Why X did not do what was asked.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    pub(crate) error: String,
    pub(crate) fix: Option<String>,
    /// The time at which X allows the next call, if its rate limit is reached.
    pub(crate) until: Option<String>,
}

impl Problem {
    pub(crate) fn new(error: &Error) -> Self {
        let until = match error.cause() {
            ErrorCause::RateLimited { until } => *until,
            _ => None,
        };
        let fix = error.fix();
        Self {
            error: error.to_string(),
            fix: (!fix.is_empty()).then(|| fix.into_owned()),
            until: until.map(|until| until.to_string()),
        }
    }

    pub(crate) fn slow(limit: Duration) -> Self {
        Self {
            error: format!("X has not answered within {} s", limit.as_secs()),
            fix: Some("open the page again later".to_owned()),
            until: None,
        }
    }
}

/// A part of the page that one call to X fills.
#[derive(Debug, Serialize)]
pub(crate) struct Part<T> {
    pub(crate) read_at: String,
    pub(crate) data: Option<T>,
    pub(crate) problem: Option<Problem>,
}

impl<T> Part<T> {
    fn new<R>(read: &Read<R>, view: impl FnOnce(&R) -> T) -> Self {
        Self {
            read_at: read.at.to_string(),
            data: read.answer.as_ref().ok().map(view),
            problem: read.answer.as_ref().err().cloned(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct WebhookView {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) valid: bool,
    pub(crate) created_at: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SubscriptionView {
    pub(crate) id: String,
    pub(crate) event_type: String,
    pub(crate) filter: String,
    pub(crate) tag: Option<String>,
    pub(crate) webhook_id: Option<String>,
    pub(crate) expires_at: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SubscriptionsView {
    pub(crate) total: usize,
    pub(crate) by_type: BTreeMap<String, usize>,
    /// The first ones, soonest expiry first.
    pub(crate) first: Vec<SubscriptionView>,
}

/// The limits of a replay, as times.
#[derive(Debug, Serialize)]
pub(crate) struct LimitsView {
    pub(crate) oldest_from: String,
    pub(crate) newest_from: String,
    pub(crate) newest_to: String,
    pub(crate) longest_minutes: u64,
}

/// An action, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Done {
    pub(crate) at: String,
    pub(crate) action: &'static str,
    pub(crate) webhook: String,
    pub(crate) ok: bool,
    pub(crate) result: String,
}

/// A replay job that this console requested.
pub(crate) struct Job {
    pub(crate) id: Option<String>,
    pub(crate) webhook: String,
    pub(crate) span: ReplaySpan,
    pub(crate) requested_at: Timestamp,
}

#[derive(Debug, Serialize)]
pub(crate) struct JobView {
    pub(crate) id: Option<String>,
    pub(crate) webhook: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) requested_at: String,
    /// `requested`, `complete` or `incomplete`.
    pub(crate) state: &'static str,
    pub(crate) description: Option<String>,
}

impl Job {
    /// Returns the job with its state. X reports the end of a job to the webhook.
    pub(crate) fn view(&self, ends: &[ReplayEnd]) -> JobView {
        let is_of_job = |end: &&ReplayEnd| match (&self.id, &end.job) {
            (Some(id), Some(job)) => id == job,
            // One of X's samples has no id.
            _ => end.webhook.as_ref() == Some(&self.webhook) && end.at >= self.requested_at,
        };
        let end = ends.iter().find(is_of_job);
        let state = match end.map(|end| end.complete) {
            None => "requested",
            Some(Some(false)) => "incomplete",
            Some(_) => "complete",
        };
        JobView {
            id: self.id.clone(),
            webhook: self.webhook.clone(),
            from: self.span.from().to_string(),
            to: self.span.to().to_string(),
            requested_at: self.requested_at.to_string(),
            state,
            description: end.and_then(|end| end.description.clone()),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct AtXView {
    pub(crate) webhooks: Part<Vec<WebhookView>>,
    /// Subscriptions of the X Activity API.
    pub(crate) x_activity: Part<SubscriptionsView>,
    /// Counts of the Account Activity API.
    pub(crate) account_activity: Part<Counts>,
    pub(crate) replay_limits: LimitsView,
    pub(crate) jobs: Vec<JobView>,
    pub(crate) actions: Vec<Done>,
}

impl AtXView {
    pub(crate) fn new(
        webhooks: &Arc<Read<Vec<RegisteredWebhook>>>,
        subscriptions: &Arc<Read<Vec<ActivitySubscription>>>,
        counts: &Arc<Read<Counts>>,
        now: Timestamp,
        reveal: bool,
    ) -> Self {
        Self {
            webhooks: Part::new(webhooks, |all| all.iter().map(|one| webhook(one, reveal)).collect()),
            x_activity: Part::new(subscriptions, |all| subscriptions_view(all, reveal)),
            account_activity: Part::new(counts, |counts| {
                let mut counts = counts.clone();
                counts.account_name = counts.account_name.map(|name| mask::text(&name, reveal).to_owned());
                counts
            }),
            replay_limits: limits(now),
            jobs: Vec::new(),
            actions: Vec::new(),
        }
    }
}

fn limits(now: Timestamp) -> LimitsView {
    const MINUTE: i64 = 60_000;
    let minute = now.as_millis().div_euclid(MINUTE);
    let rules = ReplayRules::of(ManagementApi::V2);
    let at = |minute: i64| Timestamp::from_millis(minute.saturating_mul(MINUTE)).to_string();
    let window = i64::try_from(rules.window().as_secs() / 60).unwrap_or(0);
    LimitsView {
        // A minute that begins after the start of the window.
        oldest_from: at(minute - window + 1),
        newest_from: at(minute - 31),
        newest_to: at(minute - 10),
        longest_minutes: rules.longest().as_secs() / 60,
    }
}

fn webhook(webhook: &RegisteredWebhook, reveal: bool) -> WebhookView {
    WebhookView {
        id: webhook.id.clone(),
        url: if reveal { webhook.url.clone() } else { redact_url(&webhook.url) },
        valid: webhook.valid,
        created_at: webhook.created_at.map(|time| time.to_string()),
    }
}

fn subscriptions_view(all: &[ActivitySubscription], reveal: bool) -> SubscriptionsView {
    let mut by_type = BTreeMap::new();
    for one in all {
        *by_type.entry(one.event_type.clone()).or_default() += 1;
    }
    let mut sorted: Vec<_> = all.iter().collect();
    sorted.sort_by_key(|one| (one.expires_at.is_none(), one.expires_at, &one.event_type, &one.id));
    SubscriptionsView {
        total: all.len(),
        by_type,
        first: sorted.into_iter().take(MAX_LISTED).map(|one| subscription(one, reveal)).collect(),
    }
}

fn subscription(one: &ActivitySubscription, reveal: bool) -> SubscriptionView {
    SubscriptionView {
        id: one.id.clone(),
        event_type: one.event_type.clone(),
        filter: filter(&one.filter, reveal),
        tag: one.tag.as_ref().map(|tag| mask::text(tag, reveal).to_owned()),
        webhook_id: one.webhook_id.clone(),
        expires_at: one.expires_at.map(|time| time.to_string()),
    }
}

/// Returns a filter in a line, such as `user 2001, direction inbound`.
fn filter(filter: &Filter, reveal: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(filter.user_id.as_ref().map(|id| format!("user {}", mask::id(id, reveal))));
    parts.extend(filter.keyword.as_ref().map(|word| format!("keyword {}", mask::text(word, reveal))));
    parts.extend(filter.direction.map(|direction| format!("direction {}", direction.as_str())));
    let more = filter.qualifiers.iter().chain(&filter.unknown);
    parts.extend(more.map(|(name, value)| format!("{name} {}", mask::text(value, reveal))));
    if parts.is_empty() { "all".to_owned() } else { parts.join(", ") }
}
