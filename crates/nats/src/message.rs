//! Messages delivered to a consumer.

use std::ops::Deref;
use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use async_nats::header::HeaderMap;
use async_nats::jetstream::{self, AckKind};
use birdhook_core::Event;
use birdhook_core::codec::DecodeError;
use birdhook_core::consumption::{Consumption, report};
use bytes::Bytes;

use crate::headers;

/// Timeout for the server's confirmation.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);

/// A leased event. Dereferences to the [`Event`].
///
/// Its [`dedupe_key`](Event::dedupe_key) is that with which it was published.
///
/// If it is dropped unsettled, as by a panic, it is delivered again after
/// [`ack_wait`](crate::ConsumerSettings::ack_wait). Once [`ack`](Self::ack) returns `Ok`, this
/// consumer does not receive it again. The process may end before that, so **a consumer may see an
/// event twice** and must handle that: the second time, [`attempts`](Self::attempts) is higher.
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
    pub(crate) fn read(message: jetstream::Message) -> Result<Self, UnrecognizedMessage> {
        let lease = Lease(message);
        match headers::event(lease.headers(), lease.0.payload.clone()) {
            Ok(event) => Ok(Self { event, lease }),
            Err(reason) => Err(UnrecognizedMessage { reason, lease }),
        }
    }

    /// Returns the event. It outlives the message.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Acknowledges the event: its processing is complete. Resolves when the server has confirmed
    /// it.
    ///
    /// Takes effect even after `ack_wait`.
    ///
    /// # Errors
    /// Fails if the server does not confirm it. The event may come again.
    pub async fn ack(self) -> Result<(), SettleError> {
        self.lease.settle(AckKind::Ack).await?;
        report(&self.event, Consumption::Consumed);
        Ok(())
    }

    /// Restarts `ack_wait`, for work that takes longer.
    ///
    /// # Errors
    /// Fails if the server does not confirm it. The event may be delivered again meanwhile.
    pub async fn extend(&self) -> Result<(), SettleError> {
        self.lease.settle(AckKind::Progress).await
    }
}

impl UnrecognizedMessage {
    /// Returns the payload.
    pub fn payload(&self) -> &Bytes {
        &self.lease.0.payload
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
                &self.lease.0.subject
            }

            /// Returns the number of delivery attempts to this consumer, including this one.
            pub fn attempts(&self) -> u32 {
                self.lease.0.info().ok().and_then(|info| info.delivered.try_into().ok()).unwrap_or(1)
            }

            /// Requests another attempt: after `retry_after`, or at once if it is `None`.
            ///
            /// # Errors
            /// Fails if the server does not confirm it. The message comes again nevertheless, at
            /// the latest after `ack_wait`.
            pub async fn nack(self, retry_after: impl Into<Option<Duration>>) -> Result<(), SettleError> {
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

struct Lease(jetstream::Message);

impl Lease {
    fn headers(&self) -> &HeaderMap {
        static NONE: std::sync::LazyLock<HeaderMap> = std::sync::LazyLock::new(HeaderMap::new);
        self.0.headers.as_ref().unwrap_or(&NONE)
    }

    /// Sends a request, because the client's own methods report success even without a responder.
    async fn settle(&self, how: AckKind) -> Result<(), SettleError> {
        let subject = self.0.reply.clone().ok_or(SettleError::Gone)?;
        let request = Request::new().payload(how.into()).timeout(Some(SETTLE_TIMEOUT));
        match self.0.context.client().send_request(subject, request).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => Err(SettleError::Gone),
            Err(_) => Err(SettleError::Unanswered),
        }
    }
}

impl Deref for JetStreamMessage {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

debug_fields!(JetStreamMessage, |this| key: this.event.dedupe_key(), tries: this.attempts());
debug_fields!(UnrecognizedMessage, |this| reason: this.reason, bytes: this.payload().len());

/// A settlement without confirmation: its result is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettleError {
    /// No answer in time.
    #[error("the NATS server did not confirm in time; the event may come again")]
    Unanswered,
    /// No responder: the consumer was removed, or has no leader now.
    #[error(
        "no responder for the confirmation: the consumer was removed, or has no leader now; the event may come again"
    )]
    Gone,
}
