//! Messages delivered to a consumer.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use async_nats::header::HeaderMap;
use async_nats::jetstream::{self, AckKind};
use birdhook_core::Event;
use birdhook_core::codec::DecodeError;
use birdhook_core::consumption::Unconfirmed;
use birdhook_pipeline::consumer::AckSender as _;
use bytes::Bytes;
use tokio::time::Instant;

use crate::acks::{Ack, Acks};
use crate::headers;
use crate::settle::{SettleError, settle};
use crate::shared::Shared;

/// A leased event. Dereferences to the [`Event`].
///
/// Its [`dedupe_key`](Event::dedupe_key) is that with which it was published.
///
/// If it is dropped unsettled, as by a panic, it is delivered again after
/// [`ack_wait`](crate::ConsumerSettings::ack_wait). Once [`ack_durable`](Self::ack_durable) returns
/// `Ok`, this consumer does not receive it again. The process may end before that, so **a consumer
/// may see an event twice** and must handle that: the second time, [`attempts`](Self::attempts) is
/// higher.
#[must_use = "an event that is not acknowledged comes again"]
pub struct JetStreamMessage {
    event: Event,
    lease: Lease,
}

/// A message of the stream that is not an event of birdhook: published by another program, or
/// damaged.
///
/// It is returned as an [error](crate::ConsumeError::UnrecognizedMessage), repeatedly like an event that fails,
/// until it is settled. A consumer of a later version may be able to read it.
#[must_use = "a message that is not settled comes again"]
pub struct UnrecognizedMessage {
    /// The missing or invalid part.
    pub reason: DecodeError,
    lease: Lease,
}

impl JetStreamMessage {
    #[expect(clippy::result_large_err, reason = "the message itself is large")]
    pub(crate) fn read(lease: Lease) -> Result<Self, UnrecognizedMessage> {
        match headers::event(lease.headers(), lease.message.payload.clone()) {
            Ok(event) => Ok(Self { event, lease }),
            Err(reason) => Err(UnrecognizedMessage { reason, lease }),
        }
    }

    /// Returns the event. It outlives the message.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Acknowledges the event: its processing is complete.
    ///
    /// Queues the acknowledgement. It is sent together with others, within 5 ms, and again if the
    /// server does not confirm it, until `ack_wait` has passed, at least 30 s. If the process ends
    /// before that, the event comes again: call [`Consumer::flush`](crate::Consumer::flush) first.
    /// To wait for the confirmation of each event, use [`ack_durable`](Self::ack_durable).
    ///
    /// Takes effect even after `ack_wait`.
    ///
    /// # Errors
    /// Fails if the server does not answer and 1024 acknowledgements wait. The event may come
    /// again.
    pub async fn ack(self) -> Result<(), SettleError> {
        let Lease { message, shared, .. } = self.lease;
        shared.acks.push(Ack { subject: message.message.reply, event: Unconfirmed::of(&self.event) }).await
    }

    /// Same as [`ack`](Self::ack), but waits until the server has confirmed it.
    ///
    /// # Errors
    /// Fails if the server does not confirm it. The event may come again.
    pub async fn ack_durable(self) -> Result<(), SettleError> {
        let Lease { message, .. } = self.lease;
        let ack = Ack { subject: message.message.reply, event: Unconfirmed::of(&self.event) };
        Acks(message.context).send(&mut vec![ack]).await
    }

    /// Restarts `ack_wait`, for work that takes longer.
    ///
    /// # Errors
    /// Fails if the server does not confirm it. The event may be delivered again meanwhile.
    pub async fn extend(&self) -> Result<(), SettleError> {
        self.lease.settle(AckKind::Progress).await
    }

    /// Returns whether nothing else should be processed at the same time. See [`Lease::is_alone`].
    pub(crate) fn is_alone(&self) -> bool {
        self.lease.is_alone
    }

    /// Returns an event that was not processed. Its attempt counts.
    pub(crate) async fn give_back(self) {
        give_back(&self.lease.message).await;
    }

    /// Returns whether the server may have delivered the event again.
    pub(crate) fn is_expired(&self, ack_wait: Duration) -> bool {
        self.lease.begun_at.elapsed() >= ack_wait
    }
}

impl UnrecognizedMessage {
    /// Returns the payload.
    pub fn payload(&self) -> &Bytes {
        &self.lease.message.payload
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        self.lease.headers()
    }
}

/// The methods that both kinds of messages have.
macro_rules! leased {
    ($($message:ident),*) => {$(
        impl $message {
            /// Returns the subject that it was published to.
            pub fn subject(&self) -> &str {
                &self.lease.message.subject
            }

            /// Returns the number of delivery attempts to this consumer, including this one.
            pub fn attempts(&self) -> u32 {
                self.lease.message.info().ok().and_then(|info| info.delivered.try_into().ok()).unwrap_or(1)
            }

            /// Requests another attempt: after `retry_after`, or at once if it is `None`.
            ///
            /// # Errors
            /// Fails if the server does not confirm it. The message comes again nevertheless, at
            /// the latest after `ack_wait`.
            pub async fn nack(self, retry_after: impl Into<Option<Duration>>) -> Result<(), SettleError> {
                if let Ok(info) = self.lease.message.info() {
                    self.lease.shared.nack(info.stream_sequence, info.delivered);
                }
                self.lease.settle(AckKind::Nak(retry_after.into())).await
            }

            /// Ends the attempts, for a message that can never be processed.
            ///
            /// This consumer does not receive it again.
            ///
            /// # Errors
            /// Fails if the server does not confirm it. The message may come again.
            pub async fn term(self) -> Result<(), SettleError> {
                self.lease.settle(AckKind::Term).await
            }
        }
    )*};
}

leased!(JetStreamMessage, UnrecognizedMessage);

pub(crate) struct Lease {
    pub(crate) message: jetstream::Message,
    pub(crate) shared: Arc<Shared>,
    /// The previous attempt ended without a settlement, perhaps because the process crashed. The
    /// message is delivered while no other is in the buffer.
    pub(crate) is_alone: bool,
    /// The time from which `ack_wait` is counted.
    pub(crate) begun_at: Instant,
}

impl Lease {
    fn headers(&self) -> &HeaderMap {
        static NONE: std::sync::LazyLock<HeaderMap> = std::sync::LazyLock::new(HeaderMap::new);
        self.message.headers.as_ref().unwrap_or(&NONE)
    }

    async fn settle(&self, how: AckKind) -> Result<(), SettleError> {
        settle(&self.message.context, self.message.reply.as_ref(), how).await
    }
}

/// Requests another attempt at once. If the request is lost, the message comes again after
/// `ack_wait`.
pub(crate) async fn give_back(message: &jetstream::Message) {
    let _ = message.ack_with(AckKind::Nak(None)).await;
}

impl Deref for JetStreamMessage {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

debug_fields!(JetStreamMessage, |this| key: this.event.dedupe_key(), tries: this.attempts());
debug_fields!(UnrecognizedMessage, |this| reason: this.reason, bytes: this.payload().len());
