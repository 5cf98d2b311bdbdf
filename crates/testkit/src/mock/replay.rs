//! Replay jobs, which send past deliveries of a webhook again.

use std::time::Duration;

use birdhook_core::Timestamp;
use bytes::Bytes;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::json;

use super::clock::{after, before};
use super::inner::{Inner, wake};
use super::ledger::{DeliveryCause, Occasion, Sent};
use super::random;
use super::refusal::{DateFault, Refusal};
use super::scheduler::QueuedDelivery;
use super::state::{Job, State};
use crate::payload::MockEventKind;

/// The rules for the dates, which differ between 1.1 and v2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) reach: Duration,
    pub(crate) reach_text: &'static str,
    pub(crate) is_inclusive: bool,
}

/// The period that a replay covers: from the first time, inclusive, to the second, exclusive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span(Timestamp, Timestamp);

impl Span {
    pub(crate) fn read(from: Option<&str>, to: Option<&str>, rules: Rules, now: Timestamp) -> Result<Self, DateFault> {
        let (from_text, to_text) =
            (from.ok_or(DateFault::Missing("from_date"))?, to.ok_or(DateFault::Missing("to_date"))?);
        let from = minute(from_text).ok_or(DateFault::Malformed("from_date"))?;
        let to = minute(to_text).ok_or(DateFault::Malformed("to_date"))?;
        let minutes = |many: u64| Duration::from_secs(many * 60);
        if from > before(now, minutes(31)) {
            return Err(DateFault::NotInThePast("from_date", from_text.to_owned()));
        }
        if to > before(now, minutes(10)) {
            return Err(DateFault::NotInThePast("to_date", to_text.to_owned()));
        }
        if from >= to {
            return Err(DateFault::Order);
        }
        if from < before(now, rules.reach) {
            return Err(DateFault::TooOld(rules.reach_text));
        }
        Ok(Self(from, if rules.is_inclusive { after(to, minutes(1)) } else { to }))
    }

    fn covers(self, at: Timestamp) -> bool {
        (self.0..self.1).contains(&at)
    }
}

/// Parses `yyyymmddhhmm`, in UTC.
fn minute(text: &str) -> Option<Timestamp> {
    if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    let year = text.get(..4)?.parse().ok()?;
    let time = DateTime::new(year, number(4, 6)?, number(6, 8)?, number(8, 10)?, number(10, 12)?, 0, 0).ok()?;
    Some(Timestamp::from_millis(TimeZone::UTC.to_timestamp(time).ok()?.as_millisecond()))
}

impl Inner {
    /// Challenges the webhook and starts a replay job. Returns the id of the job.
    pub(crate) async fn replay(&self, app: &str, webhook: &str, span: Span) -> Result<String, Refusal> {
        {
            let state = self.state();
            let found = state.webhook_of(app, webhook).ok_or(Refusal::NoSuchWebhook)?;
            if !found.valid {
                return Err(Refusal::WebhookInvalid);
            }
            if state.jobs.iter().any(|job| job.webhook == webhook) {
                return Err(Refusal::ReplayUnderWay);
            }
        }
        self.revalidate(webhook, Occasion::Replay).await?;
        let again = self.recorded(webhook, span);
        let now = self.settings.clock.now();
        let mut state = self.state();
        // Checked again, because another call may have started a job during the challenge.
        if state.jobs.iter().any(|job| job.webhook == webhook) {
            return Err(Refusal::ReplayUnderWay);
        }
        let id = random::id(&mut state.random);
        state.jobs.push(Job { id: id.clone(), webhook: webhook.to_owned(), left: again.len(), failed: 0 });
        for sent in &again {
            let (webhook, cause, body) = (webhook.to_owned(), DeliveryCause::Replay, sent.body.clone());
            let queued = QueuedDelivery::new(webhook, sent.reported_by, sent.kind, cause, body);
            let queued = QueuedDelivery { subscriber: sent.subscriber.clone(), job: Some(id.clone()), ..queued };
            state.send_once(queued, now);
        }
        if again.is_empty() {
            state.end_job(&id, now);
        }
        drop(state);
        wake(self);
        Ok(id)
    }

    /// Returns the deliveries attempted in this period, each once, oldest first.
    fn recorded(&self, webhook: &str, span: Span) -> Vec<Sent> {
        let mut again: Vec<Sent> = Vec::new();
        for sent in self.ledger.sent() {
            let is_it = sent.webhook == webhook && sent.cause == DeliveryCause::MockEvent && span.covers(sent.at);
            if is_it && !again.iter().any(|earlier| earlier.delivery == sent.delivery) {
                again.push(sent);
            }
        }
        again.sort_by_key(|sent| sent.at);
        again
    }
}

impl State {
    /// Records that a delivery of a job is finished.
    pub(crate) fn replayed(&mut self, id: &str, cause: DeliveryCause, is_ok: bool, now: Timestamp) {
        if cause == DeliveryCause::ReplayStatus {
            self.jobs.retain(|job| job.id != id);
            return;
        }
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else { return };
        job.left = job.left.saturating_sub(1);
        job.failed += usize::from(!is_ok);
        if job.left == 0 {
            self.end_job(id, now);
        }
    }

    /// Sends the status of a finished job to the webhook. Until that is delivered, no other job can
    /// start.
    fn end_job(&mut self, id: &str, now: Timestamp) {
        let Some(job) = self.jobs.iter().find(|job| job.id == id).cloned() else { return };
        let (state, description) = match job.failed {
            0 => ("Complete", "Job completed successfully"),
            _ => ("Incomplete", "Job failed to deliver all events, please retry your replay job"),
        };
        let status = json!({"replay_job_status": {
            "webhook_id": job.webhook, "job_state": state, "job_state_description": description, "job_id": job.id,
        }});
        let (cause, body) = (DeliveryCause::ReplayStatus, Bytes::from(status.to_string()));
        let queued =
            QueuedDelivery::new(job.webhook, birdhook_core::ApiSource::Replay, MockEventKind::Replay, cause, body);
        let queued = QueuedDelivery { job: Some(job.id), ..queued };
        self.send_once(queued, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minute_is_included_or_not_by_setting() {
        let (now, last) = (minute("202611231200").unwrap(), minute("202611231130").unwrap());
        for is_inclusive in [false, true] {
            let rules = Rules { reach: Duration::from_secs(86_400), reach_text: "", is_inclusive };
            let span = Span::read(Some("202611231100"), Some("202611231130"), rules, now).unwrap();
            assert_eq!(span.covers(last), is_inclusive);
            assert_eq!(span.covers(after(last, Duration::from_secs(59))), is_inclusive);
            assert!(!span.covers(after(last, Duration::from_secs(60))));
            assert!(span.covers(before(last, Duration::from_millis(1))));
            assert!(span.covers(minute("202611231100").unwrap()));
        }
    }
}
