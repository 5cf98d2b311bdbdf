//! How duplicates are removed across receivers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use birdhook_pipeline::Keying;
use redis::aio::ConnectionLike;

use super::SharedDedupe;
use super::store::{Link, Store};
use crate::Redis;

/// What to do with a delivery while Redis does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenDown {
    /// Refuse it with 503. X sends it again, for a while; nothing is handed over twice.
    #[default]
    Refuse,
    /// Hand it over by what this receiver itself remembers. No delivery is refused for Redis's sake, and a copy that
    /// another receiver took is handed over again.
    Trust,
}

/// The settings of duplicates removed across receivers. Ends in [`around`](Self::around).
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use birdhook_pipeline::{Secret, Webhook};
/// use birdhook_redis::{Redis, WhenDown};
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
pub struct Dedupe {
    pub(super) link: Arc<dyn Link>,
    pub(super) keying: Keying,
    pub(super) prefix: String,
    pub(super) in_flight: Duration,
    pub(super) horizon: Duration,
    pub(super) patience: Duration,
    pub(super) copies_wait: Duration,
    pub(super) when_down: WhenDown,
}

impl Dedupe {
    /// Over a connection of another kind, as to a cluster. It should connect again by itself, as redis's `ConnectionManager` does.
    pub fn over(connection: impl ConnectionLike + Clone + Send + Sync + 'static) -> Self {
        Self::with(Arc::new(connection))
    }

    fn with(link: Arc<dyn Link>) -> Self {
        Self {
            link,
            keying: Keying::default(),
            prefix: "{birdhook}:".to_owned(),
            in_flight: Duration::from_secs(10),
            horizon: Duration::from_secs((5 * 24 + 1) * 3600),
            patience: Duration::from_millis(500),
            copies_wait: Duration::from_millis(1500),
            when_down: WhenDown::default(),
        }
    }

    /// What the names of keys begin with, before an event's key in hexadecimal digits; `{birdhook}:` unless set. Receivers that
    /// share events must have the same.
    ///
    /// On a cluster all keys of a delivery must be in one slot: keep a hash tag, the word in braces. Webhooks with different tags
    /// are spread over its nodes.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a claim lasts that nobody settles, as when a receiver ends in the middle of a delivery; 10 seconds unless set. For
    /// so long at most do copies of its events get 503.
    ///
    /// It must be longer than the webhook's [deadline](birdhook_pipeline::Webhook::deadline); a hand-over that takes longer is
    /// dropped and answered 503.
    pub fn in_flight(mut self, time: Duration) -> Self {
        self.in_flight = time.max(Duration::from_millis(1));
        self
    }

    /// For how long events are remembered; 5 days and an hour unless set, for X replays what happened in the last 5 days. Takes
    /// about 220 bytes of Redis's memory for each event.
    pub fn horizon(mut self, horizon: Duration) -> Self {
        self.horizon = horizon.max(Duration::from_millis(1));
        self
    }

    /// How long a delivery waits for Redis before [`when_down`](Self::when_down) counts; half a second unless set. What is left
    /// of the webhook's deadline is the inner sink's.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long a copy of what is in flight in another receiver waits for what becomes of it, before it is answered 503; 1.5 seconds
    /// unless set, and half of [`in_flight`](Self::in_flight) at most. X may not send a copy again: if the other receiver fails, the
    /// one that waited takes the event.
    pub fn copies_wait(mut self, time: Duration) -> Self {
        self.copies_wait = time;
        self
    }

    /// What to do with deliveries while Redis does not answer; [`WhenDown::Refuse`] unless set.
    pub fn when_down(mut self, policy: WhenDown) -> Self {
        self.when_down = policy;
        self
    }

    /// By what duplicates are recognised where the sink is called without a webhook, which brings its own keys.
    pub fn keying(mut self, keying: Keying) -> Self {
        self.keying = keying;
        self
    }

    /// Around the sink that takes what no receiver has taken before.
    pub fn around<S>(self, inner: S) -> SharedDedupe<S> {
        SharedDedupe::new(inner, Store::new(self))
    }
}

impl Redis {
    /// Duplicates removed across all receivers that use this server, for sinks that live elsewhere.
    pub fn dedupe(&self) -> Dedupe {
        Dedupe::with(Arc::new(self.clone()))
    }
}

impl fmt::Debug for Dedupe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedupe")
            .field("prefix", &self.prefix)
            .field("in_flight", &self.in_flight)
            .field("horizon", &self.horizon)
            .field("patience", &self.patience)
            .field("copies_wait", &self.copies_wait)
            .field("when_down", &self.when_down)
            .finish_non_exhaustive()
    }
}
