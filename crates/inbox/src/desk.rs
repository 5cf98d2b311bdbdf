//! The state that handles share with the committer.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot, watch};

use crate::command::Command;
use crate::memory::Memory;
use crate::record::Stored;
use crate::{Closed, EventId, Stats};

/// A handle to the committer. Cheap to clone; the committer ends when the last one is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    commands: Sender<Command>,
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) memory: Memory,
    /// The memory left for bodies that wait to be stored, in KiB.
    pub(crate) room: Arc<Semaphore>,
    /// Whether deliveries are accepted. False once the inbox was closed.
    pub(crate) is_taking: AtomicBool,
    /// Whether the store works.
    pub(crate) is_sound: AtomicBool,
    pub(crate) lease: Duration,
    /// Whether the inbox is closed or closing.
    pub(crate) closing: watch::Sender<bool>,
    stats: Mutex<Stats>,
    /// Why the store does not accept deliveries.
    failure: Mutex<Option<String>>,
}

/// An event that was leased, on its way to the consumer.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) id: EventId,
    pub(crate) token: u64,
    pub(crate) attempts: u32,
    pub(crate) at: Instant,
    pub(crate) stored: Arc<Stored>,
    pub(crate) place: usize,
}

/// The memory limit for bodies that wait to be stored, in KiB. Further deliveries wait for room.
pub(crate) const ROOM: usize = 64 << 10;

impl Shared {
    pub(crate) fn new(lease: Duration) -> Self {
        Self {
            memory: Memory::new(),
            room: Arc::new(Semaphore::new(ROOM)),
            is_taking: AtomicBool::new(true),
            is_sound: AtomicBool::new(true),
            lease,
            closing: watch::Sender::new(false),
            stats: Mutex::default(),
            failure: Mutex::default(),
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_stats(&self, stats: Stats) {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the failure because of which the store refuses deliveries, or `None` once it works.
    pub(crate) fn set_failure(&self, failure: Option<String>) {
        self.is_sound.store(failure.is_none(), SeqCst);
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_taking.load(SeqCst) && self.is_sound.load(SeqCst)
    }
}

impl Desk {
    pub(crate) fn new(commands: Sender<Command>, shared: Arc<Shared>) -> Self {
        Self { commands, shared }
    }

    pub(crate) fn send(&self, command: Command) -> Result<(), Closed> {
        self.commands.send(command).map_err(|_| Closed)
    }

    /// Sends a command and waits for its reply.
    pub(crate) async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Closed> {
        let (answer, answered) = oneshot::channel();
        self.send(command(answer))?;
        answered.await.map_err(|_| Closed)
    }
}
