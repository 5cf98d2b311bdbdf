//! The spans that wait for a replay, before and after the webhook at X is known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use birdhook::Event;
use birdhook::client::Watch;
use birdhook::client::api::ReplaySpan;
use birdhook::event::Timestamp;

/// Clones share the spans.
#[derive(Clone)]
pub(crate) struct Gaps(Arc<Mutex<State>>);

enum State {
    /// No watch replays them yet.
    Unwatched(Vec<ReplaySpan>),
    Watched(Watch),
}

impl Gaps {
    pub(super) fn new(spans: Vec<ReplaySpan>) -> Self {
        Self(Arc::new(Mutex::new(State::Unwatched(spans))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, from: Timestamp, to: Timestamp) {
        match &mut *self.state() {
            State::Unwatched(spans) => spans.extend(ReplaySpan::around(from, to)),
            State::Watched(watch) => watch.was_down(from, to),
        }
    }

    /// Makes this watch replay the spans.
    pub(super) fn watch(&self, watch: Watch) {
        let mut state = self.state();
        if let State::Unwatched(spans) = &*state {
            spans.iter().for_each(|span| watch.was_down(span.from(), span.to()));
        }
        *state = State::Watched(watch);
    }

    /// Returns the spans that X has not replayed yet, with the one that it replays now.
    pub(super) fn waiting(&self) -> Vec<ReplaySpan> {
        match &*self.state() {
            State::Unwatched(spans) => spans.clone(),
            State::Watched(watch) => watch.pending(),
        }
    }

    /// Reports a received event, which may be the end of a replay.
    pub(crate) fn record(&self, event: &Event) {
        if let State::Watched(watch) = &*self.state() {
            watch.record_event(event);
        }
    }
}
