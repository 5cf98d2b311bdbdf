//! What a row of the table is, and how one server stands it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::attacks::fill;
use crate::book::Book;
use crate::pulse::{Beats, Pulse};
use crate::server::{Kind, Server};
use crate::target::{Tally, Target};

pub type Attacking = Pin<Box<dyn Future<Output = Tally> + Send>>;

#[derive(Clone, Copy)]
pub struct Row {
    pub family: &'static str,
    pub name: &'static str,
    /// What is done.
    pub about: &'static str,
    pub attack: fn(Target) -> Attacking,
    /// How much more the server may hold than it holds at rest.
    pub memory: fn(&Target) -> u64,
    /// Whether good deliveries may fail while the attack lasts, of which the attack itself then says when they go on.
    pub may_miss: bool,
    /// How many files the server may have open, if not as many as can be.
    pub files: Option<u64>,
    /// How many threads tokio's runtime has, if not as many as the machine; actix-web has its own.
    pub threads: Option<usize>,
    /// Whether most of its time is waiting, so that in the short form the servers may be attacked side by side.
    pub waits: bool,
    /// Whether what the server prints is left unread when it is asked to end.
    pub ends_unread: bool,
}

/// What bodies may take: birdhook's `bodies_limit`, and as much again since a body that grows is copied into twice its room.
pub const BODIES: u64 = 2 * (64 << 20);

/// What any attack may cost: buffers of the allocator, the runtime's queues, the good deliveries themselves.
pub const SLACK: u64 = 24 << 20;

/// A connection that says little: its task, its buffers, its timers.
pub const CONNECTION: u64 = 24 << 10;

pub const fn row(
    family: &'static str,
    name: &'static str,
    about: &'static str,
    attack: fn(Target) -> Attacking,
) -> Row {
    Row {
        family,
        name,
        about,
        attack,
        memory: |_| SLACK,
        may_miss: false,
        files: None,
        threads: None,
        waits: false,
        ends_unread: false,
    }
}

impl Row {
    pub const fn memory(mut self, memory: fn(&Target) -> u64) -> Self {
        self.memory = memory;
        self
    }

    pub const fn waits(mut self) -> Self {
        self.waits = true;
        self
    }
}

/// How a server stood a row.
pub struct Stand {
    pub tally: Tally,
    pub took: Duration,
    /// At rest, the most above that, and how much that may be; in bytes.
    pub resting: u64,
    pub above: u64,
    pub cap: u64,
    pub beats: Beats,
}

impl Stand {
    pub fn held(&self) -> bool {
        self.tally.wrong().is_empty()
    }
}

/// At least this long, so that enough good deliveries fall into it.
const SHORTEST: Duration = Duration::from_millis(400);

/// Until what was accepted must be printed.
const PRINTED: Duration = Duration::from_secs(60);

pub async fn stand(row: &Row, kind: Kind, quick: bool) -> Result<Stand> {
    let book = Arc::new(Book::default());
    let mut server = Server::start(kind, Arc::clone(&book), row.files, row.threads)?;
    let target = Target { kind, address: server.address(), book: Arc::clone(&book), quick };
    for _ in 0..20 {
        let answer = target.deliver(book.ids(1)).await;
        ensure!(answer.outcome == crate::wire::Outcome::Status(200), "before the attack: {}", answer.outcome);
    }
    let (resting, _) = server.memory()?;
    server.forget_peak()?;

    let (begun, pulse) = (Instant::now(), Pulse::start(&target));
    let mut tally = (row.attack)(target.clone()).await;
    let took = begun.elapsed();
    tokio::time::sleep(SHORTEST.saturating_sub(took)).await;
    let beats = tokio::task::spawn_blocking(|| pulse.stop()).await?;

    let alive = server.is_alive();
    let (above, cap) = (if alive { server.memory()?.1.saturating_sub(resting) } else { 0 }, (row.memory)(&target));
    tally.holds(above <= cap, || format!("held {} MiB above rest", above >> 20));
    tally.holds(beats.sent >= 3, || format!("only {} good deliveries were sent", beats.sent));
    if !row.may_miss
        && let Some(wrong) = &beats.wrong
    {
        tally.add_wrong(format!("{} of {} good, the first other {wrong}", beats.good, beats.sent));
    }
    let asked = Instant::now();
    while alive && book.owed() > 0 && asked.elapsed() < PRINTED {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if row.ends_unread {
        book.read_no_more();
        // Not booked: what waits in memory when a process is asked to end, and cannot be printed, is lost with it.
        fill(&target, false, &mut tally).await;
    }
    let stopped = tokio::task::spawn_blocking(move || server.stop()).await?;
    let wrong = stopped.err().map(|error| format!("{error:#}")).into_iter().chain(book.wrong());
    wrong.for_each(|wrong| tally.add_wrong(wrong));
    Ok(Stand { tally, took, resting, above, cap, beats })
}
