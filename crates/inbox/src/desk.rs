//! What the handles of an inbox share with its committer.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot, watch};

use crate::command::Command;
use crate::memory::Memory;
use crate::record::Stored;
use crate::{Closed, EventId, Stats};

/// Cheap to clone; the committer ends when the last one is gone.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    commands: Sender<Command>,
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) memory: Memory,
    /// Of the bodies that wait to be stored, in KiB.
    pub(crate) room: Arc<Semaphore>,
    /// Whether deliveries are taken: not once it was closed.
    pub(crate) is_taking: AtomicBool,
    /// Whether the store works.
    pub(crate) is_sound: AtomicBool,
    pub(crate) lease: Duration,
    /// Whether it is closed, or told to be.
    pub(crate) closing: watch::Sender<bool>,
    stats: Mutex<Stats>,
    /// Why the store does not take deliveries.
    failure: Mutex<Option<String>>,
}

/// An event that is handed out.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) id: EventId,
    pub(crate) token: u64,
    pub(crate) tries: u32,
    pub(crate) at: Instant,
    pub(crate) stored: Arc<Stored>,
    pub(crate) place: usize,
}

/// The most that waits to be stored, in KiB: what comes on top waits for room.
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

    /// The store takes deliveries, or does not because of a failure.
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

    /// Asks and waits for the answer.
    pub(crate) async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Closed> {
        let (answer, answered) = oneshot::channel();
        self.send(command(answer))?;
        answered.await.map_err(|_| Closed)
    }
}
