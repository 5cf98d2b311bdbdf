//! An event that a group delivers to a consumer.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use birdhook_core::message::{self, Unreadable};
use birdhook_core::{Event, EventKey};
use bytes::Bytes;
use redis::RedisError;

use super::hold::{Hold, SettleError};
use super::sink::PAYLOAD;

/// A leased event. Dereferences to the [`Event`].
///
/// It is pending with this consumer until it is settled or
/// [`GroupSettings::claim_after`](crate::GroupSettings::claim_after) expires. If it is dropped
/// unsettled, it is delivered again after that time, perhaps to another consumer. **A consumer may
/// see an event twice** and must handle that: the second time, [`tries`](Self::tries) is higher.
#[must_use = "an event that is not acknowledged comes again"]
pub struct Message {
    event: Event,
    key: EventKey,
    hold: Hold,
}

impl Message {
    /// Returns the event. It outlives the message.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Returns the event's deduplication key.
    pub fn key(&self) -> &EventKey {
        &self.key
    }

    /// Returns the entry's id in the stream.
    pub fn id(&self) -> &str {
        self.hold.id()
    }

    /// Returns the number of delivery attempts, including this one.
    pub fn tries(&self) -> u64 {
        self.hold.tries()
    }

    /// Acknowledges the event: its processing is complete.
    ///
    /// Takes effect even if another consumer has taken the entry over. That consumer is not
    /// notified, so it may process the event a second time.
    ///
    /// Frees memory. If the stream has one group, the entry is deleted. If it has several, all
    /// entries before the first one that some group has not acknowledged are deleted.
    ///
    /// # Errors
    /// Fails if Redis does not confirm it. The event comes again, unless only the confirmation was
    /// lost.
    pub async fn ack(self) -> Result<(), SettleError> {
        self.hold.ack().await
    }

    /// Defers the event for another attempt by any consumer of the group.
    ///
    /// The attempt begins after `retry_after`, or up to half a second later.
    ///
    /// # Errors
    /// Fails if another consumer has taken the entry over, or Redis fails. The event then comes
    /// again after [`claim_after`](crate::GroupSettings::claim_after).
    pub async fn nack(self, retry_after: Duration) -> Result<(), SettleError> {
        self.hold.nack(retry_after).await
    }

    /// Moves the event to the dead letters, for an event that can never be processed.
    ///
    /// See [`Group::dead_letters`](crate::Group::dead_letters).
    ///
    /// # Errors
    /// Fails if another consumer has taken the entry over, or Redis fails. The entry is not moved
    /// then, unless only Redis's answer was lost.
    pub async fn reject(self) -> Result<(), SettleError> {
        self.hold.reject().await
    }

    /// Restarts [`claim_after`](crate::GroupSettings::claim_after) for this event.
    ///
    /// Call it more often than that if processing takes longer.
    ///
    /// # Errors
    /// Fails if another consumer has taken the entry over, or Redis fails.
    pub async fn extend(&self) -> Result<(), SettleError> {
        self.hold.extend().await
    }
}

impl Deref for Message {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id()).field("tries", &self.tries()).finish_non_exhaustive()
    }
}

/// An entry that birdhook did not write. It stays pending and comes again until it is settled.
#[must_use = "an entry that is not acknowledged comes again"]
pub struct Foreign {
    fields: Vec<(Bytes, Bytes)>,
    why: Unreadable,
    hold: Hold,
}

impl Foreign {
    /// Returns the entry's fields: names and values.
    pub fn fields(&self) -> &[(Bytes, Bytes)] {
        &self.fields
    }

    /// Returns the reason why it is not an event.
    pub fn why(&self) -> Unreadable {
        self.why
    }

    /// Returns the entry's id in the stream.
    pub fn id(&self) -> &str {
        self.hold.id()
    }

    /// Returns the number of delivery attempts, including this one.
    pub fn tries(&self) -> u64 {
        self.hold.tries()
    }

    /// Drops the entry. See [`Message::ack`].
    ///
    /// # Errors
    /// As for [`Message::ack`].
    pub async fn ack(self) -> Result<(), SettleError> {
        self.hold.ack().await
    }

    /// Leaves the entry for a consumer that can read it. See [`Message::nack`].
    ///
    /// # Errors
    /// As for [`Message::nack`].
    pub async fn nack(self, retry_after: Duration) -> Result<(), SettleError> {
        self.hold.nack(retry_after).await
    }

    /// Moves the entry to the dead letters. See [`Message::reject`].
    ///
    /// # Errors
    /// As for [`Message::reject`].
    pub async fn reject(self) -> Result<(), SettleError> {
        self.hold.reject().await
    }
}

/// Omits the fields.
impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Foreign").field("id", &self.id()).field("why", &self.why).finish_non_exhaustive()
    }
}

/// An error of [`Group::recv`](crate::Group::recv). The next call continues; no event is lost or
/// skipped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// An entry is not an event. It comes again until it is settled.
    #[error("entry {} of the stream is {}", .0.id(), .0.why())]
    Foreign(Box<Foreign>),
    /// Redis does not answer, or returns an error. The next call waits briefly and retries, on a
    /// new connection if necessary.
    #[error("Redis did not answer, or refused")]
    Unavailable(#[from] RedisError),
}

pub(super) fn read(fields: Vec<(Bytes, Bytes)>, hold: Hold) -> Result<Message, ReadError> {
    match event(&fields) {
        Ok((event, key)) => Ok(Message { event, key, hold }),
        Err(why) => Err(ReadError::Foreign(Box::new(Foreign { fields, why, hold }))),
    }
}

pub(super) fn event(fields: &[(Bytes, Bytes)]) -> Result<(Event, EventKey), Unreadable> {
    let value = |name: &str| fields.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value);
    let fact = |name: &str| value(name).and_then(|value| std::str::from_utf8(value).ok());
    let payload = value(PAYLOAD).ok_or(Unreadable::Payload)?;
    let event = message::read(payload.clone(), fact)?;
    Ok((event, fact("key").ok_or(Unreadable::Fact("key"))?.parse()?))
}
