//! One POST of X.

use std::sync::Arc;

use bytes::Bytes;

use crate::event::Envelope;
use crate::{Event, RawJson, SecretKind, envelope};

/// One verified POST: the unit that is accepted or refused as a whole. Holds at least one event unless events were
/// taken out, and shares the memory of the request's body.
#[derive(Clone, Debug)]
pub struct Delivery {
    envelope: Arc<Envelope>,
    events: Vec<Event>,
    sent: usize,
    signed_with_another_kind: Option<SecretKind>,
}

impl Delivery {
    pub(crate) fn new(envelope: Arc<Envelope>, events: Vec<Event>) -> Self {
        let sent = events.len();
        Self { envelope, events, sent, signed_with_another_kind: None }
    }

    /// Reads the events of a body again that was verified before, such as one from a store: **nothing is verified here.**
    ///
    /// `app` is the name of the app whose secret signed it, which is part of the events' keys. A body of more events than
    /// `events_limit` is one [`Unknown`](crate::EventKind::Unknown). `None` when the body is neither a JSON object nor a list with an object in it.
    ///
    /// ```
    /// let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#;
    /// let delivery = birdhook_core::Delivery::restore("shop", body, 10_000).unwrap();
    /// assert_eq!(delivery.events()[0].kind().as_str(), "post_deleted");
    /// ```
    pub fn restore(app: impl Into<Arc<str>>, body: impl Into<Bytes>, events_limit: usize) -> Option<Self> {
        envelope::read(body.into(), app.into(), events_limit)
    }

    /// The name of the app whose secret signed it.
    pub fn app(&self) -> &str {
        &self.envelope.app
    }

    /// The kind of secret that signed it, if its app answers challenges with the other kind: X may hold the app's answers for
    /// wrong. `None` if a signature of the answering kind was there too, and for what [`restore`](Self::restore) reads.
    pub fn signed_with_another_kind(&self) -> Option<SecretKind> {
        self.signed_with_another_kind
    }

    pub(crate) fn set_signed_with_another_kind(&mut self, kind: Option<SecretKind>) {
        self.signed_with_another_kind = kind;
    }

    /// The id of the user whose subscription brought it (`for_user_id`, or the X Activity API's `filter.user_id`), if it says.
    pub fn subscriber(&self) -> Option<&str> {
        self.envelope.subscriber.as_deref()
    }

    /// The events, in X's order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many events X sent, whatever was taken out.
    pub fn sent(&self) -> usize {
        self.sent
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

/// A delivery that holds this event alone, for those who hand on what is their own to hand on.
impl From<Event> for Delivery {
    fn from(event: Event) -> Self {
        Self { envelope: event.envelope(), sent: event.sent(), events: vec![event], signed_with_another_kind: None }
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
