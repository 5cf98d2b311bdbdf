//! One POST from its head to its answer.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use birdhook_core::{Delivery, Outcome, Reply};
use tokio::time::Instant;

use super::state::GateState;
use crate::memory_budget::BudgetGuard;
use crate::observer::{FinishedRequest, RequestObserver};
use crate::sync::after;
use crate::telemetry::{self, RequestSpan};

/// Counted as in flight; counted as unanswered if dropped before [`answer`](Self::answer).
pub(super) struct Request {
    pub(super) gate: Arc<GateState>,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    /// The memory that the body uses.
    pub(super) memory: BudgetGuard,
    pub(super) span: RequestSpan,
    is_answered: bool,
    /// Taken when the request ends.
    observer: Option<Box<dyn RequestObserver>>,
}

impl Request {
    pub(super) fn begin(gate: &Arc<GateState>, started: Instant, observer: Option<Box<dyn RequestObserver>>) -> Self {
        gate.in_flight.enter();
        telemetry::delivery_began();
        let deadline = after(started, gate.time_limit);
        Self {
            gate: Arc::clone(gate),
            started,
            deadline,
            memory: BudgetGuard::default(),
            span: RequestSpan::start("POST"),
            is_answered: false,
            observer,
        }
    }

    pub(super) fn verified(&self, delivery: &Delivery) {
        self.span.verified(delivery);
        if let Some(kind) = delivery.signed_with_other_kind() {
            self.gate.counts.signed_with_other_kind.fetch_add(1, Relaxed);
            telemetry::signed_with_other_kind(kind);
        }
        if let Some(observer) = &self.observer {
            let answers = || {
                let endpoint = self.gate.endpoint.load();
                endpoint.apps().iter().find(|app| app.name() == delivery.app())?.challenge_kind()
            };
            let signed_with = delivery.signed_with_other_kind().or_else(answers);
            observer.verified(delivery, signed_with);
        }
    }

    pub(super) fn removed_duplicates(&self, events: usize) {
        if events > 0 {
            self.gate.counts.removed_duplicates(events);
            telemetry::removed_duplicates(events);
        }
    }

    pub(super) fn delivered(&self, events: usize, now: Instant) {
        self.gate.counts.delivered(events, now);
        telemetry::delivered(events);
    }

    pub(super) fn answer(mut self, reply: Reply) -> Reply {
        self.is_answered = true;
        self.gate.counts.answered(reply.outcome());
        self.span.answered(reply.outcome(), self.started);
        if let Some(observer) = self.observer.take() {
            observer.finished(FinishedRequest::answered(&reply, self.started.elapsed()));
        }
        reply
    }

    pub(super) fn refuse(self, outcome: Outcome) -> Reply {
        self.answer(outcome.into())
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if !self.is_answered {
            self.gate.counts.unanswered.fetch_add(1, Relaxed);
            self.span.unanswered();
            if let Some(observer) = self.observer.take() {
                observer.finished(FinishedRequest::dropped(self.started.elapsed()));
            }
        }
        // Before the request stops being in flight, so that nothing is in use after a shutdown.
        self.memory.release(&self.gate.memory_budget);
        telemetry::delivery_ended();
        self.gate.in_flight.leave();
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
