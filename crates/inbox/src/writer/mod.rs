//! The writer thread: batches commands, commits once, then replies.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::admin::stats::Stats;
use crate::backup::error::BackupError;
use crate::backup::report::Backup;
use crate::backup::write::{self, Source};
use crate::config::settings::InboxSettings;
#[cfg(unix)]
use crate::control::server::SocketFile;
use crate::faults;
use crate::observe;
use crate::seen_keys::SeenKeys;
use crate::storage::error::StoreError;
use crate::storage::lock::{self, Lock};
use crate::storage::redb::{FILE, Store};
use crate::storage::watermark::Watermark;
use crate::writer::command::{Command, LeaseOutcome, ReplySender};
use crate::writer::group_commit::GroupCommit;
use crate::writer::prefetch::Grant;
use crate::writer::shared::Shared;
use crate::writer::state::State;
use crate::writer::transaction::Transaction;

pub(crate) mod cache;
pub(crate) mod command;
pub(crate) mod group_commit;
pub(crate) mod handle;
pub(crate) mod index;
pub(crate) mod interrupted;
pub(crate) mod prefetch;
pub(crate) mod shared;
pub(crate) mod state;
pub(crate) mod transaction;
pub(crate) mod write_batch;

pub(crate) struct Writer {
    watermark: Watermark,
    folder: PathBuf,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
    settings: InboxSettings,
    /// Commands to run first: those of a failed commit, and the next steps of long ones.
    held: VecDeque<Command>,
    state: State,
    /// When the last commit began.
    last_run: Instant,
    /// `None` after a failure. `reopen` then holds when to try again and the last delay.
    store: Option<Store>,
    reopen: (u64, u64),
    /// Whether a file is not where it was opened. The store stays open, so that its events can be
    /// consumed.
    is_gone: bool,
    /// Removed before the lock is released: the next opener binds a socket of its own.
    #[cfg(unix)]
    pub(crate) socket: Option<SocketFile>,
    /// Released after the store is closed.
    lock: Lock,
    group_commit: GroupCommit,
    /// Callers that wait for the inbox to close. `Some` once closing was requested.
    closing: Option<Vec<ReplySender<()>>>,
    is_finished: bool,
    stats: Stats,
}

/// The limits of one commit: bytes of bodies, and number of commands.
const MAX_BYTES: usize = 4 << 20;
const MAX_COMMANDS: usize = 4096;

/// The maximum delay between two checks for expired leases and due retries, in milliseconds.
const TICK: u64 = 1000;

/// The maximum delay while there is more to clean up, in milliseconds.
const CLEARING: u64 = 20;

/// The shortest and longest delay between attempts to reopen a failed store, in milliseconds.
const FIRST_PAUSE: u64 = 100;
const LONGEST_PAUSE: u64 = 5000;

impl Writer {
    /// Opens the store. Waits up to 1 s while another opener holds the folder, and gives up early
    /// once `is_wanted` returns false.
    pub(crate) fn open(
        settings: InboxSettings,
        folder: &Path,
        is_wanted: impl Fn() -> bool,
        commands: Receiver<Command>,
        shared: Arc<Shared>,
    ) -> Result<Self, StoreError> {
        let open = || Store::open(&folder.join(FILE), &settings.database);
        let (lock, store) = lock::wait_and_open(&folder.join("inbox.lock"), is_wanted, open)?;
        let mut watermark = Watermark::open(&folder.join("sealed"))?;
        let mut state = State::read(&store, &settings, watermark.read()?, &shared.seen_keys)?;
        shared.not_before(state.newest);
        state.index.note_interrupted(shared.now());
        shared.prefetch.add(Vec::new(), state.index.has_more(), false);
        let mut writer = Self {
            watermark,
            folder: folder.to_owned(),
            commands,
            shared,
            settings,
            held: VecDeque::new(),
            state,
            last_run: Instant::now(),
            store: Some(store),
            reopen: (0, FIRST_PAUSE),
            is_gone: false,
            #[cfg(unix)]
            socket: None,
            lock,
            group_commit: GroupCommit::default(),
            closing: None,
            is_finished: false,
            stats: Stats::default(),
        };
        writer.report();
        Ok(writer)
    }

    pub(crate) fn run(mut self) {
        let _closed = CloseOnDrop(Arc::clone(&self.shared));
        while let Some(commands) = self.next_commands() {
            self.commit(commands);
            self.finish_closing();
            if self.is_finished {
                break;
            }
        }
        // The store must be closed and the folder unlocked before a caller learns that the inbox is
        // closed.
        #[cfg(unix)]
        drop(self.socket.take());
        let Self { store, lock, closing, .. } = self;
        drop(store);
        drop(lock);
        closing.into_iter().flatten().for_each(|done| _ = done.send(()));
    }

    /// Waits for work, then takes all commands that are queued. Returns `None` once all handles are
    /// dropped.
    fn next_commands(&mut self) -> Option<Vec<Command>> {
        let mut commands = Vec::new();
        if self.store.is_some() {
            commands.extend(self.held.drain(..));
        }
        while commands.is_empty() {
            match self.commands.recv_timeout(self.idle_time()) {
                Ok(Command::Wake) => {}
                Ok(command) => commands.push(command),
                Err(RecvTimeoutError::Timeout) => break,
                // Flushes acknowledgements, and returns what was prefetched.
                Err(RecvTimeoutError::Disconnected) if self.closing.is_none() => {
                    commands.push(Command::Close { at_once: true, done: None });
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        let bytes = |command: &Command| match command {
            Command::Store(store) => store.stored.size(),
            _ => 0,
        };
        let mut size: usize = commands.iter().map(bytes).sum();
        let mut push = |commands: &mut Vec<Command>, command: Command| {
            size += bytes(&command);
            // This commit also looks at what consumers need.
            if !matches!(command, Command::Wake) {
                commands.push(command);
            }
            size < MAX_BYTES
        };
        let mut has_room = true;
        while has_room && commands.len() < MAX_COMMANDS {
            let Ok(command) = self.commands.try_recv() else { break };
            has_room = push(&mut commands, command);
        }
        let (expected, patience) = self.group_commit.expected(commands.len());
        let until = Instant::now() + patience;
        while has_room && commands.len() < expected {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(command) = self.commands.recv_timeout(left) else { break };
            has_room = push(&mut commands, command);
        }
        Some(commands)
    }

    /// Returns how long there is nothing to do unless a command arrives.
    fn idle_time(&self) -> Duration {
        let now = self.shared.now();
        if self.store.is_none() {
            return Duration::from_millis(self.reopen.0.saturating_sub(now));
        }
        let index = &self.state.index;
        let mut tick = if self.state.has_more_to_clear { CLEARING } else { TICK };
        if index.has_prefetched() {
            // A consumer may have received an event since, which started the time of its lease.
            tick = tick.min(self.settings.lease.max(1));
        }
        let tick = Duration::from_millis(tick).saturating_sub(self.last_run.elapsed());
        let change = index.next_change().map(|change| Duration::from_millis(change.saturating_sub(now)));
        let next = change.map_or(tick, |change| change.min(tick));
        next.min(self.shared.prefetch.due_in())
    }

    fn commit(&mut self, mut commands: Vec<Command>) {
        self.last_run = Instant::now();
        if self.store.is_none() && self.shared.now() >= self.reopen.0 {
            self.reopen_store();
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
        // A consumer that receives or acknowledges an event must do so before the inbox closes.
        for command in &commands {
            if let Command::Close { at_once, .. } = command {
                self.shared.prefetch.stop();
                if *at_once {
                    self.shared.prefetch.end();
                }
            }
        }
        let reports = self.shared.prefetch.collect();
        let now = self.shared.now();
        let mut transaction = Transaction::new(&self.settings, &self.shared, &store, &mut self.state, now);
        transaction.apply_reports(reports);
        transaction.check_space(&self.folder);
        let asked = commands.len();
        let (mut to_verify, mut backups) = (Vec::new(), Vec::new());
        for command in commands {
            match command {
                Command::Verify(done) => to_verify.push(done),
                Command::Backup(file, done) => backups.push((file, done)),
                Command::Store(request) if self.is_gone => request.fail(),
                Command::Close { at_once, done } => {
                    self.shared.is_accepting.store(false, SeqCst);
                    self.is_finished |= at_once;
                    self.closing.get_or_insert_default().extend(done);
                }
                command => transaction.apply(command),
            }
        }
        transaction.advance();
        transaction.recall(self.closing.is_some());
        if self.closing.is_none() {
            transaction.lease_events();
        }
        let (mut batch, needs_reclaim) = transaction.finish();
        faults::point("prepared");
        let is_written = !batch.changes.is_empty();
        let started = Instant::now();
        let reclaimed = if needs_reclaim { store.reclaim() } else { Ok(()) };
        match reclaimed.and_then(|()| batch.commit(&mut store, &mut self.watermark, &self.shared)) {
            Ok(()) => {
                self.group_commit.record(asked, started.elapsed());
                self.check_files(&mut store);
                backups.into_iter().for_each(|(file, done)| self.back_up(&store, file, done));
                self.verify(store, to_verify);
                self.stats.commits += u64::from(is_written);
                self.stats.stored += batch.events as u64;
                self.stats.acknowledged += batch.acknowledged;
                // The stats must already include this commit when a caller gets its reply.
                self.report();
                if self.is_gone {
                    batch.refuse_deliveries();
                }
                self.held.extend(batch.send_replies(&self.shared));
            }
            Err(error) => {
                self.give_up(store, error.to_string());
                let (commands, grants) = batch.into_retries();
                for Grant { lease, .. } in grants {
                    self.state.index.settle(lease.id, lease.token, LeaseOutcome::Released, self.shared.now());
                }
                self.hold(commands);
                self.held.extend(to_verify.into_iter().map(Command::Verify));
                self.held.extend(backups.into_iter().map(|(file, done)| Command::Backup(file, done)));
                self.report();
            }
        }
    }

    /// Closes the store. A failed sync is not retried: only reopening shows what the file holds.
    fn give_up(&mut self, store: Store, why: String) {
        drop(store);
        self.failed(why);
        self.reopen = (self.shared.now() + FIRST_PAUSE, FIRST_PAUSE);
    }

    fn failed(&mut self, why: String) {
        self.stats.failures += 1;
        observe::failed(&why);
        self.shared.set_failure(Some(why));
    }

    /// Checks that all files are where they were opened. Otherwise the next opener would miss
    /// commits.
    fn check_files(&mut self, store: &mut Store) {
        let checked = store.check().and_then(|()| self.lock.keep()).and_then(|()| self.watermark.keep(self.state.next));
        match &checked {
            Err(error) if !self.is_gone => self.failed(error.to_string()),
            Ok(()) if self.is_gone => {
                observe::recovered();
                self.shared.set_failure(None);
            }
            _ => {}
        }
        self.is_gone = checked.is_err();
    }

    fn verify(&mut self, mut store: Store, replies: Vec<ReplySender<Result<usize, StoreError>>>) {
        for done in replies {
            if store.has_snapshots() {
                // redb verifies only a store that nothing else reads.
                let busy = StoreError::Other("a backup is being written; verify again once it is complete".into());
                let _ = done.send(Err(busy));
                continue;
            }
            let mut read = |store: &mut Store| {
                store.verify()?;
                let state = State::read(store, &self.settings, self.watermark.read()?, &SeenKeys::new())?;
                Ok(state.index.batches(0).map(|(_, batch)| batch.progress.entries.len()).sum())
            };
            let verified = read(&mut store);
            let damage = verified.as_ref().err().map(ToString::to_string);
            let _ = done.send(verified);
            if let Some(damage) = damage {
                return self.give_up(store, damage);
            }
        }
        self.store = Some(store);
    }

    /// Starts a thread that writes a backup of what is committed.
    fn back_up(&self, store: &Store, file: PathBuf, done: ReplySender<Result<Backup, BackupError>>) {
        let snapshot = match store.snapshot() {
            Ok(snapshot) => snapshot,
            Err(error) => {
                let _ = done.send(Err(error.into()));
                return;
            }
        };
        let source = Source {
            snapshot,
            taken_at: self.shared.now(),
            bytes: self.state.bytes(),
            free_space: self.settings.free_space,
        };
        let thread = std::thread::Builder::new().name("birdhook-backup".to_owned());
        // If no thread can be started, `done` is dropped, which ends the caller's wait.
        let _ = thread.spawn(move || {
            let written = write::write(source, &file, || !done.is_closed());
            let _ = done.send(written);
        });
    }

    /// While the store is closed, refuses deliveries and queues everything else.
    fn hold(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Store(request) => request.fail(),
                Command::Close { done, .. } => {
                    self.shared.prefetch.stop();
                    self.shared.prefetch.end();
                    self.is_finished = true;
                    self.closing.get_or_insert_default().extend(done);
                }
                command => self.held.push_back(command),
            }
        }
    }

    fn reopen_store(&mut self) {
        let opened = Store::open(&self.folder.join(FILE), &self.settings.database).and_then(|store| {
            self.shared.seen_keys.clear();
            let state = State::read(&store, &self.settings, self.watermark.read()?, &self.shared.seen_keys)?;
            Ok((store, state))
        });
        match opened {
            Ok((store, mut state)) => {
                state.index.adopt(&self.state.index);
                self.shared.not_before(state.newest);
                self.state = state;
                self.store = Some(store);
                self.is_gone = false;
                observe::recovered();
                self.shared.set_failure(None);
            }
            Err(error) => {
                self.shared.set_failure(Some(error.to_string()));
                let pause = self.reopen.1.saturating_mul(2).min(LONGEST_PAUSE);
                self.reopen = (self.shared.now() + pause, pause);
            }
        }
        self.report();
    }

    fn finish_closing(&mut self) {
        let (_, leased, _) = self.state.index.counts();
        let is_settled = leased == 0 && !self.state.index.has_prefetched() && self.held.is_empty();
        self.is_finished |= self.closing.is_some() && is_settled && self.shared.prefetch.end_if_collected();
    }

    fn report(&mut self) {
        let now = self.shared.now();
        let (depth, leased, waiting) = self.state.index.counts();
        let disk = self.store.as_ref().and_then(|store| store.size().ok()).unwrap_or(self.stats.disk);
        self.stats = Stats {
            is_sound: self.store.is_some() && !self.is_gone,
            is_full: self.state.is_full,
            depth,
            leased,
            waiting,
            oldest: self.state.index.oldest().map(|at| Duration::from_millis(now.saturating_sub(at))),
            dead: self.state.index.dead.len(),
            remembered: self.state.remembered,
            bytes: self.state.bytes(),
            disk,
            ..self.stats
        };
        observe::stats(&self.stats);
        self.shared.set_stats(self.stats);
    }
}

/// Marks the inbox as closed however the writer thread ends, even by a panic.
struct CloseOnDrop(Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.is_accepting.store(false, SeqCst);
        self.0.closing.send_replace(true);
        self.0.prefetch.stop();
        self.0.prefetch.end();
    }
}
