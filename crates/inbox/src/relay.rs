//! Handing events on to another sink.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use birdhook_pipeline::{EventSink, Keying, Keys, SinkError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::{EventId, Inbox, Lease, observe};

/// Of events that are handed on at once.
const MOST: usize = 10_000;

/// How long the other sink may take for one attempt, if the lease is long.
const ATTEMPT: Duration = Duration::from_secs(10);

/// Between the attempts for one event.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Hands each event of an inbox on to another sink, such as that of an engine: the event is acknowledged here once it is `Ok` there. Made by
/// [`Inbox::relay`].
///
/// A sink that is full, slow or gone holds the relay up and costs no event anything: what waits for it keeps its lease and is
/// tried again until it is taken, and meanwhile the inbox takes deliveries, up to [`Options::size_limit`](crate::Options::size_limit). Only what the sink
/// [refuses](SinkError::Refused) is a dead letter, or what makes it panic at each of so many [tries](crate::Options::tries).
///
/// An event is handed on again when the process ends after the sink took it and before that is on the disk. **It then
/// has the same key**, which is what the sink recognises it by; what it is recognised for how long, the sink says.
///
/// With [`Order::BySubscriber`](crate::Order::BySubscriber) the sink gets each subscriber's events one after the other, in the order in which they were
/// accepted.
#[must_use = "call run"]
pub struct Relay<S> {
    inbox: Inbox,
    sink: S,
    keying: Keying,
    concurrency: usize,
    tell: Box<dyn Fn(&Trouble<'_>) + Send + Sync>,
}

/// Why an event was not handed on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Trouble<'a> {
    /// Which event of the inbox it is.
    pub id: EventId,
    /// What the sink says.
    pub error: &'a SinkError,
    /// How many attempts were made since the event was handed out.
    pub attempts: u32,
    /// Whether it is a dead letter now; else it is tried again.
    pub is_dead: bool,
}

impl Inbox {
    /// Hands events on to another sink.
    ///
    /// ```no_run
    /// # async fn relay<S>(inbox: birdhook_inbox::Inbox, webhook: birdhook_pipeline::Webhook, engine: S)
    /// # where S: birdhook_pipeline::EventSink<Future: Send> + Send + Sync + 'static {
    /// let relay = inbox.relay(engine).keying(webhook.keying());
    /// let pipeline = webhook.sink(inbox.clone());
    /// tokio::spawn(relay.run());
    /// # let _ = pipeline; }
    /// ```
    pub fn relay<S: EventSink>(&self, sink: S) -> Relay<S> {
        Relay { inbox: self.clone(), sink, keying: Keying::default(), concurrency: 64, tell: Box::new(|_| ()) }
    }
}

impl<S> Relay<S> {
    /// By what the events are recognised, as the receiver does it ([`Webhook::keying`](birdhook_pipeline::Webhook::keying)): that gives them their ids. Needed where
    /// the scope or the cut-over is set there.
    pub fn keying(mut self, keying: Keying) -> Self {
        self.keying = keying;
        self
    }

    /// How many events are handed on at once, at most; 64 unless set, and never more than 10,000.
    pub fn concurrency(mut self, events: usize) -> Self {
        self.concurrency = events.clamp(1, MOST);
        self
    }

    /// Calls this for each attempt that fails. The sink's error may quote a message.
    pub fn on_trouble(mut self, tell: impl Fn(&Trouble<'_>) + Send + Sync + 'static) -> Self {
        self.tell = Box::new(tell);
        self
    }

    /// Hands events on until the inbox is closed, then finishes the attempts that are under way. What waits for the sink is given back. Dropping the
    /// future ends it at once; what was being handed on comes again.
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
                    relay.hand_on(lease).await;
                }
            }
        };
        for _ in 0..concurrency {
            tasks.spawn(one());
        }
        while let Some(ended) = tasks.join_next().await {
            // In the sink, or in what is told of trouble. Its event has failed, and the others need somebody.
            if ended.is_err_and(|error| error.is_panic()) {
                tasks.spawn(one());
            }
        }
    }

    async fn hand_on(&self, mut lease: Lease)
    where
        S: EventSink,
    {
        let length = self.inbox.desk.shared.lease;
        let key = [self.keying.key(&lease)];
        let mut closing = self.inbox.desk.shared.closing.subscribe();
        let mut pause = FIRST_PAUSE;
        for attempts in 1.. {
            let left = lease.ends().saturating_duration_since(Instant::now());
            // An attempt and a pause take less than half of it. What is over may be somebody else's by now.
            if left < length / 2 && lease.extend(length).await.is_err() {
                return;
            }
            let delivery = lease.event().clone().into();
            let taken = timeout(ATTEMPT.min(length / 4), self.sink.deliver_keyed(delivery, Keys::from(&key[..]))).await;
            let error = match taken.unwrap_or_else(|_| Err(self.sink.when_late())) {
                Ok(()) => {
                    observe::relayed("relayed");
                    // If the inbox is closed it is handed on again, under the same key.
                    let _ = lease.ack().await;
                    return;
                }
                Err(error) => error,
            };
            let is_dead = matches!(error, SinkError::Refused(_));
            observe::relayed(if is_dead { "refused" } else { "waiting" });
            (self.tell)(&Trouble { id: lease.id(), error: &error, attempts, is_dead });
            if is_dead {
                let _ = lease.reject().await;
                return;
            }
            if is_closing_within(&mut closing, pause).await {
                let _ = lease.release().await;
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE.min(length / 8));
        }
    }
}

async fn is_closing_within(closing: &mut watch::Receiver<bool>, pause: Duration) -> bool {
    // An inbox whose last handle is gone cannot be asked, and this is one.
    timeout(pause, closing.wait_for(|closing| *closing)).await.is_ok()
}

impl<S> fmt::Debug for Relay<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("concurrency", &self.concurrency).finish_non_exhaustive()
    }
}
