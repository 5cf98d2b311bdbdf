use birdhook_core::activity::Replay;
use birdhook_core::{Event, Timestamp};

use super::gap::Pending;
use crate::api::ReplayJob;

/// A requested replay job. It exists before X has responded.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) pending: Pending,
    webhook: String,
    pub(super) started: Timestamp,
    /// X's response. X may replay, and even report the end, before its response arrives.
    response: Option<ReplayJob>,
    reported_ends: Vec<End>,
}

#[derive(Clone, Debug)]
struct End {
    id: Option<String>,
    complete: bool,
}

impl Job {
    pub(super) fn new(pending: Pending, webhook: String, started: Timestamp) -> Self {
        Self { pending, webhook, started, response: None, reported_ends: Vec::new() }
    }

    pub(super) fn set_response(&mut self, response: ReplayJob) {
        self.response = Some(response);
    }

    /// Records X's report that a job has ended, which may be another job.
    pub(super) fn record_end(&mut self, end: &Replay<'_>) {
        let of = |id: Option<&str>| id.map(str::to_owned);
        let is_of_webhook = end.webhook_id.as_deref().is_none_or(|id| id == self.webhook);
        if is_of_webhook {
            let complete = end.complete.unwrap_or(true);
            self.reported_ends.push(End { id: of(end.job_id.as_deref()), complete });
        }
    }

    /// Returns `None` until the job has ended, then whether the receiver took everything. One of
    /// X's sample responses has no id. Any reported end then counts, because only one job runs at a
    /// time.
    pub(super) fn end(&self) -> Option<bool> {
        let response = self.response.as_ref()?;
        let is_it = |end: &&End| response.id.is_none() || end.id.is_none() || end.id == response.id;
        self.reported_ends.iter().find(is_it).map(|end| end.complete)
    }

    /// Returns whether an event may be a replayed one. Only its old time distinguishes it.
    pub(super) fn may_have_replayed(&self, event: &Event) -> bool {
        event.occurred_at().is_some_and(|at| at < self.pending.span.to())
    }
}

#[cfg(test)]
mod tests {
    use birdhook_core::Activity;

    use super::*;
    use crate::api::ReplaySpan;

    fn ended(response: Option<&str>, end: &str) -> Option<bool> {
        let at = Timestamp::from_millis;
        let span = ReplaySpan::around(at(0), at(60_000)).unwrap();
        let response = ReplayJob { id: response.map(str::to_owned), created_at: None };
        let body = format!(r#"{{"replay_job_status":{{{end}}}}}"#);
        let event = birdhook_testkit::read("app", body).unwrap().into_events().remove(0);
        let Activity::ReplayFinished(end) = event.activity() else { panic!("{event:?}") };

        let pending = Pending { span, attempts: 0, reported_at: None };
        let mut late = Job::new(pending, "7".to_owned(), at(0));
        let mut early = late.clone();
        early.record_end(&end);
        assert_eq!(early.end(), None, "a job ends only after X's response");
        early.set_response(response.clone());
        late.set_response(response);
        assert_eq!(late.end(), None);
        late.record_end(&end);
        assert_eq!(late.end(), early.end());
        late.end()
    }

    #[test]
    fn a_job_ends_when_x_reports_its_own_id() {
        let status = |id: &str, webhook: &str, state: &str| {
            format!(r#""webhook_id":"{webhook}","job_state":"{state}","job_state_description":"","job_id":"{id}""#)
        };
        assert_eq!(ended(Some("1"), &status("1", "7", "Complete")), Some(true));
        assert_eq!(ended(Some("1"), &status("1", "7", "Incomplete")), Some(false));
        assert_eq!(ended(Some("1"), &status("2", "7", "Complete")), None, "another job's");
        assert_eq!(ended(None, &status("2", "7", "Complete")), Some(true));
        assert_eq!(ended(None, &status("2", "8", "Complete")), None, "another webhook's");
    }
}
