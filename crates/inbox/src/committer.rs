//! The writer thread: batches commands, commits once, then replies.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use birdhook_pipeline::SinkError;
use tokio::sync::oneshot;

use crate::clock::Time;
use crate::command::{Answer, Command, ToStore};
use crate::contents::Contents;
use crate::crowd::Crowd;
use crate::desk::{Granted, Shared};
use crate::error::Failed;
use crate::faults;
use crate::index::Outcome;
use crate::lock::{self, Lock};
use crate::memory::Memory;
use crate::observe;
use crate::options::InboxSettings;
use crate::round::Round;
use crate::seal::Seal;
use crate::stats::Stats;
use crate::store::{Store, StoreError};

/// Opens the store; called again after each failure.
pub(crate) type Opener = Box<dyn Fn() -> Result<Box<dyn Store>, StoreError> + Send>;

pub(crate) struct Committer {
    opener: Opener,
    seal: Seal,
    folder: PathBuf,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
    options: InboxSettings,
    time: Time,
    /// Commands to run first: those of a failed commit, and the next steps of long ones.
    held: VecDeque<Command>,
    takers: VecDeque<oneshot::Sender<Granted>>,
    contents: Contents,
    /// `None` after a failure. `reopen` then holds when to try again and the last delay.
    store: Option<Box<dyn Store>>,
    reopen: (u64, u64),
    /// Whether a file is not where it was opened. The store stays open, so that its events can be
    /// consumed.
    is_gone: bool,
    /// Released after the store is closed.
    lock: Lock,
    crowd: Crowd,
    /// Callers that wait for the inbox to close. `Some` once closing was requested.
    closing: Option<Vec<oneshot::Sender<()>>>,
    is_over: bool,
    stats: Stats,
}

/// The limits of one commit: bytes of bodies, and number of commands.
const MOST_BYTES: usize = 4 << 20;
const MOST_COMMANDS: usize = 4096;

/// The maximum delay between two checks for expired leases and due retries, in milliseconds.
const TICK: u64 = 1000;

/// The maximum delay while there is more to clean up, in milliseconds.
const CLEARING: u64 = 20;

/// The shortest and longest delay between attempts to reopen a failed store, in milliseconds.
const FIRST_PAUSE: u64 = 100;
const LONGEST_PAUSE: u64 = 5000;

impl Committer {
    pub(crate) fn open(
        mut options: InboxSettings,
        folder: &Path,
        opener: Opener,
        commands: Receiver<Command>,
        shared: Arc<Shared>,
    ) -> Result<Self, StoreError> {
        let (lock, store) = lock::patiently(&folder.join("inbox.lock"), &opener)?;
        let mut seal = Seal::open(&folder.join("sealed"))?;
        let clock = std::mem::replace(&mut options.clock, Box::new(crate::clock::Machine::new()));
        let mut time = Time::new(clock);
        let contents = Contents::read(&*store, &options, seal.read()?, &shared.memory)?;
        time.not_before(contents.newest);
        let mut committer = Self {
            opener,
            seal,
            folder: folder.to_owned(),
            commands,
            shared,
            options,
            time,
            held: VecDeque::new(),
            takers: VecDeque::new(),
            contents,
            store: Some(store),
            reopen: (0, FIRST_PAUSE),
            is_gone: false,
            lock,
            crowd: Crowd::default(),
            closing: None,
            is_over: false,
            stats: Stats::default(),
        };
        committer.report();
        Ok(committer)
    }

    pub(crate) fn run(mut self) {
        let _over = Over(Arc::clone(&self.shared));
        while let Some(commands) = self.gather() {
            self.work(commands);
            self.end_if_asked();
            if self.is_over {
                break;
            }
        }
        // The store must be closed and the folder unlocked before a caller learns that the inbox is
        // closed.
        let Self { store, lock, closing, .. } = self;
        drop(store);
        drop(lock);
        for done in closing.into_iter().flatten() {
            let _ = done.send(());
        }
    }

    /// Waits for a command, then takes all that are queued. Returns `None` once all handles are
    /// dropped.
    fn gather(&mut self) -> Option<Vec<Command>> {
        let mut commands = Vec::new();
        if self.store.is_some() {
            commands.extend(self.held.drain(..));
        }
        if commands.is_empty() {
            let now = self.time.now();
            let next = self.contents.index.next_change().map_or(TICK, |change| change.saturating_sub(now)).min(TICK);
            let next = if self.contents.has_more_to_clear { next.min(CLEARING) } else { next };
            let next = if self.store.is_none() { self.reopen.0.saturating_sub(now) } else { next };
            match self.commands.recv_timeout(Duration::from_millis(next)) {
                Ok(command) => commands.push(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        let bytes = |command: &Command| match command {
            Command::Store(store) => store.stored.size(),
            _ => 0,
        };
        let mut taken: usize = commands.iter().map(bytes).sum();
        while taken < MOST_BYTES && commands.len() < MOST_COMMANDS {
            let Ok(command) = self.commands.try_recv() else { break };
            taken += bytes(&command);
            commands.push(command);
        }
        let (expected, patience) = self.crowd.expected(commands.len());
        let until = Instant::now() + patience;
        while commands.len() < expected && taken < MOST_BYTES {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(command) = self.commands.recv_timeout(left) else { break };
            taken += bytes(&command);
            commands.push(command);
        }
        Some(commands)
    }

    fn work(&mut self, mut commands: Vec<Command>) {
        if self.store.is_none() && self.time.now() >= self.reopen.0 {
            self.open_again();
            if self.store.is_some() {
                // These come first: an event acknowledged in the failed commit must not be leased
                // again.
                commands.splice(0..0, self.held.drain(..));
            }
        }
        let Some(mut store) = self.store.take() else {
            self.hold(commands);
            return;
        };
        faults::point("gathered");
        let mut round = Round::new(&self.options, &self.shared, &*store, &mut self.contents, self.time.now());
        round.look_for_room(&self.folder);
        let asked = commands.len();
        let mut to_verify = Vec::new();
        for command in commands {
            match command {
                Command::Verify(answer) => to_verify.push(answer),
                Command::Store(ToStore { done, .. }) if self.is_gone => _ = done.send(Err(SinkError::failed(Failed))),
                Command::Take(taker) => self.takers.push_back(taker),
                Command::Close { at_once, done } => {
                    self.shared.is_taking.store(false, SeqCst);
                    self.takers.clear();
                    self.is_over |= at_once;
                    self.closing.get_or_insert_default().extend(done);
                }
                command => round.carry_out(command),
            }
        }
        round.keep_time();
        if self.closing.is_some() {
            self.takers.clear();
        } else {
            // Drops consumers that gave up, even those queued behind one that waits for long.
            self.takers.retain(|taker| !taker.is_closed());
            round.grant(&mut self.takers);
        }
        let (mut prepared, needs_room) = round.finish();
        faults::point("prepared");
        let is_written = !prepared.changes.is_empty();
        let started = Instant::now();
        let reclaimed = if needs_room { store.reclaim() } else { Ok(()) };
        match reclaimed.and_then(|()| prepared.commit(&mut *store, &mut self.seal, &self.shared)) {
            Ok(()) => {
                self.crowd.was(asked, started.elapsed());
                self.look(&mut *store);
                self.verify(store, to_verify);
                self.stats.commits += u64::from(is_written);
                self.stats.stored += prepared.events as u64;
                self.stats.acknowledged += prepared.acknowledged;
                // The stats must already include this commit when a caller gets its reply.
                self.report();
                if self.is_gone {
                    prepared.refuse_deliveries();
                }
                self.held.extend(prepared.answer(&self.shared));
            }
            Err(error) => {
                self.give_up(store, error.to_string());
                let (commands, grants) = prepared.undone();
                for (taker, Granted { id, token, .. }) in grants.into_iter().rev() {
                    self.contents.index.settle(id, token, Outcome::NotHandedOut, self.time.now());
                    self.takers.push_front(taker);
                }
                self.hold(commands);
                self.held.extend(to_verify.into_iter().map(Command::Verify));
                self.report();
            }
        }
    }

    /// Closes the store. A failed sync is not retried: only reopening shows what the file holds.
    fn give_up(&mut self, store: Box<dyn Store>, why: String) {
        drop(store);
        self.failed(why);
        self.reopen = (self.time.now() + FIRST_PAUSE, FIRST_PAUSE);
    }

    fn failed(&mut self, why: String) {
        self.stats.failures += 1;
        observe::failed(&why);
        self.shared.set_failure(Some(why));
    }

    /// Checks that all files are where they were opened. Otherwise the next opener would miss
    /// commits.
    fn look(&mut self, store: &mut dyn Store) {
        let looked = store.check().and_then(|()| self.lock.keep()).and_then(|()| self.seal.keep(self.contents.next));
        match &looked {
            Err(error) if !self.is_gone => self.failed(error.to_string()),
            Ok(()) if self.is_gone => {
                observe::recovered();
                self.shared.set_failure(None);
            }
            _ => {}
        }
        self.is_gone = looked.is_err();
    }

    fn verify(&mut self, mut store: Box<dyn Store>, answers: Vec<Answer<Result<usize, StoreError>>>) {
        for answer in answers {
            let mut read = |store: &mut Box<dyn Store>| {
                store.verify()?;
                let contents = Contents::read(&**store, &self.options, self.seal.read()?, &Memory::new())?;
                Ok(contents.index.entries(0).map(|(_, entry)| entry.progress.slots.len()).sum())
            };
            let verified = read(&mut store);
            let damage = verified.as_ref().err().map(ToString::to_string);
            let _ = answer.send(verified);
            if let Some(damage) = damage {
                return self.give_up(store, damage);
            }
        }
        self.store = Some(store);
    }

    /// While the store is closed, refuses deliveries and queues everything else.
    fn hold(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Store(ToStore { done, .. }) => _ = done.send(Err(SinkError::failed(Failed))),
                Command::Take(taker) => self.takers.push_back(taker),
                Command::Close { done, .. } => {
                    self.is_over = true;
                    self.closing.get_or_insert_default().extend(done);
                }
                command => self.held.push_back(command),
            }
        }
        // A consumer that polls with a timeout must not leave entries behind while the store is
        // closed.
        self.takers.retain(|taker| !taker.is_closed());
    }

    fn open_again(&mut self) {
        let opened = (self.opener)().and_then(|store| {
            self.shared.memory.clear();
            let contents = Contents::read(&*store, &self.options, self.seal.read()?, &self.shared.memory)?;
            Ok((store, contents))
        });
        match opened {
            Ok((store, mut contents)) => {
                contents.index.adopt(&self.contents.index);
                self.time.not_before(contents.newest);
                self.contents = contents;
                self.store = Some(store);
                self.is_gone = false;
                observe::recovered();
                self.shared.set_failure(None);
            }
            Err(error) => {
                self.shared.set_failure(Some(error.to_string()));
                let pause = self.reopen.1.saturating_mul(2).min(LONGEST_PAUSE);
                self.reopen = (self.time.now() + pause, pause);
            }
        }
        self.report();
    }

    fn end_if_asked(&mut self) {
        let (_, leased, _) = self.contents.index.counts();
        self.is_over |= self.closing.is_some() && leased == 0 && self.held.is_empty();
    }

    fn report(&mut self) {
        let now = self.time.now();
        let (depth, leased, waiting) = self.contents.index.counts();
        let disk = self.store.as_ref().and_then(|store| store.size().ok()).unwrap_or(self.stats.disk);
        self.stats = Stats {
            is_sound: self.store.is_some() && !self.is_gone,
            is_full: self.contents.is_full,
            depth,
            leased,
            waiting,
            oldest: self.contents.index.oldest().map(|at| Duration::from_millis(now.saturating_sub(at))),
            dead: self.contents.index.dead().len(),
            remembered: self.contents.remembered,
            bytes: self.contents.bytes(),
            disk,
            ..self.stats
        };
        observe::stands(&self.stats);
        self.shared.set_stats(self.stats);
    }
}

/// Marks the inbox as closed however the writer thread ends, even by a panic.
struct Over(Arc<Shared>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.is_taking.store(false, SeqCst);
        self.0.closing.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::RedbStore;

    #[test]
    fn who_gave_up_while_the_store_was_away_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(crate::inbox::FILE);
        let opener: Opener = Box::new(move || Ok(Box::new(RedbStore::open(&path)?)));
        let (_commands, received) = std::sync::mpsc::channel();
        let shared = Arc::new(Shared::new(Duration::from_secs(60)));
        let mut committer = Committer::open(InboxSettings::new(), folder.path(), opener, received, shared).unwrap();
        committer.store = None;
        let (waiting, _patient) = oneshot::channel();
        committer.hold(vec![Command::Take(waiting)]);
        for _ in 0..3 {
            let (gone, _) = oneshot::channel();
            committer.hold(vec![Command::Take(gone)]);
        }
        assert_eq!(committer.takers.len(), 1);
    }
}
