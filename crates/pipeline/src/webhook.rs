//! Configuration of a webhook, and the choice of its sink.

use std::sync::Arc;
use std::time::Duration;

use birdhook_core::crc::TokenPolicy;
use birdhook_core::{AppSelector, Apps, ChallengeSignature, DedupeScope, Delivery, Endpoint, EndpointSettings};

use crate::acceptance::Gate;
use crate::dedupe::{ApiMode, Dedupe, DedupePolicy};
use crate::handler::EventHandler;
use crate::memory_budget::MemoryBudget;
use crate::observer::Observer;
use crate::pipeline::Pipeline;
use crate::sink::{ChannelSink, Deliveries, DeliveryHandlerSink, EventSink, HandlerSink, channel};

/// Builder for a webhook endpoint: its apps and settings.
///
/// The last call selects where deliveries go, and therefore what 200 means:
///
/// | last call | 200 means | lost if |
/// |---|---|---|
/// | [`channel`](Self::channel) | the app's queue holds it | the process dies with events in the queue |
/// | [`handler`](Self::handler), [`delivery_handler`](Self::delivery_handler) | the function returned `Ok` | never |
/// | [`sink`](Self::sink) with an `Inbox` of birdhook-inbox | the disk holds it, synced | the disk is lost |
/// | [`sink`](Self::sink) | what the sink's documentation says | as it says |
/// | [`gate`](Self::gate) | the inner service answered 2xx | as that service promises |
///
/// ```
/// # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook}; }
/// use birdhook::{Secret, Webhook};
///
/// let secret = Secret::new("the-app's-consumer-secret")?;
/// let (pipeline, deliveries) = Webhook::new(secret).channel(1024);
/// # let _ = (pipeline, deliveries);
/// # Ok::<(), birdhook_pipeline::SecretError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "call channel, handler, sink or gate"]
pub struct Webhook {
    apps: Apps,
    settings: EndpointSettings,
    memory_budget: usize,
    deadline: Duration,
    window: (usize, Duration),
    policy: DedupePolicy,
    tolerance: Duration,
    observer: Option<Arc<dyn Observer>>,
}

impl Webhook {
    /// Returns a builder for these apps.
    ///
    /// Pass a [`Secret`](crate::Secret) or an [`App`](crate::App) for one app, [`Apps`] for
    /// several.
    pub fn new(apps: impl Into<Apps>) -> Self {
        Self {
            apps: apps.into(),
            settings: EndpointSettings::default(),
            memory_budget: 64 << 20,
            deadline: Duration::from_millis(2500),
            window: (100_000, Duration::from_secs(15 * 60)),
            policy: DedupePolicy::default(),
            tolerance: Duration::from_secs(60),
            observer: None,
        }
    }

    /// Sets the largest body, in bytes. Defaults to 1 MiB. Larger bodies are answered 413.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.settings.body_limit = bytes;
        self
    }

    /// Sets the memory budget for all bodies being processed, in bytes. Defaults to 64 MiB.
    ///
    /// A body counts from its first byte until the delivery is answered. Accepted deliveries that
    /// wait in a channel do not count. A limit below twice the [`body_limit`](Self::body_limit) is
    /// raised to that.
    ///
    /// If a delivery would exceed the budget, other uploads are ended and answered 503. The one
    /// with the longest pause since its last byte is ended first, then the slowest. An upload is
    /// not ended in its first 250 ms, nor once its body is complete, nor while its last byte is at
    /// most 250 ms old and its average rate is at least 64 KiB/s. If that frees too little, the
    /// delivery itself is answered 503.
    ///
    /// A body over 64 KiB must fit into the first half of the budget. X hardly ever sends one, so
    /// the second half stays free for X's small bodies.
    pub fn memory_budget(mut self, bytes: usize) -> Self {
        self.memory_budget = bytes;
        self
    }

    /// Sets the largest number of events in one body. Defaults to 10,000.
    ///
    /// A body with more events is delivered as one `Unknown` event that holds all its bytes.
    pub fn event_limit(mut self, events: usize) -> Self {
        self.settings.event_limit = events;
        self
    }

    /// Sets the timeout for body and sink together. Defaults to 2.5 s.
    ///
    /// It runs from a request's head to its answer. The default is below X's shortest timeout,
    /// which is 3 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how many events deduplication remembers, and for how long.
    ///
    /// Defaults to 100,000 events and 15 minutes. Each event takes 35 to 45 bytes, allocated at the
    /// start.
    pub fn dedupe_window(mut self, events: usize, horizon: Duration) -> Self {
        self.window = (events, horizon);
        self
    }

    /// Sets which copies of an event are duplicates. Defaults to redeliveries only.
    pub fn dedupe_scope(mut self, scope: DedupeScope) -> Self {
        self.policy.scope = scope;
        self
    }

    /// Sets whether users are subscribed through one API or through both. Defaults to one.
    ///
    /// Both are in use while an app moves from the Account Activity API to the X Activity API.
    pub fn api_mode(mut self, api_mode: ApiMode) -> Self {
        self.policy.api_mode = api_mode;
        self
    }

    /// Sets the window in which reports from both APIs count as one event. Defaults to 60 s.
    ///
    /// It applies with [`ApiMode::Dual`], to follows, blocks, mutes and typing for which one of the
    /// APIs gives no time: a second report that comes later is delivered as a new event. It is
    /// never longer than the [deduplication window](Self::dedupe_window). If both APIs give a time,
    /// the two times may differ by 5 s, or by this window if it is shorter.
    ///
    /// During a migration, keep the old subscriptions until both APIs have reported every event for
    /// longer than this window.
    pub fn dual_mode_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Returns the current deduplication policy.
    ///
    /// A relay uses it to forward events under the same ids.
    pub fn dedupe_policy(&self) -> DedupePolicy {
        self.policy
    }

    /// Sets which challenge tokens are signed.
    ///
    /// Defaults to printable tokens that cannot be a delivery.
    pub fn token_policy(mut self, policy: TokenPolicy) -> Self {
        self.settings.token_policy = policy;
        self
    }

    /// Sets how X's own signature of a challenge is used. By default it is checked if present.
    ///
    /// X's documentation is inconsistent on whether X signs challenges. Watch
    /// [`Health::answered`](crate::Health::answered) before you require a signature.
    pub fn challenge_signature(mut self, rule: ChallengeSignature) -> Self {
        self.settings.challenge_signature = rule;
        self
    }

    /// Sets where the URL names the app whose secret answers a challenge.
    ///
    /// Needed for several apps on one URL.
    pub fn app_selector(mut self, selector: AppSelector) -> Self {
        self.settings.app_selector = selector;
        self
    }

    /// Sets the observer of all requests, for a log or a console. Defaults to none.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Delivers to the app over a bounded channel. 200 means that the channel holds the delivery.
    ///
    /// The capacity is in deliveries, each of at most the body limit; 0 is treated as 1. If the
    /// channel is full, a delivery waits until the deadline and is then answered 503. Once the
    /// [`Deliveries`] are dropped, every delivery is answered 503 at once.
    pub fn channel(self, capacity: usize) -> (Pipeline<ChannelSink>, Deliveries) {
        let (sink, deliveries) = channel(capacity);
        (self.sink(sink), deliveries)
    }

    /// Passes each event to an async function, which has until the [deadline](Self::deadline), 2.5 s
    /// after the request began, for all events of a delivery together. 200 means that it returned
    /// `Ok` for each.
    ///
    /// At the deadline, or when X hangs up, the function's future is dropped at its current await
    /// point, and the delivery is answered 503. X may then send it again. For work that may take
    /// longer, use a [`channel`](Self::channel) or an inbox.
    ///
    /// The events of a delivery are processed one after another, in X's order. The first error ends
    /// the delivery with 503. If X sends it again, only the events that were not processed are
    /// passed to the function. An error is reported as
    /// [`EventHandler::failed`](crate::EventHandler::failed) describes.
    pub fn handler<H: EventHandler>(self, handler: H) -> Pipeline<HandlerSink<H>> {
        let sink = HandlerSink::new(handler, self.window);
        self.sink(sink)
    }

    /// Passes each delivery as a whole to an async function, within the deadline of
    /// [`handler`](Self::handler). 200 means that it returned `Ok`.
    ///
    /// After an error, X may send the whole delivery again. The feature `tracing` records the
    /// number of events and the name of the error's type.
    pub fn delivery_handler<F, Fut, E>(self, function: F) -> Pipeline<DeliveryHandlerSink<F>>
    where
        F: Fn(Delivery) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        self.sink(DeliveryHandlerSink::new(function))
    }

    /// Delivers to any sink.
    pub fn sink<S: EventSink>(self, sink: S) -> Pipeline<S> {
        Pipeline::new(self.gate(), sink)
    }

    /// Returns a gate, which verifies and deduplicates; the caller delivers the events itself.
    pub fn gate(self) -> Gate {
        let memory_budget = MemoryBudget::new(self.memory_budget.max(self.settings.body_limit.saturating_mul(2)));
        Gate::new(
            Endpoint::new(self.apps, self.settings),
            Dedupe::new(self.policy, self.tolerance, self.window),
            memory_budget,
            self.deadline,
            self.observer,
        )
    }
}
