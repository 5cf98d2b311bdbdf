//! A replay job that was asked for.

use birdhook_core::activity::Replay;
use birdhook_core::{Event, Timestamp};

use super::gap::Pending;
use crate::api::ReplayJob;

/// A replay job that was asked for, from before X has answered.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) pending: Pending,
    webhook: String,
    pub(super) begun: Timestamp,
    /// X's answer. X may replay, and even tell the end, before its answer is here.
    answer: Option<ReplayJob>,
    ends: Vec<End>,
}

/// What X told of the end of a job.
#[derive(Clone, Debug)]
struct End {
    id: Option<String>,
    complete: bool,
}

impl Job {
    pub(super) fn new(pending: Pending, webhook: String, begun: Timestamp) -> Self {
        Self { pending, webhook, begun, answer: None, ends: Vec::new() }
    }

    pub(super) fn answered(&mut self, answer: ReplayJob) {
        self.answer = Some(answer);
    }

    /// X tells that a job has ended, perhaps another one.
    pub(super) fn told(&mut self, end: &Replay<'_>) {
        let of = |id: Option<&str>| id.map(str::to_owned);
        let is_of_webhook = end.webhook_id.as_deref().is_none_or(|id| id == self.webhook);
        if is_of_webhook {
            let complete = end.complete.unwrap_or(true);
            self.ends.push(End { id: of(end.job_id.as_deref()), complete });
        }
    }

    /// Whether it has ended, and then whether everything was taken. One of X's samples of an answer has no id: then
    /// whatever ends is this one, since there is one at a time.
    pub(super) fn end(&self) -> Option<bool> {
        let answer = self.answer.as_ref()?;
        let is_it = |end: &&End| answer.id.is_none() || end.id.is_none() || end.id == answer.id;
        self.ends.iter().find(is_it).map(|end| end.complete)
    }

    /// Whether an event may be one that is replayed: nothing marks it but its old time.
    pub(super) fn may_have_replayed(&self, event: &Event) -> bool {
        event.occurred_at().is_some_and(|at| at < self.pending.span.to())
    }
}

#[cfg(test)]
mod tests {
    use birdhook_core::Activity;

    use super::*;
    use crate::api::ReplaySpan;

    /// What becomes of a job of this id in X's answer, when this end is told before the answer or after it.
    fn ended(answer: Option<&str>, end: &str) -> Option<bool> {
        let at = Timestamp::from_millis;
        let span = ReplaySpan::around(at(0), at(60_000)).unwrap();
        let answer = ReplayJob { id: answer.map(str::to_owned), created_at: None };
        let body = format!(r#"{{"replay_job_status":{{{end}}}}}"#);
        let event = birdhook_testkit::read("app", body).unwrap().into_events().remove(0);
        let Activity::ReplayFinished(end) = event.activity() else { panic!("{event:?}") };

        let pending = Pending { span, tries: 0, told: None };
        let mut late = Job::new(pending, "7".to_owned(), at(0));
        let mut early = late.clone();
        early.told(&end);
        assert_eq!(early.end(), None, "it has ended when X has answered");
        early.answered(answer.clone());
        late.answered(answer);
        assert_eq!(late.end(), None);
        late.told(&end);
        assert_eq!(late.end(), early.end());
        late.end()
    }

    #[test]
    fn a_job_ends_with_its_own_status() {
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
