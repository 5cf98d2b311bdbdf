//! Runs the tasks of the scheduler when they are due.

use std::sync::Arc;

use birdhook_core::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::clock::{Timed, after};
use super::inner::{Inner, wake};
use super::ledger::Occasion;
use super::scheduler::{QueuedDelivery, Task};

impl Timed for Inner {
    fn next_due(&self) -> Option<Timestamp> {
        let now = self.settings.clock.now();
        let state = self.state();
        state.scheduler.next().filter(|due| *due > now && !state.has_ended)
    }

    fn is_settled(&self) -> bool {
        let now = self.settings.clock.now();
        let state = self.state();
        let waits = !state.is_held && state.waiting.values().any(|waiting| !waiting.is_empty());
        let is_due = state.scheduler.next().is_some_and(|due| due <= now);
        // A stopped mock does nothing more, even if work is due.
        state.has_ended
            || !waits && !is_due && state.challenging == 0 && state.in_flight.values().all(|many| *many == 0)
    }

    fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

/// Runs due tasks until dropped. Dropping it also aborts the tasks that it has spawned.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut tasks = JoinSet::new();
    let mut changed = inner.changed.subscribe();
    loop {
        changed.mark_unchanged();
        let was_due = start_due(&inner, &mut tasks);
        start_deliveries(&inner, &mut tasks);
        if was_due {
            // A webhook that is not challenged yet starts no task, so nothing else would notify
            // waiters.
            wake(&inner);
        }
        let next = inner.state().scheduler.next();
        tokio::select! {
            _ = changed.changed() => {}
            () = inner.settings.clock.reaches(next) => {}
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// Starts all due tasks. Returns whether there were any.
fn start_due(inner: &Arc<Inner>, tasks: &mut JoinSet<()>) -> bool {
    let now = inner.settings.clock.now();
    let (mut state, mut was_due) = (inner.state(), false);
    while let Some(task) = state.scheduler.take(now) {
        was_due = true;
        match task {
            Task::Deliver(queued) => state.waiting.entry(queued.webhook.clone()).or_default().push_back(*queued),
            Task::Challenge(webhook) => {
                let generation =
                    state.webhook(&webhook).map(|webhook| (webhook.generation, webhook.is_stale(now, inner)));
                let Some((generation, is_stale)) = generation else { continue };
                if let Some(period) = generation.challenges(&inner.settings).schedule.period() {
                    state.scheduler.add(after(now, period), Task::Challenge(webhook.clone()));
                }
                if is_stale {
                    state.challenging += 1;
                    tasks.spawn(challenge(Arc::clone(inner), webhook));
                }
            }
        }
    }
    was_due
}

fn start_deliveries(inner: &Arc<Inner>, tasks: &mut JoinSet<()>) {
    let mut state = inner.state();
    let webhooks: Vec<String> = state.waiting.keys().cloned().collect();
    for webhook in webhooks {
        while let Some(queued) = state.take_next(&webhook) {
            tasks.spawn(deliver(Arc::clone(inner), queued));
        }
    }
}

async fn challenge(inner: Arc<Inner>, webhook: String) {
    // The ledger and the state of the webhook already record a failure.
    let _ = inner.revalidate(&webhook, Occasion::Schedule).await;
    inner.state().challenging -= 1;
    inner.changed.send_replace(());
}

async fn deliver(inner: Arc<Inner>, queued: QueuedDelivery) {
    inner.attempt(queued).await;
    inner.changed.send_replace(());
}
