//! Reads events from a stream as a consumer of a group.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use birdhook_pipeline::consumer::AckQueue;
use futures_core::Stream;
use redis::RedisError;
use tokio::time::Instant;

use super::acks::Acks;
use super::lease::SettleError;
use super::message::{ReadError, StreamMessage};
use super::names::beside;
use super::reader::Reader;
use super::state::{ConsumerState, GENERATED_PREFIX};
use crate::connection::Redis;

/// Settings of a consumer, for [`Redis::group`].
#[derive(Clone, Debug)]
#[must_use = "pass it to Redis::group"]
pub struct GroupSettings {
    stream: String,
    group: String,
    consumer: Option<String>,
    claim_after: Duration,
    batch: usize,
}

impl GroupSettings {
    /// Returns settings for this stream and this group.
    ///
    /// Each group receives every event, and each event goes to one consumer of the group.
    pub fn new(stream: impl Into<String>, group: impl Into<String>) -> Self {
        let (stream, group) = (stream.into(), group.into());
        Self { stream, group, consumer: None, claim_after: Duration::from_secs(60), batch: 128 }
    }

    /// Sets the name of this consumer. Defaults to a generated name.
    ///
    /// Two running consumers must not share a name. With a name that stays the same after a
    /// restart, unsettled events of the previous run are delivered first. A generated name is
    /// removed after the consumer has been gone for an hour.
    pub fn consumer(mut self, name: impl Into<String>) -> Self {
        self.consumer = Some(name.into());
        self
    }

    /// Sets how long an event may stay unsettled before it is delivered again. Defaults to 60 s.
    ///
    /// It may go to another consumer. Choose a time longer than the processing of one event, or
    /// call [`StreamMessage::extend`]. Expired events are found within a quarter of this time, at most 15
    /// s. Use the same value for all consumers of a group.
    pub fn claim_after(mut self, time: Duration) -> Self {
        self.claim_after = time;
        self
    }

    /// Sets how many events are fetched at once at most. Defaults to 128.
    ///
    /// A fetch brings the events that the application takes in about 50 ms, up to this number, or
    /// 1 MiB and a few more events. After a pause it brings one. If the process crashes, each
    /// fetched event has used up one attempt.
    pub fn batch(mut self, events: usize) -> Self {
        self.batch = events.clamp(1, 10_000);
        self
    }
}

impl Redis {
    /// Reads a stream as one consumer of a group.
    ///
    /// Creates the group and the stream if they do not exist. A new group begins with the stream's
    /// first entry.
    ///
    /// # Errors
    /// Fails if Redis does not answer or returns an error: the key is not a stream, or the user
    /// lacks permission.
    pub async fn group(&self, settings: GroupSettings) -> Result<Group, RedisError> {
        let GroupSettings { stream, group, consumer, claim_after, batch } = settings;
        let generated = || format!("{GENERATED_PREFIX}{}-{:016x}", std::process::id(), fastrand::u64(..));
        let deferred = beside(&stream, &format!("later:{group}"));
        let sender =
            Acks { redis: self.clone(), stream: stream.clone(), group: group.clone(), deferred: deferred.clone() };
        let state = ConsumerState {
            redis: self.clone(),
            consumer: consumer.unwrap_or_else(generated),
            acks: AckQueue::new(sender.clone(), claim_after),
            sender,
            deferred,
            dead: beside(&stream, "dead"),
            next_search: Mutex::new(Instant::now()),
            stream,
            group,
            claim_after,
            batch,
        };
        state.create_group().await?;
        // Optional cleanup; the user may lack permission for it.
        let _ = state.remove_idle_consumers().await;
        let state = Arc::new(state);
        let reader = Box::new(Reader::new(Arc::clone(&state)));
        Ok(Group { state, reading: Box::pin(read(reader)) })
    }
}

type Reading = Pin<Box<dyn Future<Output = (Box<Reader>, Result<StreamMessage, ReadError>)> + Send>>;

async fn read(mut reader: Box<Reader>) -> (Box<Reader>, Result<StreamMessage, ReadError>) {
    let next = reader.next().await;
    (reader, next)
}

/// Receives events. Made by [`Redis::group`]. Also a [`Stream`], which never ends.
///
/// Survives restarts of the server: while it is unreachable, each call returns an error after a
/// while. It queries Redis only while a call waits.
///
/// An event whose last attempt ended without a settlement may have crashed its process. It is
/// fetched alone, after all acknowledgements have been [flushed](Self::flush), so that it takes no
/// other event along if it crashes the process again.
///
/// When a group is dropped, fetched events that it did not return go to other consumers within half
/// a second, without a counted attempt. If the process ends meanwhile, or Redis does not answer,
/// they are delivered again after [`claim_after`](GroupSettings::claim_after).
pub struct Group {
    state: Arc<ConsumerState>,
    reading: Reading,
}

impl Group {
    /// Returns the next event. After an error, the next call continues. Cancel safe.
    ///
    /// # Errors
    /// Fails if an entry is not an event, or Redis does not answer.
    pub async fn recv(&mut self) -> Result<StreamMessage, ReadError> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Sends the queued [acknowledgements](StreamMessage::ack), and waits until Redis has executed
    /// them.
    ///
    /// Call it before the process ends.
    ///
    /// # Errors
    /// Fails if Redis does not confirm them, which is then tried again, or if acknowledgements
    /// were given up since the last call.
    pub async fn flush(&self) -> Result<(), SettleError> {
        Ok(self.state.acks.flush().await?)
    }

    /// Returns the name of this consumer.
    pub fn consumer(&self) -> &str {
        &self.state.consumer
    }

    /// Returns the name of the stream that holds [rejected](StreamMessage::reject) entries.
    ///
    /// It is `{stream}:dead`, or `stream::dead` for a name with a closing brace. The entries have
    /// their original fields and `rejected_by` (the group), `rejected_id` and `rejected_tries`.
    /// Read them with a group, like any stream. Their number is not limited.
    pub fn dead_letters(&self) -> &str {
        &self.state.dead
    }

    pub(super) fn claim_after(&self) -> Duration {
        self.state.claim_after
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<StreamMessage, ReadError>> {
        let (reader, next) = ready!(self.reading.as_mut().poll(cx));
        self.reading = Box::pin(read(reader));
        Poll::Ready(next)
    }
}

impl Stream for Group {
    type Item = Result<StreamMessage, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(cx).map(Some)
    }
}

debug_fields!(Group, |this| stream: this.state.stream, group: this.state.group, consumer: this.state.consumer);
