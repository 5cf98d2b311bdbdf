//! What a consumer is handed.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use async_nats::header::HeaderMap;
use async_nats::jetstream::{self, AckKind};
use birdhook_core::message::Unreadable;
use birdhook_core::{Event, EventKey};
use bytes::Bytes;

use crate::headers;

/// How long the server may take to confirm.
const PATIENCE: Duration = Duration::from_secs(5);

/// An event, until it is settled. Dereferences to the [`Event`].
///
/// Dropped without a word, as by a panic, it comes again when [`ack_wait`](crate::ConsumerSettings::ack_wait) is over. What is acknowledged never comes again to this
/// consumer once [`ack`](Self::ack) is `Ok`; before that the process may end, and so **a consumer may see an event twice, and must not
/// mind**: the second time [`tries`](Self::tries) is higher.
#[must_use = "an event that is not acknowledged comes again"]
pub struct Message {
    event: Event,
    key: EventKey,
    handed: Handed,
}

/// A message of the stream that is no event of birdhook's: published by somebody else, or damaged. It is handed out as an
/// [error](crate::ConsumeError::Foreign), and again and again like an event that fails, until it is settled.
#[must_use = "a message that is not settled comes again"]
pub struct Foreign {
    /// What is missing or wrong.
    pub reason: Unreadable,
    handed: Handed,
}

impl Message {
    #[expect(clippy::result_large_err, reason = "it is what the message is")]
    pub(crate) fn read(message: jetstream::Message) -> Result<Self, Foreign> {
        let handed = Handed(message);
        match headers::event(handed.headers(), handed.0.payload.clone()) {
            Ok((event, key)) => Ok(Self { event, key, handed }),
            Err(reason) => Err(Foreign { reason, handed }),
        }
    }

    /// The event. It outlives the message.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The key by which it was recognised when it was published, the same for each copy.
    pub fn key(&self) -> EventKey {
        self.key
    }

    /// How often it was handed out to this consumer, this time too.
    pub fn tries(&self) -> u32 {
        self.handed.tries()
    }

    /// What it was published to.
    pub fn subject(&self) -> &str {
        &self.handed.0.subject
    }

    /// The event is done with. Resolves when the server has confirmed that.
    ///
    /// It counts even if it comes after `ack_wait`.
    ///
    /// # Errors
    /// When it is not confirmed; the event may come again.
    pub async fn ack(self) -> Result<(), Unconfirmed> {
        self.handed.settle(AckKind::Ack).await
    }

    /// The event is to be tried again: after `retry_after`, or when that is `None` at once.
    ///
    /// # Errors
    /// When it is not confirmed; the event comes again all the same, at the latest when `ack_wait` is over.
    pub async fn nack(self, retry_after: impl Into<Option<Duration>>) -> Result<(), Unconfirmed> {
        self.handed.settle(AckKind::Nak(retry_after.into())).await
    }

    /// The event will fail however often it is tried: this consumer does not get it again.
    ///
    /// # Errors
    /// When it is not confirmed; the event may come again.
    pub async fn term(self) -> Result<(), Unconfirmed> {
        self.handed.settle(AckKind::Term).await
    }

    /// Makes `ack_wait` begin again, for work that takes longer.
    ///
    /// # Errors
    /// When it is not confirmed; the event may be handed out again meanwhile.
    pub async fn extend(&self) -> Result<(), Unconfirmed> {
        self.handed.settle(AckKind::Progress).await
    }
}

impl Foreign {
    /// What it was published to.
    pub fn subject(&self) -> &str {
        &self.handed.0.subject
    }

    /// Its payload.
    pub fn payload(&self) -> &Bytes {
        &self.handed.0.payload
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        self.handed.headers()
    }

    /// How often it was handed out to this consumer, this time too.
    pub fn tries(&self) -> u32 {
        self.handed.tries()
    }

    /// This consumer does not get it again.
    ///
    /// # Errors
    /// When that is not confirmed; the message may come again.
    pub async fn term(self) -> Result<(), Unconfirmed> {
        self.handed.settle(AckKind::Term).await
    }

    /// It is to be tried again, as by a consumer of a later version: after `retry_after`, or when that is `None` at once.
    ///
    /// # Errors
    /// When that is not confirmed; the message comes again all the same, at the latest when `ack_wait` is over.
    pub async fn nack(self, retry_after: impl Into<Option<Duration>>) -> Result<(), Unconfirmed> {
        self.handed.settle(AckKind::Nak(retry_after.into())).await
    }
}

struct Handed(jetstream::Message);

impl Handed {
    fn headers(&self) -> &HeaderMap {
        static NONE: std::sync::LazyLock<HeaderMap> = std::sync::LazyLock::new(HeaderMap::new);
        self.0.headers.as_ref().unwrap_or(&NONE)
    }

    fn tries(&self) -> u32 {
        self.0.info().ok().and_then(|info| info.delivered.try_into().ok()).unwrap_or(1)
    }

    /// As a request, for the client's own way takes it for a confirmation when nobody listens.
    async fn settle(&self, how: AckKind) -> Result<(), Unconfirmed> {
        let subject = self.0.reply.clone().ok_or(Unconfirmed::Gone)?;
        let request = Request::new().payload(how.into()).timeout(Some(PATIENCE));
        match self.0.context.client().send_request(subject, request).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => Err(Unconfirmed::Gone),
            Err(_) => Err(Unconfirmed::Unanswered),
        }
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
        f.debug_struct("Message").field("key", &self.key).field("tries", &self.tries()).finish_non_exhaustive()
    }
}

/// Without what it says.
impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.payload().len();
        f.debug_struct("Foreign").field("reason", &self.reason).field("bytes", &bytes).finish_non_exhaustive()
    }
}

/// Why it is not known what became of what was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unconfirmed {
    /// There was no answer in time.
    #[error("the NATS server did not confirm in time; the event may come again")]
    Unanswered,
    /// Nobody listens.
    #[error("there is nobody to confirm: the consumer was removed, or has no leader now; the event may come again")]
    Gone,
}
