//! The scheduler: tasks that are due later.

use std::collections::BTreeMap;

use birdhook_core::{ApiSource, Timestamp};
use bytes::Bytes;

use super::ledger::DeliveryCause;
use crate::payload::MockEventKind;

/// Scheduled tasks, ordered by time, then by insertion.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    due: BTreeMap<(Timestamp, u64), Task>,
    inserted: u64,
}

#[derive(Debug)]
pub(crate) enum Task {
    /// Queues a delivery for sending.
    Deliver(Box<QueuedDelivery>),
    /// Challenges the webhook with this id if its schedule says so, and schedules the next check.
    Challenge(String),
}

impl Scheduler {
    pub(crate) fn add(&mut self, due: Timestamp, task: Task) {
        self.inserted += 1;
        self.due.insert((due, self.inserted), task);
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((due, _), _)| *due)
    }

    pub(crate) fn take(&mut self, now: Timestamp) -> Option<Task> {
        let entry = self.due.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct QueuedDelivery {
    pub(crate) delivery: u64,
    pub(crate) webhook: String,
    pub(crate) reported_by: ApiSource,
    pub(crate) kind: MockEventKind,
    pub(crate) subscriber: Option<String>,
    pub(crate) cause: DeliveryCause,
    pub(crate) body: Bytes,
    pub(crate) attempts: u32,
    /// The replay job that the delivery belongs to.
    pub(crate) job: Option<String>,
    /// The subscription that must still exist when the delivery is sent.
    pub(crate) origin: Origin,
}

impl QueuedDelivery {
    pub(crate) fn new(
        webhook: String,
        reported_by: ApiSource,
        kind: MockEventKind,
        cause: DeliveryCause,
        body: Bytes,
    ) -> Self {
        let origin = Origin::Other;
        Self { delivery: 0, webhook, reported_by, kind, subscriber: None, cause, body, attempts: 0, job: None, origin }
    }
}

/// The kind of subscription that caused a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    AccountActivity,
    Activity(String),
    Other,
}
