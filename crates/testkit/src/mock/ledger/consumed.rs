//! The events that the app has consumed.

use std::collections::HashSet;

use birdhook_core::consumption::Consumption;
use birdhook_core::{DedupeScope, Delivery, Event, EventKey};

/// The part of a test that reported a consumed event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The test itself.
    Test,
    /// Birdhook, inside the app.
    App(Consumption),
}

/// A consumed event.
pub(super) struct Consumed {
    pub(super) event: Event,
    key: EventKey,
    source: Source,
    is_expected: bool,
}

/// All consumed events.
#[derive(Default)]
pub(super) struct ConsumedEvents {
    events: Vec<Consumed>,
    /// The keys of all events that the mock has sent. Other mocks may run in the same process.
    sent: HashSet<EventKey>,
    is_reported_by_test: bool,
    /// The events that their consumers report. That such an event was answered 200 does not count.
    is_consumed_later: HashSet<EventKey>,
}

impl ConsumedEvents {
    pub(super) fn expect_all(&mut self, sent: &Delivery) {
        self.sent.extend(sent.events().iter().map(sent_key));
    }

    pub(super) fn belongs(&self, event: &Event) -> bool {
        self.sent.contains(&sent_key(event))
    }

    pub(super) fn push(&mut self, event: &Event, source: Source) {
        let key = event.delivery_key();
        match source {
            Source::Test => self.is_reported_by_test = true,
            Source::App(Consumption::Consumed) => _ = self.is_consumed_later.insert(key),
            Source::App(Consumption::Answered) => {}
        }
        // The same consumption, reported by the app and by the test, is expected once.
        let is_same = |one: &Consumed| one.key == key && one.source != source && one.is_expected;
        let is_expected = source == Source::Test && self.events.iter().any(is_same);
        self.events.push(Consumed { event: event.clone(), key, source, is_expected });
    }

    /// Returns the events that count as consumed.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Consumed> {
        self.events.iter().filter(|one| self.counts(one))
    }

    /// Returns the first event that `is_wanted` and was not returned before.
    pub(super) fn take(&mut self, is_wanted: impl Fn(&Event) -> bool) -> Option<Event> {
        let is_next = |one: &Consumed| self.counts(one) && !one.is_expected && is_wanted(&one.event);
        let next = self.events.iter().position(is_next)?;
        let next = self.events.get_mut(next)?;
        next.is_expected = true;
        Some(next.event.clone())
    }

    fn counts(&self, one: &Consumed) -> bool {
        match one.source {
            Source::Test => true,
            _ if self.is_reported_by_test => false,
            Source::App(Consumption::Answered) => !self.is_consumed_later.contains(&one.key),
            Source::App(Consumption::Consumed) => true,
        }
    }
}

fn sent_key(event: &Event) -> EventKey {
    event.delivery_key_in(DedupeScope::Everywhere)
}
