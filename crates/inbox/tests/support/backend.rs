//! The interface between the tests of an inbox's behaviour and the inbox.

use std::fmt::Debug;
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
        switch: &Switch,
    ) -> impl Future<Output = Result<Self::Inbox, OpenError>> + Send;

    /// Ends the inbox without waiting for leases, as the end of its process would.
    fn end(inbox: Self::Inbox) -> impl Future<Output = ()> + Send;
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

/// Controls the commits of an inbox opened by [`Backend::open_failing`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    fate: Fate,
    /// One commit of this many fails, chosen by this generator.
    random: Option<(fastrand::Rng, u32)>,
    cannot_open: bool,
    opened: usize,
    failed: usize,
    used_after_failure: bool,
    stuck: bool,
}

/// For tests.
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

    /// Returns how often the store was opened.
    pub(crate) fn opened(&self) -> usize {
        self.0.0.lock().unwrap().opened
    }

    /// Returns the number of failed commits.
    pub(crate) fn failed(&self) -> usize {
        self.0.0.lock().unwrap().failed
    }

    /// Returns whether a store was used again after it had failed.
    pub(crate) fn used_after_failure(&self) -> bool {
        self.0.0.lock().unwrap().used_after_failure
    }

    /// Returns whether a commit is blocked right now.
    pub(crate) fn is_stuck(&self) -> bool {
        self.0.0.lock().unwrap().stuck
    }
}

/// For backends.
impl Switch {
    /// Counts an opening. Returns whether it may succeed.
    pub(crate) fn open(&self) -> bool {
        let mut state = self.0.0.lock().unwrap();
        state.opened += 1;
        !state.cannot_open
    }

    /// Returns the outcome of this commit, once it is not [`Fate::Stuck`].
    pub(crate) fn fate(&self) -> Fate {
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

    /// Returns whether the next commit is lost, without waiting.
    pub(crate) fn is_lost(&self) -> bool {
        self.0.0.lock().unwrap().fate == Fate::Lost
    }

    pub(crate) fn count_failure(&self) {
        self.0.0.lock().unwrap().failed += 1;
    }

    pub(crate) fn note_use_after_failure(&self) {
        self.0.0.lock().unwrap().used_after_failure = true;
    }
}
