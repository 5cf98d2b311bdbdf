//! The scheduler: tasks that are due later, and the loop that runs them.

use std::collections::BTreeMap;
use std::sync::Arc;

use birdhook_core::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Inner;
use super::clock::{Timed, after};
use super::crc::Occasion;
use super::delivery::Parcel;

/// Scheduled tasks, ordered by time, then by insertion.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    due: BTreeMap<(Timestamp, u64), Task>,
    asked: u64,
}

/// A scheduled task.
#[derive(Debug)]
pub(crate) enum Task {
    /// Queues a delivery for sending.
    Deliver(Box<Parcel>),
    /// Challenges the webhook with this id if its schedule says so, and schedules the next check.
    Challenge(String),
}

impl Agenda {
    pub(crate) fn add(&mut self, due: Timestamp, task: Task) {
        self.asked += 1;
        self.due.insert((due, self.asked), task);
    }

    fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((due, _), _)| *due)
    }

    fn take(&mut self, now: Timestamp) -> Option<Task> {
        let entry = self.due.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}

impl Timed for Inner {
    fn next_due(&self) -> Option<Timestamp> {
        let now = self.settings.clock.now();
        let state = self.state();
        state.agenda.next().filter(|due| *due > now && !state.has_ended)
    }

    fn is_settled(&self) -> bool {
        let now = self.settings.clock.now();
        let state = self.state();
        let waits = !state.is_held && state.waiting.values().any(|waiting| !waiting.is_empty());
        let is_due = state.agenda.next().is_some_and(|due| due <= now);
        // A stopped mock does nothing more, even if work is due.
        state.has_ended
            || !waits && !is_due && state.challenging == 0 && state.under_way.values().all(|many| *many == 0)
    }

    fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

/// Runs due tasks until dropped. Dropping it also aborts the tasks that it has spawned.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut begun = JoinSet::new();
    let mut changed = inner.changed.subscribe();
    loop {
        changed.mark_unchanged();
        let was_due = begin_due(&inner, &mut begun);
        begin_deliveries(&inner, &mut begun);
        if was_due {
            // A webhook that is not challenged yet starts no task, so nothing else would notify
            // waiters.
            wake(&inner);
        }
        let next = inner.state().agenda.next();
        tokio::select! {
            _ = changed.changed() => {}
            () = inner.settings.clock.reaches(next) => {}
            Some(_) = begun.join_next() => {}
        }
    }
}

/// Starts all due tasks. Returns whether there were any.
fn begin_due(inner: &Arc<Inner>, begun: &mut JoinSet<()>) -> bool {
    let now = inner.settings.clock.now();
    let (mut state, mut was_due) = (inner.state(), false);
    while let Some(task) = state.agenda.take(now) {
        was_due = true;
        match task {
            Task::Deliver(parcel) => state.waiting.entry(parcel.webhook.clone()).or_default().push_back(*parcel),
            Task::Challenge(webhook) => {
                let generation =
                    state.webhook(&webhook).map(|webhook| (webhook.generation, webhook.is_stale(now, inner)));
                let Some((generation, is_stale)) = generation else { continue };
                if let Some(period) = generation.challenges(&inner.settings).schedule.period() {
                    state.agenda.add(after(now, period), Task::Challenge(webhook.clone()));
                }
                if is_stale {
                    state.challenging += 1;
                    begun.spawn(challenge(Arc::clone(inner), webhook));
                }
            }
        }
    }
    was_due
}

fn begin_deliveries(inner: &Arc<Inner>, begun: &mut JoinSet<()>) {
    let mut state = inner.state();
    let webhooks: Vec<String> = state.waiting.keys().cloned().collect();
    for webhook in webhooks {
        while let Some(parcel) = state.next_parcel(&webhook) {
            begun.spawn(deliver(Arc::clone(inner), parcel));
        }
    }
}

async fn challenge(inner: Arc<Inner>, webhook: String) {
    // The ledger and the state of the webhook already record a failure.
    let _ = inner.revalidate(&webhook, Occasion::Schedule).await;
    inner.state().challenging -= 1;
    inner.changed.send_replace(());
}

async fn deliver(inner: Arc<Inner>, parcel: Parcel) {
    inner.attempt(parcel).await;
    inner.changed.send_replace(());
}

/// Notifies waiters that the state has changed.
pub(crate) fn wake(inner: &Inner) {
    inner.changed.send_replace(());
}
