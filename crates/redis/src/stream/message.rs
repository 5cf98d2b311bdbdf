//! An event that a group was handed.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use birdhook_core::message::{self, Unreadable};
use birdhook_core::{Event, EventKey};
use bytes::Bytes;
use redis::RedisError;

use super::hold::{Hold, SettleError};
use super::sink::PAYLOAD;

/// An event, pending with this consumer until it is settled or was not for as long as
/// [`GroupSettings::claim_after`](crate::GroupSettings::claim_after). Dereferences to the [`Event`].
///
/// Dropped without a word, it comes again after that time, perhaps to another consumer. A **consumer may see an event twice**, and must
/// not mind: the second time [`tries`](Self::tries) is higher.
#[must_use = "an event that is not acknowledged comes again"]
pub struct Message {
    event: Event,
    key: EventKey,
    hold: Hold,
}

impl Message {
    /// The event. It outlives the message.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The key by which its duplicates were recognised.
    pub fn key(&self) -> &EventKey {
        &self.key
    }

    /// The entry's id in the stream.
    pub fn id(&self) -> &str {
        self.hold.id()
    }

    /// How often it was handed out, this time too.
    pub fn tries(&self) -> u64 {
        self.hold.tries()
    }

    /// The event is done with. It counts even if the entry was taken over by another consumer, who is then told nothing; if that one has
    /// the event in hand it is handled twice.
    ///
    /// Gives memory back: where the stream has one group the entry is deleted, where it has several, all that each of them has
    /// acknowledged up to the first that one has not.
    ///
    /// # Errors
    /// When Redis does not say that it is done; the event comes again unless it is.
    pub async fn ack(self) -> Result<(), SettleError> {
        self.hold.ack().await
    }

    /// The event is to be tried again, by whoever is first, so long from now or up to half a second later.
    ///
    /// # Errors
    /// When the entry was taken over meanwhile or Redis fails; the event comes again after
    /// [`claim_after`](crate::GroupSettings::claim_after).
    pub async fn nack(self, retry_after: Duration) -> Result<(), SettleError> {
        self.hold.nack(retry_after).await
    }

    /// The event will fail however often it is tried: moves the entry to the dead letters,
    /// [`Group::dead_letters`](crate::Group::dead_letters).
    ///
    /// # Errors
    /// When the entry was taken over meanwhile or Redis fails; nothing was moved then, unless it was and only the answer is missing.
    pub async fn reject(self) -> Result<(), SettleError> {
        self.hold.reject().await
    }

    /// Makes [`claim_after`](crate::GroupSettings::claim_after) start anew. To be called more often than that by who takes longer.
    ///
    /// # Errors
    /// When the entry was taken over meanwhile or Redis fails.
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

/// An entry that is no event that birdhook wrote. It is pending like others, and comes again until it is settled.
#[must_use = "an entry that is not acknowledged comes again"]
pub struct Foreign {
    fields: Vec<(Bytes, Bytes)>,
    why: Unreadable,
    hold: Hold,
}

impl Foreign {
    /// The entry's fields: names and values.
    pub fn fields(&self) -> &[(Bytes, Bytes)] {
        &self.fields
    }

    /// What it lacks.
    pub fn why(&self) -> Unreadable {
        self.why
    }

    /// The entry's id in the stream.
    pub fn id(&self) -> &str {
        self.hold.id()
    }

    /// How often it was handed out, this time too.
    pub fn tries(&self) -> u64 {
        self.hold.tries()
    }

    /// Drops it, as [`Message::ack`].
    ///
    /// # Errors
    /// As there.
    pub async fn ack(self) -> Result<(), SettleError> {
        self.hold.ack().await
    }

    /// Leaves it for somebody who can read it, as [`Message::nack`].
    ///
    /// # Errors
    /// As there.
    pub async fn nack(self, retry_after: Duration) -> Result<(), SettleError> {
        self.hold.nack(retry_after).await
    }

    /// Moves it to the dead letters, as [`Message::reject`].
    ///
    /// # Errors
    /// As there.
    pub async fn reject(self) -> Result<(), SettleError> {
        self.hold.reject().await
    }
}

/// Without its fields.
impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Foreign").field("id", &self.id()).field("why", &self.why).finish_non_exhaustive()
    }
}

/// Why a group gives no event. The next call goes on; nothing is lost or skipped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is an entry that is no event. Settle it, or it comes again.
    #[error("entry {} of the stream is {}", .0.id(), .0.why())]
    Foreign(Box<Foreign>),
    /// Redis does not answer, or refuses. The next call waits a little and tries again, on a new connection if need be.
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
