//! The interface between the tests of an inbox's behaviour and the inbox.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};

use birdhook_inbox::{InboxSettings, OpenError};
use birdhook_pipeline::EventSink;

/// A place that holds an inbox and outlives the handles to it. Clones are the same place.
pub(crate) trait Backend: Clone + Debug + Send + Sync + 'static {
    /// The inbox's handle. The tests call its methods by the names of those of
    /// [`birdhook_inbox::Inbox`].
    type Inbox: EventSink + Clone + Debug + Send + Sync + 'static;

    /// Creates an empty place.
    fn create() -> Self;

    /// Opens the inbox in this place.
    fn open(&self, settings: InboxSettings) -> impl Future<Output = Result<Self::Inbox, OpenError>> + Send;

    /// Opens the inbox in this place. `switch` decides which of its commits fail.
    fn open_failing(
        &self,
        settings: InboxSettings,
        switch: &Arc<Switch>,
    ) -> impl Future<Output = Result<Self::Inbox, OpenError>> + Send;
}

/// The outcome of the next commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    #[default]
    Done,
    /// Fails, and nothing was written.
    Lost,
    /// Fails, although everything was written.
    Unheard,
    /// Blocks until the fate changes.
    Stuck,
}

/// Controls and counts the failures of commits.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    fate: Mutex<Fate>,
    changed: Condvar,
    /// One commit of this many fails, chosen by this generator.
    pub(crate) random: Mutex<Option<(fastrand::Rng, u32)>>,
    pub(crate) cannot_open: AtomicBool,
    pub(crate) opened: AtomicUsize,
    pub(crate) failed: AtomicUsize,
    pub(crate) used_after_failure: AtomicBool,
    pub(crate) is_stuck: AtomicBool,
}

impl Switch {
    pub(crate) fn set(&self, fate: Fate) {
        *self.fate.lock().unwrap() = fate;
        self.changed.notify_all();
    }

    /// Returns whether the next commit writes nothing.
    pub(crate) fn is_lost(&self) -> bool {
        *self.fate.lock().unwrap() == Fate::Lost
    }

    /// Returns the outcome of this commit, once it is not [`Fate::Stuck`].
    pub(crate) fn fate(&self) -> Fate {
        let fate = self.fate.lock().unwrap();
        self.is_stuck.store(*fate == Fate::Stuck, SeqCst);
        let fate = *self.changed.wait_while(fate, |fate| *fate == Fate::Stuck).unwrap();
        self.is_stuck.store(false, SeqCst);
        match self.random.lock().unwrap().as_mut().map(|(random, one_of)| (random.u32(..*one_of), random.bool())) {
            Some((0, true)) => Fate::Lost,
            Some((0, false)) => Fate::Unheard,
            _ => fate,
        }
    }
}
