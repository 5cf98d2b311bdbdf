//! One POST from X.

use std::sync::Arc;

use super::envelope::Envelope;
use super::event::Event;
use super::key::EventKey;
use crate::auth::secret_kind::SecretKind;
use crate::json::raw::RawJson;

/// One verified POST, accepted or rejected as a whole.
///
/// Contains at least one event unless events were removed. Shares the memory of the request's body.
///
/// ```compile_fail,E0277
/// # mod birdhook { pub use birdhook_core::Delivery; }
/// let delivery: birdhook::Delivery = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Delivery {
    envelope: Arc<Envelope>,
    events: Vec<Event>,
    sent: usize,
    signed_with_other_kind: Option<SecretKind>,
}

impl Delivery {
    pub(crate) fn new(envelope: Arc<Envelope>, events: Vec<Event>) -> Self {
        let sent = events.len();
        Self { envelope, events, sent, signed_with_other_kind: None }
    }

    /// Returns the name of the app whose secret signed the delivery.
    pub fn app(&self) -> &str {
        &self.envelope.app
    }

    /// Returns the kind of secret that signed, if the app answers challenges with the other kind.
    ///
    /// X may then consider the app's challenge answers wrong.
    ///
    /// `None` if a signature of the answering kind was present too, and for deliveries from
    /// [`restore`](Self::restore).
    pub fn signed_with_other_kind(&self) -> Option<SecretKind> {
        self.signed_with_other_kind
    }

    pub(crate) fn set_signed_with_other_kind(&mut self, kind: Option<SecretKind>) {
        self.signed_with_other_kind = kind;
    }

    /// Returns the id of the subscribed user, if the body names one.
    ///
    /// This is `for_user_id` or, in the X Activity API, `filter.user_id`.
    pub fn subscriber(&self) -> Option<&str> {
        self.envelope.subscriber.as_deref()
    }

    /// Returns the events in X's order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Returns the number of events that X sent, including removed ones.
    pub fn original_len(&self) -> usize {
        self.sent
    }

    /// Returns the events in X's order.
    pub fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// Removes the events for which `keep` returns false.
    pub fn retain(&mut self, keep: impl FnMut(&Event) -> bool) {
        self.events.retain(keep);
    }

    /// Stores the [`dedupe_key`](Event::dedupe_key) of each event, as returned by `key`.
    ///
    /// For code that calls a sink without a gate; the gate stores the keys itself.
    pub fn set_dedupe_keys(&mut self, mut key: impl FnMut(&Event) -> EventKey) {
        for event in &mut self.events {
            let key = key(event);
            event.set_dedupe_key(key);
        }
    }

    /// Returns the whole body, including removed events.
    pub fn body(&self) -> &RawJson {
        &self.envelope.body
    }
}

/// A delivery that contains only this event. For forwarding events one by one.
impl From<Event> for Delivery {
    fn from(event: Event) -> Self {
        Self {
            envelope: Arc::clone(event.envelope()),
            sent: event.envelope().sent,
            events: vec![event],
            signed_with_other_kind: None,
        }
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
