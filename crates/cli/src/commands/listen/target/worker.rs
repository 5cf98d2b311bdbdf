//! Sends the events of an inbox to a target.

use std::sync::Arc;
use std::time::Duration;

use birdhook::Event;
use birdhook::dedupe::DedupePolicy;
use birdhook::event::Timestamp;
use birdhook::inbox::{Inbox, InboxSettings, Lease, Order};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::super::arrival::arrival;
use super::client::{AttemptError, TargetClient};
use super::pause::Pause;
use super::trace::TraceContext;
use super::{Target, TargetMode};
use crate::output::note;

/// Time that a lease lasts longer than an attempt.
const LEASE_MARGIN: Duration = Duration::from_secs(30);

/// The delays of [`InboxSettings::backoff`], for attempts after which the target asks for a delay.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(600);

/// Called with an event that was acknowledged, and for an event without a time, when it was stored.
pub(crate) type OnAcknowledged = Box<dyn Fn(Event, Option<Timestamp>) -> BoxFuture<'static, ()> + Send + Sync>;

/// Leases events from an inbox, and sends them to a target until it acknowledges them.
pub(crate) struct Worker {
    pub(crate) inbox: Inbox,
    pub(crate) client: Arc<TargetClient>,
    pub(crate) policy: DedupePolicy,
    /// Called with each acknowledged event, also with events that the target does not select.
    pub(crate) on_acknowledged: Option<OnAcknowledged>,
    /// Becomes true when the inbox is about to be closed.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Returns the settings of an inbox whose events are sent to this target.
pub(crate) fn inbox_settings(target: &Target) -> InboxSettings {
    let order = if target.in_order { Order::BySubscriber } else { Order::Unordered };
    // The target processes few events at once, so more would only wait in memory.
    let prefetch = target.concurrency.saturating_mul(4).clamp(16, 256);
    InboxSettings::new()
        .order(order)
        .max_attempts(target.max_attempts)
        .backoff(FIRST_DELAY, LONGEST_DELAY)
        .lease(target.time_limit() + LEASE_MARGIN)
        .prefetch(prefetch)
}

impl Worker {
    /// Runs until the inbox is closed and the attempts in progress have ended.
    pub(crate) async fn run(self) {
        let concurrency = self.client.target.concurrency;
        let shared = Arc::new((self, Pause::default()));
        let mut tasks = JoinSet::new();
        let one = || {
            let shared = Arc::clone(&shared);
            async move { shared.0.work(&shared.1).await }
        };
        for _ in 0..concurrency {
            tasks.spawn(one());
        }
        while let Some(ended) = tasks.join_next().await {
            // The event has failed. Replaces the task.
            if ended.is_err_and(|error| error.is_panic()) {
                tasks.spawn(one());
            }
        }
    }

    async fn work(&self, pause: &Pause) {
        let mut leases = self.inbox.leases();
        let mut stopping = self.stopping.clone();
        loop {
            tokio::select! {
                () = pause.ended() => {}
                // The inbox closes, and returns no more leases.
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
            let Some(lease) = leases.recv().await else { return };
            // The pause may have begun while this task waited for an event.
            if pause.is_active() {
                let _ = lease.release().await;
                if *stopping.borrow() {
                    return;
                }
                continue;
            }
            self.process(lease, pause).await;
        }
    }

    async fn process(&self, lease: Lease, pause: &Pause) {
        let TargetClient { target, .. } = &*self.client;
        let (id, attempt) = (lease.id(), lease.attempts());
        let mut event = lease.event().clone();
        event.set_dedupe_key(self.policy.key(&event));
        if target.mode == TargetMode::Raw || target.matches(&event) {
            let sent = self.client.send(&event, attempt, &TraceContext::default()).await;
            if !matches!(sent, Err(AttemptError::Unreachable(_))) && pause.reached() {
                note(format!("the target {} is reachable again", target.name));
            }
            match sent {
                Ok(()) => {}
                Err(AttemptError::Unreachable(reason)) => {
                    if pause.unreachable() {
                        note(format!("the target {} is not reachable, and its events wait: {reason}", target.name));
                    }
                    // The target has not got the event, so the attempt does not count.
                    let _ = lease.release().await;
                    return;
                }
                Err(AttemptError::Failed { reason, retry_after, is_overloaded }) => {
                    let next = if attempt < target.max_attempts { "will be retried" } else { "now a dead letter" };
                    let attempts = format!("attempt {attempt} of {}", target.max_attempts);
                    note(format!("event {id} for {}, {attempts}, {next}: not forwarded: {reason}", target.name));
                    if let Some(delay) = retry_after.filter(|_| is_overloaded) {
                        pause.requested(delay);
                    }
                    let _ = lease.nack(retry_after.map(|delay| delay.max(backoff(attempt)))).await;
                    return;
                }
            }
        }
        let Some(on_acknowledged) = &self.on_acknowledged else {
            // An error means that the inbox is closed: the event is sent again when it is next opened.
            let _ = lease.ack().await;
            return;
        };
        let arrival = arrival(&self.inbox, &lease).await;
        let _ = lease.ack().await;
        on_acknowledged(event, arrival).await;
    }
}

/// Returns the inbox's own delay after this attempt.
fn backoff(attempt: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_ten_minutes() {
        let seconds: Vec<_> = [1, 2, 3, 10, 11, u32::MAX].map(|attempt| backoff(attempt).as_secs()).into();
        assert_eq!(seconds, [1, 2, 4, 512, 600, 600]);
    }
}
