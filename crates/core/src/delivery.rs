//! One POST of X.

use std::sync::Arc;

use crate::event::Envelope;
use crate::{Event, RawJson};

/// One verified POST: the unit that is accepted or refused as a whole. Holds at least one event unless events were
/// taken out, and shares the memory of the request's body.
#[derive(Clone, Debug)]
pub struct Delivery {
    envelope: Arc<Envelope>,
    events: Vec<Event>,
}

impl Delivery {
    pub(crate) fn new(envelope: Arc<Envelope>, events: Vec<Event>) -> Self {
        Self { envelope, events }
    }

    /// The name of the app whose secret signed it.
    pub fn app(&self) -> &str {
        &self.envelope.app
    }

    /// The id of the user whose subscription brought it (`for_user_id`, or the X Activity API's `filter.user_id`), if it says.
    pub fn subscriber(&self) -> Option<&str> {
        self.envelope.subscriber.as_deref()
    }

    /// The events, in X's order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The events, in X's order.
    pub fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// Takes out the events for which `keep` is false.
    pub fn retain(&mut self, keep: impl FnMut(&Event) -> bool) {
        self.events.retain(keep);
    }

    /// The whole body, whatever was taken out.
    pub fn body(&self) -> &RawJson {
        &self.envelope.body
    }
}

impl<'a> IntoIterator for &'a Delivery {
    type Item = &'a Event;
    type IntoIter = std::slice::Iter<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.iter()
    }
}

impl IntoIterator for Delivery {
    type Item = Event;
    type IntoIter = std::vec::IntoIter<Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.into_iter()
    }
}
