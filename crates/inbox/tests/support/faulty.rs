//! A store that fails when it is told to.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on")]

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use birdhook_inbox::{Change, RedbStore, Store, StoreError, Table};
use bytes::Bytes;

/// What is to become of a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    #[default]
    Done,
    /// It fails, and nothing of it was written.
    Lost,
    /// It fails, and all of it was written.
    Unheard,
    /// It waits until the fate is another one.
    Stuck,
}

/// Says how a [`Faulty`] store and those that are opened after it behave.
#[derive(Clone, Default)]
pub(crate) struct Switch(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    fate: Fate,
    /// Of this many commits one fails, as this generator has it.
    random: Option<(fastrand::Rng, u32)>,
    cannot_open: bool,
    opened: usize,
    failed: usize,
    asked_again: bool,
    stuck: bool,
}

impl Switch {
    pub(crate) fn set(&self, fate: Fate) {
        self.0.0.lock().unwrap().fate = fate;
        self.0.1.notify_all();
    }

    pub(crate) fn fail_at_random(&self, seed: u64, one_of: u32) {
        self.0.0.lock().unwrap().random = Some((fastrand::Rng::with_seed(seed), one_of));
    }

    pub(crate) fn cannot_open(&self, cannot: bool) {
        self.0.0.lock().unwrap().cannot_open = cannot;
    }

    pub(crate) fn opened(&self) -> usize {
        self.0.0.lock().unwrap().opened
    }

    pub(crate) fn failed(&self) -> usize {
        self.0.0.lock().unwrap().failed
    }

    /// Whether a store was asked for anything after it had failed.
    pub(crate) fn asked_again(&self) -> bool {
        self.0.0.lock().unwrap().asked_again
    }

    /// Whether a commit waits right now.
    pub(crate) fn is_stuck(&self) -> bool {
        self.0.0.lock().unwrap().stuck
    }

    fn fate(&self) -> Fate {
        let mut state = self.0.0.lock().unwrap();
        while state.fate == Fate::Stuck {
            state.stuck = true;
            state = self.0.1.wait(state).unwrap();
        }
        state.stuck = false;
        let drawn = state.random.as_mut().map(|(random, one_of)| (random.u32(..*one_of), random.bool()));
        match drawn {
            Some((0, true)) => Fate::Lost,
            Some((0, false)) => Fate::Unheard,
            _ => state.fate,
        }
    }

    /// What opens the store in this folder.
    pub(crate) fn opener(&self, folder: PathBuf) -> impl Fn() -> Result<Faulty, StoreError> + Send + 'static {
        let switch = self.clone();
        move || {
            let mut state = switch.0.0.lock().unwrap();
            state.opened += 1;
            if state.cannot_open {
                return Err(io::Error::other("the disk is away").into());
            }
            Ok(Faulty { store: RedbStore::open(folder.join("inbox.redb"))?, switch: switch.clone(), has_failed: false })
        }
    }
}

pub(crate) struct Faulty {
    store: RedbStore,
    switch: Switch,
    has_failed: bool,
}

impl Faulty {
    fn asked(&self) {
        self.switch.0.0.lock().unwrap().asked_again |= self.has_failed;
    }
}

impl Store for Faulty {
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.asked();
        let fate = self.switch.fate();
        if fate != Fate::Lost {
            self.store.commit(changes)?;
        }
        if fate == Fate::Done {
            return Ok(());
        }
        self.has_failed = true;
        self.switch.0.0.lock().unwrap().failed += 1;
        Err(io::Error::other("the disk failed").into())
    }

    fn get(&self, table: Table, key: u64) -> Result<Option<Bytes>, StoreError> {
        self.asked();
        self.store.get(table, key)
    }

    fn scan(&self, table: Table, from: u64, visit: &mut dyn FnMut(u64, Bytes) -> bool) -> Result<(), StoreError> {
        self.asked();
        self.store.scan(table, from, visit)
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.asked();
        self.store.size()
    }

    fn check(&mut self) -> Result<(), StoreError> {
        self.asked();
        self.store.check()
    }
}
