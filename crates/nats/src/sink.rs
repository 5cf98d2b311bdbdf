//! A sink that publishes deliveries to the stream.

use std::error::Error as _;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_nats::jetstream::context::{PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, ErrorCode};
use birdhook_core::codec::{EncodedEvent, Format};
use birdhook_core::{Delivery, Event};
use birdhook_pipeline::{EventSink, SinkError};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, sleep};

use crate::connection::JetStream;
use crate::headers::headers;
use crate::subject::Subjects;

/// Time to wait for a lost connection. Longer than a failover within a cluster takes.
const RECONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// An [`EventSink`] that publishes each event and waits until JetStream has stored it.
///
/// Made by [`JetStream::sink`](crate::JetStream::sink). Cheap to clone.
///
/// # What 200 means
/// **The stream has stored every event of the delivery**, and keeps it for as long as it keeps
/// events: see [the guarantee of a `PubAck`](crate#what-a-puback-is-worth). An event whose key the
/// stream has stored already is not stored again, and counts too.
///
/// The events of a delivery are published in their order. At most 256 of them, or 1 MiB and one
/// more event, wait for a receipt at a time. If only some were stored, X is answered 503 and sends
/// all of them again; the stream recognises those that it has.
///
/// # Errors
/// | cause | answer | `SinkError` |
/// |---|---|---|
/// | the stream is full | 503 | `Full`; raise [`max_bytes`](crate::StreamSettings::max_bytes) |
/// | 5000 events, the limit of the connection, are in flight | waits; 503 at the deadline | `TooSlow` |
/// | no connection for a second | 503 | `Failed` with [`PublishFailure::NotConnected`] |
/// | no stream listens to the subject | 503 | `Failed` with [`PublishFailure::NoStream`] |
/// | no receipt in time | 503 at the deadline, else after 5 s | `TooSlow`, or `Failed` with [`PublishFailure::NoReceipt`] |
/// | an event exceeds the server's `max_payload`, or the stream's `max_msg_size` | 503 | `Refused` with [`PublishFailure::TooLarge`]; an inbox's relay makes it a dead letter |
///
/// Without a connection, nothing is queued for later. The future may be dropped at any time: an
/// event may or may not be stored then, and is recognised when it comes again.
#[derive(Clone)]
pub struct JetStreamSink {
    jetstream: JetStream,
    subjects: Arc<Subjects>,
    format: Format,
}

impl JetStream {
    /// Returns a sink that publishes events.
    ///
    /// It needs a stream that listens to its subjects: see [`ensure_stream`](Self::ensure_stream).
    pub fn sink(&self) -> JetStreamSink {
        JetStreamSink { jetstream: self.clone(), subjects: Arc::default(), format: Format::default() }
    }
}

impl JetStreamSink {
    /// Sets the subjects of events. Defaults to `birdhook.{app}.{kind}.{subscriber}`.
    #[must_use]
    pub fn subject(mut self, subjects: Subjects) -> Self {
        self.subjects = Arc::new(subjects);
        self
    }

    /// Sets the format of events. Defaults to [`Format::Plain`].
    ///
    /// A [`Consumer`](crate::Consumer) reads each format.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    async fn publish(self, events: Vec<Event>) -> Result<(), SinkError> {
        let start = Instant::now();
        while !self.jetstream.is_connected() {
            if start.elapsed() > RECONNECT_TIMEOUT {
                return Err(SinkError::failed(PublishFailure::NotConnected));
            }
            sleep(POLL_INTERVAL).await;
        }
        let (mut receipts, mut outcome) = (FuturesUnordered::new(), Outcome { result: Ok(()), bytes: 0 });
        for event in events {
            // Published events wait in memory until the connection has sent them.
            while receipts.len() >= UNCONFIRMED || outcome.bytes >= UNCONFIRMED_BYTES {
                let Some(receipt) = receipts.next().await else { break };
                outcome.add(receipt);
            }
            let (subject, message) = (self.subjects.subject(&event), self.format.write(&event));
            let bytes = message.payload.len();
            let mut sending = pin!(self.send(subject.clone(), message));
            // Polls the receipts too: the limit of messages in flight may be used up by this very
            // delivery.
            let sent = poll_fn(|cx| {
                while let Poll::Ready(Some(receipt)) = receipts.poll_next_unpin(cx) {
                    outcome.add(receipt);
                }
                sending.as_mut().poll(cx)
            });
            match sent.await {
                Ok(receipt) => {
                    outcome.bytes += bytes;
                    receipts.push(
                        receipt
                            .into_future()
                            .map(move |receipt| (bytes, receipt.map(|_| ()).map_err(|error| failure(subject, &error)))),
                    );
                }
                Err(error) => outcome.add((0, Err(failure(subject, &error)))),
            }
        }
        while let Some(receipt) = receipts.next().await {
            outcome.add(receipt);
        }
        outcome.result
    }

    async fn send(&self, subject: String, message: EncodedEvent) -> Result<PublishAckFuture, PublishError> {
        let publish = PublishMessage::build().headers(headers(&message)).payload(message.payload);
        self.jetstream.context.send_publish(subject, publish).await
    }
}

/// The numbers of unconfirmed events and bytes of a delivery at which publishing pauses.
const UNCONFIRMED: usize = 256;
const UNCONFIRMED_BYTES: usize = 1 << 20;

/// The outcome of a delivery. If one event fails, the others are still published: an event that is
/// always refused must not keep them from being stored.
struct Outcome {
    result: Result<(), SinkError>,
    /// The published bytes without a receipt.
    bytes: usize,
}

impl Outcome {
    fn add(&mut self, (bytes, result): (usize, Result<(), SinkError>)) {
        self.bytes -= bytes;
        // An error that may go away takes precedence over a refusal, so that X or the relay
        // retries.
        if result.is_err() && matches!(self.result, Ok(()) | Err(SinkError::Refused(_))) {
            self.result = result;
        }
    }
}

impl EventSink for JetStreamSink {
    type Future = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        Box::pin(self.clone().publish(delivery.into_events()))
    }

    fn timeout_error(&self) -> SinkError {
        match self.jetstream.is_connected() {
            true => SinkError::TooSlow,
            false => SinkError::failed(PublishFailure::NotConnected),
        }
    }

    fn is_open(&self) -> bool {
        self.jetstream.is_connected()
    }

    fn reports_consumption(&self) -> bool {
        true
    }
}

impl fmt::Debug for JetStreamSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("subjects", &self.subjects).field("format", &self.format).finish_non_exhaustive()
    }
}

/// The error of an event that was not published. The source of a [`SinkError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishFailure {
    /// Not connected to a server.
    #[error("not connected to a NATS server: the client reconnects by itself")]
    NotConnected,
    /// No stream listens to the subject.
    #[error(
        "no stream listens to `{0}`: create one with `ensure_stream`, and check that JetStream is enabled on the server"
    )]
    NoStream(String),
    /// It is unknown whether the stream has stored the event.
    #[error("JetStream did not confirm the event in time: the server is overloaded, or the stream has no leader")]
    NoReceipt,
    /// The server always refuses the event.
    #[error("the event is too large ({0}): raise `max_payload` of the server, or `max_msg_size` of the stream")]
    TooLarge(String),
    /// JetStream returned an error.
    #[error("JetStream refused the event: {description} (error {code})")]
    Refused {
        /// JetStream's error code.
        code: u64,
        /// The server's message.
        description: String,
    },
    /// An error of the client.
    #[error("publishing the event failed: {0}")]
    Other(String),
}

fn failure(subject: String, error: &PublishError) -> SinkError {
    let description = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let refusal = error.source().and_then(|source| source.downcast_ref::<jetstream::Error>());
    let code = refusal.map(jetstream::Error::error_code);
    SinkError::failed(match (error.kind(), code) {
        (PublishErrorKind::MaxAckPending, _) => return SinkError::Full,
        (PublishErrorKind::MaxPayloadExceeded, _) => return SinkError::refused(PublishFailure::TooLarge(description)),
        (PublishErrorKind::StreamNotFound, _) => PublishFailure::NoStream(subject),
        (PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe, _) => PublishFailure::NoReceipt,
        (_, Some(ErrorCode::STREAM_STORE_FAILED)) if description.contains("exceeded") => return SinkError::Full,
        (_, Some(ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM | ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM)) => {
            return SinkError::refused(PublishFailure::TooLarge(description));
        }
        (_, Some(ErrorCode(code))) => PublishFailure::Refused { code, description },
        _ => PublishFailure::Other(description),
    })
}
