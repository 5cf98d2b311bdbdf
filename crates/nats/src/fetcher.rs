//! Fetches messages for one consumer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Wake};
use std::time::Duration;

use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::stream::ConsumerErrorKind;
use async_nats::jetstream::{AckKind, Context, ErrorCode, Message};
use birdhook_pipeline::consumer::FetchSize;
use futures_util::StreamExt as _;
use futures_util::task::AtomicWaker;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

use crate::message::{Lease, give_back};
use crate::shared::Shared;

/// The server's heartbeat interval while there are no events.
///
/// A consumer without a heartbeat for twice this time is reopened.
const HEARTBEAT: Duration = Duration::from_secs(5);
const PULL_EXPIRY: Duration = Duration::from_secs(30);

/// Timeout for a fetch of messages that the server has.
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_BYTES: usize = 1 << 20;

/// Pauses between attempts to find a consumer that does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// The consumer on the server.
pub(crate) struct Source {
    pub(crate) context: Context,
    pub(crate) stream: String,
    pub(crate) name: String,
    /// The largest number of messages in one fetch.
    pub(crate) batch: usize,
    pub(crate) ack_wait: Duration,
}

/// The consumer or its stream was removed from the server.
pub(crate) struct Removed;

pub(crate) struct Fetcher {
    source: Arc<Source>,
    shared: Arc<Shared>,
    opened: Option<Opened>,
    fetched: Fetched,
    size: FetchSize,
    /// The number of messages in the last fetch, and its end. Zero if the size must not grow.
    count: usize,
    fetched_at: Instant,
    /// The number of messages in the stream after the last one, and those that were fetched.
    pending: u64,
}

/// An open consumer.
struct Opened {
    consumer: PullConsumer,
    /// Requests one message at a time, when it is polled.
    waiting: Box<pull::Stream>,
    arrival: Arc<Arrival>,
}

/// Records when a message arrives, which may be long before the app polls again.
#[derive(Default)]
struct Arrival {
    waker: AtomicWaker,
    woken_at: Mutex<Option<Instant>>,
}

/// Fetched messages that the app has not seen, with the time from which their `ack_wait` is
/// counted. When this is dropped, they are given back.
#[derive(Default)]
struct Fetched {
    messages: VecDeque<(Message, Instant)>,
    /// Messages whose last attempt ended without a settlement.
    alone: VecDeque<(Message, Instant)>,
}

impl Fetcher {
    pub(crate) fn new(source: Arc<Source>, shared: Arc<Shared>) -> Self {
        let (size, fetched) = (FetchSize::new(source.batch), Fetched::default());
        Self { source, shared, opened: None, fetched, size, count: 0, fetched_at: Instant::now(), pending: 0 }
    }

    /// Returns the next message. Opens the consumer if necessary.
    pub(crate) async fn next(&mut self) -> Result<Lease, Removed> {
        let mut pause = Duration::ZERO;
        loop {
            if let Some(lease) = self.take().await {
                return Ok(lease);
            }
            if self.count > 0 {
                self.size.adapt(self.count, self.fetched_at.elapsed());
                self.count = 0;
            }
            let mut opened = match self.opened.take() {
                Some(opened) => opened,
                None => self.source.open(pause).await?,
            };
            let most = usize::try_from(self.pending).unwrap_or(usize::MAX).min(self.size.get());
            if most > 1 {
                self.fetch(&opened, most).await;
                self.opened = Some(opened);
                if self.count > 0 {
                    continue;
                }
                // Other consumers have the messages.
                self.pending = 0;
                continue;
            }
            if self.pending == 0 {
                self.size.reset();
            }
            self.shared.acks.set_idle(true);
            let received = opened.wait().await;
            self.shared.acks.set_idle(false);
            match received {
                Some((message, since)) => {
                    self.put(message, since);
                    self.ended();
                    self.opened = Some(opened);
                }
                // For any error, a request to the server decides whether the consumer still exists.
                None => pause = FIRST_PAUSE,
            }
        }
    }

    /// Returns the next fetched message: the first one, or the only one that must be alone.
    async fn take(&mut self) -> Option<Lease> {
        while let Some((message, since)) = self.fetched.messages.pop_front() {
            if let Some(lease) = self.lease(message, since, false).await {
                return Some(lease);
            }
        }
        let (message, since) = self.fetched.alone.pop_front()?;
        // The server delivers them again before others. Then they are fetched one by one.
        let gives_back = !self.fetched.alone.is_empty();
        while let Some((other, _)) = self.fetched.alone.pop_front() {
            give_back(&other).await;
        }
        if gives_back {
            // The connection sends them before this message can crash the process.
            let _ = self.source.context.client().flush().await;
        }
        self.size.reset();
        self.count = 0;
        // If this message crashes the process, the others are acknowledged. Unconfirmed ones are
        // sent again.
        let _ = self.shared.acks.flush().await;
        self.lease(message, since, true).await
    }

    /// Returns the lease of a message, or `None` if the server has delivered it again meanwhile.
    async fn lease(&self, message: Message, since: Instant, is_alone: bool) -> Option<Lease> {
        let (age, ack_wait) = (since.elapsed(), self.source.ack_wait);
        if age >= ack_wait {
            return None;
        }
        // The app has `ack_wait`, also for a message that waited here.
        let begun_at = match age < ack_wait / 10 {
            true => since,
            false => message.ack_with(AckKind::Progress).await.map_or(since, |()| Instant::now()),
        };
        Some(Lease { message, shared: Arc::clone(&self.shared), is_alone, begun_at })
    }

    /// Fetches messages that the server has.
    async fn fetch(&mut self, opened: &Opened, most: usize) {
        let since = Instant::now();
        let fetching = async {
            let batch = opened.consumer.fetch().max_messages(most).max_bytes(MAX_BYTES);
            let Ok(mut messages) = batch.messages().await else { return };
            while let Some(Ok(message)) = messages.next().await {
                self.put(message, since);
            }
        };
        // After a timeout, waiting for a message detects whether the server responds.
        let _ = timeout(FETCH_TIMEOUT, fetching).await;
        self.ended();
    }

    fn put(&mut self, message: Message, since: Instant) {
        let Ok(info) = message.info() else {
            return self.fetched.messages.push_back((message, since));
        };
        self.pending = info.pending;
        match self.shared.is_alone(info.stream_sequence, info.delivered) {
            false => self.fetched.messages.push_back((message, since)),
            true => self.fetched.alone.push_back((message, since)),
        }
    }

    fn ended(&mut self) {
        self.count = self.fetched.messages.len() + self.fetched.alone.len();
        self.fetched_at = Instant::now();
    }
}

impl Opened {
    /// Waits for a message. Returns it with the time of its arrival, or `None` after an error.
    async fn wait(&mut self) -> Option<(Message, Instant)> {
        let next = poll_fn(|cx| {
            self.arrival.waker.register(cx.waker());
            let woken_at = self.arrival.lock().take();
            let waker = Arc::clone(&self.arrival).into();
            let next = self.waiting.poll_next_unpin(&mut TaskContext::from_waker(&waker));
            next.map(|next| (next, woken_at))
        });
        let (next, woken_at) = next.await;
        Some((next?.ok()?, woken_at.unwrap_or_else(Instant::now)))
    }
}

impl Arrival {
    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.woken_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Arrival {
    fn wake(self: Arc<Self>) {
        self.lock().get_or_insert_with(Instant::now);
        self.waker.wake();
    }
}

impl Source {
    async fn open(&self, mut pause: Duration) -> Result<Opened, Removed> {
        loop {
            sleep(pause).await;
            match self.context.get_consumer_from_stream(&self.name, &self.stream).await {
                Ok(consumer) => {
                    let stream = consumer.stream().max_messages_per_batch(1);
                    if let Ok(waiting) = stream.expires(PULL_EXPIRY).heartbeat(HEARTBEAT).messages().await {
                        return Ok(Opened { consumer, waiting: Box::new(waiting), arrival: Arc::default() });
                    }
                }
                Err(error) => {
                    if let ConsumerErrorKind::JetStream(error) = error.kind()
                        && matches!(error.error_code(), ErrorCode::CONSUMER_NOT_FOUND | ErrorCode::STREAM_NOT_FOUND)
                    {
                        return Err(Removed);
                    }
                }
            }
            pause = (pause * 2).clamp(FIRST_PAUSE, MAX_PAUSE);
        }
    }
}

impl Drop for Fetched {
    fn drop(&mut self) {
        let messages: Vec<_> = self.messages.drain(..).chain(self.alone.drain(..)).collect();
        if let Ok(runtime) = Handle::try_current()
            && !messages.is_empty()
        {
            runtime.spawn(async move {
                for (message, _) in messages {
                    give_back(&message).await;
                }
            });
        }
    }
}
