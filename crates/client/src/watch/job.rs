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
