//! Deliveries, acknowledgements, failures and a purge on a simulated disk, with the moment of each
//! reply.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use birdhook_inbox::{Clock, Lease};
use birdhook_pipeline::{Event, EventKey};
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::clock::SetClock;
use crate::clocks::set_clock;
use crate::faults::Disk;
use crate::fixture::{Fixture, options};
use birdhook_test_harness::consumption::APP;
use birdhook_test_harness::load::{Body, Load, SUBSCRIBERS};
use birdhook_test_harness::violation::{Violation, holds};

/// The history of an event, with the moments of the disk at which it was certain.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate {
    pub(super) answered: Option<usize>,
    /// The event may be settled from the first moment on, and must be from the second one on.
    pub(super) done: Option<(usize, usize)>,
    /// The moment and number of each attempt.
    pub(super) tries: Vec<(usize, u32)>,
}

pub(super) struct Trace {
    pub(super) disk: Disk,
    pub(super) load: Load,
    /// When the workload ended, by its clock.
    pub(super) ended: Duration,
    pub(super) fates: HashMap<EventKey, Fate>,
    /// The contents of the file `sealed`, each with the moment from which on it was there.
    pub(super) seals: Vec<(usize, Vec<u8>)>,
    synced_at: Vec<usize>,
}

impl Trace {
    /// Returns the moment after the last sync before `moment`.
    pub(super) fn synced_before(&self, moment: usize) -> usize {
        let before = self.synced_at.partition_point(|at| *at < moment);
        before.checked_sub(1).map_or(0, |last| self.synced_at[last] + 1)
    }

    /// Returns whether the next operation is a sync, so that as much as possible is unsynced.
    pub(super) fn is_before_sync(&self, moment: usize) -> bool {
        self.synced_at.binary_search(&moment).is_ok()
    }
}

/// A finished operation.
#[allow(clippy::large_enum_variant, reason = "there are few of them, for a moment")]
enum Done {
    Answered(Body, u16),
    HandedOut(Lease),
    /// Acknowledged on disk, or queued only.
    Acknowledged(EventKey, usize),
    Queued(EventKey, usize),
    Purged(Vec<EventKey>, usize),
    Other,
}

struct Workload {
    disk: Disk,
    fixture: Fixture,
    sealed: PathBuf,
    _folder: TempDir,
    load: Load,
    fates: HashMap<EventKey, Fate>,
    subscribers: HashMap<EventKey, String>,
    seals: Vec<(usize, Vec<u8>)>,
    leases: Vec<Lease>,
    /// Whether acknowledgements may not be on disk yet.
    has_queued: bool,
    /// The writer sends a request before each sync, and waits for permission through `go`.
    asks: UnboundedReceiver<()>,
    go: mpsc::Sender<()>,
}

pub(super) async fn run(seed: u64, steps: usize) -> Result<Trace, Violation> {
    let mut random = fastrand::Rng::with_seed(seed);
    let clock = set_clock();
    let mut workload = Workload::new(seed, &clock).await;
    for step in 0..steps {
        let mut work: Vec<LocalBoxFuture<'static, Done>> = Vec::new();
        for _ in 0..random.usize(1..4) {
            work.push(workload.sending(workload.load.next()));
        }
        if std::mem::take(&mut workload.has_queued) {
            // Until then, the depth includes events that no consumer gets.
            let inbox = workload.fixture.inbox.clone();
            let flush = async move {
                inbox.flush().await.unwrap();
                Done::Other
            };
            work.push(flush.boxed_local());
            workload.drive(std::mem::take(&mut work)).await?;
        }
        // Saturating, because a leased event may have been purged.
        let depth = workload.fixture.inbox.stats().depth.saturating_sub(workload.leases.len());
        for _ in 0..depth.min(random.usize(..4)) {
            let inbox = workload.fixture.inbox.clone();
            work.push(async move { Done::HandedOut(inbox.recv().await.unwrap()) }.boxed_local());
        }
        while workload.leases.len() > 3 {
            let lease = workload.leases.swap_remove(random.usize(..workload.leases.len()));
            work.push(workload.settling(lease, random.u8(..5)));
        }
        if step == steps / 2 {
            // Finishes all pending work first, so that the purge finds the events it must delete.
            workload.drive(std::mem::take(&mut work)).await?;
            work.push(workload.purging(SUBSCRIBERS[2]));
        }
        workload.drive(work).await?;
        clock.advance(Duration::from_secs(random.u64(..30)));
    }
    workload.fixture.clone().close().now_or_never();
    let Workload { disk, load, fates, seals, .. } = workload;
    let synced_at = disk.synced_at();
    Ok(Trace { disk, load, ended: clock.wall(), fates, seals, synced_at })
}

impl Workload {
    async fn new(seed: u64, clock: &SetClock) -> Self {
        let made = Disk::default();
        drop(made.open().unwrap());
        let disk = Disk::holding(made.after_crash(made.moment(), |_, _| true));
        let folder = tempfile::tempdir().unwrap();
        let settings = options().clock(clock.clone()).lease(Duration::from_secs(100_000));
        let inbox = disk.of(settings).open(folder.path()).await.unwrap();
        let ((ask, asks), (go, gone)) = (unbounded_channel(), mpsc::channel());
        let gone = Mutex::new(gone);
        disk.before_sync(move || {
            let _ = ask.send(());
            let _ = gone.lock().unwrap().recv();
        });
        Self {
            disk,
            fixture: Fixture::of(inbox),
            sealed: folder.path().join("sealed"),
            _folder: folder,
            load: Load::new(seed),
            fates: HashMap::new(),
            subscribers: HashMap::new(),
            seals: vec![(0, Vec::new())],
            leases: Vec::new(),
            has_queued: false,
            asks,
            go,
        }
    }

    /// Runs the work one sync at a time. Before each sync it notes every reply that the writer
    /// has already sent.
    async fn drive(&mut self, work: Vec<LocalBoxFuture<'static, Done>>) -> Result<(), Violation> {
        let mut work: FuturesUnordered<_> = work.into_iter().collect();
        while !work.is_empty() {
            tokio::select! {
                biased;
                Some(done) = work.next() => self.note(done)?,
                Some(()) = self.asks.recv() => {
                    while let Some(Some(done)) = work.next().now_or_never() {
                        self.note(done)?;
                    }
                    self.seals.push((self.disk.moment(), std::fs::read(&self.sealed).unwrap()));
                    self.go.send(()).unwrap();
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, done: Done) -> Result<(), Violation> {
        let now = self.disk.moment();
        match done {
            Done::Answered(body, status) => {
                self.load.answered(&body, status);
                holds(status == 200, || format!("a sound disk, and {status}"))?;
                for (key, _) in &body.events {
                    self.fates.entry(*key).or_default().answered.get_or_insert(now);
                }
                let delivery = birdhook_testkit::read(APP, body.bytes).unwrap();
                let subscriber = |event: &Event| event.subscriber().unwrap_or_default().to_owned();
                self.subscribers
                    .extend(delivery.events().iter().map(|event| (event.delivery_key(), subscriber(event))));
            }
            Done::HandedOut(lease) => {
                let fate = self.fates.entry(lease.delivery_key()).or_default();
                fate.tries.push((now, lease.attempts()));
                self.leases.push(lease);
            }
            // Keeps an earlier entry: the event may have been purged while it was leased.
            Done::Acknowledged(key, asked) => {
                self.fates.entry(key).or_default().done.get_or_insert((asked, now));
            }
            Done::Queued(key, asked) => {
                self.fates.entry(key).or_default().done.get_or_insert((asked, usize::MAX));
                self.has_queued = true;
            }
            Done::Purged(keys, asked) => {
                for key in keys {
                    self.fates.entry(key).or_default().done.get_or_insert((asked, now));
                }
            }
            Done::Other => {}
        }
        Ok(())
    }

    fn sending(&self, body: Body) -> LocalBoxFuture<'static, Done> {
        let fixture = self.fixture.clone();
        async move {
            let status = fixture.send(&body).await;
            Done::Answered(body, status)
        }
        .boxed_local()
    }

    fn settling(&self, lease: Lease, how: u8) -> LocalBoxFuture<'static, Done> {
        let (key, asked, inbox) = (lease.delivery_key(), self.disk.moment(), self.fixture.inbox.clone());
        async move {
            match how {
                0 => {
                    lease.nack(Duration::ZERO).await.unwrap();
                    return Done::Other;
                }
                1 => {
                    lease.ack().await.unwrap();
                    return Done::Queued(key, asked);
                }
                2 => {
                    lease.ack().await.unwrap();
                    inbox.flush().await.unwrap();
                }
                _ => lease.ack_durable().await.unwrap(),
            }
            Done::Acknowledged(key, asked)
        }
        .boxed_local()
    }

    fn purging(&self, subscriber: &'static str) -> LocalBoxFuture<'static, Done> {
        let (inbox, asked) = (self.fixture.inbox.clone(), self.disk.moment());
        let theirs = self.subscribers.iter().filter(|(_, of)| *of == subscriber).map(|(key, _)| *key).collect();
        async move {
            inbox.purge(subscriber).await.unwrap();
            Done::Purged(theirs, asked)
        }
        .boxed_local()
    }
}
