//! Forwards events to another sink.

use std::sync::Arc;
use std::time::Duration;

use birdhook_pipeline::{DedupePolicy, EventSink, SinkError};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::id::EventId;
use crate::inbox::Inbox;
use crate::lease::Lease;
use crate::observe;

/// The maximum number of events forwarded at once.
const MAX_CONCURRENCY: usize = 10_000;

/// The timeout of one attempt, unless a quarter of the lease is shorter.
const ATTEMPT: Duration = Duration::from_secs(10);

/// The shortest and longest delay between attempts for one event.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Forwards each event to another sink, such as a message broker's. Created by [`Inbox::relay`].
///
/// An event is acknowledged in the inbox once the sink has returned `Ok`. While the sink is full,
/// slow or unavailable, the relay waits and no attempts are used up: a waiting event keeps its
/// lease and is retried until the sink accepts it. The inbox accepts deliveries meanwhile, up to
/// [`InboxSettings::size_limit`](crate::InboxSettings::size_limit). An event becomes a dead letter only if the
/// sink [refuses](SinkError::Refused) it, or if it makes the sink panic, or the process ends
/// without [closing the inbox](Inbox::close), at each of its
/// [attempts](crate::InboxSettings::max_attempts).
///
/// An event is forwarded again if the process ends after the sink has accepted it and before the
/// acknowledgement is on disk. **It then has the same key**, so the sink can recognise it. The sink
/// defines how long keys are remembered.
///
/// With [`Order::BySubscriber`](crate::Order::BySubscriber) the sink gets each subscriber's events
/// one at a time, in the order in which they were accepted.
#[must_use = "call run"]
pub struct Relay<S> {
    inbox: Inbox,
    sink: S,
    policy: DedupePolicy,
    concurrency: usize,
    on_error: Box<dyn Fn(&RelayError<'_>) + Send + Sync>,
}

/// A failed attempt to forward an event.
#[derive(Debug)]
#[non_exhaustive]
pub struct RelayError<'a> {
    /// The event's id in the inbox.
    pub id: EventId,
    /// The sink's error.
    pub error: &'a SinkError,
    /// The number of attempts since the event was leased.
    pub attempts: u32,
    /// Whether the event is a dead letter now. If not, it is retried.
    pub is_dead: bool,
}

impl Inbox {
    /// Returns a [`Relay`] that forwards events to another sink.
    ///
    /// ```no_run
    /// # async fn relay<S>(inbox: birdhook_inbox::Inbox, webhook: birdhook_pipeline::Webhook, engine: S)
    /// # where S: birdhook_pipeline::EventSink<Future: Send> + Send + Sync + 'static {
    /// let relay = inbox.relay(engine).dedupe_policy(webhook.dedupe_policy());
    /// let pipeline = webhook.sink(inbox.clone());
    /// tokio::spawn(relay.run());
    /// # let _ = pipeline; }
    /// ```
    pub fn relay<S: EventSink>(&self, sink: S) -> Relay<S> {
        let policy = DedupePolicy::default();
        Relay { inbox: self.clone(), sink, policy, concurrency: 64, on_error: Box::new(|_| ()) }
    }
}

impl<S> Relay<S> {
    /// Sets the deduplication policy, which determines the events' keys. Must be the receiver's
    /// ([`Webhook::dedupe_policy`](birdhook_pipeline::Webhook::dedupe_policy)) if its scope or dual
    /// mode is set: the inbox does not store whole keys.
    pub fn dedupe_policy(self, policy: DedupePolicy) -> Self {
        Self { policy, ..self }
    }

    /// Sets how many events are forwarded at once. Defaults to 64; at least 1, at most 10,000.
    pub fn concurrency(self, events: usize) -> Self {
        Self { concurrency: events.clamp(1, MAX_CONCURRENCY), ..self }
    }

    /// Sets a function that is called for each failed attempt. The sink's error may quote a
    /// message.
    pub fn on_error(self, call: impl Fn(&RelayError<'_>) + Send + Sync + 'static) -> Self {
        Self { on_error: Box::new(call), ..self }
    }

    /// Forwards events until the inbox is closed, then finishes the attempts in progress.
    ///
    /// Events that wait for the sink are returned to the inbox. Dropping the future stops it at
    /// once; events in progress are leased again.
    pub async fn run(self)
    where
        S: EventSink<Future: Send> + Send + Sync + 'static,
    {
        let concurrency = self.concurrency;
        let relay = Arc::new(self);
        let mut tasks = JoinSet::new();
        let one = || {
            let relay = Arc::clone(&relay);
            async move {
                let mut leases = relay.inbox.leases();
                while let Some(lease) = leases.recv().await {
                    relay.forward(lease).await;
                }
            }
        };
        for _ in 0..concurrency {
            tasks.spawn(one());
        }
        while let Some(ended) = tasks.join_next().await {
            // The sink or the `on_error` function panicked. The event has failed; replace the
            // task.
            if ended.is_err_and(|error| error.is_panic()) {
                tasks.spawn(one());
            }
        }
    }

    async fn forward(&self, mut lease: Lease)
    where
        S: EventSink,
    {
        let length = self.inbox.lease_length();
        let mut event = lease.event().clone();
        event.set_dedupe_key(self.policy.key(&event));
        let mut closing = self.inbox.closing();
        let mut pause = FIRST_PAUSE;
        for attempts in 1.. {
            let left = lease.expires_at().saturating_duration_since(Instant::now());
            // An attempt and a delay take less than half a lease. If the extension fails, another
            // consumer may hold the event.
            if left < length / 2 && lease.extend(length).await.is_err() {
                return;
            }
            let taken = timeout(ATTEMPT.min(length / 4), self.sink.deliver(event.clone().into())).await;
            let error = match taken.unwrap_or_else(|_| Err(self.sink.timeout_error())) {
                Ok(()) => {
                    observe::relayed("relayed");
                    // If the inbox is closed, the event is forwarded again with the same key.
                    let _ = lease.ack_relayed();
                    return;
                }
                Err(error) => error,
            };
            let is_dead = matches!(error, SinkError::Refused(_));
            observe::relayed(if is_dead { "refused" } else { "waiting" });
            (self.on_error)(&RelayError { id: lease.id(), error: &error, attempts, is_dead });
            if is_dead {
                let _ = lease.reject().await;
                return;
            }
            // The wait cannot fail: `self.inbox` keeps the sender alive.
            if timeout(pause, closing.wait_for(|closing| *closing)).await.is_ok() {
                let _ = lease.release().await;
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE.min(length / 8));
        }
    }
}

debug_fields!(Relay<S>: concurrency);
