//! Settings of the deduplication across receivers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::ConnectionLike;

use super::link::Link;
use crate::connection::Redis;

/// Handling of deliveries while Redis does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenDown {
    /// Refuses the delivery with 503. X repeats it for a while, and no event is delivered twice.
    #[default]
    Refuse,
    /// Delivers with this receiver's own deduplication only. No delivery is refused because of
    /// Redis, but an event that another receiver accepted may be delivered again.
    Trust,
}

/// Builder for a [`SharedDedupe`](crate::SharedDedupe). Finish with [`around`](Self::around).
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook}; pub mod redis { pub use birdhook_redis::{Redis, WhenDown}; } }
/// use birdhook::{Secret, Webhook, redis::{Redis, WhenDown}};
/// # use birdhook_pipeline::{Delivery, EventSink, SinkError};
/// # struct Own;
/// # impl EventSink for Own {
/// #     type Future = std::future::Ready<Result<(), SinkError>>;
/// #     fn deliver(&self, _: Delivery) -> Self::Future { std::future::ready(Ok(())) }
/// # }
///
/// let redis = Redis::connect("redis://127.0.0.1/").await?;
/// let sink = redis.dedupe().when_down(WhenDown::Trust).around(Own);
/// let pipeline = Webhook::new(Secret::new("the-app's-consumer-secret")?).sink(sink);
/// # let _ = pipeline;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "call around"]
pub struct DedupeSettings {
    pub(super) link: Arc<dyn Link>,
    pub(super) prefix: String,
    pub(super) in_flight: Duration,
    pub(super) horizon: Duration,
    pub(super) timeout: Duration,
    pub(super) copies_wait: Duration,
    pub(super) when_down: WhenDown,
}

impl DedupeSettings {
    /// Uses a connection of another kind, such as one to a cluster.
    ///
    /// The connection should reconnect by itself, as redis's `ConnectionManager` does.
    pub fn over(connection: impl ConnectionLike + Clone + Send + Sync + 'static) -> Self {
        Self::with(Arc::new(connection))
    }

    pub(super) fn with(link: Arc<dyn Link>) -> Self {
        Self {
            link,
            prefix: "{birdhook}:".to_owned(),
            in_flight: Duration::from_secs(10),
            horizon: Duration::from_secs((5 * 24 + 1) * 3600),
            timeout: Duration::from_millis(500),
            copies_wait: Duration::from_millis(1500),
            when_down: WhenDown::default(),
        }
    }

    /// Sets the prefix of the Redis keys. Defaults to `{birdhook}:`.
    ///
    /// An event's key in hexadecimal digits follows the prefix. Receivers that share events must
    /// use the same prefix. On a cluster, all keys of a delivery must be in one slot: keep a hash
    /// tag, the word in braces. Webhooks with different tags are spread over the cluster's nodes.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets how long an unsettled claim lasts, as after a receiver's crash. Defaults to 10 s.
    ///
    /// Copies of its events are answered 503 for at most this time. It must be longer than the
    /// webhook's [deadline](birdhook_pipeline::Webhook::deadline): a delivery that takes longer is
    /// dropped and answered 503.
    pub fn in_flight(mut self, time: Duration) -> Self {
        self.in_flight = time.max(Duration::from_millis(1));
        self
    }

    /// Sets how long events are remembered. Defaults to 5 days and 1 hour.
    ///
    /// X replays events of up to 5 days ago. Each event takes about 220 bytes of Redis's memory.
    pub fn horizon(mut self, horizon: Duration) -> Self {
        self.horizon = horizon.max(Duration::from_millis(1));
        self
    }

    /// Sets the timeout for Redis, after which [`when_down`](Self::when_down) applies. Defaults to
    /// 500 ms.
    ///
    /// The inner sink has the rest of the webhook's deadline.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long a copy of an event in flight elsewhere waits. Defaults to 1.5 s.
    ///
    /// At most half of [`in_flight`](Self::in_flight). If the other receiver fails meanwhile, this
    /// one takes the event over; otherwise the copy is answered 503 when the time expires. Waiting
    /// helps because X may not send the copy again.
    pub fn copies_wait(mut self, time: Duration) -> Self {
        self.copies_wait = time;
        self
    }

    /// Sets the handling of deliveries while Redis is down. Defaults to [`WhenDown::Refuse`].
    pub fn when_down(mut self, policy: WhenDown) -> Self {
        self.when_down = policy;
        self
    }
}

impl Redis {
    /// Returns settings for deduplication across all receivers that use this server.
    ///
    /// For sinks that store events elsewhere.
    pub fn dedupe(&self) -> DedupeSettings {
        DedupeSettings::with(Arc::new(self.clone()))
    }
}

impl fmt::Debug for DedupeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedupe")
            .field("prefix", &self.prefix)
            .field("in_flight", &self.in_flight)
            .field("horizon", &self.horizon)
            .field("timeout", &self.timeout)
            .field("copies_wait", &self.copies_wait)
            .field("when_down", &self.when_down)
            .finish_non_exhaustive()
    }
}
