//! Consumers of a backlog, compared with the rate at which it was stored, and the latency of an idle
//! inbox. The relay and the latency are compared with an inbox that prefetches nothing, and whose
//! consumers wait for each acknowledgement: two commits for each event.

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use birdhook_core::Event;
use birdhook_inbox::{Inbox, InboxSettings, Lease, Order};
use birdhook_pipeline::{Delivery, EventSink, SinkError};
use birdhook_test_harness::statistics::median;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use crate::clients::{Bodies, Running, Seen};
use crate::report::range;

/// The number of clients that store a backlog.
const CLIENTS: usize = 128;

/// The number of events that a relay forwards at once.
const RELAYED: usize = 64;

/// The number of events of each inbox in each round of the latency, and the pause before each.
const IDLE_EVENTS: usize = 100;
const IDLE_PAUSE: Duration = Duration::from_millis(8);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Consumer {
    Recv,
    Run(usize),
    Relay,
    /// As a relay, with one commit for each lease and one for each acknowledgement.
    RelayOneByOne,
}

impl Consumer {
    const ALL: [Self; 6] = [Self::Recv, Self::Run(1), Self::Run(8), Self::Run(64), Self::RelayOneByOne, Self::Relay];

    fn name(self) -> String {
        match self {
            Self::Recv => "`recv` and `ack` in turn".to_owned(),
            Self::Run(tasks) => format!("`run`, {tasks} at a time"),
            Self::Relay => "relay, one subscriber in order".to_owned(),
            Self::RelayOneByOne => "the same, each event with two commits".to_owned(),
        }
    }

    /// The goal for the rate, compared with the stored events; for the relay, compared with
    /// [`Self::RelayOneByOne`].
    fn goal(self) -> Option<f64> {
        match self {
            Self::Recv | Self::Run(1) => Some(0.5),
            Self::Run(_) => Some(1.0),
            Self::Relay => Some(5.0),
            Self::RelayOneByOne => None,
        }
    }

    fn settings(self) -> InboxSettings {
        let settings = InboxSettings::new().free_space(0);
        match self {
            Self::Recv | Self::Run(_) => settings,
            Self::Relay => settings.order(Order::BySubscriber),
            Self::RelayOneByOne => settings.order(Order::BySubscriber).prefetch(0),
        }
    }

    /// Consumes events until the inbox is closed, and counts them.
    async fn consume(self, inbox: Inbox, count: Arc<AtomicUsize>) {
        match self {
            Self::Recv => {
                while let Some(lease) = inbox.recv().await {
                    lease.ack().await.unwrap();
                    count.fetch_add(1, SeqCst);
                }
            }
            Self::Run(tasks) => {
                let handle = move |_: Event| {
                    count.fetch_add(1, SeqCst);
                    ready(Ok::<_, SinkError>(()))
                };
                inbox.run(handle, tasks).await;
            }
            Self::Relay => inbox.relay(Sink(count)).concurrency(RELAYED).run().await,
            Self::RelayOneByOne => {
                let mut tasks = JoinSet::new();
                for _ in 0..RELAYED {
                    let (inbox, sink) = (inbox.clone(), Sink(Arc::clone(&count)));
                    tasks.spawn(async move {
                        while let Some(lease) = inbox.recv().await {
                            sink.deliver(lease.event().clone().into()).await.unwrap();
                            let _ = lease.ack_durable().await;
                        }
                    });
                }
                tasks.join_all().await;
            }
        }
    }
}

/// Counts events.
struct Sink(Arc<AtomicUsize>);

impl EventSink for Sink {
    type Future = Ready<Result<(), SinkError>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        self.0.fetch_add(delivery.events().len(), SeqCst);
        ready(Ok(()))
    }
}

/// Stored and consumed events per second, one per round.
#[derive(Default)]
struct Rates {
    stored: Vec<f64>,
    consumed: Vec<f64>,
}

#[derive(Default)]
pub(crate) struct Consuming {
    rates: BTreeMap<Consumer, Rates>,
    /// The times until an idle consumer has an event, of all rounds.
    idle: Seen,
    idle_one_by_one: Seen,
}

impl Consuming {
    /// Measures each consumer once: after the backlog of `time`, for at most twice as long.
    pub(crate) async fn measure(&mut self, folder: &Path, time: Duration, bodies: &Bodies) {
        for consumer in Consumer::ALL {
            let folder = tempfile::tempdir_in(folder).unwrap();
            let inbox = consumer.settings().open(folder.path()).await.unwrap();
            let mut stored = Seen::default();
            stored.go_on(&Running::Inbox(inbox.clone()), CLIENTS, time, bodies).await;
            let rates = self.rates.entry(consumer).or_default();
            rates.stored.push(stored.rate());
            rates.consumed.push(consumed(consumer, &inbox, stored.took.len(), 2 * time).await);
        }
        let folders = [tempfile::tempdir_in(folder).unwrap(), tempfile::tempdir_in(folder).unwrap()];
        let settings = || InboxSettings::new().free_space(0);
        let inbox = settings().open(folders[0].path()).await.unwrap();
        let one_by_one = settings().prefetch(0).open(folders[1].path()).await.unwrap();
        let (mut these, mut those) = (Idle::new(&inbox), Idle::new(&one_by_one));
        for _ in 0..IDLE_EVENTS {
            let lease = these.measure(bodies, &mut self.idle).await;
            lease.ack().await.unwrap();
            let lease = those.measure(bodies, &mut self.idle_one_by_one).await;
            lease.ack_durable().await.unwrap();
        }
        inbox.close(Duration::from_secs(10)).await;
        one_by_one.close(Duration::from_secs(10)).await;
    }

    /// Prints the tables. Returns the number of goals that were met, and the rows of the others.
    pub(crate) fn print(&mut self) -> (usize, Vec<String>) {
        let (mut met, mut missed) = (0, Vec::new());
        let mut judge = |what: String, ratios: &[f64], target: f64, is_least: bool| {
            let measured = median(ratios.iter().copied());
            let sign = if is_least { '≥' } else { '≤' };
            let is_met = if is_least { measured >= target } else { measured <= target };
            if is_met {
                met += 1;
            } else {
                missed.push(format!("| {what} | {measured:.2} ({}) | {sign}{target:.1} |", range(ratios)));
            }
            format!("{measured:.2} ({}; {sign}{target:.1})", range(ratios))
        };
        println!("\n| consumer of a backlog | stored events/s, {CLIENTS} clients | consumed events/s | vs. stored |");
        println!("|---|---|---|---|");
        let before = &self.rates[&Consumer::RelayOneByOne].consumed;
        for (consumer, Rates { stored, consumed }) in &self.rates {
            let mid = |values: &[f64]| median(values.iter().copied());
            let ratios = |base: &[f64]| consumed.iter().zip(base).map(|(one, base)| one / base).collect::<Vec<_>>();
            let ratio = match (consumer, consumer.goal()) {
                (Consumer::Relay, Some(goal)) => {
                    let name = format!("{}, vs. two commits each", consumer.name());
                    let ratio = judge(name, &ratios(before), goal, true);
                    format!("{:.2}; vs. two commits each {ratio}", mid(&ratios(stored)))
                }
                (_, Some(goal)) => judge(format!("{}, vs. stored", consumer.name()), &ratios(stored), goal, true),
                (_, None) => format!("{:.2}", mid(&ratios(stored))),
            };
            println!("| {} | {:.0} | {:.0} | {ratio} |", consumer.name(), mid(stored), mid(consumed));
        }
        println!("\n| idle inbox, from `deliver` to the consumer | ms | with two commits each, ms | ratio |");
        println!("|---|---|---|---|");
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let (this, that) = (self.idle.within(share), self.idle_one_by_one.within(share));
            let ratio = judge(format!("idle latency, {name}"), &[this / that], IDLE_GOAL, false);
            println!("| {name} | {this:.2} | {that:.2} | {ratio} |");
        }
        println!();
        (met, missed)
    }
}

/// The goal for the latency. Two equal inboxes differ by this much in a run.
const IDLE_GOAL: f64 = 1.1;

/// Returns the number of events consumed per second, including the sync of their acknowledgements.
async fn consumed(consumer: Consumer, inbox: &Inbox, events: usize, most: Duration) -> f64 {
    let count = Arc::<AtomicUsize>::default();
    let started = Instant::now();
    let consuming = tokio::spawn(consumer.consume(inbox.clone(), Arc::clone(&count)));
    while count.load(SeqCst) < events && started.elapsed() < most {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    inbox.flush().await.unwrap();
    let rate = count.load(SeqCst) as f64 / started.elapsed().as_secs_f64();
    inbox.close(Duration::ZERO).await;
    consuming.await.unwrap();
    rate
}

/// An idle inbox with a consumer that waits.
struct Idle {
    inbox: Inbox,
    received: UnboundedReceiver<(Instant, Lease)>,
}

impl Idle {
    fn new(inbox: &Inbox) -> Self {
        let ((sender, received), consumer) = (unbounded_channel(), inbox.clone());
        tokio::spawn(async move {
            while let Some(lease) = consumer.recv().await {
                if sender.send((Instant::now(), lease)).is_err() {
                    return;
                }
            }
        });
        Self { inbox: inbox.clone(), received }
    }

    /// Measures the time until the consumer has a new event.
    async fn measure(&mut self, bodies: &Bodies, seen: &mut Seen) -> Lease {
        tokio::time::sleep(IDLE_PAUSE).await;
        let sent = Instant::now();
        self.inbox.deliver(bodies.next()).await.unwrap();
        let (received, lease) = self.received.recv().await.unwrap();
        seen.took.push(received - sent);
        lease
    }
}
