//! A row of the table, and the result of one server in it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use birdhook_test_harness::proc::{reset_peak, resident_and_peak};

use crate::attacks::fill;
use crate::journal::Journal;
use crate::pulse::{Beats, Pulse};
use crate::server::{Kind, Server};
use crate::target::{Tally, Target};

pub type Attack = for<'a> fn(Target, &'a mut Tally) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

#[derive(Clone, Copy)]
pub struct Row {
    pub family: &'static str,
    pub name: &'static str,
    pub about: &'static str,
    pub attack: Attack,
    /// Memory in bytes that the server may use above its memory at rest.
    pub memory: fn(&Target) -> u64,
    /// Whether good deliveries may fail during the attack, which then checks that they resume.
    pub may_miss: bool,
    /// Maximum number of open files of the server. Defaults to the highest possible.
    pub files: Option<u64>,
    /// Number of threads of tokio's runtime. Defaults to one per core; actix-web has its own
    /// threads.
    pub threads: Option<usize>,
    /// Whether the attack mostly waits, so that the short form may attack the servers in parallel.
    pub waits: bool,
    /// Whether the server's output is left unread when it is asked to end.
    pub ends_unread: bool,
}

/// Memory in bytes for bodies: birdhook's `memory_budget` twice, because a growing body is copied
/// into a buffer of twice its size.
pub const BODIES: u64 = 2 * (64 << 20);

/// Memory in bytes that any attack may take: allocator buffers, runtime queues and good deliveries.
pub const SLACK: u64 = 24 << 20;

/// Memory in bytes of a connection with little traffic: its task, buffers and timers.
pub const CONNECTION: u64 = 24 << 10;

/// A row whose attack has the name of the row.
macro_rules! attack {
    ($family:literal, $attack:ident, $about:expr) => {
        $crate::row::row($family, stringify!($attack), $about, |target, tally| Box::pin($attack(target, tally)))
    };
}
pub(crate) use attack;

pub const fn row(family: &'static str, name: &'static str, about: &'static str, attack: Attack) -> Row {
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

pub struct Stand {
    pub tally: Tally,
    pub took: Duration,
    /// Memory at rest, in bytes.
    pub resting: u64,
    /// Maximum memory above `resting`, in bytes.
    pub above: u64,
    pub cap: u64,
    pub beats: Beats,
}

impl Stand {
    pub fn held(&self) -> bool {
        self.tally.wrong().is_empty()
    }
}

/// Minimum duration, so that enough good deliveries are sent during the attack.
const SHORTEST: Duration = Duration::from_millis(400);

/// Time limit for printing the accepted events.
const PRINTED: Duration = Duration::from_secs(60);

pub async fn stand(row: &Row, kind: Kind, quick: bool) -> Result<Stand> {
    let journal = Arc::new(Journal::default());
    let mut server = Server::start(kind, Arc::clone(&journal), row.files, row.threads)?;
    let target = Target { kind, address: server.address()?, journal: Arc::clone(&journal), quick };
    for _ in 0..20 {
        let answer = target.deliver(journal.ids(1)).await;
        ensure!(answer.outcome == crate::outcome::Outcome::Status(200), "before the attack: {}", answer.outcome);
    }
    let (resting, _) = resident_and_peak(server.id())?;
    reset_peak(server.id())?;

    let (begun, pulse) = (Instant::now(), Pulse::start(&target));
    let mut tally = Tally::default();
    (row.attack)(target.clone(), &mut tally).await;
    let took = begun.elapsed();
    tokio::time::sleep(SHORTEST.saturating_sub(took)).await;
    let beats = tokio::task::spawn_blocking(|| pulse.stop()).await?;

    let alive = server.is_alive();
    let (above, cap) =
        (if alive { resident_and_peak(server.id())?.1.saturating_sub(resting) } else { 0 }, (row.memory)(&target));
    tally.holds(above <= cap, || format!("held {} MiB above rest", above >> 20));
    tally.holds(beats.sent >= 3, || format!("only {} good deliveries were sent", beats.sent));
    if !row.may_miss
        && let Some(wrong) = &beats.wrong
    {
        tally.add_wrong(format!("{} of {} good, the first other {wrong}", beats.good, beats.sent));
    }
    let asked = Instant::now();
    while alive && journal.events().balance().lost > 0 && asked.elapsed() < PRINTED {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if row.ends_unread {
        journal.pause_reading();
        // Not recorded in the journal: events that wait in memory and cannot be printed are lost
        // when the process ends.
        fill(&target, false, &mut tally).await;
    }
    let stopped = tokio::task::spawn_blocking(move || server.stop()).await?;
    let wrong = stopped.err().map(|error| format!("{error:#}")).into_iter().chain(journal.wrong());
    wrong.for_each(|wrong| tally.add_wrong(wrong));
    Ok(Stand { tally, took, resting, above, cap, beats })
}
