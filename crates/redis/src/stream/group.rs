//! Events, read from a stream by one of several.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use redis::RedisError;
use tokio::time::Instant;

use super::message::{Message, ReadError};
use super::names::beside;
use super::reader::{NAMED_ITSELF, Reader, Shared};
use crate::Redis;

/// What to read, and as whom. For [`Redis::group`].
#[derive(Clone, Debug)]
#[must_use = "give it to Redis::group"]
pub struct GroupSettings {
    stream: String,
    group: String,
    consumer: Option<String>,
    claim_after: Duration,
    batch: usize,
}

impl GroupSettings {
    /// Reads this stream in the name of this group: each group is handed every event, and each event is handed to one of a group's
    /// consumers.
    pub fn new(stream: impl Into<String>, group: impl Into<String>) -> Self {
        let (stream, group) = (stream.into(), group.into());
        Self { stream, group, consumer: None, claim_after: Duration::from_secs(60), batch: 16 }
    }

    /// The name of this consumer, which no other that lives may have. With one that stays the same when it is started again, what it had
    /// in hand comes first. Unless set, a name of its own, which is forgotten when it has been gone for an hour.
    pub fn consumer(mut self, name: impl Into<String>) -> Self {
        self.consumer = Some(name.into());
        self
    }

    /// How long an event may be in hand before another consumer takes it over, or this one gets it again; 60 s unless set. Longer than
    /// handling one takes, or call [`Message::extend`]. It is noticed at once or a quarter of this time later, at most 15 s. The
    /// same for all of a group.
    pub fn claim_after(mut self, time: Duration) -> Self {
        self.claim_after = time;
        self
    }

    /// How many events are fetched at once; 16 unless set. What was fetched but not handed out when a consumer ends is taken over as
    /// the rest.
    pub fn batch(mut self, events: usize) -> Self {
        self.batch = events.clamp(1, 10_000);
        self
    }
}

impl Redis {
    /// Reads a stream as one consumer of a group. Group and stream are made if they are not there; a new group begins with the
    /// stream's first entry.
    ///
    /// # Errors
    /// When Redis does not answer, or refuses: the stream's key is something else, the user may not.
    pub async fn group(&self, settings: GroupSettings) -> Result<Group, RedisError> {
        let GroupSettings { stream, group, consumer, claim_after, batch } = settings;
        let own_name = || format!("{NAMED_ITSELF}{}-{:016x}", std::process::id(), fastrand::u64(..));
        let shared = Shared {
            redis: self.clone(),
            consumer: consumer.unwrap_or_else(own_name),
            later: beside(&stream, &format!("later:{group}")),
            dead: beside(&stream, "dead"),
            due: Mutex::new(Instant::now()),
            stream,
            group,
            claim_after,
            batch,
        };
        shared.found().await?;
        // Not for everybody's eyes, perhaps; it does no harm to leave it.
        let _ = shared.tidy().await;
        let shared = Arc::new(shared);
        Ok(Group { reader: None, reading: None, shared })
    }
}

type Reading = Pin<Box<dyn Future<Output = (Box<Reader>, Result<Message, ReadError>)> + Send>>;

/// Waits for events. Made by [`Redis::group`]; also a [`Stream`], which never ends.
///
/// Outlives restarts of the server: while it is away, each call gives an error, after a while. It asks Redis only while somebody waits.
pub struct Group {
    shared: Arc<Shared>,
    reader: Option<Box<Reader>>,
    reading: Option<Reading>,
}

impl Group {
    /// The next event, or why there is none; whichever, the next call goes on. Cancel safe.
    ///
    /// # Errors
    /// When an entry is no event, or Redis does not answer.
    pub async fn recv(&mut self) -> Result<Message, ReadError> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The name of this consumer.
    pub fn consumer(&self) -> &str {
        &self.shared.consumer
    }

    /// The name of the stream of what was [rejected](Message::reject): the entries as they were, with `rejected_by` (the group),
    /// `rejected_id` and `rejected_tries`. `{stream}:dead`, or `stream::dead` for a name with a closing brace. Read them with a group as
    /// any stream; nothing limits them.
    pub fn dead_letters(&self) -> &str {
        &self.shared.dead
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, ReadError>> {
        let mut reading = self.reading.take().unwrap_or_else(|| {
            let fresh = || Box::new(Reader::new(Arc::clone(&self.shared)));
            let mut reader = self.reader.take().unwrap_or_else(fresh);
            Box::pin(async move {
                let next = reader.next().await;
                (reader, next)
            })
        });
        match reading.as_mut().poll(cx) {
            Poll::Ready((reader, next)) => {
                self.reader = Some(reader);
                Poll::Ready(next)
            }
            Poll::Pending => {
                self.reading = Some(reading);
                Poll::Pending
            }
        }
    }
}

impl Stream for Group {
    type Item = Result<Message, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(cx).map(Some)
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { stream, group, consumer, .. } = &*self.shared;
        let mut shown = f.debug_struct("Group");
        shown.field("stream", stream).field("group", group).field("consumer", consumer).finish_non_exhaustive()
    }
}
