//! An event that a group delivers to a consumer.

use std::ops::Deref;
use std::time::Duration;

use birdhook_core::Event;
use birdhook_core::codec::{self, DecodeError};
use birdhook_core::consumption::Unconfirmed;
use bytes::Bytes;
use redis::RedisError;

use super::acks::Ack;
use super::lease::{Lease, SettleError, give_back};
use super::names::PAYLOAD;

/// A leased event. Dereferences to the [`Event`].
///
/// Its [`dedupe_key`](Event::dedupe_key) is that with which it was appended.
///
/// It is pending with this consumer until it is settled or
/// [`GroupSettings::claim_after`](crate::GroupSettings::claim_after) expires. If it is dropped
/// unsettled, it is delivered again after that time, perhaps to another consumer. **A consumer may
/// see an event twice** and must handle that: the second time, [`attempts`](Self::attempts) is higher.
#[must_use = "an event that is not acknowledged comes again"]
pub struct StreamMessage {
    event: Event,
    lease: Lease,
}

impl StreamMessage {
    /// Returns the event. It outlives the message.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Restarts [`claim_after`](crate::GroupSettings::claim_after) for this event.
    ///
    /// Call it more often than that if processing takes longer.
    ///
    /// # Errors
    /// Fails if another consumer has taken the entry over, or Redis fails.
    pub async fn extend(&self) -> Result<(), SettleError> {
        self.lease.extend().await
    }

    /// Returns whether nothing else should be processed at the same time. See [`Lease::is_alone`].
    pub(super) fn is_alone(&self) -> bool {
        self.lease.is_alone
    }

    /// Returns an event that was not processed, so that its attempt does not count.
    pub(super) fn give_back(self) {
        let Lease { state, id, attempts, is_alone } = self.lease;
        give_back(&state, [(id, attempts, is_alone)]);
    }

    fn to_ack(&self) -> Ack {
        Ack { id: self.lease.id.clone(), event: Unconfirmed::of(&self.event) }
    }
}

impl Deref for StreamMessage {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

debug_fields!(StreamMessage, |this| id: this.id(), tries: this.attempts());

/// An entry that birdhook did not write. It stays pending and comes again until it is settled.
#[must_use = "an entry that is not acknowledged comes again"]
pub struct UnrecognizedMessage {
    fields: Vec<(Bytes, Bytes)>,
    why: DecodeError,
    lease: Lease,
}

impl UnrecognizedMessage {
    /// Returns the entry's fields: names and values.
    pub fn fields(&self) -> &[(Bytes, Bytes)] {
        &self.fields
    }

    /// Returns the reason why it is not an event.
    pub fn why(&self) -> DecodeError {
        self.why
    }

    fn to_ack(&self) -> Ack {
        Ack { id: self.lease.id.clone(), event: Unconfirmed::default() }
    }
}

/// The methods that both kinds of messages have.
macro_rules! leased {
    ($($message:ident),*) => {$(
        impl $message {
            /// Returns the entry's id in the stream.
            pub fn id(&self) -> &str {
                &self.lease.id
            }

            /// Returns the number of delivery attempts, including this one.
            pub fn attempts(&self) -> u64 {
                self.lease.attempts
            }

            /// Acknowledges the entry: its processing is complete.
            ///
            /// Queues the acknowledgement. It is sent together with others, within 5 ms, and again
            /// if Redis does not confirm it, until `claim_after` has passed, at least 30 s. If the
            /// process ends before that, the entry comes again: call
            /// [`Group::flush`](crate::Group::flush) first. To wait for the confirmation of each
            /// entry, use [`ack_durable`](Self::ack_durable).
            ///
            /// Takes effect even if another consumer has taken the entry over. That consumer is not
            /// notified, so it may process the entry a second time.
            ///
            /// Frees memory. If the stream has one group, the entry is deleted. If it has several,
            /// all entries before the first one that some group has not acknowledged are deleted.
            ///
            /// # Errors
            /// Fails if Redis does not answer and 1024 acknowledgements wait. The entry comes
            /// again.
            pub async fn ack(self) -> Result<(), SettleError> {
                self.lease.ack(self.to_ack()).await
            }

            /// Same as [`ack`](Self::ack), but waits until Redis has executed it.
            ///
            /// Redis's settings decide whether it is on disk then, see the
            /// [crate](crate#what-200-is-worth).
            ///
            /// # Errors
            /// Fails if Redis does not confirm it. The entry comes again, unless only the
            /// confirmation was lost.
            pub async fn ack_durable(self) -> Result<(), SettleError> {
                self.lease.ack_durable(self.to_ack()).await
            }

            /// Defers the entry for another attempt by any consumer of the group.
            ///
            /// The attempt begins after `retry_after`, or up to half a second later.
            ///
            /// # Errors
            /// Fails if another consumer has taken the entry over, or Redis fails. The entry then
            /// comes again after [`claim_after`](crate::GroupSettings::claim_after).
            pub async fn nack(self, retry_after: Duration) -> Result<(), SettleError> {
                self.lease.nack(retry_after).await
            }

            /// Moves the entry to the dead letters, for one that can never be processed.
            ///
            /// See [`Group::dead_letters`](crate::Group::dead_letters).
            ///
            /// # Errors
            /// Fails if another consumer has taken the entry over, or Redis fails. The entry is not
            /// moved then, unless only Redis's answer was lost.
            pub async fn reject(self) -> Result<(), SettleError> {
                self.lease.reject().await
            }
        }
    )*};
}

leased!(StreamMessage, UnrecognizedMessage);

// Omits the fields.
debug_fields!(UnrecognizedMessage, |this| id: this.id(), why: this.why);

/// An error of [`Group::recv`](crate::Group::recv). The next call continues; no event is lost or
/// skipped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// An entry is not an event. It comes again until it is settled.
    #[error("entry {} of the stream: {}", .0.id(), .0.why())]
    UnrecognizedMessage(Box<UnrecognizedMessage>),
    /// Redis does not answer, or returns an error. The next call waits briefly and retries, on a
    /// new connection if necessary.
    #[error("Redis did not answer or returned an error")]
    Unavailable(#[from] RedisError),
}

pub(super) fn read(fields: Vec<(Bytes, Bytes)>, lease: Lease) -> Result<StreamMessage, ReadError> {
    match event(&fields) {
        Ok(event) => Ok(StreamMessage { event, lease }),
        Err(why) => Err(ReadError::UnrecognizedMessage(Box::new(UnrecognizedMessage { fields, why, lease }))),
    }
}

pub(super) fn event(fields: &[(Bytes, Bytes)]) -> Result<Event, DecodeError> {
    let value = |name: &str| fields.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value);
    let fact = |name: &str| value(name).and_then(|value| std::str::from_utf8(value).ok());
    let payload = value(PAYLOAD).ok_or(DecodeError::Payload)?;
    let event = codec::read(payload.clone(), fact)?;
    fact("key").map(|_| event).ok_or(DecodeError::Fact("key"))
}
