//! The settings of a webhook, and the choice of what 200 means.

use std::time::Duration;

use birdhook_core::crc::TokenPolicy;
use birdhook_core::{AppSelector, Apps, ChallengeSignature, DedupeScope, Delivery, Endpoint, Settings};

use crate::bodies::Bodies;
use crate::channel::{ChannelSink, channel};
use crate::dedupe::{CutOver, Dedupe, Keying};
use crate::handler::Handler;
use crate::{Deliveries, EventSink, Gate, Pipeline};

/// One webhook URL to be: its apps and settings. Ends in the choice of where deliveries go, and so what 200 means.
///
/// | last call | 200 means | lost if |
/// |---|---|---|
/// | [`channel`](Self::channel) | the app's queue holds it | the process dies with events in the queue |
/// | [`handler`](Self::handler) | the handler returned `Ok` | never |
/// | [`sink`](Self::sink) with an `Inbox` of birdhook-inbox | the disk holds it, synced | the disk is lost |
/// | [`sink`](Self::sink) | what the sink's documentation says | as it says |
/// | [`gate`](Self::gate) | the inner service answered 2xx | as that service promises |
///
/// ```
/// use birdhook_pipeline::{Secret, Webhook};
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
    settings: Settings,
    bodies_limit: usize,
    deadline: Duration,
    window: (usize, Duration),
    keying: Keying,
    tolerance: Duration,
}

impl Webhook {
    /// A webhook for these apps: a [`Secret`](crate::Secret) or an [`App`](crate::App) where there is one, else
    /// [`Apps`].
    pub fn new(apps: impl Into<Apps>) -> Self {
        Self {
            apps: apps.into(),
            settings: Settings::default(),
            bodies_limit: 64 << 20,
            deadline: Duration::from_millis(2500),
            window: (100_000, Duration::from_secs(15 * 60)),
            keying: Keying::default(),
            tolerance: Duration::from_secs(60),
        }
    }

    /// The largest body, in bytes; 1 MiB unless set. Larger ones are answered 413.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.settings.body_limit = bytes;
        self
    }

    /// The most memory for the bodies of all deliveries under way, from their first bytes to their answers, in bytes; 64 MiB
    /// unless set. A delivery that would take more ends the uploads with the least progress, which are answered 503: those whose last
    /// byte is oldest, then the slowest. An upload is not ended in its first 250 ms, nor when its body is whole, nor while bytes come
    /// at 64 KiB a second on average and the last one is at most 250 ms old. Where that gives no room the delivery is answered 503. Bodies over 64 KiB, which X hardly ever sends, are refused
    /// once half of it is taken, so that whoever sends large ones leaves room for X's. Less than twice the
    /// [`body_limit`](Self::body_limit) is taken as that.
    ///
    /// What was accepted and waits in a channel comes on top.
    pub fn bodies_limit(mut self, bytes: usize) -> Self {
        self.bodies_limit = bytes;
        self
    }

    /// The most events in one body, 10,000 unless set; a body with more is delivered as one `Unknown` of all its bytes.
    pub fn events_limit(mut self, events: usize) -> Self {
        self.settings.events_limit = events;
        self
    }

    /// How long a delivery may take from its head to its answer, body and sink together; 2.5 s unless set, since X
    /// waits 3 s at its shortest.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many events are remembered, and for how long, so that they are not handed over again; 100,000 and 15 minutes
    /// unless set. Takes 35 to 45 bytes an event, reserved at once.
    pub fn dedupe_window(mut self, events: usize, horizon: Duration) -> Self {
        self.window = (events, horizon);
        self
    }

    /// Which copies of an event are duplicates; only redeliveries unless set.
    pub fn dedupe_scope(mut self, scope: DedupeScope) -> Self {
        self.keying.scope = scope;
        self
    }

    /// Whether users are subscribed through both the Account Activity API and the X Activity API, as while moving from one
    /// to the other; not unless set.
    pub fn cut_over(mut self, cut_over: CutOver) -> Self {
        self.keying.cut_over = cut_over;
        self
    }

    /// With [`CutOver::Both`], how long after one API's telling the other one's counts as the same, for follows, blocks, mutes
    /// and typing of which one API does not say when it happened; 60 s unless set, and never longer than the window. Where both
    /// say when, times at most 5 s and this tolerance apart are the same. What comes later is handed over; so end
    /// no old subscriptions before both APIs have told everything for longer than this.
    pub fn cut_over_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// By what this webhook recognises duplicates, as set so far: for a relay, so that what it hands on has the same ids.
    pub fn keying(&self) -> Keying {
        self.keying
    }

    /// Which challenge tokens are signed; printable ones that cannot be a delivery unless set.
    pub fn token_policy(mut self, policy: TokenPolicy) -> Self {
        self.settings.token_policy = policy;
        self
    }

    /// What X's own signature of a challenge counts for; checked when it is there unless set. Not all of X's documentation
    /// says that X signs challenges: watch [`Health::answered`](crate::Health::answered) before you demand it.
    pub fn challenge_signature(mut self, rule: ChallengeSignature) -> Self {
        self.settings.challenge_signature = rule;
        self
    }

    /// Where the URL names the app whose secret answers a challenge, for several apps on one URL.
    pub fn app_selector(mut self, selector: AppSelector) -> Self {
        self.settings.app_selector = selector;
        self
    }

    /// Hands deliveries to the app over a bounded channel. 200 means that the channel holds the delivery.
    ///
    /// The capacity is in deliveries, each of at most the body limit. A full channel makes deliveries wait until the
    /// deadline, then 503; so does a dropped [`Deliveries`], at once. A capacity of nought is taken as one.
    pub fn channel(self, capacity: usize) -> (Pipeline<ChannelSink>, Deliveries) {
        let (sink, deliveries) = channel(capacity);
        (self.sink(sink), deliveries)
    }

    /// Hands deliveries to an async function. 200 means that it returned `Ok`.
    ///
    /// It is dropped at the next await point when the deadline passes or X hangs up; the delivery may then come again.
    /// Its error is answered 503 and printed nowhere, for it may quote a message: log it yourself.
    pub fn handler<F, Fut, E>(self, handle: F) -> Pipeline<Handler<F>>
    where
        F: Fn(Delivery) -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.sink(Handler::new(handle))
    }

    /// Hands deliveries to any sink.
    pub fn sink<S: EventSink>(self, sink: S) -> Pipeline<S> {
        Pipeline::new(self.gate(), sink)
    }

    /// Verifies and removes duplicates, and leaves the hand-over to whoever holds the gate.
    pub fn gate(self) -> Gate {
        let bodies = Bodies::new(self.bodies_limit.max(self.settings.body_limit.saturating_mul(2)));
        Gate::new(
            Endpoint::new(self.apps, self.settings),
            Dedupe::new(self.keying, self.tolerance, self.window),
            bodies,
            self.deadline,
        )
    }
}
